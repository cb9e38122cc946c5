// Calls of functions without effects, checks and reads are computations: they move with what they feed.
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t
// RUN: FileCheck %s < %t
// RUN: capstan-verify %s %t

func.func private @last(%x: tensor<4xi32>) -> tensor<i32> {
  %0 = tensor.extract_slice %x[3] [1] [1] : tensor<4xi32> to tensor<i32>
  return %0 : tensor<i32>
}
func.func private @twice(%x: tensor<4xi32>) -> tensor<i32> {
  %0 = arith.addi %x, %x : tensor<4xi32>
  %1 = call @last(%0) : (tensor<4xi32>) -> tensor<i32>
  return %1 : tensor<i32>
}

// CHECK-LABEL: func.func @merged
// CHECK-COUNT-1: capstan.item
// CHECK-NOT: capstan.item
func.func @merged(%x: tensor<4xi32>) -> i32 {
  %0 = call @twice(%x) : (tensor<4xi32>) -> tensor<i32>
  %a = tensor.extract %0[] : tensor<i32>
  %1 = call @twice(%x) : (tensor<4xi32>) -> tensor<i32>
  %b = tensor.extract %1[] : tensor<i32>
  %c = arith.addi %a, %b : i32
  return %c : i32
}

// CHECK-LABEL: func.func @hoisted
// CHECK: call @twice
// CHECK: capstan.item
// CHECK: scf.for
func.func @hoisted(%x: tensor<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %0 = func.call @twice(%x) : (tensor<4xi32>) -> tensor<i32>
    %n = tensor.extract %0[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  }
  return
}

// A private function's read that a call feeds goes to the caller.
// CHECK-LABEL: func.func private @layer
// CHECK-NOT: capstan.item
// CHECK-LABEL: func.func @promoted
// CHECK-COUNT-1: capstan.item
// CHECK-NOT: capstan.item
func.func private @layer(%x: tensor<4xi32>) {
  %0 = func.call @twice(%x) : (tensor<4xi32>) -> tensor<i32>
  %n = tensor.extract %0[] : tensor<i32>
  "foo.use"(%n) : (i32) -> ()
  return
}
func.func @promoted(%x: tensor<4xi32>) {
  call @layer(%x) : (tensor<4xi32>) -> ()
  call @layer(%x) : (tensor<4xi32>) -> ()
  return
}

// One that checks, one that sees undefined contents, one that calls itself, one without a body.
func.func private @checks(%x: tensor<i32>, %c: i1) -> tensor<i32> {
  cf.assert %c, "no"
  return %x : tensor<i32>
}
func.func private @undefined() -> tensor<i32> {
  %0 = tensor.empty() : tensor<i32>
  return %0 : tensor<i32>
}
func.func private @recursive(%x: tensor<i32>) -> tensor<i32> {
  %0 = call @recursive(%x) : (tensor<i32>) -> tensor<i32>
  return %0 : tensor<i32>
}
func.func private @unknown(tensor<i32>) -> tensor<i32>

// CHECK-LABEL: func.func @kept
// CHECK: scf.for
// CHECK-COUNT-4: capstan.item
func.func @kept(%x: tensor<i32>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %0 = func.call @checks(%x, %c) : (tensor<i32>, i1) -> tensor<i32>
    %n = tensor.extract %0[] : tensor<i32>
    %1 = func.call @undefined() : () -> tensor<i32>
    %m = tensor.extract %1[] : tensor<i32>
    %2 = func.call @recursive(%x) : (tensor<i32>) -> tensor<i32>
    %k = tensor.extract %2[] : tensor<i32>
    %3 = func.call @unknown(%x) : (tensor<i32>) -> tensor<i32>
    %l = tensor.extract %3[] : tensor<i32>
    "foo.use"(%n, %m, %k, %l) : (i32, i32, i32, i32) -> ()
  }
  return
}

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-coalesce-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @all_kinds
// CHECK: %[[S:.*]] = tensor.extract_slice %{{.*}}[%{{.*}}] [1] [1] : tensor<4xi64> to tensor<i64>
// CHECK: %[[R:.*]]:5 = capstan.fetch %{{.*}}, %[[S]], %{{.*}}, %{{.*}}, %{{.*}} ["item", "item", "copy", "item", "int"]
// CHECK-NOT: capstan.{{item|to_host|fetch}}
// CHECK: "foo.use"(%[[R]]#0, %[[R]]#1, %[[R]]#2, %[[R]]#3, %[[R]]#4)
func.func @all_kinds(%a: tensor<i32>, %b: tensor<4xi64>, %c: tensor<?xi32>, %d: tensor<i16>, %e: !torch.vtensor<[],si64>, %i: index) {
  %0 = capstan.item %a[] : tensor<i32>
  %1 = capstan.item %b[%i] : tensor<4xi64>
  %2 = capstan.to_host %c : tensor<?xi32> -> tensor<?xi32, #capstan.host>
  %3 = capstan.fetch %d ["item"] : (tensor<i16>) -> i16
  %4 = "torch.aten.Int.Tensor"(%e) : (!torch.vtensor<[],si64>) -> !torch.int
  "foo.use"(%0, %1, %2, %3, %4) : (i32, i64, tensor<?xi32, #capstan.host>, i16, !torch.int) -> ()
  return
}

// What feeds the second read can be computed before the first use.
// CHECK-LABEL: func.func @moves_up
// CHECK-NEXT: arith.addi
// CHECK-NEXT: capstan.fetch
// CHECK-NEXT: "foo.use"
func.func @moves_up(%a: tensor<i32>, %b: tensor<i32>) {
  %0 = capstan.item %a[] : tensor<i32>
  "foo.use"(%0) : (i32) -> ()
  %s = arith.addi %b, %b : tensor<i32>
  %1 = capstan.item %s[] : tensor<i32>
  "foo.use"(%1) : (i32) -> ()
  return
}

// CHECK-LABEL: func.func @in_blocks
// CHECK: scf.if
// CHECK-NEXT: capstan.fetch
// CHECK: else
// CHECK-NEXT: capstan.fetch
func.func @in_blocks(%a: tensor<i32>, %b: tensor<i32>, %c: i1) {
  scf.if %c {
    %0 = capstan.item %a[] : tensor<i32>
    %1 = capstan.item %b[] : tensor<i32>
    "foo.use"(%0, %1) : (i32, i32) -> ()
  } else {
    %0 = capstan.item %a[] : tensor<i32>
    %1 = capstan.item %b[] : tensor<i32>
    "foo.other"(%0, %1) : (i32, i32) -> ()
  }
  return
}

// One alone stays; a read that needs another one's value comes later.
// CHECK-LABEL: func.func @kept
// CHECK-NOT: capstan.fetch
// CHECK-COUNT-2: capstan.item
// CHECK-NOT: capstan.fetch
func.func @kept(%a: tensor<index>, %b: tensor<4xi32>) {
  %0 = capstan.item %a[] : tensor<index>
  %1 = capstan.item %b[%0] : tensor<4xi32>
  "foo.use"(%1) : (i32) -> ()
  return
}

// The size of the result is data, or the source may be written.
// CHECK-LABEL: func.func @cannot_join
// CHECK-NOT: capstan.fetch
func.func @cannot_join(%a: !torch.vtensor<[?],i1>, %m: memref<i32>, %t: tensor<i32>) {
  %0 = "torch.aten.nonzero"(%a) : (!torch.vtensor<[?],i1>) -> !torch.vtensor<[?,1],si64>
  %1 = capstan.item %m[] : memref<i32>
  %2 = capstan.item %t[] : tensor<i32>
  "foo.use"(%0, %1, %2) : (!torch.vtensor<[?,1],si64>, i32, i32) -> ()
  return
}

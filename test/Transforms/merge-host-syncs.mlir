// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @linalg
func.func @linalg(%lens: tensor<?xi32>) -> (i32, i32) {
  %init = arith.constant dense<0> : tensor<i32>
  // CHECK-COUNT-1: linalg.reduce
  // CHECK-NOT: linalg.reduce
  %m0 = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%init : tensor<i32>) dimensions = [0]
  // CHECK: %[[N:.*]] = capstan.item
  %a = capstan.item %m0[] : tensor<i32>
  %m1 = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%init : tensor<i32>) dimensions = [0]
  %b = capstan.item %m1[] : tensor<i32>
  // CHECK: return %[[N]], %[[N]]
  return %a, %b : i32, i32
}

// Another index, another tensor, another type of sync.
// CHECK-LABEL: func.func @different
// CHECK-COUNT-2: capstan.to_host
// CHECK-COUNT-3: capstan.item
func.func @different(%a: tensor<4xi32>, %b: tensor<4xi32>, %i: index, %j: index)
    -> (tensor<4xi32, #capstan.host>, tensor<4xi32, #capstan.host>, i32, i32, i32) {
  %0 = capstan.to_host %a : tensor<4xi32> -> tensor<4xi32, #capstan.host>
  %1 = capstan.to_host %b : tensor<4xi32> -> tensor<4xi32, #capstan.host>
  %2 = capstan.item %a[%i] : tensor<4xi32>
  %3 = capstan.item %a[%j] : tensor<4xi32>
  %4 = capstan.item %b[%i] : tensor<4xi32>
  return %0, %1, %2, %3, %4 : tensor<4xi32, #capstan.host>, tensor<4xi32, #capstan.host>, i32, i32, i32
}

// A read that nothing uses, or only dead code, stands for no other.
// CHECK-LABEL: func.func @dead
// CHECK-NOT: capstan.item
// CHECK: scf.if
// CHECK: capstan.item
func.func @dead(%t: tensor<f32>, %c: i1) -> f32 {
  %zero = arith.constant 0.0 : f32
  %a = capstan.item %t[] : tensor<f32>
  %unused = arith.bitcast %a : f32 to i32
  %r = scf.if %c -> f32 {
    %b = capstan.item %t[] : tensor<f32>
    scf.yield %b : f32
  } else {
    scf.yield %zero : f32
  }
  return %r : f32
}

// CHECK-LABEL: func.func @foreign
func.func @foreign(%lens: !torch.vtensor<[?],si64>) {
  // CHECK: %[[N:.*]] = "torch.aten.Int.Tensor"
  // CHECK-NOT: torch.aten.max
  // CHECK: "unknown.barrier"(%[[N]], %[[N]])
  %m0 = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%m0) : (!torch.vtensor<[],si64>) -> !torch.int
  %m1 = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %b = "torch.aten.Int.Tensor"(%m1) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.barrier"(%a, %b) : (!torch.int, !torch.int) -> ()
  // A tensor is a value: what happened in between doesn't matter.
  // CHECK-NEXT: "unknown.use"(%[[N]])
  %c = "torch.aten.Int.Tensor"(%m1) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.use"(%c) : (!torch.int) -> ()
  // Another conversion.
  // CHECK-NEXT: "torch.aten.Bool.Tensor"
  %d = "torch.aten.Bool.Tensor"(%m0) : (!torch.vtensor<[],si64>) -> !torch.bool
  // What an operation without model makes is never the same twice.
  // CHECK-COUNT-2: "torch.aten.Int.Tensor"
  %u0 = "unknown.op"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %u1 = "unknown.op"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %e = "torch.aten.Int.Tensor"(%u0) : (!torch.vtensor<[],si64>) -> !torch.int
  %f = "torch.aten.Int.Tensor"(%u1) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.use"(%d, %e, %f) : (!torch.bool, !torch.int, !torch.int) -> ()
  return
}

// CHECK-LABEL: func.func @attributes
// CHECK-COUNT-2: capstan.item
// CHECK-NOT: capstan.item
func.func @attributes(%t: tensor<i32>) -> (i32, i32, i32) {
  %a = capstan.item %t[] {stream = 1 : i64} : tensor<i32>
  %b = capstan.item %t[] {stream = 2 : i64} : tensor<i32>
  // Capstan's own annotations say nothing about the value.
  %c = capstan.item %t[] {stream = 1 : i64, capstan.sync = {weight = 1 : i64}} : tensor<i32>
  return %a, %b, %c : i32, i32, i32
}

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @store
func.func @store(%m: memref<i32>, %other: memref<i32>, %v: i32) {
  // CHECK: capstan.item
  %a = capstan.item %m[] : memref<i32>
  %b = capstan.item %m[] : memref<i32>
  // CHECK-NEXT: memref.store
  memref.store %v, %m[] : memref<i32>
  // CHECK-NEXT: capstan.item
  %c = capstan.item %m[] : memref<i32>
  // Arguments may alias.
  memref.store %v, %other[] : memref<i32>
  // CHECK: capstan.item
  %d = capstan.item %m[] : memref<i32>
  "foo.use"(%a, %b, %c, %d) : (i32, i32, i32, i32) -> ()
  // CHECK: "foo.use"
  // CHECK-NEXT: capstan.item
  %e = capstan.item %m[] : memref<i32>
  "foo.use"(%e) : (i32) -> ()
  return
}

// Storage that never leaves the function is nobody else's.
// CHECK-LABEL: func.func @private_storage
// CHECK-COUNT-1: capstan.item
// CHECK-NOT: capstan.item
func.func @private_storage(%m: memref<i32>, %v: i32) -> (i32, i32) {
  %own = memref.alloc() : memref<i32>
  memref.store %v, %own[] : memref<i32>
  %a = capstan.item %own[] : memref<i32>
  memref.store %v, %m[] : memref<i32>
  "foo.barrier"() : () -> ()
  %b = capstan.item %own[] : memref<i32>
  return %a, %b : i32, i32
}

// CHECK-LABEL: func.func @in_place
func.func @in_place(%lens: !torch.tensor<[?],si64>, %one: !torch.int) {
  // CHECK-COUNT-2: "torch.aten.Int.Tensor"
  // CHECK-NOT: "torch.aten.Int.Tensor"
  %m0 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%m0) : (!torch.tensor<[],si64>) -> !torch.int
  %m1 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %b = "torch.aten.Int.Tensor"(%m1) : (!torch.tensor<[],si64>) -> !torch.int
  %w = "torch.aten.add_.Scalar"(%lens, %one, %one) : (!torch.tensor<[?],si64>, !torch.int, !torch.int) -> !torch.tensor<[?],si64>
  %m2 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %c = "torch.aten.Int.Tensor"(%m2) : (!torch.tensor<[],si64>) -> !torch.int
  "unknown.use"(%a, %b, %c) : (!torch.int, !torch.int, !torch.int) -> ()
  return
}

// CHECK-LABEL: func.func @random
// CHECK-COUNT-2: "torch.aten.Int.Tensor"
func.func @random(%t: !torch.vtensor<[],si64>, %g: !torch.none) {
  %r0 = "torch.aten.bernoulli"(%t, %g) : (!torch.vtensor<[],si64>, !torch.none) -> !torch.vtensor<[],si64>
  %r1 = "torch.aten.bernoulli"(%t, %g) : (!torch.vtensor<[],si64>, !torch.none) -> !torch.vtensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%r0) : (!torch.vtensor<[],si64>) -> !torch.int
  %b = "torch.aten.Int.Tensor"(%r1) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.use"(%a, %b) : (!torch.int, !torch.int) -> ()
  return
}

// Undefined contents differ; only their shapes are equal.
// CHECK-LABEL: func.func @undefined
// CHECK-COUNT-3: capstan.item
// CHECK-NOT: capstan.item
func.func @undefined(%v: i32) -> (i32, i32, i32, i32) {
  %e0 = tensor.empty() : tensor<i32>
  %e1 = tensor.empty() : tensor<i32>
  %a = capstan.item %e0[] : tensor<i32>
  %b = capstan.item %e1[] : tensor<i32>
  %f0 = linalg.fill ins(%v : i32) outs(%e0 : tensor<i32>) -> tensor<i32>
  %f1 = linalg.fill ins(%v : i32) outs(%e1 : tensor<i32>) -> tensor<i32>
  %c = capstan.item %f0[] : tensor<i32>
  %d = capstan.item %f1[] : tensor<i32>
  return %a, %b, %c, %d : i32, i32, i32, i32
}

// Casts, pointers, frees, and bodies of linalg operations that use memory.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @unreal
// CHECK-COUNT-2: capstan.item
func.func @unreal(%k: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %u = builtin.unrealized_conversion_cast %m : memref<4xi32> to !torch.tensor
  %a = capstan.item %m[%c0] : memref<4xi32>
  "torch.aten.add_.Scalar"(%u, %k, %k) : (!torch.tensor, i32, i32) -> ()
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @ptr
// CHECK-COUNT-2: capstan.item
func.func @ptr(%k: i32, %j: index) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %u = memref.extract_aligned_pointer_as_index %m : memref<4xi32> -> index
  %a = capstan.item %m[%c0] : memref<4xi32>
  "foo.poke"(%u) : (index) -> ()
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @dealloc
// CHECK-COUNT-2: capstan.item
func.func @dealloc(%k: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %a = capstan.item %m[%c0] : memref<4xi32>
  memref.dealloc %m : memref<4xi32>
  %m2 = memref.alloc() : memref<4xi32>
  %b = capstan.item %m2[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @linalgm
// CHECK-COUNT-2: capstan.item
func.func @linalgm(%m: memref<4xi32>, %o: memref<4xi32>) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %a = capstan.item %m[%c0] : memref<4xi32>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%o : memref<4xi32>) {
  ^bb0(%x: i32):
    %y = arith.addi %x, %x : i32
    linalg.yield %y : i32
  }
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @lincap
// CHECK-COUNT-2: capstan.item
func.func @lincap(%m: memref<4xi32>, %o: tensor<4xi32>, %v: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %g = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%o : tensor<4xi32>) {
  ^bb0(%x: i32):
    %y = memref.load %m[%c0] : memref<4xi32>
    linalg.yield %y : i32
  } -> tensor<4xi32>
  %a = capstan.item %g[%c0] : tensor<4xi32>
  memref.store %v, %m[%c0] : memref<4xi32>
  %g2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%o : tensor<4xi32>) {
  ^bb0(%x: i32):
    %y = memref.load %m[%c0] : memref<4xi32>
    linalg.yield %y : i32
  } -> tensor<4xi32>
  %b = capstan.item %g2[%c0] : tensor<4xi32>
  return %a, %b : i32, i32
}

// RUN: capstan-opt %s --capstan-outline-kernels -canonicalize | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-LABEL: func.func @rows(
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32>, %[[S:.*]]: f32
func.func @rows(%x: memref<?x64xf32>, %s: f32) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  // CHECK: memref.dim %[[X]]
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  // CHECK: %[[Y:.*]] = memref.alloc
  %y = memref.alloc(%n) : memref<?x64xf32>
  // CHECK: capstan.launch @kernel_map_mulf(%[[X]], %[[S]], %[[Y]]) extent %{{.*}} : (memref<?x64xf32>, f32, memref<?x64xf32>)
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> ()>, #id], iterator_types = ["parallel", "parallel"]}
    ins(%x, %s : memref<?x64xf32>, f32) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  // Equal kernels are one.
  %z = memref.alloc(%n) : memref<?x64xf32>
  // CHECK: capstan.launch @kernel_map_mulf(%[[Y]],
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> ()>, #id], iterator_types = ["parallel", "parallel"]}
    ins(%y, %s : memref<?x64xf32>, f32) outs(%z : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  memref.dealloc %y : memref<?x64xf32>
  return %z : memref<?x64xf32>
}

// No loop is parallel: one iteration does it all.
// CHECK-LABEL: func.func @sum(
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: capstan.launch @kernel_reduce_addf(%{{.*}}, %{{.*}}) extent %[[ONE]]
func.func @sum(%x: memref<?xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
    ins(%x : memref<?xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %o : f32
    linalg.yield %0 : f32
  }
  return
}

// A copy with gaps is a kernel, a contiguous one is the runtime's.
// CHECK-LABEL: func.func @copies(
// CHECK: memref.copy
// CHECK-NEXT: capstan.launch @kernel_map
// CHECK-NOT: memref.copy
func.func @copies(%a: memref<4x8xf32>, %b: memref<4x8xf32>, %s: memref<4x8xf32, strided<[16, 1]>>) {
  memref.copy %a, %b : memref<4x8xf32> to memref<4x8xf32>
  memref.copy %a, %s : memref<4x8xf32> to memref<4x8xf32, strided<[16, 1]>>
  return
}

// Host data stays in host code.
// CHECK-LABEL: func.func @host(
// CHECK: linalg.generic
func.func @host(%x: memref<4xi32, #capstan.host>, %y: memref<4xi32, #capstan.host>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    ins(%x : memref<4xi32, #capstan.host>) outs(%y : memref<4xi32, #capstan.host>) {
  ^bb0(%a: i32, %o: i32):
    %0 = arith.addi %a, %a : i32
    linalg.yield %0 : i32
  }
  return
}

// CHECK-LABEL: func.func private @kernel_map_mulf(
// CHECK-SAME: memref<?x64xf32> {llvm.noalias}, %{{.*}}: f32, %{{.*}}: memref<?x64xf32> {llvm.noalias},
// CHECK-SAME: %[[BEGIN:.*]]: index, %[[END:.*]]: index) attributes {capstan.kernel}
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c64

// The argument may be any buffer of the caller.
// CHECK-LABEL: func.func private @kernel_reduce_addf(
// CHECK-NOT: llvm.noalias

// RUN: capstan-opt %s --convert-capstan-to-runtime -split-input-file | FileCheck %s

// CHECK: llvm.mlir.global external constant @capstan_module()
// CHECK-LABEL: func.func private @main(
// CHECK-SAME: %[[F:.*]]: !llvm.ptr, %{{.*}}: memref<?x8xf32>
// CHECK-SAME: -> (i32, memref<?x8xf32>)
func.func @main(%x: memref<?x8xf32> {capstan.name = "x"}, %flag: i1) -> memref<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  // CHECK: %[[S:.*]] = llvm.call @capstan_rt_alloc(%[[F]],
  // CHECK: %[[OK:.*]] = llvm.icmp "eq" %[[S]],
  // CHECK: cf.cond_br %[[OK]], ^{{.*}}, ^[[FAIL:.*]](%[[S]] : i32)
  %y = memref.alloc(%n) : memref<?x8xf32>
  // CHECK: llvm.call @capstan_rt_copy(%[[F]],
  memref.copy %x, %y : memref<?x8xf32> to memref<?x8xf32>
  // CHECK: llvm.call @capstan_rt_launch(%[[F]],
  capstan.launch @kernel(%y) extent %n : (memref<?x8xf32>)
  // CHECK: llvm.call @capstan_rt_gemm(%[[F]],
  %z = memref.alloc(%n) : memref<?x8xf32>
  %w = memref.alloc() : memref<8x8xf32>
  capstan.gemm ins(%y, %w : memref<?x8xf32>, memref<8x8xf32>) outs(%z : memref<?x8xf32>)
  // CHECK: llvm.call @capstan_rt_fail(%[[F]],
  cf.assert %flag, "flag"
  // CHECK: llvm.call @capstan_rt_read(%[[F]],
  %i = capstan.item %y[%c0, %c0] : memref<?x8xf32>
  // CHECK: llvm.call @capstan_rt_free(%[[F]],
  memref.dealloc %y : memref<?x8xf32>
  // CHECK: return %{{.*}}, %{{.*}} : i32, memref<?x8xf32>
  // CHECK: ^[[FAIL]](%{{.*}}: i32):
  // CHECK: return
  return %z : memref<?x8xf32>
}
// A check that fails is the kernel's return code.
// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME: !llvm.ptr {llvm.noalias}, %{{.*}}: index, %{{.*}}: index) -> i32
// CHECK: llvm.mlir.constant(1 : i32) : i32
// CHECK: cf.cond_br
// CHECK-NOT: cf.assert
func.func private @kernel(%y: memref<?x8xf32> {llvm.noalias}, %begin: index, %end: index) attributes {capstan.kernel} {
  %ok = arith.cmpi sle, %begin, %end : index
  cf.assert %ok, "order"
  return
}
// CHECK: llvm.func internal @kernel.thunk
// CHECK: llvm.func internal @main.entry(

// -----

// What one path doesn't wait for is released.
// CHECK-LABEL: func.func private @overlap(
// CHECK: llvm.call @capstan_rt_host_alloc
// CHECK: llvm.call @capstan_rt_fetch_start
// CHECK: llvm.call @capstan_rt_fetch_wait
// CHECK: llvm.call @capstan_rt_host_free
// CHECK: llvm.call @capstan_rt_fetch_release
func.func @overlap(%m: memref<i32>, %c: i1) -> i32 {
  %f = capstan.fetch.start %m ["item"] : (memref<i32>) -> !capstan.future<i32>
  %zero = arith.constant 0 : i32
  cf.cond_br %c, ^wait, ^skip
^wait:
  %v = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  return %v : i32
^skip:
  return %zero : i32
}

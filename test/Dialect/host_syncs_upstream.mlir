// UNSUPPORTED: asan
// RUN: %mlir_opt %s --load-dialect-plugin=%plugin --cse \
// RUN:   | FileCheck %s --check-prefixes=CHECK,CSE
// RUN: %mlir_opt %s --load-dialect-plugin=%plugin --loop-invariant-code-motion \
// RUN:   | FileCheck %s --check-prefixes=CHECK,LICM

// What upstream passes may do with syncs: merge them, never hoist them.

// CHECK-LABEL: func.func @cse
func.func @cse(%t: tensor<i32>, %m: memref<i32>, %v: i32) -> (i32, i32, i32, i32) {
  // CSE: %[[A:.*]] = capstan.item %{{.*}}[] : tensor<i32>
  %a = capstan.item %t[] : tensor<i32>
  %b = capstan.item %t[] : tensor<i32>
  // CSE-NEXT: %[[C:.*]] = capstan.item %{{.*}}[] : memref<i32>
  %c = capstan.item %m[] : memref<i32>
  memref.store %v, %m[] : memref<i32>
  // CSE: %[[D:.*]] = capstan.item %{{.*}}[] : memref<i32>
  %d = capstan.item %m[] : memref<i32>
  // CSE: return %[[A]], %[[A]], %[[C]], %[[D]]
  return %a, %b, %c, %d : i32, i32, i32, i32
}

// CHECK-LABEL: func.func @licm
func.func @licm(%t: tensor<i32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // LICM: arith.addi
  // LICM-NEXT: scf.for
  scf.for %i = %c0 to %n step %c1 {
    %s = arith.addi %t, %t : tensor<i32>
    // LICM-NEXT: capstan.item
    %a = capstan.item %s[] : tensor<i32>
    // LICM-NEXT: capstan.to_host
    %h = capstan.to_host %s : tensor<i32> -> tensor<i32, #capstan.host>
    // LICM-NEXT: capstan.fetch
    %f = capstan.fetch %s ["item"] : (tensor<i32>) -> i32
    // LICM-NEXT: capstan.fetch.start
    %g = capstan.fetch.start %s ["item"] : (tensor<i32>) -> !capstan.future<i32>
    %w = capstan.fetch.wait %g : !capstan.future<i32> -> i32
  }
  return
}

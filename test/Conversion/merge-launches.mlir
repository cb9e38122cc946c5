// RUN: capstan-opt %s --capstan-merge-launches --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[SUM:.*]] = arith.constant 88 : index
// CHECK: %[[X:.*]] = memref.alloc
// CHECK: %[[Y:.*]] = memref.alloc
// CHECK: %[[Z:.*]] = memref.alloc
// CHECK-NEXT: capstan.launch @f_and_g(%[[X]], %[[Y]], %[[Z]]) extent %[[SUM]] :
// CHECK-NEXT: capstan.launch @f_and_g(%[[Y]], %[[X]], %[[Z]]) extent %[[SUM]] :

// 60 rows of f are 8 blocks, and move 10 + 60 * 2 bytes.
// CHECK-LABEL: func.func private @f_and_g(
// CHECK-SAME: %[[A:.*]]: memref<64x8xf32>, %[[B:[^:]*]]: memref<64x8xf32> {llvm.noalias}, %[[C:.*]]: memref<24x8xf32>
// CHECK-SAME: capstan.block = array<i64: 2, 8>, capstan.bytes = array<f64: 2.030000e+02, 0.000000e+00>
// CHECK-DAG: %[[LAST:.*]] = arith.constant 60 : index
// CHECK-DAG: %[[BLOCKS:.*]] = arith.constant 8 : index
// CHECK: %[[ID:.*]] = gpu.block_id x
// CHECK: %[[FIRST:.*]] = arith.cmpi ult, %[[ID]], %[[BLOCKS]]
// CHECK: scf.if %[[FIRST]] {
// CHECK: vector.load %[[A]][%[[ID]], %{{.*}}]
// CHECK: arith.cmpi ult, %[[ID]], %[[LAST]]
// CHECK: vector.store %{{.*}}, %[[B]]
// CHECK: } else {
// CHECK: %[[OWN:.*]] = arith.subi %[[ID]], %[[BLOCKS]] : index
// CHECK: vector.load %[[A]][%[[OWN]], %{{.*}}]
// CHECK: vector.store %{{.*}}, %[[C]]

func.func private @f(%x: memref<64x8xf32> {llvm.noalias}, %y: memref<64x8xf32> {llvm.noalias}, %begin: index, %end: index) attributes {capstan.kernel, capstan.block = array<i64: 2, 8>, capstan.bytes = array<f64: 10.0, 2.0>} {
  %c0 = arith.constant 0 : index
  %row = gpu.block_id x
  %a = vector.load %x[%row, %c0] : memref<64x8xf32>, vector<4xf32>
  %is = arith.cmpi ult, %row, %end : index
  scf.if %is {
    vector.store %a, %y[%row, %c0] : memref<64x8xf32>, vector<4xf32>
  }
  return
}
func.func private @g(%x: memref<64x8xf32>, %y: memref<24x8xf32>, %begin: index, %end: index) attributes {capstan.kernel, capstan.block = array<i64: 2, 8>, capstan.bytes = array<f64: 1.0, 3.0>} {
  %c0 = arith.constant 0 : index
  %row = gpu.block_id x
  %a = vector.load %x[%row, %c0] : memref<64x8xf32>, vector<4xf32>
  vector.store %a, %y[%row, %c0] : memref<24x8xf32>, vector<4xf32>
  return
}

func.func @main() {
  %c24 = arith.constant 24 : index
  %c60 = arith.constant 60 : index
  %x = memref.alloc() : memref<64x8xf32>
  %y = memref.alloc() : memref<64x8xf32>
  capstan.launch @f(%x, %y) extent %c60 : (memref<64x8xf32>, memref<64x8xf32>)
  %z = memref.alloc() : memref<24x8xf32>
  capstan.launch @g(%x, %z) extent %c24 : (memref<64x8xf32>, memref<24x8xf32>)
  capstan.launch @f(%y, %x) extent %c60 : (memref<64x8xf32>, memref<64x8xf32>)
  capstan.launch @g(%y, %z) extent %c24 : (memref<64x8xf32>, memref<24x8xf32>)
  return
}

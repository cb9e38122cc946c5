// RUN: capstan-opt %s --capstan-protect-arguments | FileCheck %s
// RUN: capstan-opt %s --capstan-host-buffer-pipeline | FileCheck %s --check-prefix=BUFFER

// The tensor of a caller is copied before it changes; memory is what it is.
// CHECK: func.func @entry(%{{.*}}: tensor<4xi32> {bufferization.writable = false}, %{{.*}}: memref<4xi32>, %{{.*}}: i32)
// BUFFER-LABEL: func.func @entry
// BUFFER-SAME: %[[T:[a-z0-9]+]]: memref<4xi32>, %[[M:[a-z0-9]+]]: memref<4xi32>
// BUFFER: %[[COPY:.*]] = memref.alloc
// BUFFER: memref.copy %[[T]], %[[COPY]]
// BUFFER: memref.store %{{.*}}, %[[COPY]]
// BUFFER: memref.store %{{.*}}, %[[M]]
func.func @entry(%t: tensor<4xi32>, %m: memref<4xi32>, %v: i32) -> tensor<4xi32> {
  %c0 = arith.constant 0 : index
  %0 = tensor.insert %v into %t[%c0] : tensor<4xi32>
  memref.store %v, %m[%c0] : memref<4xi32>
  return %0 : tensor<4xi32>
}

// CHECK: func.func private @inner(%{{.*}}: tensor<4xi32>)
func.func private @inner(%t: tensor<4xi32>) -> tensor<4xi32> {
  return %t : tensor<4xi32>
}

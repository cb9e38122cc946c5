// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-promote-host-syncs="merge=true" | FileCheck %s

// Read before the callee writes: each call reads what the call before it left.
// CHECK-LABEL: func.func @entry
// CHECK: %[[A:.*]] = capstan.item
// CHECK-NEXT: call @layer(%{{.*}}, %{{.*}}, %[[A]])
// CHECK-NEXT: %[[B:.*]] = capstan.item
// CHECK-NEXT: call @layer(%{{.*}}, %{{.*}}, %[[B]])
func.func @entry(%m: memref<i32>, %v: i32) {
  call @layer(%m, %v) : (memref<i32>, i32) -> ()
  call @layer(%m, %v) : (memref<i32>, i32) -> ()
  return
}

// CHECK: func.func private @layer(%{{.*}}: memref<i32>, %{{.*}}: i32, %{{.*}}: i32)
// CHECK-NOT: capstan.item
func.func private @layer(%m: memref<i32>, %v: i32) {
  %n = capstan.item %m[] : memref<i32>
  %s = arith.addi %n, %v : i32
  memref.store %s, %m[] : memref<i32>
  return
}

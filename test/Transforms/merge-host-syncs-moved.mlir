// RUN: capstan-opt %s --capstan-merge-host-syncs --allow-unregistered-dialect | FileCheck %s

// The reads on both sides of the second branch become one above it; that one
// stands on every path, so the read under the first branch follows.
// CHECK-LABEL: func.func @moved_then_merged
// CHECK-NEXT: %[[N:.*]] = capstan.item
// CHECK-NOT: capstan.item
// CHECK: "foo.use"(%[[N]])
// CHECK: "foo.use"(%[[N]])
// CHECK: "foo.other"(%[[N]])
func.func @moved_then_merged(%t: tensor<i32>, %c: i1, %d: i1) {
  scf.if %c {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  }
  scf.if %d {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  } else {
    %n = capstan.item %t[] : tensor<i32>
    "foo.other"(%n) : (i32) -> ()
  }
  return
}

// A side that can't run stands in the branch whose result it would take.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: scf.if
// CHECK-NEXT: %[[N:.*]] = capstan.item
// CHECK-NEXT: scf.if
// CHECK: "foo.use"(%[[N]])
// CHECK: "foo.use"(%[[N]])
func.func @f(%c: i1, %t: tensor<i32>) {
  scf.if %c {
    scf.if %c {
      %a = capstan.item %t[] : tensor<i32>
      "foo.use"(%a) : (i32) -> ()
    } else {
      %b = capstan.item %t[] : tensor<i32>
      "foo.use"(%b) : (i32) -> ()
    }
  }
  return
}

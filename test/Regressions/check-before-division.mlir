// A division by zero must not come before the check that rules it out.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: scf.for
// CHECK: cf.assert
// CHECK: arith.divsi
// CHECK: capstan.item
func.func @f(%ok: i1, %a: i32, %b: i32, %t: tensor<?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    cf.assert %ok, "b is not zero"
    %d = arith.divsi %a, %b : i32
    %k = arith.index_cast %d : i32 to index
    %x = capstan.item %t[%k] : tensor<?xi32>
    "foo.use"(%x) : (i32) -> ()
  }
  return
}

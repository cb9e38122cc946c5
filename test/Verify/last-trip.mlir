// A check before a loop's exit has been passed by the values that are left.
// RUN: split-file %s %t
// RUN: capstan-verify %t/blocks.mlir %t/blocks-less.mlir | FileCheck %s
// RUN: capstan-verify %t/blocks-less.mlir %t/blocks.mlir | FileCheck %s
// RUN: not capstan-verify %t/after.mlir %t/after-less.mlir | FileCheck %s --check-prefix=MISSING
// RUN: not capstan-verify %t/for.mlir %t/for-less.mlir | FileCheck %s --check-prefix=MISSING
// RUN: not capstan-verify %t/maybe.mlir %t/maybe-less.mlir | FileCheck %s --check-prefix=MISSING

// CHECK: accepted
// MISSING: rejected: @f: a check is missing

//--- blocks.mlir
func.func @f(%n: index, %m: index) {
  cf.br ^loop(%n : index)
^loop(%i: index):
  %good = arith.cmpi slt, %i, %m : index
  cf.assert %good, "in"
  %j = arith.muli %i, %i : index
  %more = arith.cmpi slt, %j, %n : index
  cf.cond_br %more, ^body, ^end
^body:
  cf.br ^loop(%j : index)
^end:
  %again = arith.cmpi slt, %i, %m : index
  cf.assert %again, "behind"
  return
}
//--- blocks-less.mlir
func.func @f(%n: index, %m: index) {
  cf.br ^loop(%n : index)
^loop(%i: index):
  %good = arith.cmpi slt, %i, %m : index
  cf.assert %good, "in"
  %j = arith.muli %i, %i : index
  %more = arith.cmpi slt, %j, %n : index
  cf.cond_br %more, ^body, ^end
^body:
  cf.br ^loop(%j : index)
^end:
  return
}
//--- after.mlir
func.func @f(%n: index, %m: index, %c: i1) {
  %r = scf.while (%i = %n) : (index) -> index {
    %more = arith.cmpi slt, %i, %n : index
    scf.condition(%more) %i : index
  } do {
  ^bb0(%i: index):
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, "in"
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  %again = arith.cmpi slt, %r, %m : index
  cf.assert %again, "behind"
  return
}
//--- after-less.mlir
func.func @f(%n: index, %m: index, %c: i1) {
  %r = scf.while (%i = %n) : (index) -> index {
    %more = arith.cmpi slt, %i, %n : index
    scf.condition(%more) %i : index
  } do {
  ^bb0(%i: index):
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, "in"
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}
//--- for.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, "in"
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  %again = arith.cmpi slt, %r, %m : index
  cf.assert %again, "behind"
  return
}
//--- for-less.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, "in"
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}
//--- maybe.mlir
func.func @f(%n: index, %m: index, %c: i1) {
  %r = scf.while (%i = %n) : (index) -> index {
    scf.if %c {
      %good = arith.cmpi slt, %i, %m : index
      cf.assert %good, "in"
    }
    %j = arith.muli %i, %i : index
    %more = arith.cmpi slt, %j, %n : index
    scf.condition(%more) %i : index
  } do {
  ^bb0(%i: index):
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  %again = arith.cmpi slt, %r, %m : index
  cf.assert %again, "behind"
  return
}
//--- maybe-less.mlir
func.func @f(%n: index, %m: index, %c: i1) {
  %r = scf.while (%i = %n) : (index) -> index {
    scf.if %c {
      %good = arith.cmpi slt, %i, %m : index
      cf.assert %good, "in"
    }
    %j = arith.muli %i, %i : index
    %more = arith.cmpi slt, %j, %n : index
    scf.condition(%more) %i : index
  } do {
  ^bb0(%i: index):
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}

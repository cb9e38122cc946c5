// A loop whose step is not known to be positive may never end, whatever is in it.
// RUN: split-file %s %t
// RUN: capstan-verify %t/known.mlir %t/known.mlir | FileCheck %s --check-prefix=OK
// RUN: capstan-verify %t/other.mlir %t/known.mlir | FileCheck %s --check-prefix=OK
// RUN: capstan-verify %t/other.mlir %t/other.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/known.mlir %t/other.mlir | FileCheck %s

// OK: accepted
// CHECK: rejected: @f: an operation that may fail runs where it did not

//--- known.mlir
func.func @f(%n: index, %step: index, %ok: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    cf.assert %ok, "checked"
  }
  return
}
//--- other.mlir
func.func @f(%n: index, %step: index, %ok: i1) {
  %c0 = arith.constant 0 : index
  scf.for %i = %c0 to %n step %step {
    cf.assert %ok, "checked"
  }
  return
}

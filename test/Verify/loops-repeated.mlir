// A loop that repeats another adds nothing; one that only looks like it may.
// RUN: split-file %s %t
// RUN: capstan-verify %t/one.mlir %t/two.mlir | FileCheck %s
// RUN: capstan-verify %t/two.mlir %t/one.mlir | FileCheck %s
// RUN: not capstan-verify %t/one.mlir %t/next.mlir | FileCheck %s --check-prefix=NEW
// RUN: not capstan-verify %t/one.mlir %t/init.mlir | FileCheck %s --check-prefix=NEW
// RUN: not capstan-verify %t/one.mlir %t/bound.mlir | FileCheck %s --check-prefix=NEW
// RUN: not capstan-verify %t/fault.mlir %t/fault-fused.mlir | FileCheck %s --check-prefix=FAULT
// RUN: not capstan-verify %t/write.mlir %t/write-fused.mlir | FileCheck %s --check-prefix=NEW
// RUN: not capstan-verify %t/read.mlir %t/read-twice.mlir | FileCheck %s --check-prefix=MORE

// CHECK: accepted
// NEW: rejected: @f: {{a check is missing|there is a check that did not run before}}
// FAULT: rejected: @f: an operation that may fail runs where it did not
// MORE: rejected: @f: there are more syncs than before

//--- one.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}
//--- two.mlir
func.func private @loop(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}
func.func @f(%n: index, %m: index) {
  call @loop(%n, %m) : (index, index) -> ()
  call @loop(%n, %m) : (index, index) -> ()
  return
}
//--- next.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  %s = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.addi %i, %i : index
    scf.yield %j : index
  }
  return
}
//--- init.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  %s = scf.for %k = %c0 to %n step %c1 iter_args(%i = %m) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}
//--- bound.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  %s = scf.for %k = %c0 to %m step %c1 iter_args(%i = %n) -> index {
    %good = arith.cmpi slt, %i, %m : index
    cf.assert %good, ""
    %j = arith.muli %i, %i : index
    scf.yield %j : index
  }
  return
}
//--- fault.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    %good = arith.cmpi slt, %k, %m : index
    cf.assert %good, ""
  }
  scf.for %k = %c0 to %n step %c1 {
    %d = arith.divui %m, %k : index
  }
  return
}
//--- fault-fused.mlir
func.func @f(%n: index, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    %good = arith.cmpi slt, %k, %m : index
    cf.assert %good, ""
    %d = arith.divui %m, %k : index
  }
  return
}
//--- write.mlir
func.func @f(%n: index, %m: index, %a: memref<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    memref.store %k, %a[%c0] : memref<?xindex>
  }
  scf.for %k = %c0 to %n step %c1 {
    %good = arith.cmpi slt, %k, %m : index
    cf.assert %good, ""
  }
  return
}
//--- write-fused.mlir
func.func @f(%n: index, %m: index, %a: memref<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    memref.store %k, %a[%c0] : memref<?xindex>
    %good = arith.cmpi slt, %k, %m : index
    cf.assert %good, ""
  }
  return
}
//--- read.mlir
func.func @f(%n: index, %t: tensor<index>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    %x = tensor.extract %t[] : tensor<index>
    %good = arith.cmpi slt, %k, %x : index
    cf.assert %good, ""
  }
  return
}
//--- read-twice.mlir
func.func @f(%n: index, %t: tensor<index>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %k = %c0 to %n step %c1 {
    %x = tensor.extract %t[] : tensor<index>
    %good = arith.cmpi slt, %k, %x : index
    cf.assert %good, ""
  }
  scf.for %k = %c0 to %n step %c1 {
    %x = tensor.extract %t[] : tensor<index>
    %good = arith.cmpi slt, %k, %x : index
    cf.assert %good, ""
  }
  return
}

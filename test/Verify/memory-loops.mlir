// Reads of memory that a loop writes, and transfers that are started early.
// RUN: split-file %s %t
// RUN: capstan-verify %t/loop.mlir %t/loop.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/loop.mlir %t/hoisted.mlir | FileCheck %s --check-prefix=HOISTED
// RUN: capstan-verify %t/other.mlir %t/other-hoisted.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/if.mlir %t/start-above.mlir | FileCheck %s --check-prefix=ABOVE
// RUN: not capstan-verify %t/if.mlir %t/twice.mlir | FileCheck %s --check-prefix=TWICE
// RUN: not capstan-verify %t/write.mlir %t/start-over.mlir | FileCheck %s --check-prefix=OVER
// RUN: capstan-verify %t/foreign.mlir %t/foreign-guarded.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/foreign.mlir %t/foreign-hoisted.mlir | FileCheck %s --check-prefix=ABOVE

// OK: accepted
// HOISTED: rejected: @f:
// ABOVE: rejected: @f: a value is read from the device where it was not
// TWICE: rejected: @f: there are more syncs than before
// OVER: rejected: @f: result #0 differs

//--- loop.mlir
func.func @f(%m: memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %x = capstan.item %m[%c0] : memref<4xi32>
    %y = arith.addi %x, %x : i32
    memref.store %y, %m[%c0] : memref<4xi32>
  }
  return
}
//--- hoisted.mlir
func.func @f(%m: memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %x = capstan.item %m[%c0] : memref<4xi32>
  scf.for %i = %c0 to %c8 step %c1 {
    %y = arith.addi %x, %x : i32
    memref.store %y, %m[%c0] : memref<4xi32>
  }
  return
}
//--- other.mlir
func.func @f(%m: memref<4xi32>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = memref.alloc() : memref<4xi32>
  scf.for %i = %c0 to %c8 step %c1 {
    %x = capstan.item %m[%c0] : memref<4xi32>
    memref.store %x, %t[%c1] : memref<4xi32>
  }
  %z = capstan.item %t[%c1] : memref<4xi32>
  return %z : i32
}
//--- other-hoisted.mlir
func.func @f(%m: memref<4xi32>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = memref.alloc() : memref<4xi32>
  %x = capstan.item %m[%c0] : memref<4xi32>
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %x, %t[%c1] : memref<4xi32>
  }
  %z = capstan.item %t[%c1] : memref<4xi32>
  return %z : i32
}
//--- if.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> i32 {
  %z = arith.constant 0 : i32
  %r = scf.if %c -> i32 {
    %n = capstan.fetch %a ["item"] : (tensor<i32>) -> i32
    scf.yield %n : i32
  } else {
    scf.yield %z : i32
  }
  return %r : i32
}
//--- start-above.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> i32 {
  %z = arith.constant 0 : i32
  %f = capstan.fetch.start %a ["item"] : (tensor<i32>) -> !capstan.future<i32>
  %r = scf.if %c -> i32 {
    %n = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    scf.yield %n : i32
  } else {
    scf.yield %z : i32
  }
  return %r : i32
}
//--- twice.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> i32 {
  %z = arith.constant 0 : i32
  %s = scf.if %c -> i32 {
    %n = capstan.item %a[] : tensor<i32>
    scf.yield %n : i32
  } else {
    scf.yield %z : i32
  }
  %r = scf.if %c -> i32 {
    %n = capstan.item %a[] : tensor<i32>
    scf.yield %n : i32
  } else {
    scf.yield %s : i32
  }
  return %r : i32
}
//--- write.mlir
func.func @f(%a: !torch.tensor<[],si32>, %one: !torch.int) -> !torch.int {
  %b = "torch.aten.add_.Scalar"(%a, %one, %one) : (!torch.tensor<[],si32>, !torch.int, !torch.int) -> !torch.tensor<[],si32>
  %n = "torch.aten.Int.Tensor"(%a) : (!torch.tensor<[],si32>) -> !torch.int
  return %n : !torch.int
}
//--- start-over.mlir
func.func @f(%a: !torch.tensor<[],si32>, %one: !torch.int) -> !torch.int {
  %f = capstan.fetch.start %a ["int"] : (!torch.tensor<[],si32>) -> !capstan.future<!torch.int>
  %b = "torch.aten.add_.Scalar"(%a, %one, %one) : (!torch.tensor<[],si32>, !torch.int, !torch.int) -> !torch.tensor<[],si32>
  %n = capstan.fetch.wait %f : !capstan.future<!torch.int> -> !torch.int
  return %n : !torch.int
}
//--- foreign.mlir
func.func @f(%a: !torch.vtensor<[],si32>, %trip: !torch.int, %s: !torch.int) -> !torch.int {
  %t = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %r = "torch.prim.Loop"(%trip, %t, %s) ({
  ^bb0(%i: !torch.int, %x: !torch.int):
    %n = "torch.aten.Int.Tensor"(%a) : (!torch.vtensor<[],si32>) -> !torch.int
    %y = "torch.aten.mul.int"(%x, %n) : (!torch.int, !torch.int) -> !torch.int
    "torch.prim.Loop.condition"(%t, %y) : (!torch.bool, !torch.int) -> ()
  }) : (!torch.int, !torch.bool, !torch.int) -> !torch.int
  return %r : !torch.int
}
//--- foreign-guarded.mlir
func.func @f(%a: !torch.vtensor<[],si32>, %trip: !torch.int, %s: !torch.int) -> !torch.int {
  %t = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %z = "torch.constant.int"() <{value = 0 : i64}> : () -> !torch.int
  %g = "torch.aten.gt.int"(%trip, %z) : (!torch.int, !torch.int) -> !torch.bool
  %n = "torch.prim.If"(%g) ({
    %v = "torch.aten.Int.Tensor"(%a) : (!torch.vtensor<[],si32>) -> !torch.int
    "torch.prim.If.yield"(%v) : (!torch.int) -> ()
  }, {
    "torch.prim.If.yield"(%z) : (!torch.int) -> ()
  }) : (!torch.bool) -> !torch.int
  %r = "torch.prim.Loop"(%trip, %t, %s) ({
  ^bb0(%i: !torch.int, %x: !torch.int):
    %y = "torch.aten.mul.int"(%x, %n) : (!torch.int, !torch.int) -> !torch.int
    "torch.prim.Loop.condition"(%t, %y) : (!torch.bool, !torch.int) -> ()
  }) : (!torch.int, !torch.bool, !torch.int) -> !torch.int
  return %r : !torch.int
}
//--- foreign-hoisted.mlir
func.func @f(%a: !torch.vtensor<[],si32>, %trip: !torch.int, %s: !torch.int) -> !torch.int {
  %t = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %n = "torch.aten.Int.Tensor"(%a) : (!torch.vtensor<[],si32>) -> !torch.int
  %r = "torch.prim.Loop"(%trip, %t, %s) ({
  ^bb0(%i: !torch.int, %x: !torch.int):
    %y = "torch.aten.mul.int"(%x, %n) : (!torch.int, !torch.int) -> !torch.int
    "torch.prim.Loop.condition"(%t, %y) : (!torch.bool, !torch.int) -> ()
  }) : (!torch.int, !torch.bool, !torch.int) -> !torch.int
  return %r : !torch.int
}

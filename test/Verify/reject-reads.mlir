// RUN: split-file %s %t
// RUN: not capstan-verify %t/a.mlir %t/operand.mlir | FileCheck %s --check-prefix=RESULT
// RUN: not capstan-verify %t/a.mlir %t/conversion.mlir | FileCheck %s --check-prefix=RESULT
// RUN: not capstan-verify %t/a.mlir %t/types.mlir | FileCheck %s --check-prefix=TYPES
// RUN: not capstan-verify %t/path.mlir %t/path-more.mlir | FileCheck %s --check-prefix=MORE
// RUN: not capstan-verify %t/a.mlir %t/twice.mlir | FileCheck %s --check-prefix=TWICE
// RUN: not capstan-verify %t/bound.mlir %t/bound-wrong.mlir | FileCheck %s --check-prefix=BOUND
// RUN: capstan-verify %t/bound.mlir %t/bound-size.mlir | FileCheck %s --check-prefix=SIZE
// RUN: not capstan-verify %t/carried.mlir %t/carried-wrong.mlir | FileCheck %s --check-prefix=CARRIED

// RESULT: rejected: @f: result #0 differs
// TYPES: rejected: @f: result #1 differs
// MORE: rejected: @f: there are more syncs than before
// MORE: on the path where arg1 does not hold
// TWICE: rejected: @f: can't prove: may wait for the same future again
// BOUND: rejected: @f: can't prove that bound operand #4 is as large as before
// SIZE: accepted
// SIZE: after: 0 in the text
// CARRIED: rejected: @f: a value that a loop carries differs on its next trip

//--- a.mlir
func.func @f(%x: !torch.vtensor<[],si32>, %y: !torch.vtensor<[],si32>) -> (!torch.int, !torch.float) {
  %0 = "torch.aten.Int.Tensor"(%x) : (!torch.vtensor<[],si32>) -> !torch.int
  %1 = "torch.aten.Float.Tensor"(%x) : (!torch.vtensor<[],si32>) -> !torch.float
  return %0, %1 : !torch.int, !torch.float
}
//--- operand.mlir
func.func @f(%x: !torch.vtensor<[],si32>, %y: !torch.vtensor<[],si32>) -> (!torch.int, !torch.float) {
  %0 = "torch.aten.Int.Tensor"(%y) : (!torch.vtensor<[],si32>) -> !torch.int
  %1 = "torch.aten.Float.Tensor"(%x) : (!torch.vtensor<[],si32>) -> !torch.float
  return %0, %1 : !torch.int, !torch.float
}
//--- conversion.mlir
func.func @f(%x: !torch.vtensor<[],si32>, %y: !torch.vtensor<[],si32>) -> (!torch.int, !torch.float) {
  %0, %1 = capstan.fetch %x, %x ["bool", "float"] : (!torch.vtensor<[],si32>, !torch.vtensor<[],si32>) -> (!torch.int, !torch.float)
  return %0, %1 : !torch.int, !torch.float
}
//--- types.mlir
func.func @f(%x: !torch.vtensor<[],si32>, %y: !torch.vtensor<[],si32>) -> (!torch.int, !torch.float) {
  %0 = "torch.aten.Int.Tensor"(%x) : (!torch.vtensor<[],si32>) -> !torch.int
  %1 = "torch.aten.Float.Scalar"(%0) : (!torch.int) -> !torch.float
  return %0, %1 : !torch.int, !torch.float
}
//--- twice.mlir
func.func @f(%x: !torch.vtensor<[],si32>, %y: !torch.vtensor<[],si32>) -> (!torch.int, !torch.float) {
  %f = capstan.fetch.start %x, %x ["int", "float"] : (!torch.vtensor<[],si32>, !torch.vtensor<[],si32>) -> !capstan.future<!torch.int, !torch.float>
  %0, %1 = capstan.fetch.wait %f : !capstan.future<!torch.int, !torch.float> -> !torch.int, !torch.float
  %2, %3 = capstan.fetch.wait %f : !capstan.future<!torch.int, !torch.float> -> !torch.int, !torch.float
  return %0, %3 : !torch.int, !torch.float
}
//--- path.mlir
func.func @f(%x: tensor<i32>, %c: i1) -> i32 {
  %z = arith.constant 0 : i32
  %0 = capstan.item %x[] : tensor<i32>
  %1 = scf.if %c -> i32 {
    %2 = capstan.item %x[] : tensor<i32>
    scf.yield %2 : i32
  } else {
    scf.yield %z : i32
  }
  %3 = arith.addi %0, %1 : i32
  return %3 : i32
}
//--- path-more.mlir
func.func @f(%x: tensor<i32>, %c: i1) -> i32 {
  %z = arith.constant 0 : i32
  %0 = capstan.item %x[] : tensor<i32>
  %1 = scf.if %c -> i32 {
    scf.yield %0 : i32
  } else {
    %2 = capstan.item %x[] : tensor<i32>
    scf.yield %z : i32
  }
  %3 = arith.addi %0, %1 : i32
  return %3 : i32
}
//--- bound.mlir
func.func @f(%q: !torch.vtensor<[?,8,64],bf16>, %l: !torch.vtensor<[?],si32>, %s: !torch.float) -> !torch.vtensor<[?,8,64],bf16> {
  %m = "torch.aten.max"(%l) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si32>) -> !torch.int
  %r = "torch.operator"(%q, %q, %q, %l, %n, %s) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
  return %r : !torch.vtensor<[?,8,64],bf16>
}
//--- bound-wrong.mlir
func.func @f(%q: !torch.vtensor<[?,8,64],bf16>, %l: !torch.vtensor<[?],si32>, %s: !torch.float) -> !torch.vtensor<[?,8,64],bf16> {
  %c0 = "torch.constant.int"() <{value = 0 : i64}> : () -> !torch.int
  %n = "torch.aten.size.int"(%l, %c0) : (!torch.vtensor<[?],si32>, !torch.int) -> !torch.int
  %r = "torch.operator"(%q, %q, %q, %l, %n, %s) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
  return %r : !torch.vtensor<[?,8,64],bf16>
}
//--- bound-size.mlir
func.func @f(%q: !torch.vtensor<[?,8,64],bf16>, %l: !torch.vtensor<[?],si32>, %s: !torch.float) -> !torch.vtensor<[?,8,64],bf16> {
  %c0 = "torch.constant.int"() <{value = 0 : i64}> : () -> !torch.int
  %n = "torch.aten.size.int"(%q, %c0) : (!torch.vtensor<[?,8,64],bf16>, !torch.int) -> !torch.int
  %r = "torch.operator"(%q, %q, %q, %l, %n, %s) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
  return %r : !torch.vtensor<[?,8,64],bf16>
}
//--- carried.mlir
func.func @f(%n: index, %s: i32, %t: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s) -> i32 {
    %ok = arith.cmpi slt, %x, %t : i32
    cf.assert %ok, "message"
    %y = arith.addi %x, %t : i32
    scf.yield %y : i32
  }
  return
}
//--- carried-wrong.mlir
func.func @f(%n: index, %s: i32, %t: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s) -> i32 {
    %ok = arith.cmpi slt, %x, %t : i32
    cf.assert %ok, "message"
    scf.yield %s : i32
  }
  return
}

// A check on a read that is gone is a check on the device.
// RUN: split-file %s %t
// RUN: capstan-verify %t/a.mlir %t/device.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/a.mlir %t/weaker.mlir | FileCheck %s --check-prefix=WEAKER
// RUN: not capstan-verify %t/a.mlir %t/none.mlir | FileCheck %s --check-prefix=NONE
// RUN: capstan-verify %t/b.mlir %t/b-device.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/b-device.mlir %t/b.mlir | FileCheck %s --check-prefix=BACK
// RUN: capstan-verify %t/sum.mlir %t/sum-device.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/sum.mlir %t/sum-wide.mlir | FileCheck %s --check-prefix=NONE

// OK: accepted
// WEAKER: rejected: @f: a check is missing
// NONE: rejected: @f: a check is missing
// BACK: rejected: @f:

//--- a.mlir
func.func @f(%l: !torch.vtensor<[?],si32>) {
  %m = "torch.aten.max"(%l) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si32>) -> !torch.int
  %c = "torch.constant.int"() <{value = 4 : i64}> : () -> !torch.int
  %g = "torch.aten.ge.int"(%n, %c) : (!torch.int, !torch.int) -> !torch.bool
  %i = "torch.aten.Int.bool"(%g) : (!torch.bool) -> !torch.int
  %s = "torch.constant.str"() <{value = "message"}> : () -> !torch.str
  "torch.aten._assert_scalar"(%i, %s) : (!torch.int, !torch.str) -> ()
  return
}
//--- device.mlir
func.func @f(%l: !torch.vtensor<[?],si32>) {
  %m = "torch.aten.max"(%l) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %c = "torch.constant.int"() <{value = 4 : i64}> : () -> !torch.int
  %g = "torch.aten.ge.Scalar"(%m, %c) : (!torch.vtensor<[],si32>, !torch.int) -> !torch.vtensor<[],i1>
  capstan.device_check %g, "message" : !torch.vtensor<[],i1>
  return
}
//--- weaker.mlir
func.func @f(%l: !torch.vtensor<[?],si32>) {
  %m = "torch.aten.max"(%l) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %c = "torch.constant.int"() <{value = 3 : i64}> : () -> !torch.int
  %g = "torch.aten.ge.Scalar"(%m, %c) : (!torch.vtensor<[],si32>, !torch.int) -> !torch.vtensor<[],i1>
  capstan.device_check %g, "message" : !torch.vtensor<[],i1>
  return
}
//--- none.mlir
func.func @f(%l: !torch.vtensor<[?],si32>) {
  return
}
//--- b.mlir
func.func @f(%t: tensor<i32>) {
  %c = arith.constant 4 : i32
  %n = capstan.item %t[] : tensor<i32>
  %g = arith.cmpi sge, %n, %c : i32
  cf.assert %g, "message"
  return
}
//--- b-device.mlir
func.func @f(%t: tensor<i32>) {
  %c = arith.constant dense<4> : tensor<i32>
  %g = arith.cmpi sge, %t, %c : tensor<i32>
  capstan.device_check %g, "message" : tensor<i1>
  return
}
//--- sum.mlir
func.func @f(%t: tensor<i32>, %u: tensor<i32>) {
  %c = arith.constant 4 : i32
  %n = capstan.item %t[] : tensor<i32>
  %m = capstan.item %u[] : tensor<i32>
  %s = arith.addi %n, %m : i32
  %g = arith.cmpi sge, %s, %c : i32
  cf.assert %g, "message"
  return
}
//--- sum-device.mlir
func.func @f(%t: tensor<i32>, %u: tensor<i32>) {
  %c = arith.constant dense<4> : tensor<i32>
  %s = arith.addi %t, %u : tensor<i32>
  %g = arith.cmpi sge, %s, %c : tensor<i32>
  capstan.device_check %g, "message" : tensor<i1>
  return
}
//--- sum-wide.mlir
func.func @f(%t: tensor<i32>, %u: tensor<i32>) {
  %c = arith.constant dense<4> : tensor<i64>
  %x = arith.extsi %t : tensor<i32> to tensor<i64>
  %y = arith.extsi %u : tensor<i32> to tensor<i64>
  // This sum does not wrap as the one before did.
  %s = arith.addi %x, %y : tensor<i64>
  %g = arith.cmpi sge, %s, %c : tensor<i64>
  capstan.device_check %g, "message" : tensor<i1>
  return
}

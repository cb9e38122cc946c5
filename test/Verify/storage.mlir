// Fresh storage is what is in it, until it matters which one it is.
// RUN: split-file %s %t
// RUN: capstan-verify %t/before.mlir %t/after.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/written.mlir %t/unwritten.mlir | FileCheck %s --check-prefix=RESULT
// RUN: not capstan-verify %t/passed.mlir %t/swapped.mlir | FileCheck %s --check-prefix=EFFECT
// RUN: not capstan-verify %t/wrapped.mlir %t/unwrapped.mlir | FileCheck %s --check-prefix=RESULT

// OK: accepted
// RESULT: rejected: @f: result #0 differs
// EFFECT: rejected: @f: a visible effect, or the order of effects, differs

//--- before.mlir
func.func @f(%x: !torch.vtensor<[],si64>) -> (!torch.int, !torch.tensor<[],si64>) {
  %s = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %unused = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %v = "torch.copy.to_vtensor"(%unused) : (!torch.tensor<[],si64>) -> !torch.vtensor<[],si64>
  %n = "torch.aten.Int.Tensor"(%v) : (!torch.vtensor<[],si64>) -> !torch.int
  return %n, %s : !torch.int, !torch.tensor<[],si64>
}
//--- after.mlir
func.func @f(%x: !torch.vtensor<[],si64>) -> (!torch.int, !torch.tensor<[],si64>) {
  %other = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %v = "torch.copy.to_vtensor"(%other) : (!torch.tensor<[],si64>) -> !torch.vtensor<[],si64>
  %n = "torch.aten.Int.Tensor"(%v) : (!torch.vtensor<[],si64>) -> !torch.int
  %s = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  return %n, %s : !torch.int, !torch.tensor<[],si64>
}
//--- written.mlir
func.func @f(%x: !torch.vtensor<[],si64>) -> !torch.int {
  %s = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %z = "torch.aten.zero_"(%s) : (!torch.tensor<[],si64>) -> !torch.tensor<[],si64>
  %v = "torch.copy.to_vtensor"(%s) : (!torch.tensor<[],si64>) -> !torch.vtensor<[],si64>
  %n = "torch.aten.Int.Tensor"(%v) : (!torch.vtensor<[],si64>) -> !torch.int
  return %n : !torch.int
}
//--- unwritten.mlir
func.func @f(%x: !torch.vtensor<[],si64>) -> !torch.int {
  %s = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %v = "torch.copy.to_vtensor"(%s) : (!torch.tensor<[],si64>) -> !torch.vtensor<[],si64>
  %z = "torch.aten.zero_"(%s) : (!torch.tensor<[],si64>) -> !torch.tensor<[],si64>
  %n = "torch.aten.Int.Tensor"(%v) : (!torch.vtensor<[],si64>) -> !torch.int
  return %n : !torch.int
}
//--- passed.mlir
func.func @f(%x: !torch.vtensor<[],si64>) {
  %s = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %t = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  "custom.unknown"(%s, %t) : (!torch.tensor<[],si64>, !torch.tensor<[],si64>) -> ()
  "custom.unknown"(%s, %t) : (!torch.tensor<[],si64>, !torch.tensor<[],si64>) -> ()
  return
}
//--- swapped.mlir
func.func @f(%x: !torch.vtensor<[],si64>) {
  %s = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %t = "torch.copy.to_tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  "custom.unknown"(%s, %t) : (!torch.tensor<[],si64>, !torch.tensor<[],si64>) -> ()
  "custom.unknown"(%t, %s) : (!torch.tensor<[],si64>, !torch.tensor<[],si64>) -> ()
  return
}
//--- wrapped.mlir
func.func @f() -> !torch.int {
  %c = "torch.constant.int"() <{value = 300 : i64}> : () -> !torch.int
  %none = "torch.constant.none"() : () -> !torch.none
  %size = "torch.prim.ListConstruct"() : () -> !torch.list<int>
  %t = "torch.aten.full"(%size, %c, %none, %none, %none, %none) : (!torch.list<int>, !torch.int, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[],ui8>
  %n = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],ui8>) -> !torch.int
  return %n : !torch.int
}
//--- unwrapped.mlir
func.func @f() -> !torch.int {
  %c = "torch.constant.int"() <{value = 300 : i64}> : () -> !torch.int
  return %c : !torch.int
}

// A check that BEFORE knows to hold is none; on the device its condition is computed of a filled tensor.
// RUN: split-file %s %t
// RUN: capstan-verify %t/before.mlir %t/after.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/before.mlir %t/fails.mlir | FileCheck %s

// OK: accepted
// CHECK: rejected: @f: there is a check that did not run before

//--- before.mlir
func.func @f(%n: index) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : i32
  %e = tensor.empty(%n) : tensor<?xi32>
  %t = linalg.fill ins(%c3 : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
  %x = capstan.item %t[%c0] : tensor<?xi32>
  %ok = arith.cmpi sge, %x, %c3 : i32
  cf.assert %ok, "checked"
  return
}
//--- after.mlir
func.func @f(%n: index) {
  %c3 = arith.constant 3 : i32
  %e = tensor.empty(%n) : tensor<?xi32>
  %t = linalg.fill ins(%c3 : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
  %s = tensor.extract_slice %t[0] [1] [1] : tensor<?xi32> to tensor<i32>
  %least = arith.constant dense<3> : tensor<i32>
  %ok = arith.cmpi sge, %s, %least : tensor<i32>
  capstan.device_check %ok, "checked" : tensor<i1>
  return
}
//--- fails.mlir
func.func @f(%n: index) {
  %c3 = arith.constant 3 : i32
  %e = tensor.empty(%n) : tensor<?xi32>
  %t = linalg.fill ins(%c3 : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
  %s = tensor.extract_slice %t[0] [1] [1] : tensor<?xi32> to tensor<i32>
  %least = arith.constant dense<4> : tensor<i32>
  %ok = arith.cmpi sge, %s, %least : tensor<i32>
  capstan.device_check %ok, "checked" : tensor<i1>
  return
}

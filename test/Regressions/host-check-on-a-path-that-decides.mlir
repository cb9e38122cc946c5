// What the path decides about a check on the host, it decides about the one on the device, too.
// RUN: split-file %s %t
// RUN: capstan-verify %t/before.mlir %t/after.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/before.mlir %t/dropped.mlir | FileCheck %s
// RUN: not capstan-verify %t/before.mlir %t/other-path.mlir | FileCheck %s

// OK: accepted
// CHECK: rejected: @f: a check is missing

//--- before.mlir
func.func @f(%t: tensor<i32>) {
  %c0 = arith.constant 0 : i32
  %x = capstan.item %t[] : tensor<i32>
  %negative = arith.cmpi slt, %x, %c0 : i32
  scf.if %negative {
    %y = capstan.item %t[] : tensor<i32>
    %ok = arith.cmpi sge, %y, %c0 : i32
    cf.assert %ok, "negative"
  }
  return
}
//--- after.mlir
func.func @f(%t: tensor<i32>) {
  %c0 = arith.constant 0 : i32
  %x = capstan.item %t[] : tensor<i32>
  %negative = arith.cmpi slt, %x, %c0 : i32
  scf.if %negative {
    %zero = arith.constant dense<0> : tensor<i32>
    %ok = arith.cmpi sge, %t, %zero : tensor<i32>
    capstan.device_check %ok, "negative" : tensor<i1>
  }
  return
}
//--- dropped.mlir
func.func @f(%t: tensor<i32>) {
  %x = capstan.item %t[] : tensor<i32>
  return
}
//--- other-path.mlir
func.func @f(%t: tensor<i32>) {
  %c0 = arith.constant 0 : i32
  %x = capstan.item %t[] : tensor<i32>
  %negative = arith.cmpi slt, %x, %c0 : i32
  scf.if %negative {
  } else {
    %zero = arith.constant dense<0> : tensor<i32>
    %ok = arith.cmpi sge, %t, %zero : tensor<i32>
    capstan.device_check %ok, "negative" : tensor<i1>
  }
  return
}

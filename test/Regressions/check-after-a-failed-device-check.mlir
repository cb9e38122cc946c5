// The path on which the first check fails went on to the branch, once that check was on the device: nothing new is
// checked there. What the branch checks on other paths is.

// RUN: split-file %s %t
// RUN: capstan-verify --allow-unregistered-dialect %t/before.mlir %t/after.mlir
// RUN: not capstan-verify --allow-unregistered-dialect %t/before.mlir %t/new.mlir | FileCheck %s
// CHECK: there is a check that did not run before

//--- before.mlir
func.func @main(%values: tensor<i32>) -> i32 {
  %c0 = arith.constant 0 : i32
  %false = arith.constant false
  %0 = capstan.item %values[] : tensor<i32>
  %1 = arith.cmpi sge, %0, %c0 : i32
  cf.assert %1, "negative"
  %2 = arith.cmpi slt, %0, %c0 : i32
  scf.if %2 {
    cf.assert %false, "negative again"
  }
  return %0 : i32
}

//--- after.mlir
func.func @main(%values: tensor<i32>) -> i32 {
  %c0 = arith.constant 0 : i32
  %false = arith.constant false
  %zero = arith.constant dense<0> : tensor<i32>
  %0 = capstan.item %values[] : tensor<i32>
  %1 = arith.cmpi sge, %values, %zero : tensor<i32>
  capstan.device_check %1, "negative" : tensor<i1>
  %2 = arith.cmpi slt, %0, %c0 : i32
  scf.if %2 {
    cf.assert %false, "negative again"
  }
  return %0 : i32
}

//--- new.mlir
func.func @main(%values: tensor<i32>) -> i32 {
  %c1 = arith.constant 1 : i32
  %false = arith.constant false
  %zero = arith.constant dense<0> : tensor<i32>
  %0 = capstan.item %values[] : tensor<i32>
  %1 = arith.cmpi sge, %values, %zero : tensor<i32>
  capstan.device_check %1, "negative" : tensor<i1>
  %2 = arith.cmpi slt, %0, %c1 : i32
  scf.if %2 {
    cf.assert %false, "negative again"
  }
  return %0 : i32
}

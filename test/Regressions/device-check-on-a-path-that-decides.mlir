// The path says that the check fails: so does the check on the device that stands for it.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="merge=0 overlap=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir

// CHECK-LABEL: @main
// CHECK: scf.if
// CHECK: capstan.device_check
func.func @main(%values: tensor<i32>) -> i32 {
  %c0 = arith.constant 0 : i32
  %0 = tensor.extract %values[] : tensor<i32>
  %1 = arith.cmpi slt, %0, %c0 : i32
  scf.if %1 {
    %2 = tensor.extract %values[] : tensor<i32>
    %3 = arith.cmpi sge, %2, %c0 : i32
    cf.assert %3, "negative"
  }
  return %0 : i32
}

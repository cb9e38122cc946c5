// Of two undefined tensors one is read for nothing, and what is read of the other one is checked on the device.

// RUN: capstan-opt %s --capstan-host-sync-pipeline -o %t
// RUN: FileCheck %s < %t
// RUN: capstan-verify %s %t

// CHECK-NOT: capstan.item
// CHECK: capstan.device_check
func.func @f() {
  %c0 = arith.constant 0 : i32
  %a = tensor.empty() : tensor<i32>
  %unused = tensor.extract %a[] : tensor<i32>
  %b = tensor.empty() : tensor<i32>
  %s = arith.addi %b, %b : tensor<i32>
  %n = tensor.extract %s[] : tensor<i32>
  %c = arith.cmpi sge, %n, %c0 : i32
  cf.assert %c, "negative"
  return
}

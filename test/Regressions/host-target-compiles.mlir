// RUN: capstan-opt %s --capstan-host-target-pipeline="host-syncs=false" | FileCheck %s

// Of two values that a wait gives only one is used: the wait stays.
// CHECK-LABEL: llvm.func {{.*}}@copy_without_uses(
// CHECK: llvm.call @capstan_rt_fetch_wait
func.func @copy_without_uses(%l: tensor<?xi32>, %n: tensor<i32>) -> i32 {
  %f = capstan.fetch.start %l, %n ["copy", "item"] : (tensor<?xi32>, tensor<i32>) -> !capstan.future<tensor<?xi32, #capstan.host>, i32>
  %r:2 = capstan.fetch.wait %f : !capstan.future<tensor<?xi32, #capstan.host>, i32> -> tensor<?xi32, #capstan.host>, i32
  return %r#1 : i32
}

// What is left of a check that became one on the device.
// CHECK-LABEL: llvm.func {{.*}}@device_check(
// CHECK: llvm.call @capstan_rt_launch
// CHECK: llvm.call @capstan_rt_device_check
func.func @device_check(%n: tensor<i32>) {
  %zero = arith.constant dense<0> : tensor<i32>
  %ok = arith.cmpi sge, %n, %zero : tensor<i32>
  capstan.device_check %ok, "negative" : tensor<i1>
  return
}

// A loop of blocks that carries a tensor.
// CHECK-LABEL: llvm.func {{.*}}@loop_of_blocks(
// CHECK: llvm.call @capstan_rt_launch
func.func @loop_of_blocks(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^head(%c0, %x : index, tensor<4xf32>)
^head(%i: index, %h: tensor<4xf32>):
  %more = arith.cmpi slt, %i, %n : index
  cf.cond_br %more, ^body, ^exit
^body:
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%h : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %j = arith.addi %i, %c1 : index
  cf.br ^head(%j, %y : index, tensor<4xf32>)
^exit:
  return %h : tensor<4xf32>
}

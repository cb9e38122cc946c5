// Each trip makes undefined contents anew: only their shape moves out of the loop with a read.

// RUN: split-file %s %t
// RUN: capstan-opt %t/inside.mlir --capstan-hoist-host-syncs -o %t/moved.mlir
// RUN: FileCheck %s < %t/moved.mlir
// RUN: capstan-verify %t/inside.mlir %t/moved.mlir
// RUN: not capstan-verify %t/inside.mlir %t/outside.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/outside.mlir %t/inside.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: capstan-opt %t/nested.mlir --capstan-hoist-host-syncs | FileCheck %s --check-prefix=NESTED

// CHECK: tensor.empty
// CHECK: capstan.item
// CHECK: scf.for
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: tensor.extract %[[E]]

// DIFFERS: rejected: @f: result #0 differs

// NESTED: scf.for
// NESTED: scf.for
// NESTED: capstan.item

//--- inside.mlir
func.func @f(%x: tensor<4xi32>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0 : i32
  %s = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %z) -> i32 {
    %e = tensor.empty() : tensor<4xi32>
    %y = linalg.fill ins(%z : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
    %w = arith.addi %x, %y : tensor<4xi32>
    %n = capstan.item %w[%c0] : tensor<4xi32>
    %u = tensor.extract %e[%c1] : tensor<4xi32>
    %b = arith.addi %a, %n : i32
    %c = arith.addi %b, %u : i32
    scf.yield %c : i32
  }
  return %s : i32
}
//--- outside.mlir
func.func @f(%x: tensor<4xi32>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0 : i32
  %e = tensor.empty() : tensor<4xi32>
  %y = linalg.fill ins(%z : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %w = arith.addi %x, %y : tensor<4xi32>
  %n = capstan.item %w[%c0] : tensor<4xi32>
  %s = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %z) -> i32 {
    %u = tensor.extract %e[%c1] : tensor<4xi32>
    %b = arith.addi %a, %n : i32
    %c = arith.addi %b, %u : i32
    scf.yield %c : i32
  }
  return %s : i32
}
//--- nested.mlir
func.func @f(%x: tensor<4xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0 : i32
  %s = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %z) -> i32 {
    %m = scf.for %j = %c0 to %n step %c1 iter_args(%t = %x) -> tensor<4xi32> {
      %e = tensor.empty() : tensor<4xi32>
      %u = arith.addi %t, %e : tensor<4xi32>
      scf.yield %u : tensor<4xi32>
    }
    %r = capstan.item %m[%c0] : tensor<4xi32>
    %b = arith.addi %a, %r : i32
    scf.yield %b : i32
  }
  return %s : i32
}

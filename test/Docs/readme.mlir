// The program of the README, before and after. The script compares this file, the
// README, and what the pipeline prints.
// RUN: capstan-opt %s --capstan-host-sync-pipeline -o %t.after.mlir
// RUN: FileCheck %s < %t.after.mlir
// RUN: %python %S/Inputs/check_readme.py %capstan_src/README.md %s %t.after.mlir %S/Inputs/mine.mlir

// Stock passes leave two reads, outside the loop: unsafe if it could run zero times.
// RUN: %mlir_opt %s --cse --loop-invariant-code-motion --cse | grep -c "tensor.extract %" | FileCheck %s --check-prefix=STOCK
// STOCK: 2

// CHECK-LABEL: func.func @forward
// CHECK: %[[N:.*]]:2 = capstan.fetch {{.*}} ["item", "item"]
// CHECK: scf.for
// CHECK-NOT: capstan.
// CHECK-NOT: tensor.extract
// CHECK: call @attend(%{{.*}}, %[[N]]#0, %[[N]]#1)

func.func private @attend(tensor<?x64xf32>, i32, i32) -> tensor<?x64xf32>

func.func @forward(%x: tensor<?x64xf32>, %lens: tensor<?xi32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0> : tensor<i32>
  %y = scf.for %layer = %c0 to %c16 step %c1 iter_args(%h = %x) -> (tensor<?x64xf32>) {
    %max = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%zero : tensor<i32>) dimensions = [0]
    %longest = tensor.extract %max[] : tensor<i32>
    %sum = linalg.reduce { arith.addi } ins(%lens : tensor<?xi32>) outs(%zero : tensor<i32>) dimensions = [0]
    %total = tensor.extract %sum[] : tensor<i32>
    %next = func.call @attend(%h, %longest, %total) : (tensor<?x64xf32>, i32, i32) -> tensor<?x64xf32>
    scf.yield %next : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

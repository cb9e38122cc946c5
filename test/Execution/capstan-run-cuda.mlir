// REQUIRES: cuda
// RUN: capstan-run %s --target=cuda --input 'x=[1, 2, 3.5, -4]' --print --repeat 3 | FileCheck %s
// RUN: capstan-compile %s --target=cuda -o %t.so
// RUN: capstan-run %t.so --target=cuda --input 'x=[1, 2, 3.5, -4]' --print --trace %t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=TRACE < %t.json

// CHECK: result0: f32[4] = 2 4 7 -8
// CHECK: 1 launches
// TRACE: "traceEvents"

func.func @twice(%x: tensor<?xf32> {capstan.name = "x"}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.add ins(%x, %x : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

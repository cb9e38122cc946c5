// REQUIRES: runtime, numpy
// RUN: capstan-compile %s -o %t.so
// RUN: %python %capstan_src/examples/python/call_module.py %capstan_obj/lib/libcapstan_rt.so.0 %t.so | FileCheck %s
// RUN: not %python %capstan_src/examples/python/call_module.py %capstan_obj/lib/libcapstan_rt.so.0 %s 2>&1 | FileCheck %s --check-prefix=ERROR

// CHECK: {{\[\[}} 2. 4. 6. 8.]
// CHECK-NEXT: [10. 12. 14. 16.]]
// CHECK-NEXT: 2
// CHECK-NEXT: blocking
// ERROR: python-example.mlir
func.func @forward(%x: tensor<?x4xf32>, %lens: tensor<?xi32>) -> (tensor<?x4xf32>, i32) {
  %zero = arith.constant dense<0> : tensor<i32>
  %sum = linalg.reduce { arith.addi } ins(%lens : tensor<?xi32>) outs(%zero : tensor<i32>) dimensions = [0]
  %n = tensor.extract %sum[] : tensor<i32>
  %y = linalg.add ins(%x, %x : tensor<?x4xf32>, tensor<?x4xf32>) outs(%x : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y, %n : tensor<?x4xf32>, i32
}

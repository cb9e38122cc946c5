# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
"""A choice between tensors of different sizes."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import Module

TEXT = """
func.func @main(%c: i1, %a: tensor<?xi32>, %b: tensor<?xi32>) -> tensor<i32> {
  %zero = arith.constant 0 : i32
  %r = arith.select %c, %a, %b : tensor<?xi32>
  %e = tensor.empty() : tensor<i32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<i32>) -> tensor<i32>
  %s = linalg.reduce { arith.addi } ins(%r : tensor<?xi32>) outs(%f : tensor<i32>) dimensions = [0]
  return %s : tensor<i32>
}
"""
module = Module(TEXT)
a, b = np.arange(3, dtype=np.int32), np.arange(1000, dtype=np.int32)
for choice, expected in ((True, a), (False, b)):
    assert module("main", np.array(choice), a, b)[0] == expected.sum()
    assert module("main", np.array(not choice), b, a)[0] == expected.sum()
print("passed")

# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Attention of rows of a batch, each with padding of its own at static sizes: the live results
are the original's, with poison in every padded slot."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from padding import Padded

rng = np.random.default_rng(0)
ROWS = """
func.func @main(%x: tensor<?x?x2x8xf32> {capstan.dims = [#capstan.dim<"B", max = 8>, #capstan.dim<"L", max = 64>, 2, 8]},
                %ends: tensor<?xi32> {capstan.dims = [#capstan.dim<"B">]}) -> (tensor<?x?x2x8xf32>, tensor<2x?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0> : tensor<1xi32>
  %b = tensor.dim %x, %c0 : tensor<?x?x2x8xf32>
  %l = tensor.dim %x, %c1 : tensor<?x?x2x8xf32>
  %n = arith.muli %b, %l : index
  %q = tensor.collapse_shape %x [[0, 1], [2], [3]] : tensor<?x?x2x8xf32> into tensor<?x2x8xf32>
  %cu = tensor.concat dim(0) %zero, %ends : (tensor<1xi32>, tensor<?xi32>) -> tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x2x8xf32>
  %g = tensor.empty(%n) : tensor<2x?xf32>
  %o:2 = capstan.varlen_attention ins(%q, %q, %q, %cu, %cu, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%e, %g : tensor<?x2x8xf32>, tensor<2x?xf32>) {causal, scale = 0.25 : f64} -> tensor<?x2x8xf32>, tensor<2x?xf32>
  %y = tensor.expand_shape %o#0 [[0, 1], [2], [3]] output_shape [%b, %l, 2, 8] : tensor<?x2x8xf32> into tensor<?x?x2x8xf32>
  %s = tensor.expand_shape %o#1 [[0], [1, 2]] output_shape [2, %b, %l] : tensor<2x?xf32> into tensor<2x?x?xf32>
  return %y, %s : tensor<?x?x2x8xf32>, tensor<2x?x?xf32>
}
"""
for b, length in ((4, 12), (1, 5), (8, 1)):
    padded = Padded(ROWS, B=b, L=length)
    for rows, tokens in {(b, length), (1, 1), (b, max(length // 2, 1)), (max(b // 2, 1), length)}:
        x = rng.standard_normal((rows, tokens, 2, 8), np.float32)
        # A document for each row; and ones that begin within rows.
        ends = np.arange(1, rows + 1, dtype=np.int32) * tokens
        padded.check(x, ends, B=rows, L=tokens, bound=1e-5)
        cut = np.sort(rng.integers(0, rows * tokens + 1, rows)).astype(np.int32)
        cut[-1] = rows * tokens
        padded.check(x, cut, B=rows, L=tokens, bound=1e-5)

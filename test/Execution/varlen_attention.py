# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""capstan.varlen_attention against NumPy: groups of heads, causal, windows,
empty documents, logsumexp; the longest length as a bound."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import Module, close

rng = np.random.default_rng(0)
HEADS_Q, HEADS_K, DIM = 4, 2, 8

TEXT = """
func.func @main(%q: tensor<?x4x8xf32>, %k: tensor<?x2x8xf32>, %v: tensor<?x2x8xf32>, %lens: tensor<?xi32>, %cu: tensor<?xi32>)
    -> (tensor<?x4x8xf32>, tensor<4x?xf32>) {
  %c0 = arith.constant 0 : index
  %least = arith.constant dense<0> : tensor<i32>
  %m = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = tensor.extract %m[] : tensor<i32>
  %max = arith.index_cast %l : i32 to index
  %n = tensor.dim %q, %c0 : tensor<?x4x8xf32>
  %e = tensor.empty(%n) : tensor<?x4x8xf32>
  %s = tensor.empty(%n) : tensor<4x?xf32>
  %0:2 = capstan.varlen_attention
      ins(%q, %k, %v, %cu, %cu, %max, %max : tensor<?x4x8xf32>, tensor<?x2x8xf32>,
          tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%e, %s : tensor<?x4x8xf32>, tensor<4x?xf32>) {ATTRIBUTES scale = 0.25 : f64}
      -> tensor<?x4x8xf32>, tensor<4x?xf32>
  return %0#0, %0#1 : tensor<?x4x8xf32>, tensor<4x?xf32>
}
"""


def reference(q, k, v, lens, causal, left):
    out, lse, start = np.zeros_like(q), np.full((HEADS_Q, len(q)), -np.inf, np.float32), 0
    for n in lens:
        for head in range(HEADS_Q):
            rows, group = slice(start, start + n), head // (HEADS_Q // HEADS_K)
            scores = q[rows, head] @ k[rows, group].T * 0.25
            i, j = np.indices((n, n))
            hidden = (j > i) & causal | (j < i - left) & (left >= 0)
            scores[hidden] = -np.inf
            if n:
                total = np.exp(scores).sum(1)
                lse[head, rows] = np.log(total)
                out[rows, head] = np.exp(scores) @ v[rows, group] / total[:, None]
        start += n
    return out, lse


lens = np.array([5, 0, 9, 1], np.int32)
cu = np.concatenate([[0], np.cumsum(lens)]).astype(np.int32)
q = rng.standard_normal((15, HEADS_Q, DIM), np.float32)
k, v = rng.standard_normal((2, 15, HEADS_K, DIM), np.float32)
for causal, left in ((False, -1), (True, -1), (True, 2)):
    attributes = ("causal, " if causal else "") + f"window_left = {left} : i64,"
    for flags in ([], ["--host-sync-pipeline=false"]):
        module = Module(TEXT.replace("ATTRIBUTES", attributes), *flags)
        out, lse = module("main", q, k, v, lens, cu)
        expected, logs = reference(q, k, v, lens, causal, left)
        close(out, expected)
        close(lse, logs)
print("passed")

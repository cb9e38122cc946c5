# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Functions whose first part alone is static: results, failures and syncs are the
original's, and what a caller holds doesn't change."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched

# Rows as long as the longest document, each after a row of zeros; and which of two
# sums is larger decides on the host.
MODEL = """
func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]},
                %lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", min = 1, max = 8>], capstan.lengths = "T"},
                %w: tensor<4x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<f32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %izero = arith.constant 0 : i32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %h = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%z : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.tanh ins(%h : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %fe = tensor.empty() : tensor<f32>
  %fz = linalg.fill ins(%zero : f32) outs(%fe : tensor<f32>) -> tensor<f32>
  %sum = linalg.reduce { arith.addf } ins(%y : tensor<?x4xf32>) outs(%fz : tensor<f32>) dimensions = [0, 1]
  %se = tensor.empty() : tensor<i32>
  %sz = linalg.fill ins(%izero : i32) outs(%se : tensor<i32>) -> tensor<i32>
  %s = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%sz : tensor<i32>) dimensions = [0]
  %longest = capstan.item %s[] : tensor<i32>
  %some = arith.cmpi sgt, %longest, %izero : i32
  cf.assert %some, "no tokens"
  %l = arith.index_cast %longest : i32 to index
  %first = tensor.extract_slice %y[0, 0] [%l, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  %0 = tensor.pad %first low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x4xf32> to tensor<?x4xf32>
  %v = capstan.item %sum[] : tensor<f32>
  %positive = arith.cmpf ogt, %v, %zero : f32
  %1 = scf.if %positive -> tensor<?x4xf32> {
    scf.yield %y : tensor<?x4xf32>
  } else {
    %a = linalg.abs ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    scf.yield %a : tensor<?x4xf32>
  }
  return %0, %1, %sum : tensor<?x4xf32>, tensor<?x4xf32>, tensor<f32>
}
"""
rng = np.random.default_rng(0)
weights = rng.standard_normal((4, 4)).astype(np.float32)
model = Dispatched(MODEL, "T=16/B=4,T=32/B=8", partial="true")
assert "capstan.rest = @main_rest" in model.text

held = []
for lens in [[16], [3, 0, 9], [1] * 8, [32], [1], [5, 6, 7, 8], [10, 2]] * 3:
    lengths = np.array(lens, np.int32)
    x = rng.standard_normal((lengths.sum(), 4)).astype(np.float32)
    results = model.check(x, lengths, weights, bound=1e-5)
    assert results[0].shape[0] == max(lens) + 1
    held.append((results, [r.copy() for r in results]))
counted = model.counted()
assert counted["fallbacks_no_bucket"] == 0 and counted["graph_captures"] == 2, counted
assert counted["graph_replays"] == 21 - 2, counted
# The original has two reads.
assert counted["blocking_syncs"] + counted["overlapped_syncs"] <= 2 * 21, counted
for results, copies in held:
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)

# A check that the rest relies on fails as it does in the original; then all is well.
x = rng.standard_normal((5, 4)).astype(np.float32)
assert "no tokens" in model.check(x, np.zeros(2, np.int32), weights)
model.check(x, np.array([2, 3], np.int32), weights, bound=1e-5)
assert model.counted()["fallbacks_no_bucket"] == 0
# What fits no bucket runs the original.
x = rng.standard_normal((40, 4)).astype(np.float32)
model.check(x, np.array([40], np.int32), weights, bound=1e-5)
assert model.counted()["fallbacks_too_large"] == 1
print("passed")

# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Batches of changing sizes take buckets or the original, with the original's results;
what a caller holds doesn't change with later batches."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched

MODEL = """
func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]},
                %cu: tensor<?xi32> {capstan.dims = [#capstan.dim<"B + 1">]},
                %lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 8>]},
                %w: tensor<4x4xf32>)
    -> (tensor<?x4xf32>, tensor<4xf32>, tensor<?xi32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %h = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%z : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.exp ins(%h : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %se = tensor.empty() : tensor<4xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.reduce { arith.addf } ins(%y : tensor<?x4xf32>) outs(%sz : tensor<4xf32>) dimensions = [0]
  %b = tensor.dim %lens, %c0 : tensor<?xi32>
  %ce = tensor.empty(%b) : tensor<?xi32>
  %part = tensor.extract_slice %cu[0] [%b] [1] : tensor<?xi32> to tensor<?xi32>
  %ends = linalg.add ins(%part, %lens : tensor<?xi32>, tensor<?xi32>) outs(%ce : tensor<?xi32>) -> tensor<?xi32>
  return %y, %s, %ends : tensor<?x4xf32>, tensor<4xf32>, tensor<?xi32>
}
"""
rng = np.random.default_rng(0)
weights = rng.standard_normal((4, 4)).astype(np.float32) / 4


def batch(tokens: int, documents: int) -> list[np.ndarray]:
    cuts = np.sort(rng.integers(0, tokens + 1, max(documents - 1, 0)))
    ends = np.concatenate([[0], cuts, [tokens]])[: documents + 1].astype(np.int32)
    lengths = np.diff(ends).astype(np.int32)
    return [rng.standard_normal((tokens, 4)).astype(np.float32), ends, lengths, weights]


model = Dispatched(MODEL, "T=16/B=2,T=64/B=4,T=32/B=8")

# Each batch within a bucket takes one, a third run of a bucket is a replay, and
# results stay what they were.
held = []
for tokens, documents in [
    (9, 1),
    (16, 2),
    (3, 2),
    (17, 3),
    (64, 4),
    (20, 8),
    (0, 1),
    (5, 0),
    (33, 1),
] * 3:
    results = model.check(*batch(tokens, documents), bound=1e-6)
    held.append((results, [r.copy() for r in results]))
counted = model.counted()
assert counted["forwards"] == 27, counted
assert counted["fallbacks_no_bucket"] == 0, counted
assert counted["blocking_syncs"] == counted["overlapped_syncs"] == 0, counted
assert counted["graph_captures"] == 3, counted
assert counted["graph_replays"] == 27 - 3, counted
assert counted["live_elements"] > 0 < counted["padded_elements"], counted
for results, copies in held:
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)

# What fits no bucket runs the original, by reason; the next batch has its bucket again.
for tokens, documents, reason in [
    (65, 1, "too_large"),
    (5, 9, "too_large"),
    (60, 7, "no_combination"),
]:
    model.check(*batch(tokens, documents), bound=1e-6)
    counted = model.counted()
    assert counted["fallbacks_no_bucket"] == counted[f"fallbacks_{reason}"] == 1, (reason, counted)
    model.check(*batch(12, 2), bound=1e-6)
    counted = model.counted()
    assert counted["fallbacks_no_bucket"] == 0 and counted["graph_replays"] == 1, counted

# Sizes that contradict each other are the original's business.
x, ends, lengths, w = batch(12, 2)
model.check(x, np.append(ends, np.int32(12)), lengths, w, bound=1e-6)
assert model.counted()["fallbacks_bad_sizes"] == 1

# Without the original, a batch that no bucket holds fails, and the next is well.
alone = Dispatched(MODEL, "T=16/B=2,T=32/B=8", fallback="false")
try:
    alone.module("main", *batch(33, 1))
    raise AssertionError("no error")
except Exception as error:
    assert "no bucket holds this batch" in str(error), error
alone.check(*batch(32, 8), bound=1e-6)
# A size that no shape shows: documents padded to the longest, which the caller knows.
LONGEST = """
func.func @main(%lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 8>]},
                %longest: i64 {capstan.size = #capstan.dim<"longest", min = 1, max = 64>})
    -> (tensor<?x?xi32>, tensor<i32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %b = tensor.dim %lens, %c0 : tensor<?xi32>
  %l = arith.index_cast %longest : i64 to index
  %e = tensor.empty(%b, %l) : tensor<?x?xi32>
  %mask = linalg.generic {indexing_maps = [affine_map<(b, i) -> (b)>, affine_map<(b, i) -> (b, i)>], iterator_types = ["parallel", "parallel"]}
      ins(%lens : tensor<?xi32>) outs(%e : tensor<?x?xi32>) {
  ^bb0(%n: i32, %out: i32):
    %i = linalg.index 1 : index
    %i32 = arith.index_cast %i : index to i32
    %inside = arith.cmpi slt, %i32, %n : i32
    %v = arith.select %inside, %one, %zero : i32
    linalg.yield %v : i32
  } -> tensor<?x?xi32>
  %se = tensor.empty() : tensor<i32>
  %sz = linalg.fill ins(%zero : i32) outs(%se : tensor<i32>) -> tensor<i32>
  %s = linalg.reduce { arith.addi } ins(%mask : tensor<?x?xi32>) outs(%sz : tensor<i32>) dimensions = [0, 1]
  return %mask, %s : tensor<?x?xi32>, tensor<i32>
}
"""
padded = Dispatched(LONGEST, "B=8/longest=16,B=8/longest=64")
for lens in ([3, 16, 0], [1], [64, 2], [16] * 8):
    mask, total = padded.check(np.array(lens, np.int32), np.int64(max(lens)))
    assert mask.shape == (len(lens), max(lens)) and total == sum(lens)
assert padded.counted()["fallbacks_no_bucket"] == 0
padded.check(np.array([3], np.int32), np.int64(65))
assert padded.counted()["fallbacks_too_large"] == 1
print("passed")

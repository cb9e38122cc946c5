# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""What went wrong elsewhere when batches were padded and captured, each under its name.
Padding is poisoned, and every program runs behind the whole static-shape pipeline."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched

rng = np.random.default_rng(0)
T = '#capstan.dim<"T", max = 64>'
B = '#capstan.dim<"B", max = 8>'


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32)


def replays(model: Dispatched, forwards: int, captures: int = 1) -> None:
    counted = model.counted()
    assert counted["graph_captures"] == captures, counted
    assert counted["graph_replays"] == forwards - captures, counted
    assert counted["fallbacks_no_bucket"] == counted["blocking_syncs"] == 0, counted


# Packed attention whose offsets are a scan of the lengths on the device.
ATTENTION = f"""
func.func @main(%x: tensor<?x2x4xf32> {{capstan.dims = [{T}, 2, 4]}},
                %lens: tensor<?xi32> {{capstan.dims = [{B}], capstan.lengths = "T"}})
    -> (tensor<?x2x4xf32>, tensor<?xi32>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %t = tensor.dim %x, %c0 : tensor<?x2x4xf32>
  %b = tensor.dim %lens, %c0 : tensor<?xi32>
  %b1 = arith.addi %b, %c1 : index
  %ce = tensor.empty(%b1) : tensor<?xi32>
  %c = linalg.fill ins(%zero : i32) outs(%ce : tensor<?xi32>) -> tensor<?xi32>
  %cu = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}}
      ins(%lens : tensor<?xi32>) outs(%c : tensor<?xi32>) {{
  ^bb0(%n: i32, %acc: i32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %before = arith.cmpi slt, %j, %i : index
    %add = arith.select %before, %n, %zero : i32
    %sum = arith.addi %acc, %add : i32
    linalg.yield %sum : i32
  }} -> tensor<?xi32>
  %e = tensor.empty(%t) : tensor<?x2x4xf32>
  %y = capstan.varlen_attention ins(%x, %x, %x, %cu, %cu, %t, %t : tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%e : tensor<?x2x4xf32>) {{causal, scale = 0.5 : f64}} -> tensor<?x2x4xf32>
  return %y, %cu : tensor<?x2x4xf32>, tensor<?xi32>
}}
"""


def pytorch_189895() -> None:
    """Padded lengths gave the offsets [T, T] instead of [0, T]: one document in a bucket
    of many."""
    model = Dispatched(ATTENTION, "T=32/B=8")
    for tokens in (20, 32, 1, 7):
        results = model.check(normal(tokens, 2, 4), np.array([tokens], np.int32), bound=1e-5)
        np.testing.assert_array_equal(results[1], [0, tokens])
    replays(model, 4)


def torchtitan_3709() -> None:
    """A replay used the offsets of an earlier batch."""
    model = Dispatched(ATTENTION, "T=32/B=8")
    for lens in ([10, 10], [3, 17], [20], [5, 5, 5, 5], [19, 1], [0, 20]):
        model.check(normal(20, 2, 4), np.array(lens, np.int32), bound=1e-5)
    replays(model, 6)


def pytorch_188150() -> None:
    """Every batch of another size was recorded again."""
    model = Dispatched(ATTENTION, "T=16/B=8,T=32/B=8")
    for tokens in range(1, 33):
        model.check(normal(tokens, 2, 4), np.array([tokens], np.int32), bound=1e-5)
    replays(model, 32, captures=2)


def vllm_53915() -> None:
    """An input at another address at replay."""
    model = Dispatched(ATTENTION, "T=32/B=8")
    kept = [normal(20, 2, 4) for _ in range(5)]  # all alive: at five addresses
    for x in kept:
        model.check(x, np.array([12, 8], np.int32), bound=1e-5)
    replays(model, 5)


GRADIENT = f"""
func.func @main(%x: tensor<?x4xf32> {{capstan.dims = [{T}, 4]}}, %dy: tensor<?x3xf32> {{capstan.dims = [{T}, 3]}})
    -> (tensor<4x3xf32>, tensor<3xf32>) {{
  %zero = arith.constant 0.0 : f32
  %we = tensor.empty() : tensor<4x3xf32>
  %wz = linalg.fill ins(%zero : f32) outs(%we : tensor<4x3xf32>) -> tensor<4x3xf32>
  %dw = linalg.generic {{indexing_maps = [affine_map<(i, j, t) -> (t, i)>, affine_map<(i, j, t) -> (t, j)>, affine_map<(i, j, t) -> (i, j)>],
                        iterator_types = ["parallel", "parallel", "reduction"]}}
      ins(%x, %dy : tensor<?x4xf32>, tensor<?x3xf32>) outs(%wz : tensor<4x3xf32>) {{
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }} -> tensor<4x3xf32>
  %be = tensor.empty() : tensor<3xf32>
  %bz = linalg.fill ins(%zero : f32) outs(%be : tensor<3xf32>) -> tensor<3xf32>
  %db = linalg.reduce {{ arith.addf }} ins(%dy : tensor<?x3xf32>) outs(%bz : tensor<3xf32>) dimensions = [0]
  return %dw, %db : tensor<4x3xf32>, tensor<3xf32>
}}
"""


def transformer_engine_2898() -> None:
    """What was in padded slots reached the gradients of weights."""
    model = Dispatched(GRADIENT, "T=32")
    for tokens in (5, 32, 1, 31):
        results = model.check(normal(tokens, 4), normal(tokens, 3), bound=1e-5)
        assert all(np.isfinite(result).all() for result in results)
    replays(model, 4)


# The mean loss of the tokens with a label.
LOSS = f"""
func.func @main(%loss: tensor<?xf32> {{capstan.dims = [{T}]}}, %labels: tensor<?xi64> {{capstan.dims = [{T}]}})
    -> (tensor<f32>, tensor<f32>) {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %ignored = arith.constant -100 : i64
  %e = tensor.empty() : tensor<f32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %sum, %count = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}}
      ins(%loss, %labels : tensor<?xf32>, tensor<?xi64>) outs(%z, %z : tensor<f32>, tensor<f32>) {{
  ^bb0(%l: f32, %label: i64, %s: f32, %n: f32):
    %counts = arith.cmpi ne, %label, %ignored : i64
    %add = arith.select %counts, %l, %zero : f32
    %more = arith.select %counts, %one, %zero : f32
    %s2 = arith.addf %s, %add : f32
    %n2 = arith.addf %n, %more : f32
    linalg.yield %s2, %n2 : f32, f32
  }} -> (tensor<f32>, tensor<f32>)
  %mean = linalg.div ins(%sum, %count : tensor<f32>, tensor<f32>) outs(%e : tensor<f32>) -> tensor<f32>
  %tokens = tensor.dim %loss, %c0 : tensor<?xf32>
  %total = linalg.reduce {{ arith.addf }} ins(%loss : tensor<?xf32>) outs(%z : tensor<f32>) dimensions = [0]
  %perToken = linalg.generic {{indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}}
      ins(%total : tensor<f32>) outs(%e : tensor<f32>) {{
  ^bb0(%l: f32, %out: f32):
    %n = arith.index_cast %tokens : index to i64
    %f = arith.sitofp %n : i64 to f32
    %q = arith.divf %l, %f : f32
    linalg.yield %q : f32
  }} -> tensor<f32>
  return %mean, %perToken : tensor<f32>, tensor<f32>
}}
"""


def unsloth_zoo_1066() -> None:
    """The denominator of a loss counted padding."""
    model = Dispatched(LOSS, "T=32")
    for tokens in (7, 32, 20):
        labels = rng.integers(0, 9, tokens)
        labels[: tokens // 2] = -100
        loss = normal(tokens)
        mean, per_token = model.check(loss, labels, bound=1e-5)
        np.testing.assert_allclose(mean, loss[labels != -100].mean(), rtol=1e-5)
        np.testing.assert_allclose(per_token, loss.mean(), rtol=1e-4)
    replays(model, 3)


EXPERTS = f"""
func.func @main(%x: tensor<?x4xf32> {{capstan.dims = [{T}, 4]}}, %w: tensor<4x4xf32>) -> (tensor<?x4xf32>, tensor<4x4xf32>) {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%z : tensor<?x4xf32>) -> tensor<?x4xf32>
  %ge = tensor.empty() : tensor<4x4xf32>
  %gz = linalg.fill ins(%zero : f32) outs(%ge : tensor<4x4xf32>) -> tensor<4x4xf32>
  %te = tensor.empty(%n) : tensor<4x?xf32>
  %t = linalg.transpose ins(%x : tensor<?x4xf32>) outs(%te : tensor<4x?xf32>) permutation = [1, 0]
  %g = linalg.matmul ins(%t, %y : tensor<4x?xf32>, tensor<?x4xf32>) outs(%gz : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y, %g : tensor<?x4xf32>, tensor<4x4xf32>
}}
"""


def sglang_22455() -> None:
    """Matrices without rows: an expert that no token chose."""
    model = Dispatched(EXPERTS, "T=8")
    w = normal(4, 4)
    for tokens in (0, 3, 0, 8, 0):
        y, g = model.check(normal(tokens, 4), w, bound=1e-5)
        assert y.shape == (tokens, 4) and (tokens or not g.any())
    replays(model, 5)


for trap in [
    pytorch_189895,
    torchtitan_3709,
    pytorch_188150,
    vllm_53915,
    transformer_engine_2898,
    unsloth_zoo_1066,
    sglang_22455,
]:
    print(trap.__name__, flush=True)
    trap()

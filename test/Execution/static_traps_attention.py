# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""What went wrong elsewhere with offsets, addresses and captures of packed attention, each
under its name."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched
from traps import B, T, normal, replays, run

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


run(pytorch_189895, torchtitan_3709, pytorch_188150, vllm_53915)

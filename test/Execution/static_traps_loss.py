# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""What went wrong elsewhere with padding in a loss, under its name."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched
from traps import T, normal, replays, rng, run

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


run(unsloth_zoo_1066)

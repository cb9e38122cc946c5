# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""What went wrong elsewhere with padding in matrix products, each under its name."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched
from traps import T, normal, replays, run

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


run(transformer_engine_2898, sglang_22455)

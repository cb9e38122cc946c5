# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Tokens sorted by expert, multiplied by their experts' matrices, and put back: padded to
static shapes, with poison in every padded slot, as the original and as NumPy. Offsets that
reach into padding fail in both."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import CallError
from padding import Padded

rng = np.random.default_rng(0)
T = '{capstan.dims = [#capstan.dim<"T", max = 64>'

# The place of a token behind those of lower experts, and of its own that come before; the
# offsets, from counts; the rows in that order, the product, and the rows back.
EXPERTS = f"""
func.func @main(%x: tensor<?x4xf32> {T}, 4]}}, %expert: tensor<?xi32> {T}]}}, %w: tensor<3x5x4xf32>) -> tensor<?x5xf32> {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %fzero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x4xf32>
  %te = tensor.empty(%t) : tensor<?xi32>
  %tz = linalg.fill ins(%zero : i32) outs(%te : tensor<?xi32>) -> tensor<?xi32>
  %place = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>],
                           iterator_types = ["parallel", "reduction"]}}
      ins(%expert, %expert : tensor<?xi32>, tensor<?xi32>) outs(%tz : tensor<?xi32>) {{
  ^bb0(%a: i32, %b: i32, %count: i32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %earlier = arith.cmpi slt, %j, %i : index
    %same = arith.cmpi eq, %a, %b : i32
    %tie = arith.andi %earlier, %same : i1
    %less = arith.cmpi slt, %b, %a : i32
    %before = arith.ori %less, %tie : i1
    %one = arith.extui %before : i1 to i32
    %r = arith.addi %count, %one : i32
    linalg.yield %r : i32
  }} -> tensor<?xi32>
  %ee = tensor.empty() : tensor<3xi32>
  %ez = linalg.fill ins(%zero : i32) outs(%ee : tensor<3xi32>) -> tensor<3xi32>
  %ends = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}}
      ins(%expert : tensor<?xi32>) outs(%ez : tensor<3xi32>) {{
  ^bb0(%b: i32, %count: i32):
    %i = linalg.index 0 : index
    %e = arith.index_cast %i : index to i32
    %upto = arith.cmpi sle, %b, %e : i32
    %one = arith.extui %upto : i1 to i32
    %r = arith.addi %count, %one : i32
    linalg.yield %r : i32
  }} -> tensor<3xi32>
  %xe = tensor.empty(%t) : tensor<?x4xf32>
  %xz = linalg.fill ins(%fzero : f32) outs(%xe : tensor<?x4xf32>) -> tensor<?x4xf32>
  %sorted = linalg.generic {{indexing_maps = [affine_map<(i, j, k) -> (j)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, k)>],
                            iterator_types = ["parallel", "reduction", "parallel"]}}
      ins(%place, %x : tensor<?xi32>, tensor<?x4xf32>) outs(%xz : tensor<?x4xf32>) {{
  ^bb0(%p: i32, %v: f32, %old: f32):
    %i = linalg.index 0 : index
    %at = arith.index_cast %p : i32 to index
    %here = arith.cmpi eq, %at, %i : index
    %r = arith.select %here, %v, %old : f32
    linalg.yield %r : f32
  }} -> tensor<?x4xf32>
  %init = tensor.empty(%t) : tensor<?x5xf32>
  %y = capstan.grouped_gemm ins(%sorted, %w, %ends : tensor<?x4xf32>, tensor<3x5x4xf32>, tensor<3xi32>)
      outs(%init : tensor<?x5xf32>) {{transpose_b}} -> tensor<?x5xf32>
  %back = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
      ins(%place : tensor<?xi32>) outs(%init : tensor<?x5xf32>) {{
  ^bb0(%p: i32, %o: f32):
    %at = arith.index_cast %p : i32 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %y[%at, %j] : tensor<?x5xf32>
    linalg.yield %v : f32
  }} -> tensor<?x5xf32>
  return %back : tensor<?x5xf32>
}}
"""
for bucket in (1, 16, 40):
    padded = Padded(EXPERTS, T=bucket)
    for n in {0, 1, bucket // 2, bucket}:
        x, w = rng.standard_normal((n, 4), np.float32), rng.standard_normal((3, 5, 4), np.float32)
        for expert in (rng.integers(0, 3, n, np.int32), np.full(n, 2, np.int32)):
            (result,) = padded.check(x, expert, w, T=n, bound=1e-5)
            wanted = np.einsum("tk,tnk->tn", x, w[expert])
            np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-5)

ENDS = f"""
func.func @main(%x: tensor<?x4xf32> {T}, 4]}}, %w: tensor<2x4x4xf32>, %ends: tensor<2xi32>) -> tensor<?x4xf32> {{
  %y = capstan.grouped_gemm ins(%x, %w, %ends : tensor<?x4xf32>, tensor<2x4x4xf32>, tensor<2xi32>)
      outs(%x : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}}
"""
padded = Padded(ENDS, T=16)
x, w = rng.standard_normal((8, 4), np.float32), rng.standard_normal((2, 4, 4), np.float32)
for ends in ((3, 8), (0, 0), (8, 8), (2, 5)):  # rows of no group are zeros
    padded.check(x, w, np.array(ends, np.int32), T=8, bound=1e-5)
wide = np.vstack([x, np.full((8, 4), np.nan, np.float32)])
for ends, reason in (((3, 9), "behind the last row"), ((5, 4), "begins at row 5")):
    for entry, arguments in (("main", (x,)), (padded.name, (wide,))):
        more = () if entry == "main" else (np.array(8, np.int64),)
        try:
            padded.module(entry, *arguments, w, np.array(ends, np.int32), *more)
            raise AssertionError("no error")
        except CallError as error:
            assert entry == "main" or reason in str(error), error

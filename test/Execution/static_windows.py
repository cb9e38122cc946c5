# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Padding that programs add, windows that slide over it, as convolutions and scans in chunks
have them, and rows behind padding, padded to static shapes: the live results are the
originals', with poison in every padded slot."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from padding import Padded

rng = np.random.default_rng(0)
T = '{capstan.dims = [#capstan.dim<"T", min = 1, max = 64>'

# Chunks of 8, filled up with ones: sums over tokens, over chunks and of all of them, the
# largest of a scan over chunks, and the tokens again.
CHUNKS = f"""
func.func @main(%x: tensor<?x4xf32> {T}, 4]}})
    -> (tensor<?x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<?x4xf32>, tensor<4xf32>) {{
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x4xf32>
  %n = arith.ceildivsi %t, %c8 : index
  %whole = arith.muli %n, %c8 : index
  %missing = arith.subi %whole, %t : index
  %p = tensor.pad %x low[0, 0] high[%missing, 0] {{
  ^bb0(%i: index, %j: index):
    tensor.yield %one : f32
  }} : tensor<?x4xf32> to tensor<?x4xf32>
  %e = tensor.expand_shape %p [[0, 1], [2]] output_shape [%n, 8, 4] : tensor<?x4xf32> into tensor<?x8x4xf32>
  %ne = tensor.empty(%n) : tensor<?x4xf32>
  %nz = linalg.fill ins(%zero : f32) outs(%ne : tensor<?x4xf32>) -> tensor<?x4xf32>
  %tokens = linalg.reduce {{ arith.addf }} ins(%e : tensor<?x8x4xf32>) outs(%nz : tensor<?x4xf32>) dimensions = [1]
  %ce = tensor.empty() : tensor<8x4xf32>
  %cz = linalg.fill ins(%zero : f32) outs(%ce : tensor<8x4xf32>) -> tensor<8x4xf32>
  %chunks = linalg.reduce {{ arith.addf }} ins(%e : tensor<?x8x4xf32>) outs(%cz : tensor<8x4xf32>) dimensions = [0]
  %ae = tensor.empty() : tensor<f32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<f32>) -> tensor<f32>
  %all = linalg.reduce {{ arith.addf }} ins(%p : tensor<?x4xf32>) outs(%az : tensor<f32>) dimensions = [0, 1]
  %le = tensor.empty() : tensor<4xf32>
  %lz = linalg.fill ins(%zero : f32) outs(%le : tensor<4xf32>) -> tensor<4xf32>
  %scan, %last = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
                                 iterator_types = ["reduction", "parallel"]}}
      ins(%tokens : tensor<?x4xf32>) outs(%ne, %lz : tensor<?x4xf32>, tensor<4xf32>) {{
  ^bb0(%a: f32, %o: f32, %sum: f32):
    %r = arith.addf %sum, %a : f32
    linalg.yield %r, %r : f32, f32
  }} -> (tensor<?x4xf32>, tensor<4xf32>)
  %flat = tensor.collapse_shape %e [[0, 1], [2]] : tensor<?x8x4xf32> into tensor<?x4xf32>
  %back = tensor.extract_slice %flat[0, 0] [%t, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  return %scan, %chunks, %all, %back, %last : tensor<?x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<?x4xf32>, tensor<4xf32>
}}
"""
for bucket in (1, 8, 20, 64):
    padded = Padded(CHUNKS, T=bucket)
    for n in {1, bucket // 2 or 1, min(bucket, 9), bucket - 1 or 1, bucket}:
        padded.check(rng.standard_normal((n, 4), np.float32), T=n, bound=1e-5)

# A window that goes three places over both ends, in steps of STEP, its places SPREAD apart;
# and the padded rows beside another padded dimension.
WINDOW = f"""
func.func @main(%x: tensor<?x?xf32> {T}, #capstan.dim<"B", min = 1, max = 8>]}}, %w: tensor<3xf32>)
    -> (tensor<?x?xf32>, tensor<?xf32>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = arith.constant STEP : index
  %rest = arith.constant REST : index
  %zero = arith.constant 0.0 : f32
  %fill = arith.constant -2.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x?xf32>
  %b = tensor.dim %x, %c1 : tensor<?x?xf32>
  %p = tensor.pad %x low[3, 0] high[3, 1] {{
  ^bb0(%i: index, %j: index):
    tensor.yield %fill : f32
  }} : tensor<?x?xf32> to tensor<?x?xf32>
  %more = arith.addi %t, %rest : index
  %whole = arith.divui %more, %steps : index
  %n = arith.addi %whole, %c1 : index
  %b1 = arith.addi %b, %c1 : index
  %e = tensor.empty(%n, %b1) : tensor<?x?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %y = linalg.generic {{indexing_maps = [affine_map<(i, j, k) -> (i * STEP + k * SPREAD, j)>, affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}}
      ins(%p, %w : tensor<?x?xf32>, tensor<3xf32>) outs(%z : tensor<?x?xf32>) {{
  ^bb0(%a: f32, %c: f32, %sum: f32):
    %m = arith.mulf %a, %c : f32
    %r = arith.addf %sum, %m : f32
    linalg.yield %r : f32
  }} -> tensor<?x?xf32>
  %se = tensor.empty(%n) : tensor<?xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.reduce {{ arith.addf }} ins(%y : tensor<?x?xf32>) outs(%sz : tensor<?xf32>) dimensions = [1]
  return %y, %s : tensor<?x?xf32>, tensor<?xf32>
}}
"""
for step, spread in ((1, 1), (1, 3), (2, 1), (3, 2)):
    # T + 6 slots; the last window begins at the last multiple of `step` that leaves room.
    text = WINDOW.replace("STEP", str(step)).replace("SPREAD", str(spread))
    text = text.replace("REST", str(5 - 2 * spread))
    padded = Padded(text, T=16, B=4)
    for n, width in ((1, 1), (7, 3), (8, 4), (16, 2)):
        x = rng.standard_normal((n, width), np.float32)
        padded.check(x, rng.standard_normal(3, np.float32), T=n, B=width, bound=1e-5)

# Rows behind rows of padding, along two dimensions, none of them at times.
JOINED = """
func.func @main(%x: tensor<?x?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, #capstan.dim<"B", max = 8>]},
                %y: tensor<?x2xf32> {capstan.dims = [#capstan.dim<"T">, 2]}, %z: tensor<3x?xf32> {capstan.dims = [3, #capstan.dim<"B">]})
    -> (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %row = tensor.concat dim(0) %x, %z, %x : (tensor<?x?xf32>, tensor<3x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %side = tensor.concat dim(1) %x, %y : (tensor<?x?xf32>, tensor<?x2xf32>) -> tensor<?x?xf32>
  %n = tensor.dim %row, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.reduce { arith.addf } ins(%row : tensor<?x?xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  return %row, %side, %s : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>
}
"""
for t, b in ((16, 4), (1, 1), (5, 8)):
    padded = Padded(JOINED, T=t, B=b)
    for n, width in {(0, 0), (1, 1), (t, b), (t // 2, b), (t, b // 2), (0, b), (t, 0)}:
        shapes = (n, width), (n, 2), (3, width)
        padded.check(
            *(rng.standard_normal(s, np.float32) for s in shapes), T=n, B=width, bound=1e-6
        )

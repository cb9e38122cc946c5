# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Functions padded to static shapes give the live results of the originals, with
poison in every padded slot of the inputs and, by `poison=true`, of every value that
the pass promises nothing of."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import CallError
from padding import Padded

rng = np.random.default_rng(0)
T = '{capstan.dims = [#capstan.dim<"T", max = 64>'


def normal(*shape):
    return rng.standard_normal(shape, np.float32)


# Elementwise work, reductions over and beside padding, a matrix product that
# contracts padding, and one that doesn't.
SUMS = f"""
func.func @main(%x: tensor<?x4xf32> {T}, 4]}}, %w: tensor<?x4xf32> {T}, 4]}})
    -> (tensor<?x4xf32>, tensor<4xf32>, tensor<?xf32>, tensor<4x4xf32>, tensor<?x?xf32>) {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %se = tensor.empty() : tensor<4xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.reduce {{ arith.addf }} ins(%y : tensor<?x4xf32>) outs(%sz : tensor<4xf32>) dimensions = [0]
  %re = tensor.empty(%n) : tensor<?xf32>
  %rz = linalg.fill ins(%zero : f32) outs(%re : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.reduce {{ arith.maximumf }} ins(%y : tensor<?x4xf32>) outs(%rz : tensor<?xf32>) dimensions = [1]
  %te = tensor.empty(%n) : tensor<4x?xf32>
  %t = linalg.transpose ins(%y : tensor<?x4xf32>) outs(%te : tensor<4x?xf32>) permutation = [1, 0]
  %me = tensor.empty() : tensor<4x4xf32>
  %mz = linalg.fill ins(%zero : f32) outs(%me : tensor<4x4xf32>) -> tensor<4x4xf32>
  %m = linalg.matmul ins(%t, %w : tensor<4x?xf32>, tensor<?x4xf32>) outs(%mz : tensor<4x4xf32>) -> tensor<4x4xf32>
  %ge = tensor.empty(%n, %n) : tensor<?x?xf32>
  %gz = linalg.fill ins(%zero : f32) outs(%ge : tensor<?x?xf32>) -> tensor<?x?xf32>
  %g = linalg.matmul ins(%w, %t : tensor<?x4xf32>, tensor<4x?xf32>) outs(%gz : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y, %s, %r, %m, %g : tensor<?x4xf32>, tensor<4xf32>, tensor<?xf32>, tensor<4x4xf32>, tensor<?x?xf32>
}}
"""
for bucket in (1, 16, 64):
    padded = Padded(SUMS, T=bucket)
    for n in {0, 1, bucket // 2, bucket}:
        padded.check(normal(n, 4), normal(n, 4), T=n, bound=1e-6)

# Token ids: the check and the index stand inside the generic.
GATHER = f"""
func.func @main(%table: tensor<16x4xf32>, %ids: tensor<?xi64> {T}]}}, %d: tensor<?xi64> {T}]}})
    -> (tensor<?x4xf32>, tensor<?xi64>, tensor<?xi32>) {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i64
  %words = arith.constant 16 : i64
  %n = tensor.dim %ids, %c0 : tensor<?xi64>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %x = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%ids : tensor<?xi64>) outs(%e : tensor<?x4xf32>) {{
  ^bb0(%id: i64, %out: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %ok = arith.cmpi sge, %id, %zero : i64
    cf.assert %ok, "negative id"
    %below = arith.cmpi slt, %id, %words : i64
    cf.assert %below, "no such word"
    %v = tensor.extract %table[%row, %column] : tensor<16x4xf32>
    linalg.yield %v : f32
  }} -> tensor<?x4xf32>
  %qe = tensor.empty(%n) : tensor<?xi64>
  %q = linalg.div ins(%ids, %d : tensor<?xi64>, tensor<?xi64>) outs(%qe : tensor<?xi64>) -> tensor<?xi64>
  %fe = tensor.empty(%n) : tensor<?xi32>
  %f = linalg.generic {{indexing_maps = [affine_map<(i) -> (i, 0)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}}
      ins(%x : tensor<?x4xf32>) outs(%fe : tensor<?xi32>) {{
  ^bb0(%in: f32, %out: i32):
    %i = arith.fptosi %in : f32 to i32
    linalg.yield %i : i32
  }} -> tensor<?xi32>
  return %x, %q, %f : tensor<?x4xf32>, tensor<?xi64>, tensor<?xi32>
}}
"""
padded = Padded(GATHER, T=16)
table = normal(16, 4)
for n in (0, 1, 9, 16):
    padded.check(table, rng.integers(0, 16, n), rng.integers(1, 5, n), T=n)
try:
    padded.check(table, np.array([3, 16]), np.array([1, 1]), T=2)
    raise AssertionError("no error")
except CallError as error:
    assert "no such word" in str(error)

# Softmax and argmax over padding, a mean by the live count, and a scan.
SOFTMAX = f"""
func.func @main(%x: tensor<3x?xf32> {T.replace("[", "[3, ")}]}})
    -> (tensor<3x?xf32>, tensor<3xi64>, tensor<3xf32>, tensor<?xf32>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %izero = arith.constant 0 : i64
  %least = arith.constant 0xFF800000 : f32
  %n = tensor.dim %x, %c1 : tensor<3x?xf32>
  %re = tensor.empty() : tensor<3xf32>
  %ie = tensor.empty() : tensor<3xi64>
  %rl = linalg.fill ins(%least : f32) outs(%re : tensor<3xf32>) -> tensor<3xf32>
  %rz = linalg.fill ins(%zero : f32) outs(%re : tensor<3xf32>) -> tensor<3xf32>
  %iz = linalg.fill ins(%izero : i64) outs(%ie : tensor<3xi64>) -> tensor<3xi64>
  %max, %arg = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
                               iterator_types = ["parallel", "reduction"]}}
      ins(%x : tensor<3x?xf32>) outs(%rl, %iz : tensor<3xf32>, tensor<3xi64>) {{
  ^bb0(%in: f32, %m: f32, %at: i64):
    %j = linalg.index 1 : index
    %k = arith.index_cast %j : index to i64
    %larger = arith.cmpf ogt, %in, %m : f32
    %next = arith.maximumf %in, %m : f32
    %where = arith.select %larger, %k, %at : i64
    linalg.yield %next, %where : f32, i64
  }} -> (tensor<3xf32>, tensor<3xi64>)
  %e = tensor.empty(%n) : tensor<3x?xf32>
  %p = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%x, %max : tensor<3x?xf32>, tensor<3xf32>) outs(%e : tensor<3x?xf32>) {{
  ^bb0(%in: f32, %m: f32, %out: f32):
    %d = arith.subf %in, %m : f32
    %v = math.exp %d : f32
    linalg.yield %v : f32
  }} -> tensor<3x?xf32>
  %sum = linalg.reduce {{ arith.addf }} ins(%p : tensor<3x?xf32>) outs(%rz : tensor<3xf32>) dimensions = [1]
  %q = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%p, %sum : tensor<3x?xf32>, tensor<3xf32>) outs(%e : tensor<3x?xf32>) {{
  ^bb0(%in: f32, %m: f32, %out: f32):
    %v = arith.divf %in, %m : f32
    linalg.yield %v : f32
  }} -> tensor<3x?xf32>
  %total = linalg.reduce {{ arith.addf }} ins(%x : tensor<3x?xf32>) outs(%rz : tensor<3xf32>) dimensions = [1]
  %count = arith.index_cast %n : index to i64
  %mean = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}}
      ins(%total : tensor<3xf32>) outs(%re : tensor<3xf32>) {{
  ^bb0(%in: f32, %out: f32):
    %c = arith.sitofp %count : i64 to f32
    %v = arith.divf %in, %c : f32
    linalg.yield %v : f32
  }} -> tensor<3xf32>
  %row = tensor.extract_slice %x[1, 0] [1, %n] [1, 1] : tensor<3x?xf32> to tensor<?xf32>
  %ce = tensor.empty(%n) : tensor<?xf32>
  %ae = tensor.empty() : tensor<f32>
  %az = linalg.fill ins(%zero : f32) outs(%ae : tensor<f32>) -> tensor<f32>
  %scan:2 = "tm_tensor.scan"(%row, %ce, %az) <{{dimension = 0 : i64, inclusive = true, operandSegmentSizes = array<i32: 1, 2>}}> ({{
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    "tm_tensor.yield"(%s) : (f32) -> ()
  }}) : (tensor<?xf32>, tensor<?xf32>, tensor<f32>) -> (tensor<?xf32>, tensor<f32>)
  return %q, %arg, %mean, %scan#0 : tensor<3x?xf32>, tensor<3xi64>, tensor<3xf32>, tensor<?xf32>
}}
"""
padded = Padded(SOFTMAX, T=16)
for n in (1, 2, 9, 16):
    padded.check(normal(3, n), T=n, bound=1e-6)

# Packed attention: documents that are not there are empty, and start at the end.
ATTENTION = f"""
func.func @main(%q: tensor<?x4x8xf32> {T}, 4, 8]}}, %k: tensor<?x2x8xf32> {T}, 2, 8]}},
                %lens: tensor<?xi32> {{capstan.dims = [#capstan.dim<"B", max = 8>], capstan.lengths = "T"}},
                %cu: tensor<?xi32> {{capstan.dims = [#capstan.dim<"B + 1">]}}) -> tensor<?x4x8xf32> {{
  %c0 = arith.constant 0 : index
  %least = arith.constant dense<0> : tensor<i32>
  %n = tensor.dim %q, %c0 : tensor<?x4x8xf32>
  %m = linalg.reduce {{ arith.maxsi }} ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = tensor.extract %m[] : tensor<i32>
  %longest = arith.index_cast %l : i32 to index
  %e = tensor.empty(%n) : tensor<?x4x8xf32>
  %o = capstan.varlen_attention
      ins(%q, %k, %k, %cu, %cu, %longest, %longest : tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>,
          tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%e : tensor<?x4x8xf32>) {{causal, scale = 0.35 : f64}} -> tensor<?x4x8xf32>
  return %o : tensor<?x4x8xf32>
}}
"""
padded = Padded(ATTENTION, T=16, B=4)
for lengths in ([16], [1, 1, 1, 1], [5, 0, 7], [3], [16, 0, 0, 0], [2, 2]):
    lens = np.array(lengths, np.int32)
    cu = np.concatenate([[0], np.cumsum(lens)]).astype(np.int32)
    n = sum(lengths)
    padded.check(normal(n, 4, 8), normal(n, 2, 8), lens, cu, T=n, B=len(lengths), bound=1e-6)

# A size read from the data: its live extent stays on the device. Data that breaks
# its promise fails there.
LONGEST = f"""
func.func @main(%x: tensor<?xf32> {T}]}},
                %lens: tensor<?xi32> {{capstan.dims = [#capstan.dim<"B", max = 8>], capstan.lengths = "T"}})
    -> (tensor<?xf32>, tensor<f32>) {{
  %least = arith.constant dense<0> : tensor<i32>
  %zero = arith.constant 0.0 : f32
  %m = linalg.reduce {{ arith.maxsi }} ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = tensor.extract %m[] : tensor<i32>
  %longest = arith.index_cast %l : i32 to index
  %head = tensor.extract_slice %x[0] [%longest] [1] : tensor<?xf32> to tensor<?xf32>
  %se = tensor.empty() : tensor<f32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<f32>) -> tensor<f32>
  %s = linalg.reduce {{ arith.addf }} ins(%head : tensor<?xf32>) outs(%sz : tensor<f32>) dimensions = [0]
  return %x, %s : tensor<?xf32>, tensor<f32>
}}
"""
padded = Padded(LONGEST, T=16, B=4)
for lengths in ([16], [1, 1, 1, 1], [5, 0, 7], [0, 0]):
    n = sum(lengths)
    padded.check(normal(n), np.array(lengths, np.int32), T=n, B=len(lengths), bound=1e-5)
try:
    x = np.zeros(16, np.float32)
    extents = np.array(3), np.array(4)
    padded.module(padded.name, x, np.array([3, 0, 17, 0], np.int32), *extents)
    raise AssertionError("no error")
except CallError as error:
    assert "over the bound of this bucket" in str(error), error

# A function called with different host integers, and a loop that carries padding.
CALLS = f"""
func.func private @scale(%x: tensor<?xf32>, %k: index) -> tensor<?xf32> {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k1 = arith.addi %k, %c1 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %kn = arith.muli %k1, %n : index
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}}
      ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {{
  ^bb0(%in: f32, %out: f32):
    %i = arith.index_cast %kn : index to i64
    %f = arith.sitofp %i : i64 to f32
    %v = arith.divf %in, %f : f32
    linalg.yield %v : f32
  }} -> tensor<?xf32>
  return %y : tensor<?xf32>
}}
func.func @main(%x: tensor<?xf32> {T}]}}) -> tensor<?xf32> {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %a = func.call @scale(%x, %c1) : (tensor<?xf32>, index) -> tensor<?xf32>
  %b = func.call @scale(%a, %c3) : (tensor<?xf32>, index) -> tensor<?xf32>
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%y = %b) -> tensor<?xf32> {{
    %next = func.call @scale(%y, %i) : (tensor<?xf32>, index) -> tensor<?xf32>
    scf.yield %next : tensor<?xf32>
  }}
  return %r : tensor<?xf32>
}}
"""
padded = Padded(CALLS, T=16)
for n in (1, 7, 16):
    padded.check(normal(n), T=n)

print("passed")

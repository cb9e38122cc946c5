# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""One operation a module against NumPy, with and without the host-sync passes."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import Module, close


def run_module(name, text, *args, want):
    for flags in ([], ["--host-sync-pipeline=false"]):
        outputs = Module(text, *flags)("main", *args)
        for output, expected in zip(outputs, want, strict=True):
            close(output.astype(np.float64), np.asarray(expected, np.float64))
    print("passed", name)


f = np.float32
r = np.random.default_rng(0)
x = r.standard_normal((3, 4), f)
run_module(
    "from_elements",
    """func.func @main(%a: f32, %b: f32) -> tensor<2xf32> { %0 = tensor.from_elements %a, %b : tensor<2xf32>
 return %0 : tensor<2xf32> }""",
    np.array(1.5, f),
    np.array(2.5, f),
    want=[[1.5, 2.5]],
)
run_module(
    "pad",
    """func.func @main(%x: tensor<3x4xf32>) -> tensor<5x6xf32> { %z = arith.constant 7.0 : f32
 %0 = tensor.pad %x low[1,0] high[1,2] { ^bb0(%i: index, %j: index): tensor.yield %z : f32 } : tensor<3x4xf32> to tensor<5x6xf32>
 return %0 : tensor<5x6xf32> }""",
    x,
    want=[np.pad(x, ((1, 1), (0, 2)), constant_values=7)],
)
run_module(
    "generate",
    """func.func @main(%n: index) -> tensor<?xindex> { %0 = tensor.generate %n { ^bb0(%i: index): %s = arith.muli %i, %i : index
 tensor.yield %s : index } : tensor<?xindex>
 return %0 : tensor<?xindex> }""",
    np.array(5),
    want=[np.arange(5) ** 2],
)
run_module(
    "insert_slice",
    """func.func @main(%x: tensor<3x4xf32>, %y: tensor<1x4xf32>, %i: index) -> tensor<3x4xf32> {
 %0 = tensor.insert_slice %y into %x[%i, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<3x4xf32>
 return %0 : tensor<3x4xf32> }""",
    x,
    x[:1],
    np.array(2),
    want=[np.concatenate([x[:2], x[:1]])],
)
run_module(
    "identity",
    "func.func @main(%x: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) { return %x, %x : tensor<3x4xf32>, tensor<3x4xf32> }",
    x,
    want=[x, x],
)
run_module(
    "constant",
    "func.func @main() -> tensor<3xf32> { %0 = arith.constant dense<[1.0,2.0,3.0]> : tensor<3xf32>\n return %0 : tensor<3xf32> }",
    want=[[1, 2, 3]],
)
run_module(
    "bool",
    """#m = affine_map<(i,j)->(i,j)>
func.func @main(%x: tensor<3x4xf32>) -> tensor<3x4xi1> { %z = arith.constant 0.0 : f32
 %e = tensor.empty() : tensor<3x4xi1>
 %0 = linalg.generic {indexing_maps=[#m,#m],iterator_types=["parallel","parallel"]} ins(%x : tensor<3x4xf32>) outs(%e : tensor<3x4xi1>) { ^bb0(%a: f32, %o: i1):
  %c = arith.cmpf ogt, %a, %z : f32
  linalg.yield %c : i1 } -> tensor<3x4xi1>
 return %0 : tensor<3x4xi1> }""",
    x,
    want=[x > 0],
)
run_module(
    "while",
    """func.func @main(%x: tensor<3x4xf32>, %n: tensor<i32>) -> tensor<3x4xf32> { %c0 = arith.constant 0 : i32
 %c1 = arith.constant 1 : i32
 %r:2 = scf.while (%h = %x, %i = %c0) : (tensor<3x4xf32>, i32) -> (tensor<3x4xf32>, i32) { %l = tensor.extract %n[] : tensor<i32>
  %c = arith.cmpi slt, %i, %l : i32
  scf.condition(%c) %h, %i : tensor<3x4xf32>, i32 } do { ^bb0(%h: tensor<3x4xf32>, %i: i32):
  %e = tensor.empty() : tensor<3x4xf32>
  %s = linalg.add ins(%h, %h : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %j = arith.addi %i, %c1 : i32
  scf.yield %s, %j : tensor<3x4xf32>, i32 }
 return %r#0 : tensor<3x4xf32> }""",
    x,
    np.array(3, np.int32),
    want=[x * 8],
)
run_module(
    "concat",
    """func.func @main(%x: tensor<3x?xf32>, %y: tensor<3x?xf32>) -> tensor<3x?xf32> { %0 = tensor.concat dim(1) %x, %y : (tensor<3x?xf32>, tensor<3x?xf32>) -> tensor<3x?xf32>
 return %0 : tensor<3x?xf32> }""",
    x,
    x[:, :1].copy(),
    want=[np.concatenate([x, x[:, :1]], 1)],
)
run_module(
    "tanh_erf_log",
    """#m = affine_map<(i,j)->(i,j)>
func.func @main(%x: tensor<3x4xf32>) -> tensor<3x4xf32> { %e = tensor.empty() : tensor<3x4xf32>
 %0 = linalg.generic {indexing_maps=[#m,#m],iterator_types=["parallel","parallel"]} ins(%x : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) { ^bb0(%a: f32, %o: f32):
  %t = math.tanh %a : f32
  %b = math.absf %a : f32
  %l = math.log1p %b : f32
  %p = math.powf %b, %b : f32
  %s = arith.addf %t, %l : f32
  %q = arith.addf %s, %p : f32
  linalg.yield %q : f32 } -> tensor<3x4xf32>
 return %0 : tensor<3x4xf32> }""",
    x,
    want=[np.tanh(x) + np.log1p(abs(x)) + abs(x) ** abs(x)],
)
run_module(
    "colsum",
    """#m = affine_map<(i,j)->(i,j)>
func.func @main(%x: tensor<?x4xf64>) -> tensor<4xf64> { %z = arith.constant 0.0 : f64
 %e = tensor.empty() : tensor<4xf64>
 %f = linalg.fill ins(%z : f64) outs(%e : tensor<4xf64>) -> tensor<4xf64>
 %0 = linalg.reduce { arith.addf } ins(%x : tensor<?x4xf64>) outs(%f : tensor<4xf64>) dimensions = [0]
 return %0 : tensor<4xf64> }""",
    x.astype(np.float64),
    want=[x.astype(np.float64).sum(0)],
)
run_module(
    "imatmul",
    """func.func @main(%x: tensor<?x4xi32>, %y: tensor<4x2xi32>) -> tensor<?x2xi32> { %c0 = arith.constant 0 : index
 %z = arith.constant 0 : i32
 %n = tensor.dim %x, %c0 : tensor<?x4xi32>
 %e = tensor.empty(%n) : tensor<?x2xi32>
 %f = linalg.fill ins(%z : i32) outs(%e : tensor<?x2xi32>) -> tensor<?x2xi32>
 %0 = linalg.matmul ins(%x, %y : tensor<?x4xi32>, tensor<4x2xi32>) outs(%f : tensor<?x2xi32>) -> tensor<?x2xi32>
 return %0 : tensor<?x2xi32> }""",
    np.arange(12, dtype=np.int32).reshape(3, 4),
    np.arange(8, dtype=np.int32).reshape(4, 2),
    want=[np.arange(12).reshape(3, 4) @ np.arange(8).reshape(4, 2)],
)
run_module(
    "forall",
    """func.func @main(%x: tensor<?x4xf32>) -> tensor<?x4xf32> { %c0 = arith.constant 0 : index
 %n = tensor.dim %x, %c0 : tensor<?x4xf32>
 %e = tensor.empty(%n) : tensor<?x4xf32>
 %0 = scf.forall (%i) in (%n) shared_outs(%o = %e) -> tensor<?x4xf32> {
  %row = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<1x4xf32>
  %re = tensor.empty() : tensor<1x4xf32>
  %y = linalg.exp ins(%row : tensor<1x4xf32>) outs(%re : tensor<1x4xf32>) -> tensor<1x4xf32>
  scf.forall.in_parallel { tensor.parallel_insert_slice %y into %o[%i, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<?x4xf32> } }
 return %0 : tensor<?x4xf32> }""",
    x,
    want=[np.exp(x)],
)
run_module(
    "parallel",
    """func.func @main(%x: tensor<3x4xf32>) -> tensor<3x4xf32> { %c0 = arith.constant 0 : index
 %c1 = arith.constant 1 : index
 %c3 = arith.constant 3 : index
 %c4 = arith.constant 4 : index
 %m = bufferization.to_buffer %x read_only : tensor<3x4xf32> to memref<3x4xf32>
 %r = memref.alloc() : memref<3x4xf32>
 scf.parallel (%i, %j) = (%c0, %c0) to (%c3, %c4) step (%c1, %c1) { %v = memref.load %m[%i, %j] : memref<3x4xf32>
  %s = arith.addf %v, %v : f32
  memref.store %s, %r[%i, %j] : memref<3x4xf32> }
 %0 = bufferization.to_tensor %r restrict : memref<3x4xf32> to tensor<3x4xf32>
 return %0 : tensor<3x4xf32> }""",
    x,
    want=[x * 2],
)

# Products: what the library takes, and what is copied for it or left to kernels.
w = r.standard_normal((5, 4), f)
v = r.standard_normal((4,), f)
run_module(
    "matvec",
    """func.func @main(%x: tensor<?x4xf32>, %v: tensor<4xf32>, %c: tensor<?xf32>) -> tensor<?xf32> {
 %0 = linalg.matvec ins(%x, %v : tensor<?x4xf32>, tensor<4xf32>) outs(%c : tensor<?xf32>) -> tensor<?xf32>
 return %0 : tensor<?xf32> }""",
    x,
    v,
    x[:, 0].copy(),
    want=[x @ v + x[:, 0]],
)
run_module(
    "vecmat_dot",
    """func.func @main(%v: tensor<4xf32>, %w: tensor<4x?xf32>, %c: tensor<?xf32>, %d: tensor<f32>) -> (tensor<?xf32>, tensor<f32>) {
 %0 = linalg.vecmat ins(%v, %w : tensor<4xf32>, tensor<4x?xf32>) outs(%c : tensor<?xf32>) -> tensor<?xf32>
 %1 = linalg.dot ins(%v, %v : tensor<4xf32>, tensor<4xf32>) outs(%d : tensor<f32>) -> tensor<f32>
 return %0, %1 : tensor<?xf32>, tensor<f32> }""",
    v,
    w.T.copy(),
    np.ones(5, f),
    np.array(1, f),
    want=[v @ w.T + 1, v @ v + 1],
)
run_module(
    "batch_vecmat",
    """func.func @main(%v: tensor<?x4xf64>, %w: tensor<?x4x2xf64>, %c: tensor<?x2xf64>) -> tensor<?x2xf64> {
 %0 = linalg.batch_vecmat ins(%v, %w : tensor<?x4xf64>, tensor<?x4x2xf64>) outs(%c : tensor<?x2xf64>) -> tensor<?x2xf64>
 return %0 : tensor<?x2xf64> }""",
    x.astype(np.float64),
    np.arange(24.0).reshape(3, 4, 2),
    np.ones((3, 2)),
    want=[np.einsum("bk,bkn->bn", x, np.arange(24.0).reshape(3, 4, 2)) + 1],
)
run_module(
    "transposed_result",
    """func.func @main(%x: tensor<?x4xf32>, %w: tensor<5x4xf32>, %c: tensor<5x?xf32>) -> tensor<5x?xf32> {
 %0 = linalg.generic {indexing_maps = [affine_map<(n, m, k) -> (m, k)>, affine_map<(n, m, k) -> (n, k)>, affine_map<(n, m, k) -> (n, m)>],
   iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x4xf32>, tensor<5x4xf32>) outs(%c : tensor<5x?xf32>) { ^bb0(%a: f32, %b: f32, %s: f32):
  %p = arith.mulf %b, %a : f32
  %t = arith.addf %p, %s : f32
  linalg.yield %t : f32 } -> tensor<5x?xf32>
 return %0 : tensor<5x?xf32> }""",
    x,
    w,
    np.ones((5, 3), f),
    want=[w @ x.T + 1],
)
run_module(
    "two_summed",
    """func.func @main(%a: tensor<2x3x4xf32>, %b: tensor<3x4x5xf32>, %c: tensor<2x5xf32>) -> tensor<2x5xf32> {
 %0 = linalg.contract indexing_maps = [affine_map<(m, n, k, l) -> (m, k, l)>, affine_map<(m, n, k, l) -> (k, l, n)>, affine_map<(m, n, k, l) -> (m, n)>]
   ins(%a, %b : tensor<2x3x4xf32>, tensor<3x4x5xf32>) outs(%c : tensor<2x5xf32>) -> tensor<2x5xf32>
 return %0 : tensor<2x5xf32> }""",
    np.arange(24, dtype=f).reshape(2, 3, 4),
    np.arange(60, dtype=f).reshape(3, 4, 5),
    np.ones((2, 5), f),
    want=[
        np.einsum("mkl,kln->mn", np.arange(24).reshape(2, 3, 4), np.arange(60).reshape(3, 4, 5)) + 1
    ],
)
# A column of a matrix, and a tensor that a loop carries in any layout.
run_module(
    "strided",
    """func.func @main(%x: tensor<4x4xf32>, %n: index) -> (tensor<4xf32>, tensor<4x2xf32>) { %c0 = arith.constant 0 : index
 %c1 = arith.constant 1 : index
 %z = arith.constant 0.0 : f32
 %e = tensor.empty() : tensor<4xf32>
 %f = linalg.fill ins(%z : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
 %column = tensor.extract_slice %x[0, 1] [4, 1] [1, 1] : tensor<4x4xf32> to tensor<4xf32>
 %y = linalg.matvec ins(%x, %column : tensor<4x4xf32>, tensor<4xf32>) outs(%f : tensor<4xf32>) -> tensor<4xf32>
 %half = tensor.extract_slice %x[0, 0] [4, 2] [1, 2] : tensor<4x4xf32> to tensor<4x2xf32>
 %r = scf.for %i = %c0 to %n step %c1 iter_args(%h = %half) -> tensor<4x2xf32> { %ne = tensor.empty() : tensor<4x2xf32>
  %nf = linalg.fill ins(%z : f32) outs(%ne : tensor<4x2xf32>) -> tensor<4x2xf32>
  %next = linalg.matmul ins(%x, %h : tensor<4x4xf32>, tensor<4x2xf32>) outs(%nf : tensor<4x2xf32>) -> tensor<4x2xf32>
  scf.yield %next : tensor<4x2xf32> }
 return %y, %r : tensor<4xf32>, tensor<4x2xf32> }""",
    w[:4].copy(),
    np.array(2),
    want=[w[:4] @ w[:4, 1], w[:4] @ w[:4] @ w[:4, ::2]],
)

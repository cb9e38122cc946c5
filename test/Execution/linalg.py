# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Small modules against NumPy: every kind of operation that the host target
lowers, its checks, and the same results with and without the host-sync passes."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import CallError, Module, close

rng = np.random.default_rng(0)


def failing(module, *arguments) -> str:
    try:
        module("main", *arguments)
    except CallError as error:
        return str(error)
    raise AssertionError("no error")


PRODUCT = """
func.func @main(%x: tensor<?x8xf32> {capstan.name = "x"}, %w: tensor<4x8xf32>,
                %lens: tensor<?xi32>) -> (tensor<?x4xf32>, i32) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant dense<0> : tensor<i32>
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %te = tensor.empty() : tensor<8x4xf32>
  %wt = linalg.transpose ins(%w : tensor<4x8xf32>) outs(%te : tensor<8x4xf32>) permutation = [1, 0]
  %ce = tensor.empty(%n) : tensor<?x4xf32>
  %cz = linalg.fill ins(%zero : f32) outs(%ce : tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = linalg.matmul ins(%y, %wt : tensor<?x8xf32>, tensor<8x4xf32>) outs(%cz : tensor<?x4xf32>) -> tensor<?x4xf32>
  %m = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = tensor.extract %m[] : tensor<i32>
  %c1 = arith.constant 1 : i32
  %ok = arith.cmpi sge, %l, %c1 : i32
  cf.assert %ok, "no tokens"
  return %z, %l : tensor<?x4xf32>, i32
}
"""
x, w = rng.standard_normal((5, 8), np.float32), rng.standard_normal((4, 8), np.float32)
lens = np.array([3, 9, 2], np.int32)
for flags in ([], ["--host-sync-pipeline=false"], ["--chip=x86-64"], ["--opt-level=0"]):
    module = Module(PRODUCT, *flags)
    z, longest = module("main", x, w, lens)
    close(z, np.exp(x) @ w.T)
    assert longest == 9
    message = failing(module, x, w, np.array([0], np.int32))
    assert "no tokens" in message and "module.mlir:" in message, message
    close(module("main", x, w, lens)[0], z, 0)  # still usable
    z, longest = module("main", x[:0], w, lens)
    assert z.shape == (0, 4)

# A gather with a check in its kernel, a loop that carries a tensor, a call, a
# branch on a value that was read, and a scan.
PROGRAM = """
func.func @main(%table: tensor<16x4xf32>, %ids: tensor<?xi64>, %flag: tensor<i1>)
    -> (tensor<?x4xf32>, tensor<?xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0 : i64
  %n = tensor.dim %ids, %c0 : tensor<?xi64>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi64>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%id: i64, %out: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %ok = arith.cmpi sge, %id, %zero : i64
    cf.assert %ok, "negative id"
    %v = tensor.extract %table[%row, %column] : tensor<16x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %b = tensor.extract %flag[] : tensor<i1>
  %y = scf.if %b -> tensor<?x4xf32> {
    %l = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %x) -> tensor<?x4xf32> {
      %next = func.call @twice(%h) : (tensor<?x4xf32>) -> tensor<?x4xf32>
      scf.yield %next : tensor<?x4xf32>
    }
    scf.yield %l : tensor<?x4xf32>
  } else {
    scf.yield %x : tensor<?x4xf32>
  }
  %se = tensor.empty(%n) : tensor<?xi64>
  %ae = tensor.empty() : tensor<i64>
  %acc = linalg.fill ins(%zero : i64) outs(%ae : tensor<i64>) -> tensor<i64>
  %sum:2 = "tm_tensor.scan"(%ids, %se, %acc) <{dimension = 0 : i64, inclusive = true, operandSegmentSizes = array<i32: 1, 2>}> ({
  ^bb0(%p: i64, %q: i64):
    %s = arith.addi %p, %q : i64
    "tm_tensor.yield"(%s) : (i64) -> ()
  }) : (tensor<?xi64>, tensor<?xi64>, tensor<i64>) -> (tensor<?xi64>, tensor<i64>)
  return %y, %sum#0 : tensor<?x4xf32>, tensor<?xi64>
}
func.func private @twice(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = linalg.add ins(%x, %x : tensor<?x4xf32>, tensor<?x4xf32>) outs(%x : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
"""
table, ids = rng.standard_normal((16, 4), np.float32), np.array([3, 0, 15, 3], np.int64)
for flags in ([], ["--host-sync-pipeline=false"]):
    module = Module(PROGRAM, *flags)
    for flag in (True, False):
        y, total = module("main", table, ids, np.array(flag))
        close(y, table[ids] * (8 if flag else 1), 0)
        close(total, np.cumsum(ids), 0)
    message = failing(module, table, -ids, np.array(True))
    assert "negative id" in message and "module.mlir:" in message, message
    close(module("main", table, ids, np.array(True))[0], table[ids] * 8, 0)

# The library reads where the fetch starts, whatever is written later; a path
# may leave a fetch without a wait; host tensors, device checks.
FETCH = """
func.func @main(%m: tensor<4xi32>, %one: tensor<i32>, %c: i1, %ok: tensor<i1>) -> (i32, tensor<4xi32, #capstan.host>) {
  capstan.device_check %ok, "not ok" : tensor<i1>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<i32>
  %two = linalg.add ins(%one, %one : tensor<i32>, tensor<i32>) outs(%e : tensor<i32>) -> tensor<i32>
  %h = capstan.to_host %m : tensor<4xi32> -> tensor<4xi32, #capstan.host>
  %f = capstan.fetch.start %two ["item"] : (tensor<i32>) -> !capstan.future<i32>
  %r = scf.if %c -> i32 {
    %v = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    scf.yield %v : i32
  } else {
    scf.yield %zero : i32
  }
  return %r, %h : i32, tensor<4xi32, #capstan.host>
}
"""
module = Module(FETCH, "--host-sync-pipeline=false")
values, one = np.arange(4, dtype=np.int32), np.array(21, np.int32)
for flag in (True, False):
    r, h = module("main", values, one, np.array(flag), np.array(True))
    assert r == (42 if flag else 0) and (h == values).all()
assert "not ok" in failing(module, values, one, np.array(True), np.array(False))

# A check of a size fails before memory of that size is needed, though a plan
# allocates the loop's memory before the loop.
SIZE = """
func.func @main(%lens: tensor<?xi32>) -> tensor<f32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %least = arith.constant dense<0> : tensor<i32>
  %most = arith.constant 100 : i32
  %half = arith.constant 0.5 : f32
  %zero = arith.constant dense<0.0> : tensor<f32>
  %m = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %sum = scf.for %i = %c0 to %c3 step %c1 iter_args(%s = %zero) -> tensor<f32> {
    %l = tensor.extract %m[] : tensor<i32>
    %ok = arith.cmpi sle, %l, %most : i32
    cf.assert %ok, "too long"
    %n = arith.index_cast %l : i32 to index
    %e = tensor.empty(%n, %n) : tensor<?x?xf32>
    %w = linalg.fill ins(%half : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
    %z = linalg.matmul ins(%w, %w : tensor<?x?xf32>, tensor<?x?xf32>) outs(%w : tensor<?x?xf32>) -> tensor<?x?xf32>
    %t = linalg.reduce { arith.addf } ins(%z : tensor<?x?xf32>) outs(%s : tensor<f32>) dimensions = [0, 1]
    scf.yield %t : tensor<f32>
  }
  return %sum : tensor<f32>
}
"""
for flags in ([], ["--plan-memory=false"]):
    module = Module(SIZE, *flags)
    message = failing(module, np.array([3, 2**31 - 1], np.int32))
    assert "too long" in message, message
    close(module("main", np.array([2, 4], np.int32))[0], 3 * 16 * 1.5)

print("passed")

# REQUIRES: runtime, numpy
# RUN: %python %s %S/Inputs
# ruff: noqa: E501
"""Values that only kernels use, and lengths that a shape says, are not read: the
runtime counts no sync where it counted one for each, and no bit differs."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import CallError, Module

ROW = "affine_map<(i) -> (i)>"


def layer(i: int, x: str) -> str:
    """Divides by the number of labels that are not padding, scales by one element."""
    return f"""
    %count{i} = linalg.generic {{indexing_maps = [{ROW}, affine_map<(i) -> ()>], iterator_types = ["reduction"]}}
        ins(%labels : tensor<?xi32>) outs(%none : tensor<i32>) {{
    ^bb0(%in: i32, %out: i32):
      %is = arith.cmpi sgt, %in, %k{i} : i32
      %one = arith.extui %is : i1 to i32
      %sum = arith.addi %one, %out : i32
      linalg.yield %sum : i32
    }} -> tensor<i32>
    %n{i} = tensor.extract %count{i}[] : tensor<i32>
    %f{i} = arith.sitofp %n{i} : i32 to f32
    %at{i} = arith.constant {i} : index
    %s{i} = tensor.extract %scales[%at{i}] : tensor<8xf32>
    %scale{i} = arith.divf %s{i}, %f{i} : f32
    %x{i} = linalg.generic {{indexing_maps = [{ROW}, {ROW}], iterator_types = ["parallel"]}}
        ins({x} : tensor<?xf32>) outs(%e : tensor<?xf32>) {{
    ^bb0(%in: f32, %out: f32):
      %q = arith.mulf %in, %scale{i} : f32
      linalg.yield %q : f32
    }} -> tensor<?xf32>"""


LAYERS = 4
TEXT = (
    """
func.func @main(%x: tensor<?xf32>, %labels: tensor<?xi32>, %scales: tensor<8xf32>) -> (tensor<?xf32>, tensor<i32>, i64) {
    %c0 = arith.constant 0 : index
    %none = arith.constant dense<0> : tensor<i32>"""
    + "".join(f"\n    %k{i} = arith.constant {i} : i32" for i in range(LAYERS))
    + """
    %one64 = arith.constant 1 : i64
    %zero64 = arith.constant dense<0> : tensor<i64>
    %n = tensor.dim %x, %c0 : tensor<?xf32>
    %e = tensor.empty(%n) : tensor<?xf32>"""
    + "".join(layer(i, f"%x{i - 1}" if i else "%x") for i in range(LAYERS))
    + """
    %some = arith.constant 1 : i32
    %ok = arith.cmpi sge, %n0, %some : i32
    cf.assert %ok, "no labels"
    %copy = tensor.from_elements %n1 : tensor<i32>
    %oe = tensor.empty(%n) : tensor<?xi64>
    %ones = linalg.fill ins(%one64 : i64) outs(%oe : tensor<?xi64>) -> tensor<?xi64>
    %total = linalg.reduce { arith.addi } ins(%ones : tensor<?xi64>) outs(%zero64 : tensor<i64>) dimensions = [0]
    %length = tensor.extract %total[] : tensor<i64>
    return %LAST, %copy, %length : tensor<?xf32>, tensor<i32>, i64
}
""".replace("%LAST", f"%x{LAYERS - 1}")
)

rng = np.random.default_rng(0)
before, after = Module(TEXT, "--host-sync-pipeline=false"), Module(TEXT)
scales = rng.standard_normal(8, np.float32)
for size in (1, 7, 1000):
    x, labels = rng.standard_normal(size, np.float32), rng.integers(1, 9, size, np.int32)
    expected, actual = before("main", x, labels, scales), after("main", x, labels, scales)
    for got, want in zip(actual, expected, strict=True):
        assert got.tobytes() == want.tobytes(), (size, got, want)
    assert actual[2] == size
    for module, syncs in ((before, 2 * LAYERS + 1), (after, 0)):
        counters = module.counters()
        assert counters["blocking_syncs"] == syncs, counters
        assert counters["overlapped_syncs"] == 0, counters
for module in (before, after):
    try:
        module("main", np.ones(2, np.float32), np.zeros(2, np.int32), scales)
        raise AssertionError("no error")
    except CallError as error:
        assert "no labels" in str(error), error
print("passed")

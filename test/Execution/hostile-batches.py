# REQUIRES: runtime, numpy
# RUN: %python %capstan_src/utils/shrink_model.py %corpus/qwen3_0_6b_linalg_scf_for.mlir -o %t-qwen3.mlir
# RUN: %python %capstan_src/utils/shrink_model.py %corpus/llama3_2_1b_linalg_scf_for.mlir -o %t-llama3.mlir
# RUN: %python %s %S/Inputs %t-qwen3.mlir | FileCheck %s
# RUN: %python %s %S/Inputs %t-llama3.mlir | FileCheck %s
# ruff: noqa: E501
"""Batches that nobody planned: a clear error or a result, the same with and without the host-sync
passes, and the next good batch works."""

import re
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import CallError, Module

TOKENS = np.load(f"{sys.argv[1]}/tokens.npz")
GOOD = [TOKENS[f"arg{i}"] for i in range(3)]  # ids, positions, lengths
IDS, POSITIONS, LENGTHS = GOOD


def lengths(*values: int) -> list[np.ndarray]:
    return [IDS, POSITIONS, np.array(values, np.int32)]


def ids(place: int, value: int) -> list[np.ndarray]:
    changed = IDS.copy()
    changed[0, place] = value
    return [changed, POSITIONS, LENGTHS]


BATCHES = {
    "no tokens": [IDS[:, :0], POSITIONS[:, :0], np.array([0], np.int32)],
    "no tokens, no documents": [IDS[:, :0], POSITIONS[:, :0], LENGTHS[:0]],
    "no documents": lengths(),
    "documents of no tokens": lengths(0, 0, 12, 0),
    "lengths below the tokens": lengths(5, 1),
    "lengths above the tokens": lengths(5, 1, 60),
    "a negative length": lengths(5, -1, 8),
    "lengths that overflow": lengths(2**31 - 1, 2**31 - 1, 2**31 - 1),
    "a token beyond the words": ids(3, 256),
    "a token far beyond": ids(0, 2**40),
    "a negative token": ids(11, -1),
    "positions far apart": [IDS, POSITIONS * 10**12, LENGTHS],
    "fewer positions than tokens": [IDS, POSITIONS[:, :5], LENGTHS],
    "one document": lengths(12),
    "documents of one token": lengths(*[1] * 12),
}


def outcome(module: Module, batch: list[np.ndarray], weights: list[np.ndarray]):
    try:
        return module("main", *batch, *weights)[0]
    except CallError as error:
        return str(error)


def describe(result) -> str:
    return result.splitlines()[0] if isinstance(result, str) else f"result {list(result.shape)}"


def test(path: str) -> None:
    text = Path(path).read_text()
    modules = [
        Module(text, flag) for flag in ("--host-sync-pipeline=true", "--host-sync-pipeline=false")
    ]
    rng = np.random.default_rng(0)
    signature = text[text.index("function_type = ") : text.index('sym_name = "main"')]
    shapes = re.findall(r"tensor<([0-9x]+)xf32>", signature.split("->")[0])
    weights = [rng.uniform(-0.2, 0.2, [*map(int, s.split("x"))]).astype(np.float32) for s in shapes]
    good = outcome(modules[0], GOOD, weights)
    assert np.isfinite(good).all()
    for name, batch in BATCHES.items():
        new, old = (outcome(module, batch, weights) for module in modules)
        print(f"{name}: {describe(new)}", flush=True)
        assert type(new) is type(old), (name, describe(new), describe(old))
        if not isinstance(new, str):
            np.testing.assert_array_equal(new, old)
        np.testing.assert_array_equal(outcome(modules[0], GOOD, weights), good)

    nan = [weights[0] * np.nan, *weights[1:]]
    results = [outcome(module, GOOD, nan) for module in modules]
    assert np.isnan(results[0]).all() and np.isnan(results[1]).all()


test(sys.argv[2])

# CHECK: no tokens: {{.*}}module.mlir:{{[0-9]+}}:7: assert on host: Runtime assertion failed for expression u0 >= 1
# CHECK: no documents: {{.*}}module.mlir:{{.*}} u0 >= 1
# CHECK: documents of no tokens: result [1, 12, 256]
# CHECK: lengths that overflow: {{.*}}module.mlir:{{.*}} u0 <= 8192
# CHECK: a token beyond the words: {{.*}}module.mlir:{{.*}}index must be smaller than dim size
# CHECK: a negative token: {{.*}}module.mlir:{{.*}}index must be larger or equal to 0
# CHECK: fewer positions than tokens: {{.*}}module.mlir:{{.*}}mismatched size for broadcast
# CHECK: one document: result [1, 12, 256]
# CHECK: documents of one token: result [1, 12, 256]

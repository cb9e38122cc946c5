# REQUIRES: runtime, numpy
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/qwen3_0_6b_linalg_scf_for.mlir -o %t.qwen3.mlir
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/llama3_2_1b_linalg_scf_for.mlir -o %t.llama3.mlir
# RUN: %python %s %S/Inputs small %capstan_src/test/Transforms/raise-attention.mlir @padded
# RUN: %python %s %S/Inputs small %capstan_src/test/Transforms/raise-attention-mask.mlir @masked
# RUN: %python %s %S/Inputs model %t.qwen3.mlir
# RUN: %python %s %S/Inputs model %t.llama3.mlir
"""Raised attention gives what the padded or masked math gave, on random batches with one document,
documents of length 1, and empty ones; lengths that don't cover the tokens fail."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import CallError, Module, close
from packed import batch, declare, lengths
from padding import Padded

BATCHES = int(sys.argv[5]) if len(sys.argv) > 5 else 20
TOKENS, DOCUMENTS, WORDS = 32, 4, 256


def raised(text: str, *before: str) -> str:
    command = ["capstan-opt", "-", "--allow-unregistered-dialect", *before]
    command += ["--capstan-raise-attention", "--mlir-print-local-scope"]
    after = subprocess.run(command, check=True, input=text, text=True, capture_output=True).stdout
    assert "capstan.varlen_attention" in after
    scores = re.findall(r"tensor<(?:\?x)?\d+x\?x\?xf32>", after)
    assert not scores, scores
    return after


def small(text: str, name: str) -> None:
    rng = np.random.default_rng(0)
    original, after = Module(text), Module(raised(text))
    for n in range(BATCHES):
        lens = lengths(rng, n % 5, TOKENS, DOCUMENTS)
        tokens = int(lens.sum())
        q = rng.standard_normal((tokens, 4, 8), np.float32)
        k, v = rng.standard_normal((2, tokens, 2, 8), np.float32)
        close(after(name, q, k, v, lens)[0], original(name, q, k, v, lens)[0])
    for bad in ([tokens - 1], [tokens + 1, -1], [-1] + [1] * (tokens + 1), []):
        try:
            after(name, q, k, v, np.array(bad, np.int32))
            raise AssertionError("no error")
        except CallError as error:
            assert "raised attention" in str(error) or "cu_seqlens" in str(error), error


def model(text: str) -> None:
    text = declare(text)
    after = raised(text)
    original, first, second = (
        Module(text),
        Module(after),
        Module(raised(text, "--capstan-host-sync-pipeline"), "--host-sync-pipeline=false"),
    )
    padded = Padded(after, T=TOKENS, B=DOCUMENTS)
    rng = np.random.default_rng(1)
    weights = [
        (rng.standard_normal(shape) * 0.2).astype(np.float32) for shape in padded.shapes()[3:-2]
    ]
    for n in range(BATCHES):
        ids, positions, lens = batch(rng, lengths(rng, n % 5, TOKENS, DOCUMENTS), WORDS)
        arrays = ids, positions, lens, *weights
        expected = original("main", *arrays)[0]
        close(first("main", *arrays)[0], expected)
        close(second("main", *arrays)[0], expected)
        padded.check(*arrays, T=ids.shape[1], B=len(lens), bound=1e-5)


if sys.argv[2] == "small":
    small(Path(sys.argv[3]).read_text(), sys.argv[4][1:])
else:
    model(Path(sys.argv[3]).read_text())
print("passed")

# REQUIRES: runtime, numpy
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/qwen3_0_6b_linalg_scf_for.mlir -o %t.qwen3.mlir
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/llama3_2_1b_linalg_scf_for.mlir -o %t.llama3.mlir
# RUN: %python %s %S/Inputs %t.qwen3.mlir
# RUN: %python %s %S/Inputs %t.llama3.mlir
"""Models of two layers with padded attention behind the static-shape pipeline: random
batches with one document, documents of length 1, and empty ones, all padded slots
poisoned. Batches that fit a bucket take one; others run the original."""

import re
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched

BATCHES = int(sys.argv[3]) if len(sys.argv) > 3 else 20
TOKENS, DOCUMENTS, WORDS = 32, 4, 256


def declare(text: str) -> str:
    """Adds capstan.dims to the arguments of @main that have dynamic sizes."""
    head = re.search(r'<\{(?=function_type = \(([^\n]*?)\) -> [^\n]*?sym_name = "main")', text)
    tokens = 'capstan.dims = [1, #capstan.dim<"T", min = 1, max = 8192>]'
    documents = 'capstan.dims = [#capstan.dim<"B", max = 64>], capstan.lengths = "T"'
    dims = {"tensor<1x?xi64>": tokens, "tensor<?xi32>": documents}
    types = re.findall(r"tensor<[^>]*>", head[1])
    attributes = ", ".join(f"{{{dims.get(t, '')}}}" for t in types)
    return f"{text[: head.end()]}arg_attrs = [{attributes}], {text[head.end() :]}"


def lengths(rng, kind: int) -> np.ndarray:
    documents = 1 if kind == 1 else int(rng.integers(1, DOCUMENTS + 1))
    tokens = documents if kind == 2 else int(rng.integers(documents, TOKENS + 1))
    if kind < 3:  # none empty
        cuts = np.sort(rng.permutation(np.arange(1, tokens))[: documents - 1])
    else:
        cuts = np.sort(rng.integers(0, tokens + 1, documents - 1))
    return np.diff(np.concatenate([[0], cuts, [tokens]])).astype(np.int32)


text = declare(Path(sys.argv[2]).read_text())
signature = text[text.index("function_type = ") : text.index('sym_name = "main"')]
shapes = re.findall(r"tensor<([0-9x]+)xf32>", signature.split("->")[0])
rng = np.random.default_rng(1)
weights = [
    (rng.standard_normal([int(n) for n in shape.split("x")]) * 0.2).astype(np.float32)
    for shape in shapes
]


def batch(lens: np.ndarray) -> list[np.ndarray]:
    ids = rng.integers(0, WORDS, (1, int(lens.sum())))
    positions = np.concatenate([np.arange(length) for length in lens])[None].astype(np.int64)
    return [ids, positions, lens, *weights]


model = Dispatched(text, f"T={TOKENS // 2}/B={DOCUMENTS},T={TOKENS}/B={DOCUMENTS}")
held = []
for n in range(BATCHES):
    results = model.check(*batch(lengths(rng, n % 5)), bound=1e-5)
    assert not isinstance(results, str), results
    held = [*held[-3:], (results[0], results[0].copy())]
    for result, copy in held:
        np.testing.assert_array_equal(result, copy)
counted = model.counted()
assert counted["fallbacks_no_bucket"] == counted["blocking_syncs"] == 0, counted
assert counted["overlapped_syncs"] == 0 and counted["graph_captures"] == 2, counted
assert counted["graph_replays"] == BATCHES - 2, counted
for lens in [(TOKENS + 1,), [1] * (DOCUMENTS + 1)]:
    model.check(*batch(np.array(lens, np.int32)), bound=1e-5)
    assert model.counted()["fallbacks_too_large"] == 1
    model.check(*batch(lengths(rng, 0)), bound=1e-5)
    assert model.counted()["graph_replays"] == 1
print("passed")

# REQUIRES: runtime, numpy
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/qwen3_0_6b_linalg_scf_for.mlir -o %t.qwen3.mlir
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/llama3_2_1b_linalg_scf_for.mlir -o %t.llama3.mlir
# RUN: %python %s %S/Inputs %t.qwen3.mlir true
# RUN: %python %s %S/Inputs %t.llama3.mlir false
"""Models of two layers behind the static-shape pipeline, with attention raised or
padded: random batches with one document, documents of length 1, and empty ones, all
padded slots poisoned. Batches that fit a bucket take one; others run the original.

    static_corpus.py INPUTS MODEL RAISE [BATCHES]"""

import re
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from dispatched import Dispatched
from packed import batch, declare, lengths

BATCHES = int(sys.argv[4]) if len(sys.argv) > 4 else 20
TOKENS, DOCUMENTS, WORDS = 32, 4, 256

text = declare(Path(sys.argv[2]).read_text())
signature = text[text.index("function_type = ") : text.index('sym_name = "main"')]
shapes = re.findall(r"tensor<([0-9x]+)xf32>", signature.split("->")[0])
rng = np.random.default_rng(1)
weights = [
    (rng.standard_normal([int(n) for n in shape.split("x")]) * 0.2).astype(np.float32)
    for shape in shapes
]


def check(lens) -> list[np.ndarray]:
    arguments = batch(rng, np.array(lens, np.int32), WORDS)
    results = model.check(*arguments, *weights, bound=1e-5)
    assert not isinstance(results, str), results
    return results


buckets = f"T={TOKENS // 2}/B={DOCUMENTS},T={TOKENS}/B={DOCUMENTS}"
model = Dispatched(text, buckets, **{"raise-attention": sys.argv[3]})
held = []
for n in range(BATCHES):
    results = check(lengths(rng, n % 5, TOKENS, DOCUMENTS))
    held = [*held[-3:], (results[0], results[0].copy())]
    for result, copy in held:
        np.testing.assert_array_equal(result, copy)
counted = model.counted()
assert counted["fallbacks_no_bucket"] == counted["blocking_syncs"] == 0, counted
assert counted["overlapped_syncs"] == 0 and counted["graph_captures"] == 2, counted
assert counted["graph_replays"] == BATCHES - 2, counted
assert (counted["attentions"] > 0) == (sys.argv[3] == "true"), counted
for lens in [(TOKENS + 1,), [1] * (DOCUMENTS + 1)]:
    check(lens)
    assert model.counted()["fallbacks_too_large"] == 1
    check(lengths(rng, 0, TOKENS, DOCUMENTS))
    assert model.counted()["graph_replays"] == 1
print("passed")

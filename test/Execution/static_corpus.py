# REQUIRES: runtime, numpy
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/qwen3_0_6b_linalg_scf_for.mlir -o %t.qwen3.mlir
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/llama3_2_1b_linalg_scf_for.mlir -o %t.llama3.mlir
# RUN: %python %s %S/Inputs %t.qwen3.mlir
# RUN: %python %s %S/Inputs %t.llama3.mlir
"""Models of two layers with padded attention, padded to a bucket: random batches with
one document, documents of length 1, and empty ones, all padded slots poisoned."""

import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from packed import batch, declare, lengths
from padding import Padded

BATCHES = int(sys.argv[3]) if len(sys.argv) > 3 else 20
TOKENS, DOCUMENTS, WORDS = 32, 4, 256


padded = Padded(declare(Path(sys.argv[2]).read_text()), T=TOKENS, B=DOCUMENTS)
rng = np.random.default_rng(1)
weights = [(rng.standard_normal(shape) * 0.2).astype(np.float32) for shape in padded.shapes[3:-2]]
for n in range(BATCHES):
    ids, positions, lens = batch(rng, lengths(rng, n % 5, TOKENS, DOCUMENTS), WORDS)
    extents = {"T": ids.shape[1], "B": len(lens)}
    padded.check(ids, positions, lens, *weights, **extents, bound=1e-5)
print("passed")

# REQUIRES: runtime, numpy
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/qwen3_0_6b_linalg_scf_for.mlir -o %t.qwen3.mlir
# RUN: %python %capstan_src/utils/shrink_model.py \
# RUN:   %corpus/llama3_2_1b_linalg_scf_for.mlir -o %t.llama3.mlir
# RUN: %python %s %S/Inputs %t.qwen3.mlir
# RUN: %python %s %S/Inputs %t.llama3.mlir
"""Models of two layers with padded attention, padded to a bucket: random batches with
one document, documents of length 1, and empty ones, all padded slots poisoned."""

import re
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from padding import Padded

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


padded = Padded(declare(Path(sys.argv[2]).read_text()), T=TOKENS, B=DOCUMENTS)
rng = np.random.default_rng(1)
weights = [(rng.standard_normal(shape) * 0.2).astype(np.float32) for shape in padded.shapes[3:-2]]
for n in range(BATCHES):
    lens = lengths(rng, n % 5)
    tokens = int(lens.sum())
    ids = rng.integers(0, WORDS, (1, tokens))
    positions = np.concatenate([np.arange(length) for length in lens])[None].astype(np.int64)
    padded.check(ids, positions, lens, *weights, T=tokens, B=len(lens), bound=1e-5)
print("passed")

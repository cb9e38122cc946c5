"""Batches of packed documents, for models of the corpus."""

import re

import numpy as np


def declare(text: str) -> str:
    """Adds capstan.dims to the arguments of @main that have dynamic sizes."""
    head = re.search(r'<\{(?=function_type = \(([^\n]*?)\) -> [^\n]*?sym_name = "main")', text)
    tokens = 'capstan.dims = [1, #capstan.dim<"T", min = 1, max = 8192>]'
    documents = 'capstan.dims = [#capstan.dim<"B", max = 64>], capstan.lengths = "T"'
    dims = {"tensor<1x?xi64>": tokens, "tensor<?xi32>": documents}
    types = re.findall(r"tensor<[^>]*>", head[1])
    attributes = ", ".join(f"{{{dims.get(t, '')}}}" for t in types)
    return f"{text[: head.end()]}arg_attrs = [{attributes}], {text[head.end() :]}"


def lengths(rng, kind: int, most_tokens: int, most_documents: int) -> np.ndarray:
    """One document (kind 1), documents of length 1 (2), empty ones (over 2), or anything else."""
    documents = 1 if kind == 1 else int(rng.integers(1, most_documents + 1))
    tokens = documents if kind == 2 else int(rng.integers(documents, most_tokens + 1))
    if kind < 3:  # none empty
        cuts = np.sort(rng.permutation(np.arange(1, tokens))[: documents - 1])
    else:
        cuts = np.sort(rng.integers(0, tokens + 1, documents - 1))
    return np.diff(np.concatenate([[0], cuts, [tokens]])).astype(np.int32)


def batch(rng, lens: np.ndarray, words: int) -> tuple[np.ndarray, ...]:
    """Token ids, positions and lengths."""
    ids = rng.integers(0, words, (1, int(lens.sum())))
    positions = np.concatenate([np.arange(length) for length in lens])[None].astype(np.int64)
    return ids, positions, lens

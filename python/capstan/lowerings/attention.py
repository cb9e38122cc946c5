"""Attention: packed by capstan.varlen_attention, masked over all pairs."""

from __future__ import annotations

import math

from ..context import Context, TensorType
from ..mlir_text import Value, number
from ..scalars import accumulator
from ..symbols import equal, product
from . import lowering
from .matmul import flattened, product_of
from .reductions import softmax_of


@lowering("capstan.varlen_attention.default")
def varlen_attention(
    ctx: Context, q, k, v, cu_q, cu_k, max_q, max_k, scale, causal, window_left, window_right
) -> list[Value]:
    window, logs = (window_left, window_right), ctx.out[1]
    return packed(ctx, q, k, v, (cu_q, cu_k), (max_q, max_k), scale, causal, window, logs)


@lowering("torch_attn._varlen_attn.default")
def varlen_attn(
    ctx: Context, q, k, v, cu_q, cu_k, max_q, max_k, causal=False, scale=None, window=None,
    enable_gqa=False, used_k=None, blocks=None, *_,
) -> list[Value]:  # fmt: skip
    """torch.nn.attention.varlen.varlen_attn"""
    if used_k is not None or blocks is not None:
        raise ctx.refuse("keys in pages, or fewer than the documents hold")
    documents = (cu_q, cu_q if cu_k is None else cu_k)
    return _of_library(ctx, q, k, v, documents, (max_q, max_k), causal, scale, window)


@lowering("aten._flash_attention_forward.default")
def flash_attention(
    ctx: Context, q, k, v, cu_q, cu_k, max_q, max_k, dropout, causal, debug, scale=None,
    left=None, right=None, used_k=None, slopes=None, blocks=None, *_,
) -> list[Value]:  # fmt: skip
    """PyTorch's own op of flash-attn."""
    if cu_q is None or cu_k is None:
        raise ctx.refuse("rows of a batch instead of documents")
    if dropout or any(v is not None for v in (used_k, slopes, blocks)):
        raise ctx.refuse("dropout, slopes of alibi, or keys in pages")
    window = [-1 if n is None else n for n in (left, right)]
    return _of_library(ctx, q, k, v, (cu_q, cu_k), (max_q, max_k), causal, scale, window)


@lowering("flash_attn._flash_attn_varlen_forward.default")
def flash_attn_varlen(
    ctx: Context, q, k, v, cu_q, cu_k, max_q, max_k, dropout, scale, causal, left=-1, right=-1,
    softcap=0.0, slopes=None, return_softmax=False, blocks=None, leftpad=None, used_k=None, *_,
) -> list[Value]:  # fmt: skip
    """flash-attn's flash_attn_varlen_func"""
    if dropout or softcap or any(v is not None for v in (slopes, blocks, leftpad, used_k)):
        raise ctx.refuse("dropout, a softcap, slopes of alibi, or keys in pages")
    return _of_library(ctx, q, k, v, (cu_q, cu_k), (max_q, max_k), causal, scale, (left, right))


def _of_library(ctx: Context, q, k, v, documents, longest, causal, scale, window) -> list[Value]:
    """Results are the output and the logarithms; what else there is, random state, is zeros."""
    scale = 1 / math.sqrt(q.shape[2]) if scale is None else scale
    left, right = window or (-1, -1)
    # A causal query sees nothing behind the diagonal.
    window = (left, -1 if causal else right)
    logs = TensorType((q.shape[1], q.shape[0]), "f32")
    found = packed(ctx, q, k, v, documents, longest, scale, causal, window, logs)
    return [*found, *(ctx.splat(0, out) for out in ctx.out[2:])]


def packed(ctx, q, k, v, documents, longest, scale, causal, window=(-1, -1), logs=None):
    """The operation; with `logs`, the type of the logarithms of the sums, those as well."""
    f = ctx.f
    longest = [ctx.scalar(n, "index") for n in longest]
    offsets = [cu.shape[0] for cu in documents]
    if not equal(*offsets):
        same = ctx.s.compare("eq", *map(f.size, offsets))
        ctx.check(same, "attention: offsets of queries and of keys for different documents")
    documents = [ctx.cast(cu, "i32") for cu in documents]
    init = f.empty((*q.shape[:2], v.shape[2]), q.element)
    inits = [init] + ([f.empty(logs.shape, "f32")] if logs else [])
    results = [f.fresh(i.element, i.shape) for i in inits]
    operands = [q, k, v, *documents, *longest]
    attributes = ["causal"] if causal else []
    attributes.append(f"scale = {number(scale, 'f64')} : f64")
    for name, size in zip(("left", "right"), window, strict=True):
        if size >= 0:  # below, all keys
            attributes.append(f"window_{name} = {size} : i64")
    types = ", ".join(i.type for i in inits)
    f.emit(
        f"capstan.varlen_attention ins({', '.join(map(str, operands))} : "
        f"{', '.join(o.type for o in operands)}) outs({', '.join(map(str, inits))} : {types}) "
        f"{{{', '.join(attributes)}}} -> {types}",
        *results,
    )
    return results if logs else results[0]


def rows_as_documents(ctx: Context, rows, length) -> Value:
    """0, length, 2 * length, ...: every row of a batch is a document."""
    step = ctx.f.size(length)

    def body(s, i: Value) -> Value:
        return s.mul(i, step)

    return ctx.indices([rows + 1], "i32", body)


@lowering("aten.scaled_dot_product_attention.default")
def scaled_dot_product_attention(
    ctx: Context, q, k, v, mask=None, dropout=0.0, is_causal=False, scale=None, enable_gqa=False
) -> Value:
    if dropout:
        raise ctx.refuse("dropout in training: call model.eval() first")
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    same_batch = q.rank == k.rank == v.rank == 4 and equal(q.shape[0], k.shape[0])
    if mask is None and same_batch and (not is_causal or equal(q.shape[2], k.shape[2])):
        return _rows(ctx, q, k, v, is_causal, scale)
    return _masked(ctx, q, k, v, mask, is_causal, scale)


def _rows(ctx: Context, q, k, v, causal: bool, scale: float) -> Value:
    """Without a mask, every row of the batch is a document."""

    def tokens(x: Value) -> Value:  # [B, H, L, D] to [B * L, H, D]
        x = ctx.transpose(x, [0, 2, 1, 3])
        return ctx.reshape(x, [product(x.shape[:2]), *x.shape[2:]])

    lengths = (q.shape[2], k.shape[2])
    documents = [rows_as_documents(ctx, q.shape[0], n) for n in lengths]
    longest = [ctx.f.size(n) for n in lengths]
    y = packed(ctx, *map(tokens, (q, k, v)), documents, longest, scale, causal)
    y = ctx.reshape(y, [q.shape[0], q.shape[2], q.shape[1], v.shape[3]])
    return ctx.cast(ctx.transpose(y, [0, 2, 1, 3]), ctx.out.element)


def _masked(ctx: Context, q, k, v, mask, causal: bool, scale: float) -> Value:
    """softmax(scale * q k^T + mask) v. Heads of queries that share a head of keys are rows."""
    heads, of_keys = (q.shape[-3], k.shape[-3]) if q.rank >= 3 else (1, 1)
    rows, keys = q.shape[-2], k.shape[-2]
    grouped = not equal(heads, of_keys)
    if any(x.rank != q.rank for x in (k, v)) or not all(
        equal(a, b) for a, b in zip(q.shape[: max(q.rank - 3, 0)], k.shape, strict=False)
    ):
        raise ctx.refuse("batches of different shapes")
    compute = accumulator(q.element)
    batch = q.shape[:-2]
    shared = (*batch[:-1], of_keys, (heads // of_keys) * rows) if grouped else (*batch, rows)
    queries = ctx.elementwise(
        [q], lambda s, x: s.mul(x, s.constant(scale, x)), out=TensorType(q.shape, q.element)
    )
    queries = ctx.reshape(queries, [*shared, q.shape[-1]])
    scores = product_of(ctx, flattened(ctx, queries, 2), flattened(ctx, k, 2), transpose_b=True)
    scores = ctx.reshape(scores, [*batch, rows, keys])
    wide = TensorType(scores.shape, compute)
    if mask is not None:

        def masked(s, x: Value, m: Value) -> Value:
            x = s.cast(x, compute)
            if m.element == "i1":
                return s.select(m, x, s.constant(-math.inf, x))
            return s.add(x, s.cast(m, compute))

        scores = ctx.elementwise([scores, mask], masked, "", wide)
    if causal:
        last = len(scores.shape) - 1

        def before(s, x: Value) -> Value:
            i = ctx.f.emit(f"linalg.index {last - 1} : index", "index")
            j = ctx.f.emit(f"linalg.index {last} : index", "index")
            return s.select(s.compare("le", j, i), x, s.constant(-math.inf, x))

        scores = ctx.elementwise([scores], before, compute, wide)
    # A query that sees no key gives zeros, as in PyTorch.
    out = TensorType(scores.shape, q.element)
    weights = softmax_of(ctx, scores, -1, out, safe=mask is not None)
    weights = ctx.reshape(weights, [*shared, keys])
    y = product_of(ctx, flattened(ctx, weights, 2), flattened(ctx, v, 2))
    return ctx.cast(ctx.reshape(y, ctx.out.shape), ctx.out.element)

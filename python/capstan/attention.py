"""Packed attention as an op of PyTorch, and as `attn_implementation="capstan"` of Hugging Face.

`capstan::varlen_attention` is `capstan.varlen_attention` of the IR. In eager it is the reference
below, on any device; torch.export keeps it as one op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

# -- the op --------------------------------------------------------------------


def _documents(cu_q: torch.Tensor, cu_k: torch.Tensor) -> Iterator[tuple[slice, slice]]:
    starts_q, starts_k = cu_q.tolist(), cu_k.tolist()
    if len(starts_q) != len(starts_k):
        raise ValueError(f"{len(starts_q)} offsets of queries, {len(starts_k)} of keys")
    for i in range(len(starts_q) - 1):
        yield slice(starts_q[i], starts_q[i + 1]), slice(starts_k[i], starts_k[i + 1])


def _scores(q, k, scale: float, causal: bool, left: int, right: int) -> torch.Tensor:
    """Masked scores [heads, queries, keys] of one document, in float."""
    group = q.shape[1] // k.shape[1]
    keys = k.repeat_interleave(group, 1)
    scores = torch.einsum("qhd,khd->hqk", q.float(), keys.float()) * scale
    i = torch.arange(q.shape[0], device=q.device)[:, None] + (k.shape[0] - q.shape[0])
    j = torch.arange(k.shape[0], device=q.device)[None]
    hidden = torch.zeros_like(i - j, dtype=torch.bool)
    if causal:
        hidden |= j > i
    if left >= 0:
        hidden |= j < i - left
    if right >= 0:
        hidden |= j > i + right
    return scores.masked_fill(hidden, -torch.inf)


@torch.library.custom_op("capstan::varlen_attention", mutates_args=())
def varlen_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    cu_seqlens_q: torch.Tensor,
    cu_seqlens_k: torch.Tensor,
    max_q: int,
    max_k: int,
    scale: float,
    causal: bool = False,
    window_left: int = -1,
    window_right: int = -1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention over packed documents, and the logarithms of the sums of exponentials.

    q is [tokens, heads, head_dim]; document d has the queries cu_seqlens_q[d] to
    cu_seqlens_q[d + 1]; see the op in docs/generated/CapstanOps.md for all it promises.
    """
    out = q.new_zeros(q.shape[0], q.shape[1], v.shape[2])
    logs = q.new_full((q.shape[1], q.shape[0]), -torch.inf, dtype=torch.float32)
    for queries, keys in _documents(cu_seqlens_q, cu_seqlens_k):
        scores = _scores(q[queries], k[keys], scale, causal, window_left, window_right)
        log = scores.logsumexp(-1)
        # A query without keys gives zeros.
        weights = (scores - log.masked_fill(log == -torch.inf, 0)[..., None]).exp()
        values = v[keys].repeat_interleave(q.shape[1] // k.shape[1], 1).float()
        out[queries] = torch.einsum("hqk,khd->qhd", weights, values).to(q.dtype)
        logs[:, queries] = log
    return out, logs


@varlen_attention.register_fake
def _(q, k, v, cu_seqlens_q, cu_seqlens_k, *_args, **_kwargs):
    out = q.new_empty(q.shape[0], q.shape[1], v.shape[2])
    return out, q.new_empty(q.shape[1], q.shape[0], dtype=torch.float32)


@torch.library.custom_op("capstan::varlen_attention_backward", mutates_args=())
def varlen_attention_backward(
    grad: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    out: torch.Tensor,
    logs: torch.Tensor,
    cu_seqlens_q: torch.Tensor,
    cu_seqlens_k: torch.Tensor,
    scale: float,
    causal: bool,
    window_left: int,
    window_right: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of q, k and v."""
    dq, dk, dv = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
    heads_k, group = k.shape[1], q.shape[1] // k.shape[1]
    for queries, keys in _documents(cu_seqlens_q, cu_seqlens_k):
        scores = _scores(q[queries], k[keys], scale, causal, window_left, window_right)
        log = logs[:, queries]
        weights = (scores - log.masked_fill(log == -torch.inf, 0)[..., None]).exp()
        g, o = grad[queries].float(), out[queries].float()
        values = v[keys].repeat_interleave(group, 1).float()
        of_keys = k[keys].repeat_interleave(group, 1).float()
        of_weights = torch.einsum("qhd,khd->hqk", g, values)
        of_scores = weights * (of_weights - (g * o).sum(-1).T[..., None]) * scale
        dq[queries] = torch.einsum("hqk,khd->qhd", of_scores, of_keys).to(q.dtype)
        shared = (-1, heads_k, group)
        of_k = torch.einsum("hqk,qhd->khd", of_scores, q[queries].float())
        of_v = torch.einsum("hqk,qhd->khd", weights, g)
        dk[keys] = of_k.reshape(*shared, k.shape[2]).sum(2).to(k.dtype)
        dv[keys] = of_v.reshape(*shared, v.shape[2]).sum(2).to(v.dtype)
    return dq, dk, dv


@varlen_attention_backward.register_fake
def _(grad, q, k, v, *_args):
    return torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)


def _save(ctx, inputs, output) -> None:
    q, k, v, cu_q, cu_k, _, _, *ctx.rest = inputs
    ctx.save_for_backward(q, k, v, *output, cu_q, cu_k)
    ctx.mark_non_differentiable(output[1])


def _backward(ctx, grad, _):
    q, k, v, out, logs, cu_q, cu_k = ctx.saved_tensors
    grads = varlen_attention_backward(grad, q, k, v, out, logs, cu_q, cu_k, *ctx.rest)
    return (*grads, *[None] * (4 + len(ctx.rest)))


varlen_attention.register_autograd(_backward, setup_context=_save)

# -- Hugging Face --------------------------------------------------------------

REFUSED = {
    "softcap": "softcap",
    "s_aux": "attention sinks",
    "position_bias": "position bias",
}
CUSTOM_MASKS = ("chunked_overlay", "blockwise_overlay")


class Unsupported(ValueError):
    """What attn_implementation="capstan" doesn't compute."""


def _documents_of_positions(positions: torch.Tensor, batch: int) -> torch.Tensor:
    """Offsets of documents: one starts with each row, and where a position isn't one more than
    the one before. How many there are is read from the device.
    """
    positions = positions.expand(batch, -1)
    # The position before the first is made one that no document goes on from.
    starts = positions.diff(dim=-1, prepend=positions[:, :1] - 2).flatten() != 1
    places = starts.nonzero().squeeze(1)
    end = places.new_full((1,), starts.shape[0])
    return torch.cat([places, end]).to(torch.int32)


def _documents_of_rows(batch: int, length: int, device: torch.device) -> torch.Tensor:
    return torch.arange(batch + 1, device=device, dtype=torch.int32) * length


def _documents_of_mask(mask: torch.Tensor) -> torch.Tensor:
    """Offsets of three documents a row: padding before, the tokens, padding behind. Nothing is
    read; a row whose tokens are not in one piece fails on the device.
    """
    batch, length = mask.shape
    first, count = mask.int().argmax(1), mask.sum(1)
    place = torch.arange(length, device=mask.device)
    inside = (place >= first[:, None]) & (place < (first + count)[:, None])
    torch._assert_async(
        (inside == mask).all(), "capstan: tokens of a row must be in one piece, without gaps"
    )
    row = torch.arange(batch, device=mask.device) * length
    starts = torch.stack([row, row + first, row + first + count], 1).flatten()
    return torch.cat([starts, row.new_full((1,), batch * length)]).to(torch.int32)


def _text_positions(positions: torch.Tensor | None, batch: int) -> torch.Tensor | None:
    """The positions that tell documents apart, [rows, length]; None if there are none.

    Three-dimensional ones (one row an axis: time, height, width) don't: those of an image
    repeat. A fourth row, the first, has the places in the text.
    """
    if positions is None:
        return None
    if positions.dim() == 3:
        return positions[0] if positions.shape[0] == 4 else None
    if positions.dim() == 1:
        return positions[None]
    return positions if positions.shape[0] in (1, batch) else None


def attention_forward(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    **kwargs: object,
) -> tuple[torch.Tensor, None]:
    """The function that Hugging Face's models call; query is [batch, heads, length, head_dim].

    Documents are told apart by, in this order: `cu_seq_lens_q`, `cu_seq_lens_k` (a batch of one
    row); a mask of padding, [batch, keys]; `position_ids`; else each row is one.
    """
    for name, what in REFUSED.items():
        if kwargs.get(name) is not None:
            raise Unsupported(f"attn_implementation='capstan' has no {what} ({name})")
    if dropout:
        raise Unsupported("attn_implementation='capstan' has no dropout: call model.eval()")
    if kwargs.get("output_attentions"):
        raise Unsupported("attn_implementation='capstan' has no weights to return")
    batch, _, queries, _ = query.shape
    keys = key.shape[2]
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    cu_q, cu_k = kwargs.get("cu_seq_lens_q"), kwargs.get("cu_seq_lens_k")
    longest = None
    if cu_q is not None:
        if batch != 1:
            raise Unsupported(f"cu_seq_lens_q with a batch of {batch} rows: flatten it to one")
        cu_k = cu_q if cu_k is None else cu_k
        longest = [_bound(kwargs.get(f"max_length_{x}")) for x in "qk"]
    elif attention_mask is not None:
        if attention_mask.dim() != 2:
            raise Unsupported(
                f"attn_implementation='capstan' takes masks [batch, length] of padding, not "
                f"{list(attention_mask.shape)}"
            )
        mask = attention_mask.bool()
        cu_k = _documents_of_mask(mask[:, :keys])
        cu_q = (
            cu_k if queries is keys or queries == keys else _documents_of_mask(mask[:, -queries:])
        )
    else:
        positions = _text_positions(kwargs.get("position_ids"), batch)
        if positions is not None and positions.shape[-1] == queries == keys:
            cu_q = cu_k = _documents_of_positions(positions, batch)
        else:
            cu_q = _documents_of_rows(batch, queries, query.device)
            cu_k = _documents_of_rows(batch, keys, query.device)
    # Any bound up to the number of tokens gives the same.
    most = [batch * queries, batch * keys]
    longest = [m if n is None else n for n, m in zip(longest or most, most, strict=True)]
    left, right = -1, -1
    if sliding_window is not None:
        # As Hugging Face's masks: a window of n tokens with the query's own, if causal; else n
        # on both sides.
        left = sliding_window - 1 if causal else sliding_window
        right = -1 if causal else sliding_window
    packed = [x.transpose(1, 2).flatten(0, 1) for x in (query, key, value)]
    scale = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    documents = cu_q.to(torch.int32), cu_k.to(torch.int32)
    out, _ = varlen_attention(*packed, *documents, *longest, scale, bool(causal), left, right)
    return out.view(batch, queries, *out.shape[1:]), None


def _bound(length: object) -> int | torch.SymInt | None:
    """A tensor is read, as models do; a plain integer would be part of an exported program."""
    if isinstance(length, torch.Tensor):
        return length.item()
    tracing = torch.compiler.is_exporting()
    return None if length is None or (tracing and type(length) is int) else length


def attention_mask(
    batch_size: int,
    q_length: int,
    kv_length: int,
    *_: object,
    mask_function: Callable | None = None,
    attention_mask: torch.Tensor | None = None,
    use_vmap: bool = False,
    **kwargs: object,
) -> torch.Tensor | None:
    """The mask of padding as it is: the attention function makes documents of it."""
    custom = next((n for n in _overlays(mask_function) if n.startswith(CUSTOM_MASKS)), None)
    if use_vmap or custom:
        raise Unsupported(
            f"attn_implementation='capstan' has no {custom or 'mask by a function of the model'}"
        )
    return None if attention_mask is None else attention_mask[:, :kv_length]


def _overlays(function: Callable | None) -> Iterator[str]:
    """Names of the functions that a mask of Hugging Face is composed of."""
    if not callable(function):
        return
    yield getattr(function, "__qualname__", "")
    for cell in getattr(function, "__closure__", None) or ():
        inner = cell.cell_contents
        for f in inner if isinstance(inner, tuple) else (inner,):
            if callable(f) and not isinstance(f, torch.Tensor):
                yield from _overlays(f)


def register_attention() -> None:
    """Makes `attn_implementation="capstan"` known to Hugging Face's transformers."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register("capstan", attention_forward)
    ALL_MASK_ATTENTION_FUNCTIONS.register("capstan", attention_mask)

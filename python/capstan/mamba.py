"""The scan of Mamba2 as one op of PyTorch, which torch.export keeps.

Hugging Face computes it in chunks whose number depends on the length, which torch.export can't
trace for lengths that vary. `traced_as_op` puts the op there while a model is exported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F


@torch.library.custom_op("capstan::mamba2_scan", mutates_args=())
def mamba2_scan(
    x: torch.Tensor, decay: torch.Tensor, b: torch.Tensor, c: torch.Tensor, initial: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """A state of each head, [head_dim, state], goes over the tokens:

        state = exp(decay[t]) * state + outer(x[t], b[t]);  y[t] = state @ c[t]

    x is [batch, length, heads, head_dim], decay [batch, length, heads], b and c are [batch, length,
    groups, state], `initial` and the second result [batch, heads, head_dim, state]; all f32.
    """
    group = x.shape[2] // b.shape[2]
    b, c = b.repeat_interleave(group, 2), c.repeat_interleave(group, 2)
    state, out = initial.clone(), torch.empty_like(x)
    for t in range(x.shape[1]):
        state = state * decay[:, t, :, None, None].exp() + x[:, t, ..., None] * b[:, t, :, None]
        out[:, t] = (state * c[:, t, :, None]).sum(-1)
    return out, state


@mamba2_scan.register_fake
def _(x, decay, b, c, initial):
    return torch.empty_like(x), torch.empty_like(initial)


def chunk_scan(
    hidden_states, dt, A, B, C, chunk_size, D=None, z=None, dt_bias=None, initial_states=None,
    dt_softplus=False, dt_limit=(0.0, float("inf")), return_final_states=False, **kwargs,
):  # fmt: skip
    """What Hugging Face's mamba2_chunk_scan computes, by the op."""
    if kwargs.get("seq_idx") is not None:
        raise NotImplementedError("Mamba layers don't tell packed documents apart (seq_idx)")
    if dt_bias is not None:
        dt = dt + dt_bias.to(dt.dtype)
    dt = F.softplus(dt) if dt_softplus else dt
    dt = dt.clamp(*dt_limit).float()
    x, b, c = hidden_states.float(), B.float(), C.float()
    if initial_states is None:
        initial_states = x.new_zeros(x.shape[0], *x.shape[2:], b.shape[-1])
    decay = A.float() * dt
    out, state = mamba2_scan(x * dt[..., None], decay, b, c, initial_states.float())
    out = out if D is None else out + D[..., None] * x
    out = out if z is None else out * F.silu(z)
    out = out.to(hidden_states.dtype)
    return (out, state) if return_final_states else out


@contextmanager
def traced_as_op() -> Iterator[None]:
    """Models of transformers use the op inside."""
    # Looking into a lazy module would import others.
    modules = [
        m for name, m in list(sys.modules.items())
        if name.startswith("transformers.models.") and "mamba2_chunk_scan" in vars(m)
    ]  # fmt: skip
    before = [m.mamba2_chunk_scan for m in modules]
    for m in modules:
        m.mamba2_chunk_scan = chunk_scan
    try:
        yield
    finally:
        for m, function in zip(modules, before, strict=True):
            m.mamba2_chunk_scan = function

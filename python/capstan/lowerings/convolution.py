"""Convolutions: one linalg.generic over the padded input."""

from __future__ import annotations

from ..context import Context
from ..mlir_text import Value
from ..scalars import accumulator
from . import lowering
from .shapes import constant_pad


@lowering("aten.conv1d.default", "aten.conv2d.default", "aten.convolution.default")
def convolution(
    ctx: Context, x, weight, bias=None, stride=1, padding=0, dilation=1, *rest
) -> Value:
    """x is [batch, channels, ...], the weight [channels out, channels of a group, ...]."""
    if len(rest) == 3 and (rest[0] or any(rest[1])):
        raise ctx.refuse("a transposed convolution")
    groups = rest[-1] if rest else 1
    n = weight.rank - 2
    if x.rank != n + 2 or isinstance(padding, str):
        raise ctx.refuse("no batch, or padding by name")
    stride, padding, dilation = (
        list(v) * n if isinstance(v, (list, tuple)) and len(v) == 1
        else list(v) if isinstance(v, (list, tuple)) else [v] * n
        for v in (stride, padding, dilation)
    )  # fmt: skip
    out = ctx.out
    if any(padding):
        ctx.out = _padded(x, padding)
        x = constant_pad(ctx, x, [p for d in reversed(padding) for p in (d, d)])
        ctx.out = out
    f, kind = ctx.f, accumulator(x.element)
    per_in, per_out = weight.shape[1], weight.shape[0] // groups
    places, sizes = list(x.shape[2:]), list(out.shape[2:])
    x = ctx.reshape(x, [x.shape[0], groups, per_in, *places])
    kernel = ctx.reshape(weight, [groups, per_out, *weight.shape[1:]])
    shape = [out.shape[0], groups, per_out, *sizes]
    init = f.filled(shape, f.constant(0.0, kind))
    # Loops: batch, group, channel out, places, channel in, taps.
    first, taps = 3 + n, [4 + n + i for i in range(n)]
    moved = [f"d{3 + i} * {stride[i]} + d{tap} * {dilation[i]}" for i, tap in enumerate(taps)]
    loops = [*shape, per_in, *weight.shape[2:]]
    operands = [
        (x, [0, 1, first, *moved]),
        (kernel, [1, 2, first, *taps]),
    ]

    def body(a: Value, w: Value, total: Value) -> list[Value]:
        s = ctx.s
        return [s.add(total, s.mul(s.cast(a, kind), s.cast(w, kind)))]

    inits = [(init, list(range(3 + n)))]
    y = f.generic(operands, inits, loops, body, range(first, len(loops)))[0]
    y = ctx.reshape(y, out.shape)
    if bias is None:
        return ctx.cast(y, out.element)
    bias = ctx.reshape(bias, [bias.shape[0], *[1] * n])
    return ctx.elementwise([y, bias], lambda s, y, b: s.add(y, b))


def _padded(x: Value, padding: list[int]):
    from ..context import TensorType
    from ..symbols import as_size

    places = [as_size(s + 2 * p) for s, p in zip(x.shape[2:], padding, strict=True)]
    return TensorType((*x.shape[:2], *places), x.element, x.unsigned)

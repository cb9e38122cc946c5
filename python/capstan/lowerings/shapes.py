"""Ops that move elements: views, slices, concatenations, new tensors."""

from __future__ import annotations

from functools import reduce

import torch
from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols

from ..context import Context, TensorType
from ..mlir_text import Value
from ..symbols import as_size, equal, product
from . import lowering


@lowering(
    "aten.view.default", "aten.reshape.default", "aten._unsafe_view.default",
    "aten.flatten.using_ints", "aten.squeeze.default", "aten.squeeze.dim", "aten.squeeze.dims",
    "aten.unsqueeze.default", "aten.unflatten.int", "aten.view_as.default",
    "aten.reshape_as.default",
)  # fmt: skip
def reshape(ctx: Context, x, *_) -> Value:
    return ctx.reshape(x, ctx.out.shape)


@lowering("aten.expand.default", "aten.expand_as.default", "aten.broadcast_to.default")
def expand(ctx: Context, x, *_) -> Value:
    return ctx.broadcast(x, ctx.out.shape)


@lowering("aten.permute.default")
def permute(ctx: Context, x, dims) -> Value:
    return ctx.transpose(x, dims)


@lowering("aten.transpose.int")
def transpose(ctx: Context, x, a, b) -> Value:
    if not x.rank:
        return x
    order = list(range(x.rank))
    order[a], order[b] = order[b], order[a]
    return ctx.transpose(x, order)


@lowering("aten.t.default")
def t(ctx: Context, x) -> Value:
    return ctx.transpose(x, list(reversed(range(x.rank))))


@lowering("aten.slice.Tensor")
def slice_(ctx: Context, x, dim=0, start=None, end=None, step=1) -> Value:
    """The result's size is torch's; only where it starts is computed."""
    dim %= x.rank
    size, length = ctx.out.shape[dim], x.shape[dim]
    if equal(size, length) and step == 1:
        return x
    if ctx.is_new(size) or free_unbacked_symbols([start]):
        return _slice_by_values(ctx, x, dim, start, end, step)
    start = 0 if start is None else as_size(start)
    return ctx.slice_dim(x, dim, _place(start, length), size, as_size(step))


def _slice_by_values(ctx: Context, x, dim, start, end, step) -> Value:
    """Where torch.export knows neither the size nor the sign of the start: Python's rules, on host
    values.
    """
    s, length = ctx.s, ctx.f.size(x.shape[dim])
    zero = s.constant(0, "index")

    first = zero if start is None else _host_place(ctx, start, length)
    last = length if end is None else _host_place(ctx, end, length)
    by = ctx.scalar(step, "index")
    count = s.maximum(s.sub(last, first), zero)
    count = ctx.f.emit(f"arith.ceildivsi {count}, {by} : index", "index")
    size = ctx.out.shape[dim]
    if ctx.is_new(size):
        ctx.sizes.define(size, count)
    else:
        ctx.check(s.compare("eq", ctx.f.size(size), count), "slice: places don't fit the size")
    offsets, strides = [0] * x.rank, [1] * x.rank
    offsets[dim], strides[dim] = first, as_size(step)
    return ctx.slice(x, offsets, ctx.out.shape, strides)


def _host_place(ctx: Context, value, length: Value) -> Value:
    """The place that a slice's start or end stands for: of negative ones, from the end."""
    s, value = ctx.s, ctx.scalar(value, "index")
    zero = s.constant(0, "index")
    value = s.select(s.compare("lt", value, zero), s.add(value, length), value)
    return s.minimum(s.maximum(value, zero), length)


def _place(start, length):
    """A place in 0 .. length that Python's negative or too large index stands for."""
    if isinstance(start, int) and start >= 0:
        if isinstance(length, int):
            return min(start, length)
        # torch.export knows the size of the result, but `length` may be below `start`.
        return start if start == 0 else _bounded(start, length)
    if isinstance(start, int):
        if isinstance(length, int):
            return max(length + start, 0)
        import sympy
        from torch.utils._sympy.functions import Max

        return as_size(Max(length + sympy.Integer(start), 0))
    return _bounded(_from_end(start, length), length)


def _from_end(start, length):
    if start.is_nonnegative:
        return start
    if (start + length).is_nonnegative and start.is_negative:
        return start + length
    return start


def _bounded(start, length):
    from torch.utils._sympy.functions import Min

    return as_size(Min(start, length))


@lowering("aten.select.int")
def select(ctx: Context, x, dim, index) -> Value:
    dim %= x.rank
    if free_unbacked_symbols(index):  # torch.export knows neither its sign nor that it fits
        index = ctx.checked_index(ctx.scalar(index, "index"), x.shape[dim], "select")
    else:
        index = as_size(index)
        if isinstance(index, int) and index < 0:
            index = as_size(x.shape[dim] + index)
    return ctx.reshape(ctx.slice_dim(x, dim, index, 1), ctx.out.shape)


@lowering("aten.slice_scatter.default")
def slice_scatter(ctx: Context, x, source, dim=0, start=None, end=None, step=1) -> Value:
    """x with another part: what is before it, it, and what is behind it."""
    if not equal(as_size(step), 1):
        raise ctx.refuse("a part of every n-th element")
    dim %= x.rank
    if start is None:
        return _with_part(ctx, x, source, dim, 0)
    if not free_unbacked_symbols(start):
        return _with_part(ctx, x, source, dim, _place(as_size(start), x.shape[dim]))
    first = _host_place(ctx, start, ctx.f.size(x.shape[dim]))
    return _with_part(ctx, x, source, dim, ctx.new_size(first))


@lowering("aten.select_scatter.default")
def select_scatter(ctx: Context, x, source, dim, index) -> Value:
    dim %= x.rank
    shape = [1 if d == dim else n for d, n in enumerate(x.shape)]
    if free_unbacked_symbols(index):
        place = ctx.checked_index(ctx.scalar(index, "index"), x.shape[dim], "select")
        first = ctx.new_size(place)
    else:
        first = _place(as_size(index), x.shape[dim])
    return _with_part(ctx, x, ctx.reshape(source, shape), dim, first)


def _with_part(ctx: Context, x: Value, part: Value, dim: int, first) -> Value:
    part = ctx.cast(part, x.element, x.unsigned)
    size = part.shape[dim]
    last = as_size(first + size)
    rest = as_size(x.shape[dim] - last)
    parts = [part]
    if not equal(first, 0):
        parts.insert(0, ctx.slice_dim(x, dim, 0, first))
    if not equal(rest, 0):
        parts.append(ctx.slice_dim(x, dim, last, rest))
    return part if len(parts) == 1 else ctx.concat(parts, dim, x.shape)


@lowering("aten.narrow.default")
def narrow(ctx: Context, x, dim, start, length) -> Value:
    dim %= x.rank
    size = ctx.out.shape[dim]
    if ctx.is_new(size):
        ctx.sizes.define(size, ctx.scalar(length, "index"))
    if not free_unbacked_symbols([start, size]):
        return ctx.slice_dim(x, dim, _place(as_size(start), x.shape[dim]), size)
    s, most = ctx.s, ctx.f.size(x.shape[dim])
    first, count, zero = ctx.scalar(start, "index"), ctx.f.size(size), s.constant(0, "index")
    first = s.select(s.compare("lt", first, zero), s.add(first, most), first)
    ok = [s.compare("ge", v, zero) for v in (first, count)]
    ok.append(s.compare("le", s.add(first, count), most))
    ctx.check(reduce(s.both, ok), "narrow: start and length don't fit")
    return ctx.slice_dim(x, dim, ctx.new_size(first), size)


@lowering(
    "aten.split.Tensor", "aten.split_with_sizes.default", "aten.split.sizes", "aten.chunk.default",
    "aten.tensor_split.sections",
)  # fmt: skip
def split(ctx: Context, x, _, dim=0) -> list[Value]:
    dim %= x.rank
    start, parts = 0, []
    for part in ctx.out:
        size = part.shape[dim]
        parts.append(x if equal(size, x.shape[dim]) else ctx.slice_dim(x, dim, start, size))
        start = as_size(start + size)
    return parts


@lowering("aten.unbind.int")
def unbind(ctx: Context, x, dim=0) -> list[Value]:
    dim %= x.rank
    return [ctx.reshape(ctx.slice_dim(x, dim, i, 1), part.shape) for i, part in enumerate(ctx.out)]


@lowering("aten.cat.default", "aten.concat.default")
def cat(ctx: Context, tensors, dim=0) -> Value:
    # An empty tensor of rank 1 is left out, whatever the rank of the others.
    rank = len(ctx.out.shape)
    parts = [
        ctx.cast(x, ctx.out.element, ctx.out.unsigned)
        for x in tensors
        if x.rank == rank and not (rank and x.shape[dim] == 0)
    ]
    if not parts:
        return ctx.f.empty(ctx.out.shape, ctx.out.element, unsigned=ctx.out.unsigned)
    return parts[0] if len(parts) == 1 else ctx.concat(parts, dim % rank, ctx.out.shape)


@lowering("aten.stack.default")
def stack(ctx: Context, tensors, dim=0) -> Value:
    shape = list(ctx.out.shape)
    dim %= len(shape)
    shape[dim] = 1
    parts = [ctx.reshape(ctx.cast(x, ctx.out.element, ctx.out.unsigned), shape) for x in tensors]
    return parts[0] if len(parts) == 1 else ctx.concat(parts, dim, ctx.out.shape)


def _read_through(ctx: Context, x: Value, at) -> Value:
    """A tensor whose elements are those of x at the places that `at` computes."""
    return ctx.indices(ctx.out.shape, x.element, lambda s, *index: ctx.extract(x, at(s, *index)))


@lowering("aten.flip.default")
def flip(ctx: Context, x, dims) -> Value:
    dims = {d % x.rank for d in dims}
    last = {d: ctx.f.size(as_size(x.shape[d] - 1)) for d in dims}
    return _read_through(
        ctx, x, lambda s, *at: [s.sub(last[d], i) if d in dims else i for d, i in enumerate(at)]
    )


@lowering("aten.roll.default")
def roll(ctx: Context, x, shifts, dims=()) -> Value:
    if not x.rank:
        return x
    if not dims:
        flat, out = ctx.reshape(x, [product(x.shape)]), ctx.out
        ctx.out = TensorType(flat.shape, x.element, x.unsigned)
        return ctx.reshape(roll(ctx, flat, shifts, [0]), out.shape)
    sizes = {d % x.rank: ctx.f.size(x.shape[d]) for d in dims}
    by = {d % x.rank: ctx.scalar(n, "index") for n, d in zip(shifts, dims, strict=True)}
    return _read_through(
        ctx,
        x,
        lambda s, *at: [
            s.mod(s.sub(i, by[d]), sizes[d]) if d in by else i for d, i in enumerate(at)
        ],
    )


@lowering("aten.repeat.default", "aten.tile.default")
def repeat(ctx: Context, x, repeats) -> Value:
    """Interleaves new dimensions, which broadcast, and joins them with those of x."""
    shape = [1] * (len(ctx.out.shape) - x.rank) + list(x.shape)
    repeats = [1] * (len(shape) - len(repeats)) + [as_size(n) for n in repeats]
    wide = [s for n, size in zip(repeats, shape, strict=True) for s in (n, size)]
    narrow_ = [s for size in shape for s in (1, size)]
    return ctx.reshape(ctx.broadcast(ctx.reshape(x, narrow_), wide), ctx.out.shape)


@lowering("aten.constant_pad_nd.default")
def constant_pad(ctx: Context, x, pad, value=0.0) -> Value:
    """Negative padding cuts."""
    low, high = [0] * x.rank, [0] * x.rank
    for i in range(len(pad) // 2):
        low[-1 - i], high[-1 - i] = as_size(pad[2 * i]), as_size(pad[2 * i + 1])
    if any(not isinstance(p, int) or p < 0 for p in (*low, *high)):
        cut = [-p if isinstance(p, int) and p < 0 else 0 for p in low]
        end = [-p if isinstance(p, int) and p < 0 else 0 for p in high]
        if any(cut) or any(end):
            sizes = [as_size(s - a - b) for s, a, b in zip(x.shape, cut, end, strict=True)]
            x = ctx.slice(x, cut, sizes)
        low, high = ([max(p, 0) if isinstance(p, int) else p for p in side] for side in (low, high))
    if 0 in x.shape:
        return ctx.splat(value, ctx.out)
    fill = ctx.scalar(value, x.element)
    result = ctx.f.fresh(x.element, ctx.out.shape, unsigned=x.unsigned)
    sides = [", ".join(ctx.f.index(p) for p in side) for side in (low, high)]
    ctx.f.line(f"{result} = tensor.pad {x} low[{sides[0]}] high[{sides[1]}] {{")
    at = ", ".join(f"{ctx.f.fresh('index')}: index" for _ in range(x.rank))
    ctx.f.line(f"^bb0({at}):")
    ctx.f.line(f"  tensor.yield {fill} : {x.element} {ctx.f.location}")
    ctx.f.line(f"}} : {x.type} to {result.type} {ctx.f.location}")
    return result


@lowering("aten.pad.default")
def pad_(ctx: Context, x, pad, mode="constant", value=None) -> Value:
    if mode != "constant":
        raise ctx.refuse(f"padding with mode={mode!r}")
    return constant_pad(ctx, x, pad, value or 0.0)


@lowering(
    "aten.empty.memory_format", "aten.empty_like.default", "aten.new_empty.default",
    "aten.empty_permuted.default", "aten.zeros.default", "aten.zeros_like.default",
    "aten.new_zeros.default",
)  # fmt: skip
def zeros(ctx: Context, *_) -> Value:
    """Also of what is empty: contents that nobody defined would never be the same twice."""
    return ctx.splat(0, ctx.out)


@lowering("aten.ones.default", "aten.ones_like.default", "aten.new_ones.default")
def ones(ctx: Context, *_) -> Value:
    return ctx.splat(1, ctx.out)


@lowering("aten.full.default", "aten.full_like.default", "aten.new_full.default")
def full(ctx: Context, _, *rest) -> Value:
    fill = next(v for v in rest if not isinstance(v, (list, tuple)))
    return ctx.splat(fill, ctx.out)


@lowering("aten.fill.Scalar", "aten.fill.Tensor")
def fill(ctx: Context, _, value) -> Value:
    return (
        ctx.elementwise([value], lambda s, v: v)
        if isinstance(value, Value)
        else ctx.splat(value, ctx.out)
    )


@lowering("aten.scalar_tensor.default")
def scalar_tensor(ctx: Context, value, *_) -> Value:
    return ctx.splat(value, ctx.out)


@lowering("aten.arange.default", "aten.arange.start", "aten.arange.start_step")
def arange(ctx: Context, *args) -> Value:
    numbers = [
        a for a in args
        if isinstance(a, (int, float, torch.SymInt, torch.SymFloat)) and not isinstance(a, bool)
    ]  # fmt: skip
    start, step = 0, 1
    if ctx.op == "aten.arange.start":
        start = numbers[0]
    elif ctx.op == "aten.arange.start_step":
        start, step = numbers[0], numbers[2] if len(numbers) > 2 else 1
    element = ctx.out.element
    compute = "i64" if element in ("i8", "i16", "i32", "i64") else "f64"
    first, by = ctx.scalar(start, compute), ctx.scalar(step, compute)

    def body(s, i: Value) -> Value:
        return s.add(first, s.mul(s.cast(i, compute), by))

    return ctx.indices(ctx.out.shape, element, body)


def _triangle(predicate: str):
    def lower(ctx: Context, x, diagonal=0) -> Value:
        k = ctx.scalar(diagonal, "index")
        init = ctx.f.empty(x.shape, x.element, unsigned=x.unsigned)
        loops = list(range(x.rank))

        def body(element: Value, _: Value) -> list[Value]:
            s = ctx.s
            row = ctx.f.emit(f"linalg.index {x.rank - 2} : index", "index")
            column = ctx.f.emit(f"linalg.index {x.rank - 1} : index", "index")
            keep = s.compare(predicate, s.sub(column, row), k)
            return [s.select(keep, element, s.constant(0, x.element))]

        return ctx.f.generic([(x, loops)], [(init, loops)], x.shape, body)[0]

    return lower


lowering("aten.tril.default")(_triangle("le"))
lowering("aten.triu.default")(_triangle("ge"))


@lowering("aten.diff.default")
def diff(ctx: Context, x, n=1, dim=-1, prepend=None, append=None) -> Value:
    dim %= x.rank
    parts = [p for p in (prepend, x, append) if p is not None]
    if len(parts) > 1 and n:
        shape = list(x.shape)
        shape[dim] = as_size(sum(p.shape[dim] for p in parts))
        x = ctx.concat(parts, dim, shape)
    for _ in range(n):
        x = _differences(ctx, x, dim)
    return x


def _differences(ctx: Context, x: Value, dim: int) -> Value:
    shape = list(x.shape)
    # At most one element has no differences.
    size = shape[dim] = (
        max(x.shape[dim] - 1, 0) if isinstance(x.shape[dim], int) else as_size(x.shape[dim] - 1)
    )
    out = TensorType(tuple(shape), x.element, x.unsigned)
    if size == 0:
        return ctx.splat(0, out)
    after, before = ctx.slice_dim(x, dim, 1, size), ctx.slice_dim(x, dim, 0, size)
    if x.element == "i1":
        return ctx.elementwise([after, before], lambda s, a, b: s.xor(a, b), out=out)
    return ctx.elementwise([after, before], lambda s, a, b: s.sub(a, b), out=out)

"""Sorting, by counting for each element how many come before it: parallel, and quadratic."""

from __future__ import annotations

from ..context import Context, TensorType, is_float
from ..mlir_text import Value
from . import lowering


def ranks(ctx: Context, x: Value, dim: int, descending: bool) -> Value:
    """The place of each element in the sorted order along a dimension; equal ones keep theirs."""
    f, s, rank = ctx.f, ctx.s, x.rank
    init = f.filled(x.shape, f.constant(0, "i64"))
    other = [rank if d == dim else d for d in range(rank)]

    def body(here: Value, there: Value, count: Value) -> list[Value]:
        i = f.emit(f"linalg.index {dim} : index", "index")
        j = f.emit(f"linalg.index {rank} : index", "index")
        before = s.compare("gt" if descending else "lt", there, here)
        same = s.compare("eq", there, here)
        if is_float(x.element):  # NaN is the largest
            nan_here, nan_there = s.compare("ne", here, here), s.compare("ne", there, there)
            alone = nan_there if descending else nan_here
            also = nan_here if descending else nan_there
            before = s.either(before, s.both(alone, s.invert(also)))
            same = s.either(same, s.both(nan_here, nan_there))
        before = s.either(before, s.both(same, s.compare("lt", j, i)))
        return [s.add(count, s.cast(before, "i64"))]

    loops = [*x.shape, x.shape[dim]]
    here = list(range(rank))
    return f.generic([(x, here), (x, other)], [(init, here)], loops, body, [rank])[0]


def chosen(ctx: Context, x: Value, places: Value, dim: int, outs) -> list[Value]:
    """The elements at the first places of the order, and their indices."""
    f, s, rank = ctx.f, ctx.s, x.rank
    shape = outs[0].shape
    inits = [ctx.splat(0, out) for out in outs]
    source = [rank if d == dim else d for d in range(rank)]

    def body(element: Value, place: Value, value: Value, index: Value) -> list[Value]:
        p = s.cast(f.emit(f"linalg.index {dim} : index", "index"), "i64")
        i = s.cast(f.emit(f"linalg.index {rank} : index", "index"), "i64")
        here = s.compare("eq", p, place)
        return [s.select(here, element, value), s.select(here, i, index)]

    loops = [*shape, x.shape[dim]]
    here = list(range(rank))
    return f.generic(
        [(x, source), (places, source)], [(i, here) for i in inits], loops, body, [rank]
    )


@lowering("aten.sort.default")
def sort(ctx: Context, x, dim=-1, descending=False) -> list[Value]:
    dim %= max(x.rank, 1)
    if not x.rank:
        return [x, ctx.splat(0, ctx.out[1])]
    return chosen(ctx, x, ranks(ctx, x, dim, descending), dim, ctx.out)


@lowering("aten.sort.stable")
def sort_stable(ctx: Context, x, stable=None, dim=-1, descending=False) -> list[Value]:
    return sort(ctx, x, dim, descending)


@lowering("aten.argsort.default")
def argsort(ctx: Context, x, dim=-1, descending=False) -> Value:
    if not x.rank:
        return ctx.splat(0, ctx.out)
    dim %= x.rank
    outs = [TensorType(x.shape, x.element, x.unsigned), ctx.out]
    return chosen(ctx, x, ranks(ctx, x, dim, descending), dim, outs)[1]


@lowering("aten.topk.default")
def topk(ctx: Context, x, k, dim=-1, largest=True, *_) -> list[Value]:
    if not x.rank:
        return [x, ctx.splat(0, ctx.out[1])]
    dim %= x.rank
    return chosen(ctx, x, ranks(ctx, x, dim, largest), dim, ctx.out)


@lowering("aten.searchsorted.Tensor", "aten.searchsorted.Scalar")
def searchsorted(
    ctx: Context, sequence, x, out_int32=False, right=False, side=None, sorter=None
) -> Value:
    """How many elements of a sorted sequence come before x; of rows of sequences, for each row."""
    if sorter is not None:
        raise ctx.refuse("a sorter")
    f, s = ctx.f, ctx.s
    right = right or side == "right"
    x = x if isinstance(x, Value) else ctx.splat(x, TensorType((), sequence.element))
    init = ctx.splat(0, ctx.out)
    rank = x.rank
    here = list(range(rank))
    rows = [*here[:-1], rank] if sequence.rank > 1 else [rank]

    def body(value: Value, boundary: Value, count: Value) -> list[Value]:
        # Not the other way round: NaN is behind all.
        behind = s.compare("gt" if right else "ge", boundary, value)
        return [s.add(count, s.cast(s.invert(behind), count.element))]

    loops = [*x.shape, sequence.shape[-1]]
    return f.generic([(x, here), (sequence, rows)], [(init, here)], loops, body, [rank])[0]


@lowering("aten.bucketize.Tensor", "aten.bucketize.Scalar")
def bucketize(ctx: Context, x, boundaries, out_int32=False, right=False) -> Value:
    return searchsorted(ctx, boundaries, x, out_int32, right)


@lowering("aten.histc.default")
def histc(ctx: Context, x, bins=100, low=0, high=0) -> Value:
    if low == high:
        raise ctx.refuse("histc with the limits of the data")
    f, s = ctx.f, ctx.s
    x = ctx.reshape(ctx.cast(x, ctx.out.element), [_count(x)])
    init = ctx.splat(0, ctx.out)

    def body(element: Value, count: Value) -> list[Value]:
        bin_ = s.cast(f.emit("linalg.index 0 : index", "index"), "i64")
        least, most = s.constant(low, element), s.constant(high, element)
        scaled = s.mul(s.sub(element, least), s.constant(bins, element))
        place = s.cast(s.div(scaled, s.sub(most, least)), "i64")
        place = s.minimum(place, s.constant(bins - 1, "i64"))
        inside = s.both(s.compare("ge", element, least), s.compare("le", element, most))
        here = s.both(inside, s.compare("eq", place, bin_))
        return [s.add(count, s.cast(here, count.element))]

    return f.generic([(x, [1])], [(init, [0])], [bins, x.shape[0]], body, [1])[0]


def _count(x: Value):
    from ..symbols import product

    return product(x.shape)

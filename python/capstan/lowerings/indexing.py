"""Ops that read and write where other tensors say. Indices are checked where they are used."""

from __future__ import annotations

from ..context import Context, TensorType
from ..mlir_text import Value
from ..symbols import as_size, equal, product
from . import lowering
from .syncs import count_true, define, places_of_true


def gathered(ctx: Context, indices: list[Value], loops_of: list, out: TensorType, read) -> Value:
    """A tensor each of whose elements `read(elements of the indices, loops)` computes."""
    rank = len(out.shape)
    init = ctx.f.empty(out.shape, out.element, unsigned=out.unsigned)

    def body(*elements: Value) -> list[Value]:
        at = [ctx.f.emit(f"linalg.index {i} : index", "index") for i in range(rank)]
        return [read(elements[: len(indices)], at)]

    operands = list(zip(indices, loops_of, strict=True))
    return ctx.f.generic(operands, [(init, list(range(rank)))], out.shape, body)[0]


@lowering("aten.embedding.default")
def embedding(ctx: Context, table, ids, *_) -> Value:
    rows = ctx.f.size(table.shape[0])

    def read(elements, at) -> Value:
        row = ctx.s.cast(elements[0], "index")
        zero = ctx.s.constant(0, "index")
        low, high = ctx.s.compare("ge", row, zero), ctx.s.compare("lt", row, rows)
        ctx.check(ctx.s.both(low, high), "embedding: index out of range")
        return ctx.extract(table, [row, at[-1]])

    return gathered(ctx, [ids], [list(range(ids.rank))], ctx.out, read)


@lowering("aten.index_select.default")
def index_select(ctx: Context, x, dim, index) -> Value:
    if not x.rank:
        return x
    dim %= x.rank
    size = ctx.f.size(x.shape[dim])

    def read(elements, at) -> Value:
        row = ctx.checked_index(elements[0], size, "index_select")
        return ctx.extract(x, [row if d == dim else i for d, i in enumerate(at)])

    return gathered(ctx, [index], [[dim]], ctx.out, read)


@lowering("aten.gather.default")
def gather(ctx: Context, x, dim, index, *_) -> Value:
    if not x.rank:
        return ctx.reshape(x, ctx.out.shape)
    dim %= x.rank
    size = ctx.f.size(x.shape[dim])
    index = ctx.reshape(index, [1]) if not index.rank else index
    if 0 in index.shape:  # of any rank
        return ctx.splat(0, ctx.out)

    def read(elements, at) -> Value:
        place = ctx.checked_index(elements[0], size, "gather")
        return ctx.extract(x, [place if d == dim else i for d, i in enumerate(at)])

    out = TensorType(index.shape, x.element, x.unsigned)
    result = gathered(ctx, [index], [list(range(index.rank))], out, read)
    return ctx.reshape(result, ctx.out.shape)


@lowering("aten.index.Tensor", "aten._unsafe_index.Tensor")
def index(ctx: Context, x, indices) -> Value:
    """x[i, :, j]: the indices broadcast together; their dimensions come where the first one is, or
    first of all if others stand between them."""
    places = [d for d, i in enumerate(indices) if i is not None]
    if any(indices[d].element == "i1" for d in places):
        if len(places) > 1:
            raise ctx.refuse("truth values beside other indices")
        return index_of_true(ctx, x, places[0], indices[places[0]])
    rank = max(indices[d].rank for d in places)
    together = places == list(range(places[0], places[-1] + 1))
    first = places[0] if together else 0
    sizes = {d: ctx.f.size(x.shape[d]) for d in places}
    broadcast = ctx.out.shape[first : first + rank]

    def loops_of(i: Value) -> list[int | str]:
        return [
            "0" if equal(size, 1) and not equal(broadcast[rank - i.rank + k], 1)
            else first + rank - i.rank + k
            for k, size in enumerate(i.shape)
        ]  # fmt: skip

    def read(elements, at) -> Value:
        rest = iter([*at[:first], *at[first + rank :]])
        chosen = dict(zip(places, elements, strict=True))
        return ctx.extract(
            x,
            [
                ctx.checked_index(chosen[d], sizes[d], "index") if d in chosen else next(rest)
                for d in range(x.rank)
            ],
        )

    used = [indices[d] for d in places]
    return gathered(ctx, used, [loops_of(i) for i in used], ctx.out, read)


def index_of_true(ctx: Context, x: Value, dim: int, mask: Value) -> Value:
    """x[:, mask]: the dimensions of the mask become one. How many are true is read."""
    if ctx.is_new(ctx.out.shape[dim]):
        define(ctx, count_true(ctx, mask))
    places = places_of_true(ctx, mask, ctx.out.shape[dim])
    flat = [*x.shape[:dim], product(mask.shape), *x.shape[dim + mask.rank :]]
    return index(ctx, ctx.reshape(x, flat), [None] * dim + [places])


def one_dimensional_scatter(ctx: Context, x, dim, index, source, combine) -> Value:
    """A reduction over the places of the index: linalg has no scatter.

    out[.., p, ..] combines what is at p with each source whose index is p. One kernel
    looks at every index for every element of x.
    """
    dim %= max(x.rank, 1)
    if not x.rank:
        x1, i1 = ctx.reshape(x, [1]), ctx.reshape(index, [1])
        s1 = ctx.reshape(source, [1]) if isinstance(source, Value) else source
        return ctx.reshape(one_dimensional_scatter(ctx, x1, 0, i1, s1, combine), [])
    f, s = ctx.f, ctx.s
    # Only the part of x that the other dimensions of the index reach changes.
    part = x
    others = [d for d in range(x.rank) if d != dim]
    if not all(equal(index.shape[d], x.shape[d]) for d in others):
        sizes = [x.shape[d] if d == dim else index.shape[d] for d in range(x.rank)]
        part = ctx.slice(x, [0] * x.rank, sizes)
    count = index.shape[dim]
    rank = x.rank
    operands = [(index, [rank if d == dim else d for d in range(rank)])]
    if isinstance(source, Value):
        reach = [index.shape[d] for d in range(rank)]
        if not all(map(equal, source.shape, reach)):
            source = ctx.slice(source, [0] * rank, reach)
        operands.append((source, operands[0][1]))
    else:
        value = ctx.scalar(source, x.element)
    size = f.size(x.shape[dim])

    def body(i: Value, *rest: Value) -> list[Value]:
        old = rest[-1]
        new = s.cast(rest[0], x.element, x.unsigned) if isinstance(source, Value) else value
        place = ctx.checked_index(i, size, "scatter")
        here = f.emit(f"linalg.index {dim} : index", "index")
        return [s.select(s.compare("eq", here, place), combine(s, old, new), old)]

    loops = [*part.shape, count]
    result = f.generic(operands, [(part, list(range(rank)))], loops, body, [rank])[0]
    if part is x:
        return result
    whole = f.fresh(x.element, x.shape, unsigned=x.unsigned)
    sizes = ", ".join(f.index(n) for n in part.shape)
    zeros, ones = ", ".join("0" * rank), ", ".join("1" * rank)
    f.emit(
        f"tensor.insert_slice {result} into {x}[{zeros}] [{sizes}] [{ones}] : {result.type} into "
        f"{x.type}",
        whole,
    )
    return whole


@lowering("aten.scatter.src", "aten.scatter.value")
def scatter(ctx: Context, x, dim, index, source) -> Value:
    return one_dimensional_scatter(ctx, x, dim, index, source, lambda s, old, new: new)


@lowering("aten.scatter_add.default")
def scatter_add(ctx: Context, x, dim, index, source) -> Value:
    return one_dimensional_scatter(ctx, x, dim, index, source, lambda s, old, new: s.add(old, new))


@lowering("aten.index_add.default")
def index_add(ctx: Context, x, dim, index, source, alpha=1) -> Value:
    def combine(s, old: Value, new: Value) -> Value:
        return s.add(old, new if alpha == 1 else s.mul(new, s.constant(alpha, new)))

    return _along(ctx, x, dim, index, source, combine)


@lowering("aten.index_copy.default")
def index_copy(ctx: Context, x, dim, index, source) -> Value:
    return _along(ctx, x, dim, index, source, lambda s, old, new: new)


def _along(ctx: Context, x, dim, index, source, combine) -> Value:
    """Of a number, as of a tensor with one element."""
    line, piece = (v if v.rank else ctx.reshape(v, [1]) for v in (x, source))
    return ctx.reshape(_index_write(ctx, line, dim % line.rank, index, piece, combine), x.shape)


def _index_write(ctx: Context, x, dim, index, source, combine) -> Value:
    """Slices of x along a dimension combined with those of the source."""
    f, s, rank = ctx.f, ctx.s, x.rank
    index = ctx.reshape(index, [1]) if not index.rank else index
    size = f.size(x.shape[dim])

    def body(i: Value, new: Value, old: Value) -> list[Value]:
        place = ctx.checked_index(i, size, "index_put")
        here = f.emit(f"linalg.index {dim} : index", "index")
        new = s.cast(new, x.element, x.unsigned)
        return [s.select(s.compare("eq", here, place), combine(s, old, new), old)]

    loops = [*x.shape, index.shape[0]]
    maps = ctx.loops_of(source.shape, [*x.shape[:dim], index.shape[0], *x.shape[dim + 1 :]])
    first = rank - source.rank
    maps = [rank if m == dim else m for m in maps] if first <= dim else maps
    return f.generic(
        [(index, [rank]), (source, maps)], [(x, list(range(rank)))], loops, body, [rank]
    )[0]


@lowering("aten.index_put.default", "aten._unsafe_index_put.default")
def index_put(ctx: Context, x, indices, values, accumulate=False, *_) -> Value:
    places = [d for d, i in enumerate(indices) if i is not None]
    if len(places) == 1 and indices[places[0]].element == "i1":
        mask = indices[places[0]]
        if places[0] == 0 and values.rank == 0:
            shape = list(mask.shape) + [1] * (x.rank - mask.rank)
            mask = ctx.reshape(mask, shape)

            def body(s, m: Value, v: Value, x: Value) -> Value:
                v = s.cast(v, x.element)
                return s.select(m, s.add(x, v) if accumulate else v, x)

            return ctx.elementwise([mask, values, x], body, "")
        raise ctx.refuse("values of a mask that aren't one number")

    def combine(s, old: Value, new: Value) -> Value:
        return s.add(old, new) if accumulate else new

    if len(places) == 1 and indices[places[0]].rank == 1:
        return _index_write(ctx, x, places[0], indices[places[0]], values, combine)
    if places != list(range(len(places))):
        raise ctx.refuse("indices with others between them")
    # The indexed dimensions as one, with one index each.
    lead = x.shape[: len(places)]
    used = [indices[d] for d in places]
    rank = max(i.rank for i in used)
    shape = [1] * rank
    for i in used:
        for k, size in enumerate(i.shape, rank - i.rank):
            shape[k] = size if equal(shape[k], 1) else shape[k]
    flat = _flat_index(ctx, used, lead, shape)
    flat = ctx.reshape(flat, [product(shape)])
    rest = list(x.shape[len(places) :])
    values = ctx.broadcast(values, [*shape, *rest])
    values = ctx.reshape(values, [product(shape), *rest])
    whole = ctx.reshape(x, [product(lead), *rest])
    return ctx.reshape(_index_write(ctx, whole, 0, flat, values, combine), x.shape)


def _flat_index(ctx: Context, used, lead, shape) -> Value:
    sizes = [ctx.f.size(n) for n in lead]

    def body(s, *places: Value) -> Value:
        at = s.constant(0, "index")
        for place, size in zip(places, sizes, strict=True):
            at = s.add(s.mul(at, size), ctx.checked_index(place, size, "index_put"))
        return at

    return ctx.elementwise(used, body, "", TensorType(tuple(shape), "i64"))


@lowering("aten.one_hot.default")
def one_hot(ctx: Context, x, classes=-1) -> Value:
    if isinstance(classes, int) and classes < 0:
        raise ctx.refuse("one_hot without the number of classes")
    count = as_size(ctx.out.shape[-1])
    size = ctx.f.size(count)

    def read(elements, at) -> Value:
        place = ctx.checked_index(elements[0], size, "one_hot")
        return ctx.s.cast(ctx.s.compare("eq", place, at[-1]), "i64")

    return gathered(ctx, [x], [list(range(x.rank))], ctx.out, read)

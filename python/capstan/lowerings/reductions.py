"""Ops that combine the elements along dimensions: reductions, scans, norms, softmax."""

from __future__ import annotations

import math

from ..context import Context, TensorType, is_float
from ..mlir_text import Value
from ..scalars import accumulator
from ..symbols import as_size, product
from . import lowering

LEAST = {"i1": False, "i8": -(2**7), "i16": -(2**15), "i32": -(2**31), "i64": -(2**63)}
MOST = {"i1": True, "i8": 2**7 - 1, "i16": 2**15 - 1, "i32": 2**31 - 1, "i64": 2**63 - 1}


def least(x: Value) -> float | int | bool:
    return -math.inf if is_float(x.element) else 0 if x.unsigned else LEAST[x.element]


def most(x: Value) -> float | int | bool:
    return math.inf if is_float(x.element) else -1 if x.unsigned else MOST[x.element]


def _dims(x: Value, dim) -> list[int]:
    if dim is None or (isinstance(dim, (list, tuple)) and not dim):
        return list(range(x.rank))
    return [d % max(x.rank, 1) for d in (dim if isinstance(dim, (list, tuple)) else [dim])]


def _out(ctx: Context, x: Value) -> Value:
    """The result in the op's own type and shape."""
    return ctx.reshape(ctx.cast(x, ctx.out.element, ctx.out.unsigned), ctx.out.shape)


@lowering("aten.sum.default", "aten.sum.dim_IntList")
def sum_(ctx: Context, x, dim=None, *_) -> Value:
    if ctx.op == "aten.sum.default":
        dim = None
    compute = accumulator(ctx.out.element)
    return _out(ctx, ctx.reduce(x, _dims(x, dim), 0, lambda s, a, b: s.add(a, b), compute))


@lowering("aten.mean.default", "aten.mean.dim")
def mean(ctx: Context, x, dim=None, *_) -> Value:
    dims = _dims(x, None if ctx.op == "aten.mean.default" else dim)
    compute = accumulator(ctx.out.element)
    total = ctx.reduce(x, dims, 0.0, lambda s, a, b: s.add(a, b), compute)
    count = ctx.s.cast(ctx.f.size(product(x.shape[d] for d in dims)), compute)
    total = ctx.reshape(total, ctx.out.shape)
    return ctx.elementwise([total], lambda s, t: s.div(t, count))


@lowering("aten.prod.default", "aten.prod.dim_int")
def prod(ctx: Context, x, dim=None, *_) -> Value:
    dims = _dims(x, None if ctx.op == "aten.prod.default" else dim)
    compute = accumulator(ctx.out.element)
    return _out(ctx, ctx.reduce(x, dims, 1, lambda s, a, b: s.mul(a, b), compute))


@lowering("aten.amax.default")
def amax(ctx: Context, x, dim=(), keepdim=False) -> Value:
    dims = _dims(x, dim)
    return _out(ctx, ctx.reduce(x, dims, least(x), lambda s, a, b: s.maximum(a, b), x.element))


@lowering("aten.amin.default")
def amin(ctx: Context, x, dim=(), keepdim=False) -> Value:
    dims = _dims(x, dim)
    return _out(ctx, ctx.reduce(x, dims, most(x), lambda s, a, b: s.minimum(a, b), x.element))


@lowering("aten.max.default")
def max_(ctx: Context, x) -> Value:
    return amax(ctx, x)


@lowering("aten.min.default")
def min_(ctx: Context, x) -> Value:
    return amin(ctx, x)


@lowering("aten.any.default", "aten.any.dim", "aten.any.dims")
def any_(ctx: Context, x, dim=None, *_) -> Value:
    return _out(ctx, ctx.reduce(x, _dims(x, dim), False, lambda s, a, b: s.either(a, b), "i1"))


@lowering("aten.all.default", "aten.all.dim", "aten.all.dims")
def all_(ctx: Context, x, dim=None, *_) -> Value:
    return _out(ctx, ctx.reduce(x, _dims(x, dim), True, lambda s, a, b: s.both(a, b), "i1"))


def extremum(ctx: Context, x: Value, dim: int, predicate: str) -> tuple[Value, Value]:
    """The extreme element along a dimension and its first index; NaN is the most extreme."""
    f, s = ctx.f, ctx.s
    x = ctx.reshape(x, [1]) if not x.rank else x
    loops = list(range(x.rank))
    kept = [i for i in loops if i != dim]
    shape = [x.shape[i] for i in kept]
    start = least(x) if predicate == "gt" else most(x)
    best = f.filled(shape, f.constant(start, x.element), unsigned=x.unsigned)
    place = f.filled(shape, f.constant(-1, "i64"))

    def body(element: Value, best: Value, place: Value) -> list[Value]:
        at = s.cast(f.emit(f"linalg.index {dim} : index", "index"), "i64")
        # Loops of a reduction come in any order: of equals, the first index.
        unset = s.compare("lt", place, s.constant(0, "i64"))
        earlier = s.compare("lt", at, place)
        better = s.compare(predicate, element, best)
        same = s.compare("eq", element, best)
        if is_float(x.element):
            nan, was_nan = s.compare("ne", element, element), s.compare("ne", best, best)
            better = s.either(better, s.both(nan, s.invert(was_nan)))
            same = s.either(same, s.both(nan, was_nan))
        take = s.either(s.either(unset, better), s.both(same, earlier))
        return [s.select(take, element, best), s.select(take, at, place)]

    return tuple(f.generic([(x, loops)], [(best, kept), (place, kept)], x.shape, body, [dim]))


@lowering("aten.max.dim")
def max_dim(ctx: Context, x, dim, keepdim=False) -> list[Value]:
    found = extremum(ctx, x, dim % max(x.rank, 1), "gt")
    return [ctx.reshape(v, out.shape) for v, out in zip(found, ctx.out, strict=True)]


@lowering("aten.min.dim")
def min_dim(ctx: Context, x, dim, keepdim=False) -> list[Value]:
    found = extremum(ctx, x, dim % max(x.rank, 1), "lt")
    return [ctx.reshape(v, out.shape) for v, out in zip(found, ctx.out, strict=True)]


def _arg(predicate: str):
    def lower(ctx: Context, x, dim=None, keepdim=False) -> Value:
        if dim is None:
            x, dim = ctx.reshape(x, [product(x.shape)]), 0
        return ctx.reshape(extremum(ctx, x, dim % max(x.rank, 1), predicate)[1], ctx.out.shape)

    return lower


lowering("aten.argmax.default")(_arg("gt"))
lowering("aten.argmin.default")(_arg("lt"))


@lowering("aten.var.correction", "aten.var.dim")
def var(ctx: Context, x, dim=None, correction=1, keepdim=False) -> Value:
    correction = 1 if correction is None else correction
    dims = _dims(x, dim)
    centered, count = _centered(ctx, x, dims)
    squares = ctx.elementwise(
        [centered], lambda s, c: s.mul(c, c), out=TensorType(x.shape, centered.element)
    )
    total = ctx.reduce(squares, dims, 0.0, lambda s, a, b: s.add(a, b))
    by = ctx.s.sub(count, ctx.s.constant(correction, count))
    total = ctx.reshape(total, ctx.out.shape)
    return ctx.elementwise([total], lambda s, t: s.div(t, by))


def _centered(ctx: Context, x: Value, dims: list[int]) -> tuple[Value, Value]:
    """x less its mean, and how many elements the mean is of."""
    compute = accumulator(x.element)
    total = ctx.reduce(x, dims, 0.0, lambda s, a, b: s.add(a, b), compute, keepdim=True)
    count = ctx.s.cast(ctx.f.size(product(x.shape[d] for d in dims)), compute)
    out = TensorType(x.shape, compute)
    return ctx.elementwise([x, total], lambda s, x, t: s.sub(x, s.div(t, count)), out=out), count


@lowering("aten.layer_norm.default", "aten.native_layer_norm.default")
def layer_norm(ctx: Context, x, normalized, weight=None, bias=None, eps=1e-5, *_):
    dims = list(range(x.rank - len(normalized), x.rank))
    out = ctx.out[0] if isinstance(ctx.out, list) else ctx.out
    compute = accumulator(x.element)
    centered, count = _centered(ctx, x, dims)
    shape = tuple(1 if i in dims else s for i, s in enumerate(x.shape))
    squares = ctx.elementwise(
        [centered], lambda s, c: s.mul(c, c), out=TensorType(x.shape, compute)
    )
    total = ctx.reduce(squares, dims, 0.0, lambda s, a, b: s.add(a, b), keepdim=True)
    scale = ctx.elementwise(
        [total],
        lambda s, t: s.unary("math.rsqrt", s.add(s.div(t, count), s.constant(eps, t))),
        out=TensorType(shape, compute),
    )
    result = _affine(ctx, centered, scale, weight, bias, out)
    if not isinstance(ctx.out, list):
        return result
    mean_ = ctx.reduce(x, dims, 0.0, lambda s, a, b: s.add(a, b), compute, keepdim=True)
    mean_ = ctx.elementwise([mean_], lambda s, t: s.div(t, count), out=TensorType(shape, compute))
    return [
        result,
        *(ctx.cast(v, o.element) for v, o in zip((mean_, scale), ctx.out[1:], strict=True)),
    ]


def _affine(ctx: Context, x: Value, scale: Value, weight, bias, out: TensorType) -> Value:
    """x * scale, then the weights that there are."""

    def body(s, x: Value, scale: Value, *rest: Value) -> Value:
        rest, y = list(rest), s.mul(x, scale)
        if weight is not None:
            y = s.mul(y, rest.pop(0))
        return s.add(y, rest[0]) if bias is not None else y

    extra = [v for v in (weight, bias) if v is not None]
    return ctx.elementwise([x, scale, *extra], body, accumulator(out.element), out)


@lowering("aten.rms_norm.default")
def rms_norm(ctx: Context, x, normalized, weight=None, eps=None) -> Value:
    dims = list(range(x.rank - len(normalized), x.rank))
    compute = accumulator(x.element)
    import torch

    from ..context import DTYPES

    eps = torch.finfo(DTYPES[compute]).eps if eps is None else eps
    squares = ctx.elementwise([x], lambda s, c: s.mul(c, c), out=TensorType(x.shape, compute))
    total = ctx.reduce(squares, dims, 0.0, lambda s, a, b: s.add(a, b), keepdim=True)
    count = ctx.s.cast(ctx.f.size(product(x.shape[d] for d in dims)), compute)
    scale = ctx.elementwise(
        [total],
        lambda s, t: s.unary("math.rsqrt", s.add(s.div(t, count), s.constant(eps, t))),
        out=TensorType(total.shape, compute),
    )
    return _affine(ctx, x, scale, weight, None, ctx.out)


def softmax_of(ctx: Context, x: Value, dim: int, out: TensorType, safe: bool = False) -> Value:
    """Of elements that are all -inf, zeros if `safe`, else NaN."""
    dim %= max(x.rank, 1)
    compute = accumulator(out.element)
    wide = TensorType(x.shape, compute)
    largest = ctx.reduce(x, [dim], -math.inf, lambda s, a, b: s.maximum(a, b), compute, True)

    def power(s, x: Value, m: Value) -> Value:
        if safe:
            m = s.select(s.compare("eq", m, s.constant(-math.inf, m)), s.constant(0.0, m), m)
        return s.exp(s.sub(x, m))

    def share(s, p: Value, t: Value) -> Value:
        zero = s.constant(0.0, t)
        return s.select(s.compare("eq", t, zero), zero, s.div(p, t)) if safe else s.div(p, t)

    powers = ctx.elementwise([x, largest], power, out=wide)
    total = ctx.reduce(powers, [dim], 0.0, lambda s, a, b: s.add(a, b), compute, True)
    return ctx.elementwise([powers, total], share, compute, out)


@lowering("aten.softmax.int", "aten._softmax.default")
def softmax(ctx: Context, x, dim, *_) -> Value:
    return softmax_of(ctx, x, dim, ctx.out)


@lowering("aten._safe_softmax.default")
def safe_softmax(ctx: Context, x, dim, *_) -> Value:
    return softmax_of(ctx, x, dim, ctx.out, safe=True)


@lowering("aten.log_softmax.int", "aten._log_softmax.default")
def log_softmax(ctx: Context, x, dim, *_) -> Value:
    shifted, total = _shifted_exp_sum(ctx, x, [dim % max(x.rank, 1)])
    compute = shifted.element
    return ctx.elementwise(
        [shifted, total], lambda s, x, t: s.sub(x, s.unary("math.log", t)), compute
    )


def _shifted_exp_sum(ctx: Context, x: Value, dims: list[int]) -> tuple[Value, Value]:
    compute = accumulator(ctx.out.element)
    wide = TensorType(x.shape, compute)
    largest = ctx.reduce(x, dims, -math.inf, lambda s, a, b: s.maximum(a, b), compute, True)
    shifted = ctx.elementwise([x, largest], lambda s, x, m: s.sub(x, m), out=wide)
    powers = ctx.elementwise([shifted], lambda s, x: s.exp(x), out=wide)
    return shifted, ctx.reduce(powers, dims, 0.0, lambda s, a, b: s.add(a, b), compute, True)


def scan(ctx: Context, x: Value, dim: int, start, combine, out: TensorType) -> Value:
    """The inclusive scan along a dimension; x has the result's element type or is cast to it."""
    compute = accumulator(out.element)
    x = ctx.cast(x, compute, out.unsigned)
    init = ctx.f.empty(x.shape, compute)
    shape = [s for i, s in enumerate(x.shape) if i != dim]
    partial = ctx.f.filled(shape, ctx.f.constant(start, compute))
    result, last = ctx.f.fresh(compute, x.shape), ctx.f.fresh(compute, shape)
    f = ctx.f
    f.line(
        f'{result}, {last} = "tm_tensor.scan"({x}, {init}, {partial}) <{{dimension = {dim} : i64, '
        "inclusive = true, operandSegmentSizes = array<i32: 1, 2>}> ({"
    )
    a, b = f.fresh(compute), f.fresh(compute)
    f.line(f"^bb0({a}: {compute}, {b}: {compute}):")
    with f.nested():
        f.emit(f'"tm_tensor.yield"({combine(ctx.s, a, b)}) : ({compute}) -> ()')
    types = f"({x.type}, {init.type}, {partial.type}) -> ({result.type}, {last.type})"
    f.line(f"}}) : {types} {f.location}")
    return ctx.cast(result, out.element, out.unsigned)


@lowering("aten.cumsum.default")
def cumsum(ctx: Context, x, dim, *_) -> Value:
    if not x.rank:
        return ctx.cast(x, ctx.out.element)
    return scan(ctx, x, dim % x.rank, 0, lambda s, a, b: s.add(a, b), ctx.out)


@lowering("aten.cumprod.default")
def cumprod(ctx: Context, x, dim, *_) -> Value:
    if not x.rank:
        return ctx.cast(x, ctx.out.element)
    return scan(ctx, x, dim % x.rank, 1, lambda s, a, b: s.mul(a, b), ctx.out)


@lowering("aten.logsumexp.default")
def logsumexp(ctx: Context, x, dim, keepdim=False) -> Value:
    dims = _dims(x, dim)
    compute = accumulator(ctx.out.element)
    largest = ctx.reduce(x, dims, -math.inf, lambda s, a, b: s.maximum(a, b), compute, True)
    _, total = _shifted_exp_sum(ctx, x, dims)
    shape = tuple(as_size(s) for s in largest.shape)

    def body(s, t: Value, m: Value) -> Value:
        infinite = s.compare("eq", s.unary("math.absf", m), s.constant(math.inf, m))
        return s.select(infinite, m, s.add(s.unary("math.log", t), m))

    out = TensorType(shape, ctx.out.element)
    result = ctx.elementwise([total, largest], body, compute, out)
    return ctx.reshape(result, ctx.out.shape)

"""The scan of Mamba2: products of matrices, over the tokens of chunks and over the chunks.

Nothing of it is a loop of the host, whose trips would depend on the length, and no size depends on
the place of a chunk: tokens are filled up with zeros, which change no state.
"""

from __future__ import annotations

from torch.utils._sympy.functions import FloorDiv

from ..context import Context, TensorType
from ..mlir_text import Size, Value
from ..symbols import as_size
from . import lowering
from .matmul import product_of
from .reductions import scan
from .shapes import constant_pad

CHUNK = 64


@lowering("capstan.mamba2_scan.default")
def mamba2_scan(ctx: Context, x, decay, b, c, initial) -> list[Value]:
    """With a[l] the sum of decays up to token l of a chunk, and h the state before the chunk:

    y[l] = exp(a[l]) h @ c[l] + sum over s <= l of exp(a[l] - a[s]) (c[l] . b[s]) x[s]
    """
    batch, length, heads, dim = x.shape
    groups, states = b.shape[2:]
    if not all(isinstance(n, int) for n in (heads, dim, groups, states)):
        raise ctx.refuse("sizes of heads that aren't constant")
    count, each = _ceil(length), heads // groups
    x, decay, b, c = (_chunks(ctx, v, count) for v in (x, decay, b, c))
    upto = scan(ctx, decay, 2, 0, lambda s, a, b: s.add(a, b), TensorType(decay.shape, "f32"))

    own = _own_tokens(ctx, x, upto, b, c)
    before = _states(ctx, _added(ctx, x, upto, b), upto, initial)
    last = _state(ctx, before, count, initial.shape)
    before = ctx.slice_dim(before, 2, 0, count)
    before = ctx.transpose(ctx.reshape(before, [batch, groups, each, count, dim, states]), [
        0, 3, 1, 2, 4, 5
    ])  # fmt: skip
    many = as_size(batch * count * groups)
    before = ctx.reshape(before, [many, each * dim, states])
    c = ctx.reshape(ctx.transpose(c, [0, 1, 3, 2, 4]), [many, CHUNK, states])
    earlier = product_of(ctx, c, before, transpose_b=True)
    earlier = ctx.reshape(earlier, [batch, count, groups, CHUNK, each, dim])

    def join(own: Value, earlier: Value, to: Value, _: Value) -> list[Value]:
        return [ctx.s.add(own, ctx.s.mul(ctx.s.exp(to), earlier))]

    shape = [batch, count, CHUNK, groups, each, dim]
    upto = ctx.reshape(upto, shape[:-1])
    operands = [
        (own, [0, 1, 3, 4, 2, 5]), (earlier, [0, 1, 3, 2, 4, 5]), (upto, [0, 1, 2, 3, 4])
    ]  # fmt: skip
    init = ctx.f.empty(shape, "f32")
    y = ctx.f.generic(operands, [(init, list(range(6)))], shape, join)[0]
    y = ctx.reshape(y, [batch, as_size(CHUNK * count), heads, dim])
    return [ctx.slice_dim(y, 1, 0, length), last]


def _ceil(length: Size) -> Size:
    if isinstance(length, int):
        return -(-length // CHUNK)
    return as_size(FloorDiv(length + CHUNK - 1, CHUNK))


def _chunks(ctx: Context, v: Value, count: Size) -> Value:
    """[batch, length, ...] as [batch, count, CHUNK, ...], zeros behind the last token."""
    out = ctx.out
    whole = as_size(CHUNK * count)
    ctx.out = TensorType((v.shape[0], whole, *v.shape[2:]), v.element)
    padded = constant_pad(ctx, v, [0, 0] * (v.rank - 2) + [0, as_size(whole - v.shape[1])])
    ctx.out = out
    return ctx.reshape(padded, [v.shape[0], count, CHUNK, *v.shape[2:]])


def _own_tokens(ctx: Context, x: Value, upto: Value, b: Value, c: Value) -> Value:
    """What tokens of the same chunk give: [batch, count, groups, each, CHUNK, dim]."""
    f = ctx.f
    batch, count, _, heads, dim = x.shape
    groups, states = b.shape[3:]
    each, many = heads // groups, as_size(batch * count * groups)
    b, c = (ctx.reshape(ctx.transpose(v, [0, 1, 3, 2, 4]), [many, CHUNK, states]) for v in (b, c))
    scores = product_of(ctx, c, b, transpose_b=True)
    scores = ctx.reshape(scores, [batch, count, groups, CHUNK, CHUNK])
    shape = [batch, count, groups, each, CHUNK, CHUNK]
    upto = ctx.reshape(upto, [batch, count, CHUNK, groups, each])

    def weigh(score: Value, to: Value, of: Value, _: Value) -> list[Value]:
        s = ctx.s
        i, j = (f.emit(f"linalg.index {d} : index", "index") for d in (4, 5))
        weight = s.mul(score, s.exp(s.sub(to, of)))
        return [s.select(s.compare("le", j, i), weight, s.constant(0.0, weight))]

    operands = [(scores, [0, 1, 2, 4, 5]), (upto, [0, 1, 4, 2, 3]), (upto, [0, 1, 5, 2, 3])]
    weights = f.generic(operands, [(f.empty(shape, "f32"), list(range(6)))], shape, weigh)[0]
    many = as_size(many * each)
    tokens = ctx.reshape(ctx.transpose(x, [0, 1, 3, 2, 4]), [many, CHUNK, dim])
    own = product_of(ctx, ctx.reshape(weights, [many, CHUNK, CHUNK]), tokens)
    return ctx.reshape(own, [batch, count, groups, each, CHUNK, dim])


def _added(ctx: Context, x: Value, upto: Value, b: Value) -> Value:
    """What each chunk adds to the state behind it: [batch, count, heads, dim, states]."""
    f = ctx.f
    batch, count, _, heads, dim = x.shape
    groups, states = b.shape[3:]
    each, many = heads // groups, as_size(batch * count * groups)
    final = ctx.reshape(ctx.slice_dim(upto, 2, CHUNK - 1, 1), [batch, count, heads])
    shape = [batch, count, heads, dim, CHUNK]

    def decayed(x: Value, end: Value, of: Value, _: Value) -> list[Value]:
        return [ctx.s.mul(x, ctx.s.exp(ctx.s.sub(end, of)))]

    operands = [(x, [0, 1, 4, 2, 3]), (final, [0, 1, 2]), (upto, [0, 1, 4, 2])]
    left = f.generic(operands, [(f.empty(shape, "f32"), list(range(5)))], shape, decayed)[0]
    left = ctx.reshape(left, [many, each * dim, CHUNK])
    right = ctx.reshape(ctx.transpose(b, [0, 1, 3, 2, 4]), [many, CHUNK, states])
    return ctx.reshape(product_of(ctx, left, right), [batch, count, heads, dim, states])


def _states(ctx: Context, added: Value, upto: Value, initial: Value) -> Value:
    """The state before each chunk, and behind the last: [batch, heads, count + 1, dim * states].

    That before chunk i is the sum over j <= i of what chunk j - 1 added (`initial` for j = 0),
    times the exponential of the decays of the chunks j to i - 1. Those are summed up for each
    pair, since differences of longer sums would lose digits.
    """
    f, s = ctx.f, ctx.s
    batch, count, heads, dim, states = added.shape
    places = as_size(count + 1)
    pairs = [batch, heads, places, places]

    def between(_: Value) -> list[Value]:
        at = [f.emit(f"linalg.index {d} : index", "index") for d in range(4)]
        one = s.constant(1, "index")
        chunk = s.maximum(s.sub(at[2], one), s.constant(0, "index"))
        decay = ctx.extract(upto, [at[0], chunk, s.constant(CHUNK - 1, "index"), at[1]])
        after = s.compare("lt", at[3], at[2])
        return [s.select(after, decay, s.constant(0.0, decay))]

    every = list(range(4))
    decays = f.generic([], [(f.empty(pairs, "f32"), every)], pairs, between)[0]
    decays = scan(ctx, decays, 2, 0, lambda s, a, b: s.add(a, b), TensorType(tuple(pairs), "f32"))

    def weigh(decay: Value, _: Value) -> list[Value]:
        i, j = (f.emit(f"linalg.index {d} : index", "index") for d in (2, 3))
        return [s.select(s.compare("le", j, i), s.exp(decay), s.constant(0.0, decay))]

    weights = f.generic([(decays, every)], [(f.empty(pairs, "f32"), every)], pairs, weigh)[0]
    width, many = dim * states, as_size(batch * heads)
    added = ctx.reshape(ctx.transpose(added, [0, 2, 1, 3, 4]), [batch, heads, count, width])
    first = ctx.reshape(initial, [batch, heads, 1, width])
    terms = ctx.concat([first, added], 2, [batch, heads, places, width])
    weights = ctx.reshape(weights, [many, places, places])
    result = product_of(ctx, weights, ctx.reshape(terms, [many, places, width]))
    return ctx.reshape(result, [batch, heads, places, width])


def _state(ctx: Context, states: Value, place: Size, shape) -> Value:
    """The state at one place, read by index: a slice there would need the place on the host."""
    f = ctx.f
    at = f.size(place)

    def read(_: Value) -> list[Value]:
        i, j, k = (f.emit(f"linalg.index {d} : index", "index") for d in range(3))
        return [ctx.extract(states, [i, j, at, k])]

    loops = [states.shape[0], states.shape[1], states.shape[3]]
    init = f.empty(loops, "f32")
    return ctx.reshape(f.generic([], [(init, [0, 1, 2])], loops, read)[0], shape)

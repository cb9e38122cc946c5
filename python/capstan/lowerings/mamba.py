"""The scan of Mamba2: a loop over chunks, each of which is products of matrices."""

from __future__ import annotations

from ..context import Context, TensorType
from ..mlir_text import Value
from ..symbols import as_size
from . import lowering
from .matmul import product_of
from .reductions import scan

CHUNK = 64


@lowering("capstan.mamba2_scan.default")
def mamba2_scan(ctx: Context, x, decay, b, c, initial) -> list[Value]:
    batch, length, heads, dim = x.shape
    groups, states = b.shape[2:]
    if not all(isinstance(n, int) for n in (heads, dim, groups, states)):
        raise ctx.refuse("sizes of heads that aren't constant")
    f, s = ctx.f, ctx.s
    # Tokens last but one: [batch, heads, length, ...].
    x = ctx.transpose(x, [0, 2, 1, 3])
    decay = ctx.transpose(decay, [0, 2, 1])
    b, c = (ctx.transpose(v, [0, 2, 1, 3]) for v in (b, c))
    out = f.empty((batch, heads, length, dim), x.element)
    y, last = f.fresh(x.element, out.shape), f.fresh(x.element, initial.shape)
    part, state = f.fresh(x.element, out.shape), f.fresh(x.element, initial.shape)
    at = f.fresh("index")
    total, step, zero = f.size(length), f.size(CHUNK), f.size(0)
    f.line(
        f"{y}, {last} = scf.for {at} = {zero} to {total} step {step} iter_args({part} = {out}, "
        f"{state} = {initial}) -> ({y.type}, {last.type}) {{"
    )
    with f.nested():
        size = ctx.new_size(s.minimum(s.sub(total, at), step))

        def chunk(v: Value) -> Value:
            sizes = [*v.shape[:2], size, *v.shape[3:]]
            return ctx.slice(v, [0, 0, at, *[0] * (v.rank - 3)], sizes)

        of_chunk, following = _chunk(ctx, chunk(x), chunk(decay), chunk(b), chunk(c), state)
        joined = f.fresh(x.element, out.shape)
        sizes = ", ".join(f.index(n) for n in of_chunk.shape)
        f.emit(
            f"tensor.insert_slice {of_chunk} into {part}[0, 0, {at}, 0] [{sizes}] [1, 1, 1, 1] : "
            f"{of_chunk.type} into {part.type}",
            joined,
        )
        f.emit(f"scf.yield {joined}, {following} : {joined.type}, {following.type}")
    f.line(f"}} {f.location}")
    return [ctx.transpose(y, [0, 2, 1, 3]), last]


def _chunk(ctx: Context, x, decay, b, c, state) -> tuple[Value, Value]:
    """The outputs and the state behind a chunk of `size` tokens.

    With a[l] the sum of decays up to l: y[l] = exp(a[l]) state @ c[l] + sum over s <= l of
    exp(a[l] - a[s]) (c[l] . b[s]) x[s].
    """
    f = ctx.f
    batch, heads, size, dim = x.shape
    groups, states = b.shape[1], b.shape[3]
    each = heads // groups
    of_groups, of_heads = as_size(batch * groups), as_size(batch * heads)
    kind = x.element
    upto = scan(ctx, decay, 2, 0, lambda s, a, b: s.add(a, b), TensorType(decay.shape, kind))
    b, c = (ctx.reshape(v, [of_groups, size, states]) for v in (b, c))

    # Of the tokens of the chunk.
    scores = ctx.reshape(product_of(ctx, c, b, transpose_b=True), [batch, groups, 1, size, size])
    upto = ctx.reshape(upto, [batch, groups, each, size])
    out = f.empty((batch, groups, each, size, size), kind)

    def weigh(score: Value, to: Value, of: Value, _: Value) -> list[Value]:
        s = ctx.s
        i, j = (f.emit(f"linalg.index {d} : index", "index") for d in (3, 4))
        weight = s.mul(score, s.exp(s.sub(to, of)))
        return [s.select(s.compare("le", j, i), weight, s.constant(0.0, weight))]

    operands = [(scores, [0, 1, "0", 3, 4]), (upto, [0, 1, 2, 3]), (upto, [0, 1, 2, 4])]
    weights = f.generic(operands, [(out, [0, 1, 2, 3, 4])], out.shape, weigh)[0]
    weights = ctx.reshape(weights, [of_heads, size, size])
    flat = ctx.reshape(x, [of_heads, size, dim])
    own = ctx.reshape(product_of(ctx, weights, flat), [batch, groups, each, size, dim])

    # Of what came before.
    before = ctx.reshape(state, [of_groups, as_size(each * dim), states])
    earlier = product_of(ctx, c, before, transpose_b=True)
    earlier = ctx.reshape(earlier, [batch, groups, size, each, dim])
    y = f.empty(own.shape, kind)

    def join(own: Value, earlier: Value, to: Value, _: Value) -> list[Value]:
        return [ctx.s.add(own, ctx.s.mul(ctx.s.exp(to), earlier))]

    operands = [(own, [0, 1, 2, 3, 4]), (earlier, [0, 1, 3, 2, 4]), (upto, [0, 1, 2, 3])]
    y = f.generic(operands, [(y, [0, 1, 2, 3, 4])], own.shape, join)[0]

    # The state behind the chunk.
    final = ctx.slice_dim(upto, 3, as_size(size - 1), 1)
    left = f.empty((batch, groups, each, dim, size), kind)

    def decayed(x: Value, end: Value, of: Value, _: Value) -> list[Value]:
        return [ctx.s.mul(x, ctx.s.exp(ctx.s.sub(end, of)))]

    grouped = ctx.reshape(x, [batch, groups, each, size, dim])
    operands = [(grouped, [0, 1, 2, 4, 3]), (final, [0, 1, 2, "0"]), (upto, [0, 1, 2, 4])]
    left = f.generic(operands, [(left, [0, 1, 2, 3, 4])], left.shape, decayed)[0]
    left = ctx.reshape(left, [of_groups, as_size(each * dim), size])
    added = ctx.reshape(product_of(ctx, left, b), state.shape)
    final = ctx.reshape(final, [batch, heads, 1, 1])
    following = ctx.elementwise(
        [state, final, added],
        lambda s, state, end, added: s.add(s.mul(s.exp(end), state), added),
        out=TensorType(state.shape, kind),
    )
    return ctx.reshape(y, x.shape), following

"""Products of matrices: named operations of linalg, with weights as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

from ..context import Context, TensorType, is_float
from ..mlir_text import Size, Value
from ..symbols import equal, product
from . import lowering

MATMUL = "(d0, d1, d2)"
BATCHED = "(d0, d1, d2, d3)"


def product_of(ctx: Context, a: Value, b: Value, transpose_b: bool = False) -> Value:
    """a @ b of two or three dimensions, or a @ b^T."""
    return ctx.cast(sums_of(ctx, a, b, transpose_b), a.element, a.unsigned)


def sums_of(ctx: Context, a: Value, b: Value, transpose_b: bool = False) -> Value:
    """The same before it is rounded: half precision is summed in f32."""
    batched, element = a.rank == 3, a.element
    if "f8E4M3FN" in (element, b.element):
        raise ctx.refuse(f"a product of {element} and {b.element} without scales")
    columns = b.shape[-2] if transpose_b else b.shape[-1]
    shape = (*a.shape[:-1], columns)
    summed = "f32" if element in ("bf16", "f16") else element
    init = ctx.f.filled(shape, ctx.f.constant(0, summed), unsigned=a.unsigned)
    name, maps = "linalg.matmul", ""
    if batched:
        name = "linalg.batch_matmul"
    if transpose_b:
        loops, m, n, k = (BATCHED, "d0, d1", "d0, d2", "d3") if batched else (
            MATMUL, "d0", "d1", "d2"
        )  # fmt: skip
        last = "d0, d1, d2" if batched else "d0, d1"
        of = [f"{m}, {k}", f"{n}, {k}", last]
        maps = f" indexing_maps = [{', '.join(f'affine_map<{loops} -> ({r})>' for r in of)}]"
    return ctx.f.into(name + maps, [a, b], init)


def flattened(ctx: Context, x: Value, keep: int) -> Value:
    """x with all but the last dimensions as one."""
    return ctx.reshape(x, [product(x.shape[: x.rank - keep]), *x.shape[x.rank - keep :]])


@lowering("aten.linear.default")
def linear(ctx: Context, x, weight, bias=None) -> Value:
    if weight.rank != 2:
        raise ctx.refuse(f"a weight of rank {weight.rank}")
    y = sums_of(ctx, flattened(ctx, x, 1), weight, transpose_b=True)
    if bias is None:
        y = ctx.cast(y, x.element, x.unsigned)
    else:  # rounded once, with it
        if bias.rank > 1:  # along more than the last dimension
            y = ctx.reshape(y, ctx.out.shape)
        out = TensorType(y.shape, x.element, x.unsigned)
        y = ctx.elementwise([y, bias], lambda s, y, b: s.add(y, b), out=out)
    return ctx.reshape(y, ctx.out.shape)


@lowering("aten.mm.default")
def mm(ctx: Context, a, b) -> Value:
    return product_of(ctx, a, b)


@lowering("aten.bmm.default")
def bmm(ctx: Context, a, b) -> Value:
    return product_of(ctx, a, b)


@lowering("aten.addmm.default", "aten.baddbmm.default")
def addmm(ctx: Context, c, a, b, beta=1, alpha=1) -> Value:
    y = sums_of(ctx, a, b)

    def body(s, y: Value, c: Value) -> Value:
        y = y if alpha == 1 else s.mul(y, s.constant(alpha, y))
        return s.add(y, c if beta == 1 else s.mul(c, s.constant(beta, c)))

    # With beta 0, NaN of c is ignored.
    return (
        ctx.elementwise([y, c], body)
        if beta
        else ctx.elementwise([y], lambda s, y: s.mul(y, s.constant(alpha, y)))
    )


@lowering("aten.matmul.default")
def matmul(ctx: Context, a, b) -> Value:
    """As torch.matmul: vectors, matrices, and batches that are broadcast."""
    if a.rank == 1:
        a = ctx.reshape(a, [1, *a.shape])
    if b.rank == 1:
        b = ctx.reshape(b, [*b.shape, 1])
    if b.rank == 2:
        y = product_of(ctx, flattened(ctx, a, 1), b)
        return ctx.reshape(y, ctx.out.shape)
    batch = broadcast(a.shape[:-2], b.shape[:-2])
    a, b = (ctx.broadcast(x, [*batch, *x.shape[-2:]]) for x in (a, b))
    return ctx.reshape(product_of(ctx, flattened(ctx, a, 2), flattened(ctx, b, 2)), ctx.out.shape)


def broadcast(a: Sequence[Size], b: Sequence[Size]) -> list[Size]:
    rank = max(len(a), len(b))
    a, b = ([1] * (rank - len(x)) + list(x) for x in (a, b))
    return [y if equal(x, 1) else x for x, y in zip(a, b, strict=True)]


@lowering("aten.dot.default")
def dot(ctx: Context, a, b) -> Value:
    out = TensorType(a.shape, a.element)
    products = ctx.elementwise([a, b], lambda s, a, b: s.mul(a, b), out=out)
    total = ctx.reduce(products, [0], 0, lambda s, a, b: s.add(a, b))
    return ctx.cast(total, ctx.out.element)


@lowering("aten.mv.default")
def mv(ctx: Context, a, b) -> Value:
    return matmul(ctx, a, b)


@lowering("aten._scaled_mm.default")
def scaled_mm(
    ctx: Context, a, b, scale_a, scale_b, bias=None, scale_result=None, out_dtype=None, fast=False
) -> Value:
    """Of FP8, with one scale for each factor, or one for each row and column."""
    out = ctx.out.element
    if (a.element, b.element) != ("f8E4M3FN", "f8E4M3FN") or out not in ("f32", "f16", "bf16"):
        raise ctx.refuse(f"products of {a.element} and {b.element} as {out}")
    if scale_result is not None:
        raise ctx.refuse("a scale of the result")
    m, n = a.shape[0], b.shape[1]
    scales = [scale_a, scale_b]
    if any(s.element != "f32" for s in scales):
        raise ctx.refuse("scales that aren't of float32")
    if all(equal(size, 1) for s in scales for size in s.shape):
        scales = [ctx.reshape(s, []) for s in scales]
    elif all(map(equal, [*scale_a.shape, *scale_b.shape], [m, 1, 1, n])):
        scales = [ctx.reshape(s, [size]) for s, size in zip(scales, (m, n), strict=True)]
    else:
        raise ctx.refuse("scales of blocks, or of rows with one of all columns")
    is_added = bias is not None and bias.element == out != "f32"
    added = f" bias({bias} : {bias.type})" if is_added else ""
    init = ctx.f.empty((m, n), out)
    y = ctx.f.emit(
        f"capstan.gemm ins({a}, {b} : {a.type}, {b.type}){added} scales({scales[0]}, {scales[1]} : "
        f"{scales[0].type}, {scales[1].type}) outs({init} : {init.type}) -> {init.type}",
        ctx.f.fresh(out, (m, n)),
    )
    if bias is None or is_added:
        return y
    return ctx.elementwise([y, bias], lambda s, y, b: s.add(y, b))


@lowering("aten._grouped_mm.default")
def aten_grouped_mm(ctx: Context, x, weights, offsets=None, bias=None, out_dtype=None) -> Value:
    if offsets is None or bias is not None or x.rank != 2 or weights.rank != 3:
        raise ctx.refuse("only rows in groups, by a matrix for each, without a bias")
    return grouped_mm(ctx, x, weights, offsets)


@lowering("transformers.grouped_mm_fallback.default")
def grouped_mm(ctx: Context, x, weights, offsets) -> Value:
    """Rows up to offsets[0] by the first matrix, those up to offsets[1] by the second, ..."""
    if x.element != weights.element or not is_float(x.element):
        raise ctx.refuse(f"a product of {x.element} and {weights.element}")

    def narrow(s, end: Value) -> Value:
        # What is no row stays none.
        most, least = s.constant(2**31 - 1, end), s.constant(-1, end)
        return s.minimum(s.maximum(end, least), most)

    if offsets.element != "i32":
        offsets = ctx.elementwise([offsets], narrow, "i64", TensorType(offsets.shape, "i32"))
    init = ctx.f.empty((x.shape[0], weights.shape[2]), x.element)
    y = ctx.f.into("capstan.grouped_gemm", [x, weights, offsets], init)
    return ctx.cast(y, ctx.out.element)

"""Ops whose result the host has to read from the device, and checks."""

from __future__ import annotations

import re

import sympy
import torch

from ..context import Context, TensorType
from ..mlir_text import Value, quoted
from ..symbols import as_size, product
from . import lowering
from .matmul import broadcast
from .reductions import scan


@lowering("aten.item.default", "aten._local_scalar_dense.default")
def item(ctx: Context, x) -> None:
    """capstan.item: the value is the size that torch.export named."""
    f, s = ctx.f, ctx.s
    zeros = ", ".join([str(f.size(0))] * x.rank)
    value = f.fresh(x.element, unsigned=x.unsigned)
    op = "tensor.extract" if x.on_host else "capstan.item"
    f.emit(f"{op} {x}[{zeros}] : {x.type}", value)
    result = ctx.node.meta["val"]
    if isinstance(result, torch.SymBool):
        # Eq(u0, 1)
        value = s.cast(value, "index")
    elif isinstance(result, torch.SymFloat):
        value = s.cast(value, "f64")
    else:
        value = s.cast(value, "index")
    define(ctx, value)


def define(ctx: Context, value: Value) -> None:
    """Gives the symbol that this op introduces its value."""
    for symbol in ctx.node.meta.get("unbacked_bindings") or {}:
        ctx.sizes.define(symbol, value)


def count_true(ctx: Context, x: Value) -> Value:
    ones = ctx.reduce(ctx.cast(x, "i1"), range(x.rank), 0, lambda s, a, b: s.add(a, b), "i64")
    count = ctx.f.emit(f"capstan.item {ones}[] : {ones.type}", "i64")
    count = ctx.s.cast(count, "index")
    # Never fails: it bounds the sizes that are made of the count.
    most = ctx.f.size(product(x.shape))
    ctx.check(ctx.s.compare("le", count, most), "more elements are true than there are")
    return count


def places_of_true(ctx: Context, x: Value, count) -> Value:
    """Flat indices of the elements that are true: `count` of them.

    The p-th has as index the number of places up to which at most p are true.
    """
    flat = ctx.reshape(ctx.cast(x, "i1"), [product(x.shape)])
    upto = scan(ctx, flat, 0, 0, lambda s, a, b: s.add(a, b), TensorType(flat.shape, "i64"))
    f, s = ctx.f, ctx.s
    init = f.filled([count], f.constant(0, "i64"))

    def body(sum_: Value, index: Value) -> list[Value]:
        p = s.cast(f.emit("linalg.index 0 : index", "index"), "i64")
        return [s.add(index, s.cast(s.compare("le", sum_, p), "i64"))]

    return f.generic([(upto, [1])], [(init, [0])], [count, flat.shape[0]], body, [1])[0]


@lowering("aten.nonzero.default")
def nonzero(ctx: Context, x) -> Value:
    """How many there are is read (capstan.item); the indices stay on the device."""
    count = ctx.out.shape[0]
    define(ctx, count_true(ctx, x))
    if not x.rank:
        return ctx.splat(0, ctx.out)
    flat = places_of_true(ctx, x, count)
    if x.rank == 1:
        return ctx.reshape(flat, ctx.out.shape)
    f = ctx.f
    sizes = [f.size(n) for n in x.shape]
    steps = [f.size(product(x.shape[d + 1 :])) for d in range(x.rank)]
    columns = []
    for size, step in zip(sizes, steps, strict=True):

        def body(s, i: Value, size=size, step=step) -> Value:
            whole = s.binary("arith.divsi", "", i, s.cast(step, "i64"))
            return s.binary("arith.remsi", "", whole, s.cast(size, "i64"))

        column = ctx.elementwise([flat], body, "i64", TensorType((count,), "i64"))
        columns.append(ctx.reshape(column, [count, 1]))
    return ctx.concat(columns, 1, ctx.out.shape)


@lowering("aten.masked_select.default")
def masked_select(ctx: Context, x, mask) -> Value:
    shape = broadcast(x.shape, mask.shape)
    x, mask = (ctx.broadcast(v, shape) for v in (x, mask))
    define(ctx, count_true(ctx, mask))
    places = places_of_true(ctx, mask, ctx.out.shape[0])
    flat = ctx.reshape(x, [product(x.shape)])
    return ctx.elementwise([places], lambda s, i: ctx.extract(flat, [s.cast(i, "index")]), "")


@lowering("aten.repeat_interleave.Tensor")
def repeat_interleave(ctx: Context, repeats, output_size=None) -> Value:
    """[0] * repeats[0] + [1] * repeats[1] + ...; the length is read."""
    f, s = ctx.f, ctx.s
    length = ctx.out.shape[0]

    def checked(s, n: Value) -> Value:
        ctx.check(s.compare("ge", n, s.constant(0, n)), "repeat_interleave: negative repeats")
        return n

    repeats = ctx.elementwise([repeats], checked, "", TensorType(repeats.shape, repeats.element))
    total = ctx.reduce(repeats, [0], 0, lambda s, a, b: s.add(a, b), "i64")
    if ctx.node.meta.get("unbacked_bindings"):
        count = f.emit(f"capstan.item {total}[] : {total.type}", "i64")
        define(ctx, s.cast(count, "index"))
    else:
        wanted = ctx.scalar(f.size(length), "i64")
        flag = TensorType((), "i1")
        fits = ctx.elementwise([total], lambda s, n: s.compare("eq", n, wanted), "", flag)
        message = "repeat_interleave: repeats don't add up to output_size"
        f.emit(f"capstan.device_check {fits}, {quoted(message)} : {fits.type}")
    ends = scan(ctx, repeats, 0, 0, lambda s, a, b: s.add(a, b), TensorType(repeats.shape, "i64"))
    init = f.filled([length], f.constant(0, "i64"))

    def body(end: Value, index: Value) -> list[Value]:
        p = s.cast(f.emit("linalg.index 0 : index", "index"), "i64")
        return [s.add(index, s.cast(s.compare("le", end, p), "i64"))]

    loops = [length, repeats.shape[0]]
    result = f.generic([(ends, [1])], [(init, [0])], loops, body, [1])[0]
    return ctx.cast(result, ctx.out.element)


@lowering("aten._assert_scalar.default")
def assert_scalar(ctx: Context, condition, message) -> None:
    if isinstance(condition, (bool, int)):
        value = ctx.f.constant(bool(condition), "i1")
    elif isinstance(condition, torch.SymBool):
        value = ctx.sizes.value(condition.node.expr)
    else:
        value = ctx.s.cast(ctx.sizes.value(as_size(condition)), "i1")
    message = re.sub(r" on node '\w+'$", "", message)
    message = re.sub(r"\bs\d+\b", lambda m: ctx.names.get(m[0], m[0]), message)
    ctx.f.emit(f"cf.assert {value}, {quoted(message)}")


@lowering("aten._assert_async.msg", "aten._assert_async.default")
def assert_async(ctx: Context, x, message="assertion failed") -> None:
    """A check on the device: nothing waits for it."""
    x = ctx.reshape(ctx.cast(x, "i1"), [])
    ctx.f.emit(f"capstan.device_check {x}, {quoted(message)} : {x.type}")


@lowering("aten.sym_constrain_range_for_size.default", "aten.sym_constrain_range.default")
def constrain(ctx: Context, size, least=None, most=None, *_) -> None:
    value = ctx.sizes.value(sympy.sympify(as_size(size)))
    if value.element != "index":
        return
    f, s = ctx.f, ctx.s
    least = 0 if least is None and "for_size" in ctx.op else least
    if least is not None:
        ok = s.compare("ge", value, f.constant(least, "index"))
        f.emit(f"cf.assert {ok}, {quoted(f'a size is below {least}')}")
    if most is not None:
        ok = s.compare("le", value, f.constant(most, "index"))
        f.emit(f"cf.assert {ok}, {quoted(f'a size is above {most}')}")


@lowering("aten._assert_tensor_metadata.default", "aten.sym_size.int", "aten.sym_numel.default")
def nothing(ctx: Context, *_) -> None:
    """What torch.export has checked, and sizes, which expressions give."""


@lowering("aten.sym_storage_offset.default")
def storage_offset(ctx: Context, *_) -> None:
    """Where a view that begins at a value from the device lies; here it is a tensor of its own."""
    offset = as_size(ctx.node.meta["val"])
    if ctx.is_new(offset):
        ctx.sizes.define(offset, ctx.f.constant(0, "index"))

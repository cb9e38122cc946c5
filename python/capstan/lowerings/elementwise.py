"""Ops that compute each element from the elements at its place."""

from __future__ import annotations

import math

import torch

from ..context import Context, is_float
from ..mlir_text import Value
from ..scalars import WIDTHS, accumulator
from . import lowering


def _promoted(*values) -> str:
    """The element type that comparisons convert their operands to."""
    from ..context import DTYPES, ELEMENTS

    def example(v):
        if isinstance(v, Value):
            dtype = torch.uint8 if v.unsigned else DTYPES[v.element]
            return torch.empty([1] * v.rank, dtype=dtype, device="meta")
        if isinstance(v, torch.SymInt):
            return 1
        return 1.0 if isinstance(v, torch.SymFloat) else v

    return accumulator(ELEMENTS[torch.result_type(*map(example, values))])


def _scaled(s, b: Value, alpha) -> Value:
    return b if isinstance(alpha, (int, float)) and alpha == 1 else s.mul(b, s.constant(alpha, b))


@lowering("aten.add.Tensor", "aten.add.Scalar")
def add(ctx: Context, a, b, alpha=1) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.add(a, _scaled(s, b, alpha)))


@lowering("aten.sub.Tensor", "aten.sub.Scalar")
def sub(ctx: Context, a, b, alpha=1) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.sub(a, _scaled(s, b, alpha)))


@lowering("aten.rsub.Scalar", "aten.rsub.Tensor")
def rsub(ctx: Context, a, b, alpha=1) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.sub(b, _scaled(s, a, alpha)))


@lowering("aten.mul.Tensor", "aten.mul.Scalar")
def mul(ctx: Context, a, b) -> Value:
    def body(s, a: Value, b: Value) -> Value:
        return s.both(a, b) if a.element == "i1" else s.mul(a, b)

    return ctx.elementwise([a, b], body)


@lowering("aten.div.Tensor", "aten.div.Scalar")
def div(ctx: Context, a, b) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.div(a, b))


@lowering("aten.div.Tensor_mode", "aten.div.Scalar_mode")
def div_mode(ctx: Context, a, b, rounding_mode=None) -> Value:
    if rounding_mode == "floor":
        return floor_divide(ctx, a, b)
    if rounding_mode is None:
        return div(ctx, a, b)

    def body(s, a: Value, b: Value) -> Value:
        q = s.div(a, b)
        return s.unary("math.trunc", q) if is_float(q.element) else q

    return ctx.elementwise([a, b], body)


@lowering("aten.floor_divide.default", "aten.floor_divide.Scalar")
def floor_divide(ctx: Context, a, b) -> Value:
    def body(s, a: Value, b: Value) -> Value:
        if not is_float(a.element):
            return s.floordiv(a, b)
        # PyTorch's: (a - fmod(a, b)) / b, rounded, so that a * (1 / a) isn't above 1.
        rest = s.rem(a, b)
        zero = s.constant(0.0, a)
        quotient = s.div(s.sub(a, rest), b)
        differs = s.xor(s.compare("lt", rest, zero), s.compare("lt", b, zero))
        wrong = s.both(differs, s.compare("ne", rest, zero))
        quotient = s.select(wrong, s.sub(quotient, s.constant(1.0, a)), quotient)
        rounded = s.unary("math.roundeven", quotient)
        return s.select(s.compare("eq", b, zero), s.div(a, b), rounded)

    return ctx.elementwise([a, b], body)


@lowering("aten.remainder.Scalar", "aten.remainder.Tensor")
def remainder(ctx: Context, a, b) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.mod(a, b))


@lowering("aten.fmod.Scalar", "aten.fmod.Tensor")
def fmod(ctx: Context, a, b) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.rem(a, b))


@lowering("aten.maximum.default", "aten.clamp_min.default", "aten.clamp_min.Tensor")
def maximum(ctx: Context, a, b) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.maximum(a, b))


@lowering("aten.minimum.default", "aten.clamp_max.default", "aten.clamp_max.Tensor")
def minimum(ctx: Context, a, b) -> Value:
    return ctx.elementwise([a, b], lambda s, a, b: s.minimum(a, b))


@lowering("aten.clamp.default", "aten.clamp.Tensor")
def clamp(ctx: Context, x, least=None, most=None) -> Value:
    def body(s, x: Value, *bounds: Value) -> Value:
        bounds = list(bounds)
        if least is not None:
            x = s.maximum(x, bounds.pop(0))
        return s.minimum(x, bounds[0]) if most is not None else x

    return ctx.elementwise([x, *(b for b in (least, most) if b is not None)], body)


def _polynomial_free(op: str):
    return lambda ctx, x, *_: ctx.elementwise([x], lambda s, x: s.unary(op, x))


for _name in (
    "exp", "log", "log1p", "log2", "sqrt", "rsqrt", "sin", "cos", "tan", "tanh", "erf", "expm1",
    "floor", "ceil", "trunc", "exp2", "atan", "sinh", "cosh", "asin", "acos", "log10",
):  # fmt: skip
    _op = _polynomial_free(f"math.{_name}")

    def _lower(ctx: Context, x, op=_op) -> Value:
        # Of integers, floor, ceil and trunc are the identity.
        return x if x.element == ctx.out.element and not is_float(x.element) else op(ctx, x)

    lowering(f"aten.{_name}.default")(_lower)


@lowering("aten.round.default")
def round_(ctx: Context, x) -> Value:
    if not is_float(x.element):
        return x
    return ctx.elementwise([x], lambda s, x: s.unary("math.roundeven", x))


@lowering("aten.abs.default")
def abs_(ctx: Context, x) -> Value:
    if x.unsigned or x.element == "i1":
        return x
    op = "math.absf" if is_float(x.element) else "math.absi"
    return ctx.elementwise([x], lambda s, x: s.unary(op, x))


@lowering("aten.neg.default")
def neg(ctx: Context, x) -> Value:
    return ctx.elementwise([x], lambda s, x: s.neg(x))


@lowering("aten.reciprocal.default")
def reciprocal(ctx: Context, x) -> Value:
    return ctx.elementwise([x], lambda s, x: s.div(s.constant(1.0, x), x))


@lowering("aten.sign.default")
def sign(ctx: Context, x) -> Value:
    def body(s, x: Value) -> Value:
        zero = s.constant(0, x)
        negative = s.select(s.compare("lt", x, zero), s.constant(-1, x), zero)
        return s.select(s.compare("gt", x, zero), s.constant(1, x), negative)

    return x if x.element == "i1" else ctx.elementwise([x], body)


def _sigmoid(s, x: Value) -> Value:
    one = s.constant(1.0, x)
    return s.div(one, s.add(one, s.exp(s.neg(x))))


@lowering("aten.sigmoid.default")
def sigmoid(ctx: Context, x) -> Value:
    return ctx.elementwise([x], _sigmoid)


@lowering("aten.silu.default")
def silu(ctx: Context, x) -> Value:
    """x / (1 + exp(-x))"""

    def body(s, x: Value) -> Value:
        return s.div(x, s.add(s.constant(1.0, x), s.exp(s.neg(x))))

    return ctx.elementwise([x], body)


@lowering("aten.relu.default")
def relu(ctx: Context, x) -> Value:
    return ctx.elementwise([x], lambda s, x: s.maximum(x, s.constant(0, x)))


@lowering("aten.gelu.default")
def gelu(ctx: Context, x, approximate="none") -> Value:
    def body(s, x: Value) -> Value:
        half, one = s.constant(0.5, x), s.constant(1.0, x)
        if approximate == "tanh":
            cubed = s.mul(s.constant(0.044715, x), s.mul(x, s.mul(x, x)))
            inner = s.mul(s.constant(math.sqrt(2 / math.pi), x), s.add(x, cubed))
            factor = s.unary("math.tanh", inner)
        else:
            factor = s.unary("math.erf", s.mul(x, s.constant(math.sqrt(0.5), x)))
        return s.mul(s.mul(half, x), s.add(one, factor))

    return ctx.elementwise([x], body)


@lowering("aten.softplus.default")
def softplus(ctx: Context, x, beta=1, threshold=20) -> Value:
    def body(s, x: Value) -> Value:
        scaled = s.mul(x, s.constant(beta, x))
        soft = s.div(s.unary("math.log1p", s.exp(scaled)), s.constant(beta, x))
        return s.select(s.compare("gt", scaled, s.constant(threshold, x)), x, soft)

    return ctx.elementwise([x], body)


@lowering("aten.pow.Tensor_Scalar", "aten.pow.Tensor_Tensor", "aten.pow.Scalar")
def power(ctx: Context, a, b) -> Value:
    def body(s, a: Value, e: Value) -> Value:
        if b == 1:
            return a
        if b == 2:
            return s.mul(a, a)
        if b == 3:
            return s.mul(s.mul(a, a), a)
        if b == 0.5 and is_float(a.element):
            return s.unary("math.sqrt", a)
        if b == -0.5 and is_float(a.element):
            return s.unary("math.rsqrt", a)
        return s.power(a, e) if is_float(a.element) else _whole_power(s, a, b)

    if not is_float(ctx.out.element) and not (isinstance(b, int) and b >= 0):
        raise ctx.refuse("integers to a power that isn't a constant of at least 0")
    return ctx.elementwise([a, b], body)


def _whole_power(s, a: Value, exponent: int) -> Value:
    """By squaring."""
    result = s.constant(1, a)
    while exponent:
        if exponent & 1:
            result = s.mul(result, a)
        a, exponent = s.mul(a, a), exponent >> 1
    return result


def _comparison(predicate: str):
    def lower(ctx: Context, a, b) -> Value:
        return ctx.elementwise([a, b], lambda s, a, b: s.compare(predicate, a, b), _promoted(a, b))

    return lower


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    lowering(f"aten.{_name}.Tensor", f"aten.{_name}.Scalar")(_comparison(_name))


def _bitwise(method: str):
    return lambda ctx, a, b: ctx.elementwise([a, b], lambda s, a, b: getattr(s, method)(a, b))


for _name, _dunder, _method in (
    ("and", "__and__", "both"), ("or", "__or__", "either"), ("xor", "__xor__", "xor"),
):  # fmt: skip
    _ops = [f"aten.{n}.{o}" for n in (f"bitwise_{_name}", _dunder) for o in ("Tensor", "Scalar")]
    lowering(*_ops)(_bitwise(_method))
    lowering(f"aten.logical_{_name}.default")(
        lambda ctx, a, b, m=_method: ctx.elementwise(
            [a, b], lambda s, a, b: getattr(s, m)(a, b), "i1"
        )
    )


def _shifted(s, a: Value, b: Value, op: str, most: Value, beyond: Value) -> Value:
    """Shifts by less than 0 or by all bits have a result in PyTorch, but none in MLIR."""
    fits = s.both(s.compare("ge", b, s.constant(0, b)), s.compare("le", b, most))
    amount = s.select(fits, b, s.constant(0, b))
    return s.select(fits, s.binary(op, "", a, amount, op.replace("shrsi", "shrui")), beyond)


@lowering(
    "aten.bitwise_left_shift.Tensor", "aten.bitwise_left_shift.Tensor_Scalar",
    "aten.bitwise_left_shift.Scalar_Tensor", "aten.__lshift__.Tensor", "aten.__lshift__.Scalar",
)  # fmt: skip
def shift_left(ctx: Context, a, b) -> Value:
    def body(s, a: Value, b: Value) -> Value:
        most = s.constant(WIDTHS[a.element] - 1, a)
        return _shifted(s, a, b, "arith.shli", most, s.constant(0, a))

    return ctx.elementwise([a, b], body)


@lowering(
    "aten.bitwise_right_shift.Tensor", "aten.bitwise_right_shift.Tensor_Scalar",
    "aten.bitwise_right_shift.Scalar_Tensor", "aten.__rshift__.Tensor", "aten.__rshift__.Scalar",
)  # fmt: skip
def shift_right(ctx: Context, a, b) -> Value:
    def body(s, a: Value, b: Value) -> Value:
        most = s.constant(WIDTHS[a.element] - 1, a)
        sign = s.constant(0, a) if a.unsigned else s.binary("arith.shrsi", "", a, most)
        return _shifted(s, a, b, "arith.shrsi", most, sign)

    return ctx.elementwise([a, b], body)


@lowering("aten.copy.default")
def copy(ctx: Context, x, source, non_blocking=False) -> Value:
    return ctx.broadcast(ctx.cast(source, x.element, x.unsigned), x.shape)


@lowering("aten.bitwise_not.default")
def bitwise_not(ctx: Context, x) -> Value:
    return ctx.elementwise([x], lambda s, x: s.invert(x))


@lowering("aten.logical_not.default")
def logical_not(ctx: Context, x) -> Value:
    return ctx.elementwise([x], lambda s, x: s.invert(x), "i1")


@lowering("aten.isnan.default")
def isnan(ctx: Context, x) -> Value:
    return ctx.elementwise([x], lambda s, x: s.compare("ne", x, x), accumulator(x.element))


@lowering("aten.where.self", "aten.where.ScalarOther", "aten.where.ScalarSelf", "aten.where.Scalar")
def where(ctx: Context, condition, a, b) -> Value:
    def body(s, c: Value, a: Value, b: Value) -> Value:
        element, unsigned = ctx.out.element, ctx.out.unsigned
        c, a, b = s.cast(c, "i1"), s.cast(a, element, unsigned), s.cast(b, element, unsigned)
        return s.select(c, a, b)

    inputs = [v if isinstance(v, Value) else ctx.scalar(v, ctx.out.element) for v in (a, b)]
    return ctx.elementwise([condition, *inputs], body, "")


@lowering("aten.masked_fill.Scalar", "aten.masked_fill.Tensor")
def masked_fill(ctx: Context, x, mask, value) -> Value:
    return where(ctx, mask, value, x)


@lowering(
    "aten.to.dtype", "aten.to.dtype_layout", "aten.to.device", "aten.to.other",
    "aten._to_copy.default", "aten.type_as.default", "prims.convert_element_type.default",
)  # fmt: skip
def convert(ctx: Context, x, *_) -> Value:
    return ctx.cast(x, ctx.out.element, ctx.out.unsigned)


@lowering(
    "aten.alias.default", "aten.clone.default", "aten.contiguous.default", "aten.detach.default",
    "aten.detach_.default", "aten.lift_fresh_copy.default", "aten.lift_fresh.default",
)  # fmt: skip
def same(ctx: Context, x, *_) -> Value:
    return x


@lowering("aten.dropout.default", "aten.native_dropout.default")
def dropout(ctx: Context, x, p, train) -> Value:
    if train and p:
        raise ctx.refuse("dropout in training: call model.eval() first")
    return x

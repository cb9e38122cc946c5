"""Arithmetic on single elements: what stands in the body of a linalg.generic."""

from __future__ import annotations

from .mlir_text import FLOATS, Function, Value

WIDTHS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "index": 64, **FLOATS}


def is_float(element: str) -> bool:
    return element in FLOATS


def accumulator(element: str) -> str:
    """What PyTorch computes with: half precision is for memory only."""
    return "f32" if element in ("f8E4M3FN", "bf16", "f16") else element


class Scalars:
    """Operations on elements; both operands have one type, which decides what an operation is."""

    def __init__(self, function: Function) -> None:
        self.f = function

    def constant(self, value: float | int | bool, like: Value | str) -> Value:
        return self.f.constant(value, like if isinstance(like, str) else like.element)

    def unary(self, op: str, x: Value) -> Value:
        return self.f.emit(f"{op} {x} : {x.element}", x.element)

    def binary(self, integer: str, real: str, a: Value, b: Value, unsigned: str = "") -> Value:
        op = real if is_float(a.element) else unsigned if unsigned and a.unsigned else integer
        result = self.f.fresh(a.element, unsigned=a.unsigned)
        return self.f.emit(f"{op} {a}, {b} : {a.element}", result)

    def add(self, a: Value, b: Value) -> Value:
        return self.binary("arith.ori" if a.element == "i1" else "arith.addi", "arith.addf", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        return self.binary("arith.subi", "arith.subf", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        return self.binary("arith.muli", "arith.mulf", a, b)

    def div(self, a: Value, b: Value) -> Value:
        return self._divided("arith.divsi", "arith.divf", a, b, "arith.divui")

    def floordiv(self, a: Value, b: Value) -> Value:
        if is_float(a.element):
            return self.unary("math.floor", self.div(a, b))
        return self._divided("arith.floordivsi", "", a, b, "arith.divui")

    def rem(self, a: Value, b: Value) -> Value:
        """C's remainder, which has the sign of the dividend."""
        return self._divided("arith.remsi", "arith.remf", a, b, "arith.remui")

    def _divided(self, integer: str, real: str, a: Value, b: Value, unsigned: str) -> Value:
        """Of integers, by 0 fails and by -1 wraps, as in PyTorch; both would end the process."""
        known = self.f.numbers.get(b.name)
        if is_float(a.element) or a.element == "index" or known not in (None, 0, -1):
            return self.binary(integer, real, a, b, unsigned)
        if known is None or known == 0:
            ok = self.compare("ne", b, self.constant(0, b))
            self.f.emit(f'cf.assert {ok}, "integer division by zero"')
        if a.unsigned or known == 0:
            return self.binary(integer, real, a, b, unsigned)
        wraps = self.compare("eq", b, self.constant(-1, b))
        whole = self.binary(integer, real, a, self.select(wraps, self.constant(1, b), b), unsigned)
        if integer == "arith.remsi":  # the same for 1 and -1
            return whole
        return self.select(wraps, self.neg(a), whole)

    def mod(self, a: Value, b: Value) -> Value:
        """Python's remainder, which has the sign of the divisor."""
        rest = self.rem(a, b)
        if a.unsigned:
            return rest
        zero = self.constant(0, a)
        differs = self.xor(self.compare("lt", rest, zero), self.compare("lt", b, zero))
        wrong = self.both(differs, self.compare("ne", rest, zero))
        return self.select(wrong, self.add(rest, b), rest)

    def maximum(self, a: Value, b: Value) -> Value:
        signed = "arith.ori" if a.element == "i1" else "arith.maxsi"
        return self.binary(signed, "arith.maximumf", a, b, "arith.maxui")

    def minimum(self, a: Value, b: Value) -> Value:
        signed = "arith.andi" if a.element == "i1" else "arith.minsi"
        return self.binary(signed, "arith.minimumf", a, b, "arith.minui")

    def both(self, a: Value, b: Value) -> Value:
        return self.binary("arith.andi", "", a, b)

    def either(self, a: Value, b: Value) -> Value:
        return self.binary("arith.ori", "", a, b)

    def xor(self, a: Value, b: Value) -> Value:
        return self.binary("arith.xori", "", a, b)

    def invert(self, a: Value) -> Value:
        return self.xor(a, self.constant(True if a.element == "i1" else -1, a))

    def neg(self, a: Value) -> Value:
        return (
            self.unary("arith.negf", a) if is_float(a.element) else self.sub(self.constant(0, a), a)
        )

    def exp(self, a: Value) -> Value:
        return self.unary("math.exp", a)

    def power(self, a: Value, b: Value) -> Value:
        return self.f.emit(f"math.powf {a}, {b} : {a.element}", a.element)

    def compare(self, predicate: str, a: Value, b: Value) -> Value:
        """eq, ne, lt, le, gt, ge; with NaN only `ne` is true."""
        if is_float(a.element):
            name = "une" if predicate == "ne" else f"o{predicate}"
            return self.f.emit(f"arith.cmpf {name}, {a}, {b} : {a.element}", "i1")
        if predicate not in ("eq", "ne"):
            predicate = ("u" if a.unsigned or a.element == "i1" else "s") + predicate
        return self.f.emit(f"arith.cmpi {predicate}, {a}, {b} : {a.element}", "i1")

    def select(self, c: Value, a: Value, b: Value) -> Value:
        result = self.f.fresh(a.element, unsigned=a.unsigned)
        return self.f.emit(f"arith.select {c}, {a}, {b} : {a.element}", result)

    def cast(self, x: Value, element: str, unsigned: bool = False) -> Value:
        """PyTorch's conversion of an element."""
        source = x.element
        if source == element:
            return x

        def to(op: str, value: Value = x, target: str = element) -> Value:
            result = self.f.fresh(target, unsigned=unsigned)
            return self.f.emit(f"{op} {value} : {value.element} to {target}", result)

        if source == "f8E4M3FN" and not is_float(element):
            return self.cast(self.cast(x, "f32"), element, unsigned)
        if element == "i1":
            return self.compare("ne", x, self.constant(0, x))
        if source == "index" or element == "index":
            if source == "index" and element != "i64":
                return self.cast(to("arith.index_cast", x, "i64"), element, unsigned)
            if element == "index" and source not in ("i32", "i64"):
                return to("arith.index_cast", self.cast(x, "i64"))
            return to("arith.index_cast")
        if element == "f8E4M3FN":  # what is too large gives the largest, as in PyTorch
            x = self.cast(x, "f32")
            x = self.minimum(self.maximum(x, self.constant(-448, x)), self.constant(448, x))
            return to("arith.truncf", x)
        if is_float(source) and is_float(element):
            # By way of f32: between bf16 and f16, and from f64 as PyTorch does.
            if WIDTHS[source] == WIDTHS[element] or (
                {source, element} & {"bf16", "f16"} and ("f64" in (source, element))
            ):
                return self.cast(self.cast(x, "f32"), element)
            return to("arith.extf" if WIDTHS[source] < WIDTHS[element] else "arith.truncf")
        is_unsigned = x.unsigned or source == "i1"
        if is_float(source):
            # By way of 64 bits, so that small types wrap.
            if WIDTHS[element] < 64:
                return self.cast(to("arith.fptosi", x, "i64"), element, unsigned)
            return to("arith.fptosi")
        if is_float(element):
            return to("arith.uitofp" if is_unsigned else "arith.sitofp")
        if WIDTHS[source] < WIDTHS[element]:
            return to("arith.extui" if is_unsigned else "arith.extsi")
        if WIDTHS[source] == WIDTHS[element]:
            return Value(x.name, element, unsigned=unsigned)
        return to("arith.trunci")

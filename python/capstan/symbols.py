"""Sizes: SymPy expressions of torch.export become host values, and `capstan.dims` on arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce

import sympy

from .mlir_text import Function, Size, Value, quoted

UNLIMITED = 2**31  # torch.export writes larger bounds where there are none


@cache
def equal(a: Size, b: Size) -> bool:
    """Whether two sizes are the same for all values of the symbols."""
    if a == b:
        return True
    if isinstance(a, int) and isinstance(b, int):
        return False
    return sympy.expand(sympy.sympify(a) - sympy.sympify(b)) == 0


def as_size(value: object) -> Size:
    """A size as Function takes it: an int if it is one."""
    if isinstance(value, int):
        return int(value)
    expression = value.node.expr if hasattr(value, "node") else sympy.sympify(value)
    return int(expression) if expression.is_Integer else expression


def product(sizes) -> Size:
    return as_size(reduce(lambda a, b: a * b, sizes, 1))


class Sizes:
    """Host values of the expressions, each computed once where it is visible."""

    def __init__(self, function: Function) -> None:
        self.function = function
        function.dynamic_size = self.index

    def define(self, symbol: Size, value: Value) -> None:
        self.function.known[symbol] = value

    def index(self, size: Size) -> Value:
        value = self.value(size)
        if value.element == "index":
            return value
        raise NotImplementedError(f"a size that isn't an integer: {size}")

    def value(self, size: object) -> Value:
        """An index, a truth value or a float: what kind of expression it is decides."""
        expression = sympy.sympify(size)
        known = self.function.known.get(expression)
        if known is None:
            known = self.compute(expression)
            self.function.known[expression] = known
        return known

    def compute(self, e: sympy.Expr) -> Value:
        f = self.function
        if e in (sympy.true, sympy.false):
            return f.constant(bool(e), "i1")
        if e.is_Integer:
            return f.constant(int(e), "index")
        if e.is_Float or e.is_Rational:
            return f.constant(float(e), "f64")
        if e.is_Pow and e.exp.is_Integer and e.exp > 0:
            return _mul(f, *[self.value(e.base)] * int(e.exp))
        if e.is_Piecewise:  # the last condition is true
            (value, _), *others = ((self.value(x), self.value(c)) for x, c in reversed(e.args))
            for other, holds in others:
                value = MAKERS["Where"](f, holds, other, value)
            return value
        make = MAKERS.get(type(e).__name__)
        if make is None:
            if e.is_Symbol:
                raise NotImplementedError(f"nothing gives the size {e}")
            raise NotImplementedError(f"sizes with {type(e).__name__}: {e}")
        return make(f, *(self.value(a) for a in e.args))


def _float(f: Function, x: Value) -> Value:
    if x.element != "index":
        return x
    i = f.emit(f"arith.index_cast {x} : index to i64", "i64")
    return f.emit(f"arith.sitofp {i} : i64 to f64", "f64")


def _binary(integer: str, real: str) -> Callable[..., Value]:
    """Arithmetic of any number of operands, on floats if one is."""

    def make(f: Function, *operands: Value) -> Value:
        real_ones = any(x.element == "f64" for x in operands)
        op, element = (real, "f64") if real_ones else (integer, "index")
        if real_ones:
            operands = tuple(_float(f, x) for x in operands)
        return reduce(lambda a, b: f.emit(f"{op} {a}, {b} : {element}", element), operands)

    return make


def _compare(predicate: str) -> Callable[..., Value]:
    def make(f: Function, a: Value, b: Value) -> Value:
        if "f64" in (a.element, b.element):
            a, b = _float(f, a), _float(f, b)
            name = {"eq": "oeq", "ne": "une"}.get(predicate, "o" + predicate[1:])
            return f.emit(f"arith.cmpf {name}, {a}, {b} : f64", "i1")
        return f.emit(f"arith.cmpi {predicate}, {a}, {b} : {a.element}", "i1")

    return make


_add, _mul = _binary("arith.addi", "arith.addf"), _binary("arith.muli", "arith.mulf")


def _division(integer: str) -> Callable[..., Value]:
    """Integers divided by 0 fail; the instruction would end the process."""
    divide = _binary(integer, "arith.divf")

    def make(f: Function, a: Value, b: Value) -> Value:
        if a.element == b.element == "index" and not f.numbers.get(b.name):
            ok = f.emit(f"arith.cmpi ne, {b}, {f.constant(0, 'index')} : index", "i1")
            f.emit(f'cf.assert {ok}, "integer division by zero"')
        return divide(f, a, b)

    return make


_floor = _division("arith.floordivsi")


def _mod(f: Function, a: Value, b: Value) -> Value:
    """Python's: the sign of the divisor."""
    whole = _mul(f, _floor(f, a, b), b)
    return f.emit(f"arith.subi {a}, {whole} : index", "index")


def _power(f: Function, base: Value, exponent: Value) -> Value:
    return f.emit(f"math.powf {_float(f, base)}, {_float(f, exponent)} : f64", "f64")


def _true_division(f: Function, a: Value, b: Value) -> Value:
    return f.emit(f"arith.divf {_float(f, a)}, {_float(f, b)} : f64", "f64")


def _to_int(op: str | None) -> Callable[..., Value]:
    def make(f: Function, x: Value) -> Value:
        if x.element == "index":
            return x
        x = f.emit(f"{op} {x} : f64", "f64") if op else x
        i = f.emit(f"arith.fptosi {x} : f64 to i64", "i64")
        return f.emit(f"arith.index_cast {i} : i64 to index", "index")

    return make


def _logic(op: str) -> Callable[..., Value]:
    return lambda f, *x: reduce(lambda a, b: f.emit(f"{op} {a}, {b} : i1", "i1"), x)


MAKERS: dict[str, Callable[..., Value]] = {
    "Add": _add,
    "Mul": _mul,
    "Max": _binary("arith.maxsi", "arith.maximumf"),
    "Min": _binary("arith.minsi", "arith.minimumf"),
    "FloorDiv": _floor,
    "CleanDiv": _floor,
    "CeilDiv": _division("arith.ceildivsi"),
    "Mod": _mod,
    "PythonMod": _mod,
    "ModularIndexing": lambda f, x, d, m: _mod(f, _floor(f, x, d), m),
    "Pow": _power,
    "PowByNatural": _power,
    "FloatPow": _power,
    "IntTrueDiv": _true_division,
    "FloatTrueDiv": _true_division,
    "ToFloat": _float,
    "TruncToInt": _to_int("math.trunc"),
    "FloorToInt": _to_int("math.floor"),
    "CeilToInt": _to_int("math.ceil"),
    "OpaqueUnaryFn_sqrt": lambda f, x: f.emit(f"math.sqrt {_float(f, x)} : f64", "f64"),
    "Equality": _compare("eq"),
    "Unequality": _compare("ne"),
    "StrictLessThan": _compare("slt"),
    "LessThan": _compare("sle"),
    "StrictGreaterThan": _compare("sgt"),
    "GreaterThan": _compare("sge"),
    "And": _logic("arith.andi"),
    "Or": _logic("arith.ori"),
    "Not": lambda f, x: f.emit(f"arith.xori {x}, {f.constant(True, 'i1')} : i1", "i1"),
    "Where": lambda f, c, a, b: f.emit(f"arith.select {c}, {a}, {b} : {a.element}", a.element),
}


class Dims:
    """`capstan.dims` of the arguments: names and bounds of the symbols."""

    def __init__(self, ranges: dict[sympy.Symbol, object]) -> None:
        self.ranges = ranges
        self.names: dict[sympy.Symbol, str] = {}
        # Those that are alone somewhere, and those of them that an entry has declared.
        self.alone: set[sympy.Symbol] = set()
        self.declared: set[sympy.Symbol] = set()

    def bounds(self, symbol: sympy.Symbol) -> tuple[int | None, int | None]:
        """The least and the largest value, None for what is not known."""
        known = self.ranges.get(symbol)
        if known is None:
            return None, None
        lower = int(known.lower) if known.lower.is_Integer and known.lower > 0 else None
        upper = known.upper
        upper = int(upper) if upper.is_Integer and upper < UNLIMITED else None
        return lower, upper

    def entry(self, size: Size) -> str:
        """The entry of one dimension."""
        if isinstance(size, int):
            return str(size)
        if size.is_Symbol:
            fields = ""
            if size not in self.declared:
                self.declared.add(size)
                least, most = self.bounds(size)
                fields += f", min = {least}" if least is not None else ""
                fields += f", max = {most}" if most is not None else ""
            return f"#capstan.dim<{quoted(self.name(size))}{fields}>"
        text = self.expression(size) if size.free_symbols <= self.alone else None
        return f"#capstan.dim<{quoted(text or '?')}>"

    def name(self, symbol: sympy.Symbol) -> str:
        return self.names.get(symbol, str(symbol))

    def expression(self, size: sympy.Expr) -> str | None:
        """The size in the language of `#capstan.dim`; None if it can't say it."""
        if size.is_Integer:
            return str(size)
        if size.is_Symbol:
            return self.name(size)
        parts = [self.expression(a) for a in size.args]
        if None in parts:
            return None
        kind = type(size).__name__
        if kind == "Add":
            return " + ".join(parts).replace("+ -", "- ")
        if kind == "Mul":
            return " * ".join(f"({p})" if " " in p else p for p in parts)
        if kind == "FloorDiv" and size.args[1].is_Integer:
            return f"({parts[0]}) / {parts[1]}" if " " in parts[0] else f"{parts[0]} / {parts[1]}"
        return None

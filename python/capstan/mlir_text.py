"""Writes MLIR as text: SSA values, types, locations, one function.

MLIR's own parser checks what is written, so this knows only how to name things.

    f = Function("main", [Argument("x", Value.tensor((n, 4), "f32"))])
    zero = f.constant(0.0, "f32")
    y = f.emit(f"arith.addf {x}, {zero} : f32", "f32")
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

# A size is an int, or anything else (a SymPy expression) if it is dynamic.
Size = object
FLOATS = {"f8E4M3FN": 8, "bf16": 16, "f16": 16, "f32": 32, "f64": 64}


@dataclass(frozen=True)
class Value:
    """An SSA value: a scalar, or a tensor if it has a shape."""

    name: str
    element: str
    shape: tuple[Size, ...] | None = None
    on_host: bool = False
    unsigned: bool = False  # how the source reads the integers; MLIR's have no sign

    def __str__(self) -> str:
        return self.name

    @property
    def type(self) -> str:
        if self.shape is None:
            return self.element
        return tensor_type(self.shape, self.element, self.on_host)

    @property
    def rank(self) -> int:
        return len(self.shape or ())


def tensor_type(shape: Sequence[Size], element: str, on_host: bool = False) -> str:
    sizes = "".join(f"{size if isinstance(size, int) else '?'}x" for size in shape)
    return f"tensor<{sizes}{element}{', #capstan.host' if on_host else ''}>"


def quoted(text: str) -> str:
    """A string literal."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace("\\/", "/")
    return '"' + escaped.replace("\\n", "\\0A").replace("\\t", "\\09").replace("\\r", "\\0D") + '"'


def number(value: float | int | bool, element: str) -> str:
    """A literal of an element type."""
    if element == "i1":
        return "true" if value else "false"
    if element not in FLOATS:
        return str(int(value))
    value = float(value)
    if element == "f32" and math.isfinite(value) and abs(value) > 3.4028235677973366e38:
        value = math.copysign(math.inf, value)
    if math.isfinite(value):
        text = repr(value)
        mantissa, e, exponent = text.partition("e")
        return (mantissa if "." in mantissa else mantissa + ".0") + e + exponent
    bits = {
        "f8E4M3FN": 0x7F if math.isnan(value) else 0x7E | (value < 0) << 7,
        "bf16": struct.unpack("<I", struct.pack("<f", value))[0] >> 16,
        "f16": struct.unpack("<H", struct.pack("<e", value))[0],
        "f32": struct.unpack("<I", struct.pack("<f", value))[0],
        "f64": struct.unpack("<Q", struct.pack("<d", value))[0],
    }[element]
    return f"0x{bits:0{FLOATS[element] // 4}X}"


@dataclass
class Argument:
    """An argument of the function, with its attributes as text by name."""

    value: Value
    attributes: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        items = ", ".join(f"{k} = {v}" if v else k for k, v in self.attributes.items())
        return f"{self.value}: {self.value.type}" + (f" {{{items}}}" if items else "")


class Function:
    """The body of a function, written from top to bottom."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Gives the host value of a dynamic size.
        self.dynamic_size: Callable[[Size], Value]
        self.arguments: list[Argument] = []
        self.location = "loc(unknown)"
        self.locations: dict[str, str] = {}
        self._constants: dict[tuple[str, str], Value] = {}
        self.numbers: dict[str, float | int | bool] = {}  # constants by their names
        self._prelude: list[str] = []
        self._lines: list[str] = []
        self._indent = 1
        self._count = 0
        # What was computed where the current region sees it, by any key.
        self.known: dict[object, Value] = {}

    def fresh(self, element: str, shape: Sequence[Size] | None = None, **more: bool) -> Value:
        self._count += 1
        shape = None if shape is None else tuple(shape)
        return Value(f"%{self._count - 1}", element, shape, **more)

    def argument(self, name: str, element: str, shape, attributes: dict[str, str], **more) -> Value:
        value = Value(f"%{name}", element, None if shape is None else tuple(shape), **more)
        self.arguments.append(Argument(value, attributes))
        return value

    def set_location(self, text: str) -> None:
        """The location, as MLIR writes it without `loc()`, of what is emitted next."""
        alias = self.locations.setdefault(text, f"#loc{len(self.locations)}")
        self.location = f"loc({alias})"

    # -- operations ----------------------------------------------------------

    def line(self, text: str) -> None:
        self._lines.append("  " * self._indent + text)

    def emit(self, text: str, *results: Value | str) -> Value:
        """Emits an operation; a result is a fresh value, or the type of a scalar."""
        values = [self.fresh(r) if isinstance(r, str) else r for r in results]
        prefix = f"{', '.join(v.name for v in values)} = " if values else ""
        self.line(f"{prefix}{text} {self.location}")
        return values[0] if values else None

    def constant(self, value: float | int | bool, element: str) -> Value:
        literal = number(value, element)
        key = literal, element
        if key not in self._constants:
            name = f"%c{len(self._constants)}"
            typed = literal if element == "i1" else f"{literal} : {element}"
            self._prelude.append(f"  {name} = arith.constant {typed}")
            self._constants[key] = Value(name, element)
            self.numbers[name] = value
        return self._constants[key]

    def dense(self, literal: str, element: str, shape: Sequence[int], **more: bool) -> Value:
        """A constant tensor; the literal stands between `dense<` and `>`."""
        type = tensor_type(shape, element)
        key = literal, type
        if key not in self._constants:
            name = f"%c{len(self._constants)}"
            self._prelude.append(f"  {name} = arith.constant dense<{literal}> : {type}")
            self._constants[key] = Value(name, element, tuple(shape), **more)
        return self._constants[key]

    @contextmanager
    def nested(self) -> Iterator[None]:
        """What is emitted here is inside a region: nothing outside may use it."""
        known = self.known.copy()
        self._indent += 1
        try:
            yield
        finally:
            self._indent -= 1
            self.known = known

    def empty(self, shape: Sequence[Size], element: str, **more: bool) -> Value:
        dynamic = ", ".join(str(self.size(s)) for s in shape if not isinstance(s, int))
        result = self.fresh(element, shape, **more)
        return self.emit(f"tensor.empty({dynamic}) : {result.type}", result)

    def size(self, size: Size) -> Value:
        """The host value of a size."""
        if isinstance(size, int):
            return self.constant(size, "index")
        return self.dynamic_size(size)

    def index(self, size: Size) -> str:
        """A size as an operation with static and dynamic sizes writes it."""
        return str(size) if isinstance(size, int) else str(self.size(size))

    def filled(self, shape: Sequence[Size], value: Value, **more: bool) -> Value:
        init = self.empty(shape, value.element, **more)
        return self.into("linalg.fill", [value], init)

    def into(self, op: str, inputs: Sequence[Value], init: Value, after: str = "") -> Value:
        """A named operation of linalg with one init. Those with attributes behind print no type."""
        names = ", ".join(map(str, inputs))
        types = ", ".join(v.type for v in inputs)
        result = self.fresh(init.element, init.shape, unsigned=init.unsigned)
        after = after or f" -> {init.type}"
        return self.emit(f"{op} ins({names} : {types}) outs({init} : {init.type}){after}", result)

    def generic(
        self,
        inputs: Sequence[tuple[Value, Sequence[int | str]]],
        inits: Sequence[tuple[Value, Sequence[int | str]]],
        loops: Sequence[Size],
        body: Callable[..., Sequence[Value]],
        reductions: Sequence[int] = (),
    ) -> list[Value]:
        """linalg.generic. Each operand comes with the loops that index its dimensions ("0": the
        first element). `body` takes the elements of inputs and inits, gives those of the results.
        """
        operands = (*inputs, *inits)
        head = ", ".join(f"d{i}" for i in range(len(loops)))
        maps = [", ".join(f"d{d}" if isinstance(d, int) else d for d in m) for _, m in operands]
        affine = ", ".join(f"affine_map<({head}) -> ({m})>" for m in maps)
        kinds = ", ".join(
            '"reduction"' if i in reductions else '"parallel"' for i in range(len(loops))
        )
        text = f"linalg.generic {{indexing_maps = [{affine}], iterator_types = [{kinds}]}}"
        if inputs:
            names = ", ".join(str(v) for v, _ in inputs)
            text += f" ins({names} : {', '.join(v.type for v, _ in inputs)})"
        types = ", ".join(v.type for v, _ in inits)
        text += f" outs({', '.join(str(v) for v, _ in inits)} : {types})"
        results = [self.fresh(v.element, v.shape, unsigned=v.unsigned) for v, _ in inits]
        elements = [self.fresh(v.element, unsigned=v.unsigned) for v, _ in operands]
        self.line(f"{', '.join(r.name for r in results)} = {text} {{")
        self.line(f"^bb0({', '.join(f'{e}: {e.element}' for e in elements)}):")
        with self.nested():
            outputs = body(*elements)
            of_outputs = ", ".join(o.element for o in outputs)
            self.emit(f"linalg.yield {', '.join(map(str, outputs))} : {of_outputs}")
        self.line(f"}} -> {types if len(inits) == 1 else f'({types})'} {self.location}")
        return results

    # -- the whole -----------------------------------------------------------

    def finish(self, results: Sequence[Value], attributes: dict[str, str]) -> str:
        """The text of a module that holds the function."""
        arguments = ",\n    ".join(map(str, self.arguments))
        types = ", ".join(r.type for r in results)
        items = ", ".join(f"{k} = {v}" for k, v in attributes.items())
        head = f"func.func @{self.name}(\n    {arguments}) -> ({types})"
        head += f" attributes {{{items}}}" if items else ""
        returned = f"  return {', '.join(map(str, results))} : {types}" if results else "  return"
        return "\n".join(
            [
                *(f"{alias} = loc({text})" for text, alias in self.locations.items()),
                f"module {{\n{head} {{",
                *self._prelude,
                *self._lines,
                f"{returned}\n}}\n}}\n",
            ]
        )

"""Runs a module in generic form on made-up inputs: a second opinion beside capstan-verify.

Host arithmetic and control flow mean what they mean. Everything on the device is
symbolic: the contents of a tensor are a hash of the op that made it and of what
went into it, and a read gives a small number drawn from the hash. So two programs
agree on an input if they compute the same things from the same things, have the
same effects in the same order, and take the same way. Mutable storage, aliasing
arguments, the random state and the CPU copies of tensors are kept apart.

`compare` holds one run against another:
  - the first completes: the second gives the same results, the same effects and
    the same memory, with no more host syncs;
  - the first fails a check: the second fails too, with no effect that the first
    didn't have;
  - the first is undefined (a bound that is too small) or runs too long: nothing.
"""

from __future__ import annotations

import operator
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fuzz.ir import Block, Op, Region, Value, functions, split_attrs, split_commas

FUEL = 6000
CPU = '"cpu'
DEVICES = (CPU, '"cuda')


class FailError(Exception):
    """A check failed."""


class UndefinedError(Exception):
    """The program has no meaning here."""


class OrderError(Exception):
    """A value is used before its definition has run."""


class FuelError(Exception):
    """Too many steps."""


@dataclass(frozen=True)
class Tensor:
    content: Any
    shape: tuple[int, ...]
    cpu: bool = False


@dataclass(eq=False)
class Memory:
    content: Any
    shape: tuple[int, ...]
    cells: dict[int, int] = field(default_factory=dict)
    escaped: bool = False
    host: bool = False


class Number(int):
    """What a read gave: a tensor of this one element is the tensor that was read."""

    source: Any

    def __new__(cls, value: int, source: Any) -> Number:
        number = super().__new__(cls, value)
        number.source = source
        return number


@dataclass
class Outcome:
    status: str  # "ok", "failed", "undefined", "fuel", "wrong: ..."
    results: list[Any] = field(default_factory=list)
    memory: list[Any] = field(default_factory=list)
    trace: list[Any] = field(default_factory=list)
    syncs: int = 0
    device_checks: int = 0


TEXT_HASH: dict[str, int] = {}


def text_hash(text: str) -> int:
    if text not in TEXT_HASH:
        TEXT_HASH[text] = zlib.crc32(text.encode())
    return TEXT_HASH[text]


def mix(*parts: Any) -> int:
    """A hash that is the same in every process."""
    return hash(tuple(text_hash(p) if isinstance(p, str) else p for p in parts))


def key(value: Any) -> Any:
    """What of a value may show."""
    if isinstance(value, Tensor):
        return mix("tensor", key(elements(value)), value.shape)
    if isinstance(value, Memory):
        return mix("memory", key(value.content), tuple(sorted(value.cells.items())))
    if isinstance(value, str):
        return text_hash(value)
    if isinstance(value, tuple):
        return mix(*(key(v) for v in value))
    return 0 if value is None else int(value)


def elements(tensor: Tensor) -> Any:
    """The contents, in one form whether the host or a kernel made them of numbers."""
    content = tensor.content
    if not isinstance(content, tuple) or content[0] not in ("fill", "elements"):
        return content
    numbers = content[1] if content[0] == "elements" else (content[1],)
    if any(n != numbers[0] for n in numbers):
        return content
    if tensor.shape == () and isinstance(numbers[0], Number):
        return numbers[0].source
    return ("fill", int(numbers[0]))


MAP = re.compile(r"affine_map<\([^)]*\) -> \(([^)]*)\)>")
DIMS = re.compile(r"(?:tensor|memref)<(?:\[([\d?,]*)\]|((?:[\d?]+x)*))")
SIGNED = {"i1": 1, "i8": 8, "i32": 32, "i64": 64, "index": 64}


def wrap(value: int, kind: str) -> int:
    bits = SIGNED.get(kind, 64)
    if bits == 1:
        return value & 1
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def dims(kind: str) -> list[int | None]:
    found = DIMS.search(kind)
    if not found:
        return []
    parts = re.findall(r"[\d?]+", found[1] or found[2] or "")
    return [None if p == "?" else int(p) for p in parts]


def is_tensor(kind: str) -> bool:
    return kind.startswith(("tensor<", "!torch.vtensor"))


def is_memory(kind: str) -> bool:
    return kind.startswith(("memref<", "!torch.tensor"))


PREDICATES: list[Callable[[int, int], bool]] = [
    *(operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
]
ARITH: dict[str, Callable[[int, int], int]] = {
    "arith.addi": operator.add,
    "arith.subi": operator.sub,
    "arith.muli": operator.mul,
    "arith.andi": operator.and_,
    "arith.ori": operator.or_,
    "arith.xori": operator.xor,
    "arith.maxsi": max,
    "arith.minsi": min,
}
TORCH: dict[str, Callable[[int, int], int]] = {
    "add.int": operator.add,
    "sub.int": operator.sub,
    "mul.int": operator.mul,
    "lt.int": operator.lt,
    "le.int": operator.le,
    "gt.int": operator.gt,
    "ge.int": operator.ge,
    "eq.int": operator.eq,
    "ne.int": operator.ne,
    "eq.bool": operator.eq,
    "ne.bool": operator.ne,
    "__and__.bool": operator.and_,
    "__or__.bool": operator.or_,
}
READS = {
    *("torch.aten.Int.Tensor", "torch.aten.IntImplicit", "torch.aten.Float.Tensor"),
    *("torch.aten.FloatImplicit", "torch.aten.item", "torch.aten.ScalarImplicit"),
    *("torch.aten._local_scalar_dense", "torch.aten.Bool.Tensor", "torch.aten.is_nonzero"),
}
RANDOM = re.compile(r"torch\.aten\.(rand|bernoulli|normal|uniform|multinomial|dropout)")
KNOWN = ("torch.", "torch_c.", "linalg.", "tensor.", "arith.", "math.", "tm_tensor.", "capstan.")


class Machine:
    """One run of one function."""

    def __init__(self, module: Op) -> None:
        self.functions = functions(module)
        self.trace: list[Any] = []
        self.syncs = self.device_checks = 0
        self.fuel = FUEL
        self.effects = self.draws = 0
        self.undefined: dict[int, int] = {}
        self.memories: list[Memory] = []

    # ------------------------------------------------------------------- reading

    def element(self, content: Any, kind: str, index: int = 0) -> int:
        if isinstance(content, tuple) and content[0] == "fill":
            return content[1]
        if isinstance(content, tuple) and content[0] == "elements":
            return content[1][index]
        if isinstance(content, tuple) and content[0] == "at":
            return self.element(content[1], kind, content[2])
        return mix(content, index) % (2 if "i1" in kind else 7)

    def read(self, source: Any, kind: str, index: int = 0) -> int:
        """One element, without counting."""
        if isinstance(source, Memory):
            return source.cells.get(index, self.element(source.content, kind, index))
        number = self.element(source.content, kind, index)
        if isinstance(source.content, tuple) and source.content[0] in ("fill", "elements"):
            return number
        content = source.content if source.shape == () else ("at", source.content, index)
        return Number(number, content)

    def snapshot(self, source: Any) -> Tensor:
        if isinstance(source, Memory):
            return Tensor(key(source), source.shape)
        return source

    def is_host(self, source: Any, kind: str) -> bool:
        if "#capstan.host" in kind:
            return True
        return isinstance(source, Tensor) and (
            source.cpu or (isinstance(source.content, tuple) and source.content[0] == "elements")
        )

    # ------------------------------------------------------------------- running

    def call(self, name: str, args: list[Any]) -> list[Any]:
        function = self.functions[name]
        _, values = self.region(function.regions[0], args, {})
        return values

    def region(
        self, region: Region, args: list[Any], env: dict[Value, Any]
    ) -> tuple[Op | None, list[Any]]:
        block: Block = region[0]
        while True:
            env.update(zip(block.args, args, strict=True))
            for op in block.ops[:-1]:
                self.step(op, env)
            last = block.ops[-1]
            values = use(last, env)
            self.burn()
            if last.name == "cf.br":
                block, args = last.successors[0], values
            elif last.name == "cf.cond_br":
                cut = 1 + int(re.findall(r"\d+", last.attr("operandSegmentSizes"))[2])
                taken = bool(values[0])
                block = last.successors[0 if taken else 1]
                args = values[1:cut] if taken else values[cut:]
            elif last.results or last.regions:
                self.step(last, env)
                return None, []
            else:
                return last, values

    def burn(self) -> None:
        self.fuel -= 1
        if self.fuel < 0:
            raise FuelError

    def step(self, op: Op, env: dict[Value, Any]) -> None:
        self.burn()
        values = use(op, env)
        handler = HANDLERS.get(op.name)
        if op.name.startswith("arith.") and any(isinstance(v, Tensor) for v in values):
            results = self.compute(op, values, env)  # elementwise
        elif handler:
            results = handler(self, op, values, env)
        elif op.name in ARITH:
            results = [wrap(ARITH[op.name](values[0], values[1]), op.results[0].type)]
        elif op.name.startswith("torch.aten.") and op.name[11:] in TORCH:
            results = [wrap(int(TORCH[op.name[11:]](int(values[0]), int(values[1]))), "i64")]
        elif op.name in READS:
            if not self.is_host(values[0], op.operands[0].type):
                self.syncs += 1
            number = self.read(values[0], op.operands[0].type)
            results = [int(number != 0) if "ool" in op.results[0].type else number]
        elif op.name.startswith(KNOWN):
            results = self.compute(op, values, env)
        else:
            results = self.barrier(op.name, op, values)
        env.update(zip(op.results, results, strict=True))

    # ------------------------------------------------------------ everything else

    def shape(self, kind: str, values: list[Any]) -> tuple[int, ...]:
        sizes = dims(kind)
        for v in values:
            if isinstance(v, Tensor | Memory) and len(v.shape) == len(sizes):
                return tuple(d if s is None else s for s, d in zip(sizes, v.shape, strict=True))
        return tuple(8 if s is None else s for s in sizes)

    def compute(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        """A deterministic op that nothing is known of; in-place ops and random ones, too."""
        name = op.name
        bare = name.split(".")[2] if name.startswith("torch.aten.") else ""
        if bare.endswith("_") and not bare.endswith("__"):
            return self.in_place(op, values)
        parts = [name, attrs_key(op), *map(key, values)]
        if RANDOM.match(name):
            self.draws += 1
            parts.append(self.draws)
        elif bare.startswith("empty"):
            site = mix(*parts)
            self.undefined[site] = self.undefined.get(site, 0) + 1
            parts.append(self.undefined[site])
        if op.regions:
            parts.append(body_key(op, env))
        tensors = [v for v in values if isinstance(v, Tensor)]
        cpu = bool(tensors) and all(t.cpu for t in tensors)
        if devices := [v for v in values if isinstance(v, str) and v.startswith(DEVICES)]:
            cpu = devices[0].startswith(CPU)
        results: list[Any] = []
        for i, result in enumerate(op.results):
            content = mix(*parts, i)
            if is_tensor(result.type):
                results.append(Tensor(content, self.shape(result.type, values), cpu))
            elif is_memory(result.type):
                results.append(self.allocate(content, self.shape(result.type, values)))
            elif result.type.startswith("!torch.list"):
                results.append((content,))
            else:
                results.append(content % (2 if result.type in ("i1", "!torch.bool") else 7))
        return results

    def kernel(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        """A kernel by what its body computes: where its numbers come from doesn't matter."""
        if not op.results:
            return self.compute(op, values, env)
        body: Block = op.regions[0][0]
        inputs = int(re.findall(r"\d+", op.attr("operandSegmentSizes").partition(":")[2])[0])
        maps = [m.split(", ") for m in MAP.findall(op.attr("indexing_maps"))]
        loops = re.findall(r"iterator_type<(\w+)>", op.attr("iterator_types"))
        known: dict[Value, Any] = {}
        parts: list[Any] = ["kernel", *loops]
        for arg, value, operand, dims_of in zip(
            body.args[:inputs], values, op.operands, maps, strict=False
        ):
            content = value.content if isinstance(value, Tensor) else None
            if not isinstance(value, Tensor):
                known[arg] = value
            elif isinstance(content, tuple) and content[0] == "fill":
                known[arg] = content[1]
            elif dims_of == [""]:
                known[arg] = self.read(value, operand.type)
            else:
                parts += [", ".join(dims_of), key(value)]
        for inner in body.ops[:-1]:
            numbers = [known.get(v, env.get(v)) for v in inner.operands]
            if inner.name.startswith("arith.") and all(isinstance(n, int) for n in numbers):
                scope = dict(zip(inner.operands, numbers, strict=True))
                self.step(inner, scope)
                known |= {r: scope[r] for r in inner.results}
        results = [known.get(v, env.get(v)) for v in body.ops[-1].operands]
        shapes = [v.shape for v in values[inputs:]]
        if "reduction" in loops:
            results = [self.sum_of(op, values, inputs, maps, loops, known)]
        if all(isinstance(r, int) for r in results):
            return [Tensor(("fill", r), s) for r, s in zip(results, shapes, strict=True)]
        parts += [*maps[inputs:][0], *map(key, values[inputs:]), body_key(op, env, known)]
        return [Tensor(mix(*parts, i), shape) for i, shape in enumerate(shapes)]

    def sum_of(
        self,
        op: Op,
        values: list[Any],
        inputs: int,
        maps: list[list[str]],
        loops: list[str],
        known: dict[Value, Any],
    ) -> int | None:
        """What the sum of one number is; None if this is none."""
        body: Block = op.regions[0][0]
        result, out = body.ops[-1].operands[0], body.args[inputs]
        start = values[inputs].content
        if not isinstance(result.owner, Op) or result.owner.name != "arith.addi":
            return None
        terms = [v for v in result.owner.operands if v is not out]
        if len(terms) != 1 or terms[0] not in known or start[0] != "fill":
            return None
        total = known[terms[0]]
        for i, loop in enumerate(loops):
            if loop == "reduction":
                sizes = [
                    value.shape[dims_of.index(f"d{i}")]
                    for value, dims_of in zip(values, maps, strict=True)
                    if f"d{i}" in dims_of
                ]
                total *= sizes[0]
        return wrap(start[1] + total, result.type)

    def allocate(self, content: Any, shape: tuple[int, ...], host: bool = False) -> Memory:
        memory = Memory(content, shape, host=host)
        self.memories.append(memory)
        return memory

    def in_place(self, op: Op, values: list[Any]) -> list[Any]:
        target = values[0]
        target.content = mix(op.name, *map(key, values))
        target.cells.clear()
        return [target]

    def barrier(self, name: str, op: Op, values: list[Any]) -> list[Any]:
        """May read and write all memory that it can reach."""
        self.effects += 1
        for v in values:
            if isinstance(v, Memory):
                v.escaped = True
        reached = [m for m in self.memories if m.escaped]
        seen = mix(name, attrs_key(op), self.effects, *map(key, values), *map(key, reached))
        self.trace.append(seen)
        for i, memory in enumerate(reached):
            memory.content = mix(seen, "written", i)
            memory.cells.clear()
        results: list[Any] = []
        for i, result in enumerate(op.results):
            content = mix(seen, i)
            if is_tensor(result.type):
                results.append(Tensor(content, self.shape(result.type, values)))
            elif is_memory(result.type):
                results.append(self.allocate(content, self.shape(result.type, values)))
                results[-1].escaped = True
            else:
                results.append(content % (2 if result.type in ("i1", "!torch.bool") else 7))
        return results

    # ------------------------------------------------------------------- handlers

    def constant(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        text = (op.attr("value") or "").rpartition(" : ")[0] or op.attr("value") or ""
        if op.name == "torch.constant.none":
            return [None]
        if op.name in ("torch.constant.str", "torch.constant.device"):
            return [text]
        if text in ("true", "false"):
            return [int(text == "true")]
        if is_tensor(op.results[0].type):
            if found := re.fullmatch(r"dense<(-?\d+)>", text):
                return [Tensor(("fill", int(found[1])), self.shape(op.results[0].type, []), True)]
            return [Tensor(mix(text), self.shape(op.results[0].type, []), True)]
        if re.fullmatch(r"-?\d+", text):
            return [int(text)]
        return [text_hash(text)]

    def cmpi(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        which = int(op.attr("predicate").split()[0])
        a, b = values
        if which > 5:
            which, a, b = which - 4, a % 2**64, b % 2**64
        return [int(PREDICATES[which](a, b))]

    def same(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        value = values[0]
        if isinstance(value, int):
            value = wrap(value, op.results[0].type)
        return [value]

    def select(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [values[1] if values[0] else values[2]]

    def divide(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        if values[1] == 0:
            raise UndefinedError
        quotient = abs(values[0]) // abs(values[1])
        return [wrap(quotient if values[0] * values[1] >= 0 else -quotient, op.results[0].type)]

    def check(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        if not values[0]:
            raise FailError
        return []

    def device_check(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        self.device_checks += 1
        return []

    def extract(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        source, *indices = values
        if not self.is_host(source, op.operands[0].type):
            self.syncs += 1
        index = 0
        for i, size in zip(indices, source.shape, strict=True):
            if not 0 <= i < size:
                raise UndefinedError
            index = index * size + i
        return [self.read(source, op.operands[0].type, index)]

    def to_host(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        self.syncs += not self.is_host(values[0], op.operands[0].type)
        source = self.snapshot(values[0])
        return [Tensor(source.content, source.shape, True)]

    def copy_to(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        """device_put, _to_copy: contents stay, the place may change."""
        device = values[1 if op.name == "torch.operator" else 3]
        source = self.snapshot(values[0])
        if not (isinstance(device, str) and device.startswith(CPU)):
            if device is None:
                return [source]
            return [Tensor(source.content, source.shape)]
        self.syncs += not source.cpu
        return [Tensor(source.content, source.shape, True)]

    def operator(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        name = (op.attr("name") or "").strip('"')
        if name == "torch.prims.device_put":
            return self.copy_to(op, values, env)
        if name == "torch.varlen.attention":
            longest = Tensor(mix("torch.aten.max", "", key(values[3]), 0), ())
            if values[4] < self.read(longest, "si32"):
                raise UndefinedError
            return self.compute(op, [*values[:4], 0, *values[5:]], env)
        if name.startswith(("torch.varlen", "torch.aten", "torch.prims")):
            return self.compute(op, values, env)
        return self.barrier(op.name, op, values)

    def conversion(self, name: str, value: Any, kind: str, result: str) -> Any:
        if name == "copy":
            source = self.snapshot(value)
            return Tensor(source.content, source.shape, True)
        number = self.read(value, kind)
        return int(number != 0) if name == "bool" else number

    def converted(self, op: Op, values: list[Any], results: list[str]) -> list[Any]:
        names = [n.strip('"') for n in split_commas(op.attr("conversions")[1:-1])]
        return [
            self.conversion(n, v, o.type, r)
            for n, v, o, r in zip(names, values, op.operands, results, strict=True)
        ]

    def waits(self, op: Op, values: list[Any]) -> bool:
        """Whether something that a fetch reads is on the device."""
        return any(not self.is_host(v, o.type) for v, o in zip(values, op.operands, strict=True))

    def fetch(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        self.syncs += self.waits(op, values)
        return self.converted(op, values, [r.type for r in op.results])

    def fetch_start(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [(self.waits(op, values), self.converted(op, values, [""] * len(values)))]

    def fetch_wait(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        waits, results = values[0]
        self.syncs += waits
        return list(results)

    def dim(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        shape = values[0].shape
        index = values[1] + len(shape) if values[1] < 0 else values[1]
        if not 0 <= index < len(shape):
            raise UndefinedError
        return [shape[index]]

    def empty(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        sizes = iter(values)
        shape = tuple(next(sizes) if d is None else d for d in dims(op.results[0].type))
        return [Tensor(mix("undefined"), shape)]

    def fill(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        if not op.results:
            values[1].content, values[1].cells = ("fill", values[0]), {}
            return []
        return [Tensor(("fill", values[0]), values[1].shape)]

    def from_elements(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [Tensor(("elements", tuple(values)), self.shape(op.results[0].type, []))]

    def expand(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        sizes = iter(values[1:])
        shape = tuple(next(sizes) if d is None else d for d in dims(op.results[0].type))
        total, want = 1, 1
        for s in values[0].shape:
            total *= s
        for s in shape:
            want *= s
        if total != want:
            raise UndefinedError
        return [Tensor(mix("expand", key(values[0])), shape)]

    def slice(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        """One element as a tensor of rank 0; anything else is just some tensor."""
        sizes = re.findall(r"-?\d+", (op.attr("static_sizes") or "").partition(":")[2])
        if dims(op.results[0].type) or any(s != "1" for s in sizes):
            return self.compute(op, values, env)
        dynamic, index = iter(values[1:]), 0
        offsets = re.findall(r"-?\d+", op.attr("static_offsets").partition(":")[2])
        for text, size in zip(offsets, values[0].shape, strict=True):
            offset = next(dynamic) if int(text) < 0 else int(text)
            if not 0 <= offset < size:
                raise UndefinedError
            index = index * size + offset
        return [Tensor(("at", values[0].content, index), (), values[0].cpu)]

    def alloc(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        kind = op.results[0].type
        sizes = iter(values)
        shape = tuple(next(sizes) if d is None else d for d in dims(kind))
        site = mix("alloc", shape)
        self.undefined[site] = self.undefined.get(site, 0) + 1
        return [self.allocate(mix(site, self.undefined[site]), shape)]

    def store(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        value, memory, *indices = values
        memory.cells[indices[0] if indices else 0] = value
        return []

    def to_tensor(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [self.allocate(key(values[0].content), values[0].shape)]

    def to_vtensor(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [Tensor(values[0].content, values[0].shape)]

    def overwrite(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        values[1].content = self.snapshot(values[0]).content
        values[1].cells.clear()
        return []

    def number(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        if op.name == "torch.aten.full":
            cpu = isinstance(values[4], str) and values[4].startswith(CPU)
            return [Tensor(("fill", values[1]), self.shape(op.results[0].type, []), cpu)]
        return [Tensor(("fill", values[0]), (), True)]

    def list_construct(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [tuple(values)]

    def nonzero(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        self.syncs += not self.is_host(values[0], "")
        content = mix(op.name, key(values[0]))
        rows = dims(op.results[0].type)
        return [Tensor(content, tuple(content % 7 if d is None else d for d in rows))]

    def unary(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        if op.name == "torch.aten.__not__":
            return [int(not values[0])]
        if op.name == "torch.aten.neg.int":
            return [-values[0]]
        return [int(values[0] != 0) if "Bool" in op.name else int(values[0])]

    def least(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return [min(values) if "min" in op.name else max(values)]

    def function_call(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        name = op.attr("callee").removeprefix("@")
        if self.functions[name].regions[0]:
            return self.call(name, values)
        return self.barrier(name, op, values)

    def scf_if(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        region = op.regions[0 if values[0] else 1]
        return self.region(region, [], env)[1] if region else []

    def scf_for(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        low, high, step, *carried = values
        if step <= 0:
            raise UndefinedError
        for i in range(low, high, step):
            carried = self.region(op.regions[0], [i, *carried], env)[1]
        return carried

    def scf_while(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        while True:
            _, (more, *values) = self.region(op.regions[0], values, env)
            if not more:
                return values
            values = self.region(op.regions[1], values, env)[1]

    def execute(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        return self.region(op.regions[0], [], env)[1]

    def torch_loop(self, op: Op, values: list[Any], env: dict[Value, Any]) -> list[Any]:
        trip, more, *carried = values
        i = 0
        while more and i < trip:
            _, (more, *carried) = self.region(op.regions[0], [i, *carried], env)
            i += 1
        return carried


M = Machine
HANDLERS: dict[str, Callable[..., list[Any]]] = {
    **dict.fromkeys(
        [
            *("arith.constant", "torch.constant.int", "torch.constant.float"),
            *("torch.constant.bool", "torch.constant.none", "torch.constant.str"),
            *("torch.constant.device", "torch.vtensor.literal"),
        ],
        M.constant,
    ),
    "arith.cmpi": M.cmpi,
    "arith.select": M.select,
    "arith.divsi": M.divide,
    **dict.fromkeys(
        [
            *("arith.index_cast", "arith.extsi", "arith.trunci", "tensor.cast", "memref.cast"),
            *("torch.derefine", "torch.tensor_static_info_cast", "torch.aten.Int.Scalar"),
            *("torch.aten.Int.float", "torch.aten.detach", "torch.aten.clone"),
            *("builtin.unrealized_conversion_cast", "torch.prims.convert_element_type"),
        ],
        M.same,
    ),
    "cf.assert": M.check,
    "torch.aten._assert_scalar": M.check,
    "torch.runtime.assert": M.check,
    "capstan.device_check": M.device_check,
    "tensor.extract": M.extract,
    "memref.load": M.extract,
    "capstan.item": M.extract,
    "capstan.to_host": M.to_host,
    "capstan.fetch": M.fetch,
    "capstan.fetch.start": M.fetch_start,
    "capstan.fetch.wait": M.fetch_wait,
    "tensor.dim": M.dim,
    "memref.dim": M.dim,
    "torch.aten.size.int": M.dim,
    "torch.aten.sym_size.int": M.dim,
    "tensor.empty": M.empty,
    "linalg.fill": M.fill,
    "linalg.generic": M.kernel,
    "tensor.from_elements": M.from_elements,
    "tensor.expand_shape": M.expand,
    "tensor.extract_slice": M.slice,
    "memref.alloc": M.alloc,
    "memref.store": M.store,
    "torch.copy.to_tensor": M.to_tensor,
    "torch.copy.to_vtensor": M.to_vtensor,
    "torch.overwrite.tensor.contents": M.overwrite,
    "torch.prim.NumToTensor.Scalar": M.number,
    "torch.aten.full": M.number,
    "torch.prim.ListConstruct": M.list_construct,
    "torch.aten._to_copy": M.copy_to,
    "torch.aten.nonzero": M.nonzero,
    "torch.operator": M.operator,
    "torch.aten.Int.bool": M.unary,
    "torch.aten.Bool.int": M.unary,
    "torch.aten.__not__": M.unary,
    "torch.aten.neg.int": M.unary,
    "torch.prim.min.int": M.least,
    "torch.prim.max.int": M.least,
    "func.call": M.function_call,
    "scf.if": M.scf_if,
    "torch.prim.If": M.scf_if,
    "scf.for": M.scf_for,
    "scf.while": M.scf_while,
    "scf.execute_region": M.execute,
    "torch.prim.Loop": M.torch_loop,
}


def use(op: Op, env: dict[Value, Any]) -> list[Any]:
    """The operands. MLIR doesn't check their order in the regions of unregistered ops."""
    try:
        return [env[v] for v in op.operands]
    except KeyError:
        raise OrderError(f"{op.name} uses a value before it is there") from None


ATTRS: dict[tuple[str, str], str] = {}


def attrs_key(op: Op) -> str:
    """The attributes that matter, in one order."""
    cached = ATTRS.get((op.props, op.attrs))
    if cached is None:
        entries = split_attrs(op.props) | split_attrs(op.attrs)
        entries.pop("capstan.sync", None)
        entries.pop("msg", None)
        cached = str(sorted(entries.items())) if entries else ""
        if len(ATTRS) > 10000:
            ATTRS.clear()
        ATTRS[op.props, op.attrs] = cached
    return cached


def body_key(op: Op, env: dict[Value, Any], known: dict[Value, Any] | None = None) -> Any:
    """The regions of an op that runs on the device, without names and what is `known`."""
    known = known or {}
    numbers: dict[Value, int] = {}
    parts: list[Any] = []
    for region in op.regions:
        for block in region:
            for arg in block.args:
                if arg not in known:
                    numbers[arg] = len(numbers)
            for inner in block.ops:
                if inner.results and inner.results[0] in known:
                    continue
                parts += [inner.name, attrs_key(inner)]
                for v in inner.operands:
                    if v in known:
                        parts.append(key(known[v]))
                    elif v in numbers:
                        parts.append(numbers[v])
                    else:  # from outside
                        parts.append(key(env[v]) if v in env else -1)
                if inner.regions:
                    parts.append(body_key(inner, env, known))
                for r in inner.results:
                    numbers[r] = len(numbers)
    return mix(*parts)


def make_inputs(machine: Machine, kinds: list[str], seed: int) -> list[Any]:
    """Arguments by type. Mutable ones may be one and the same."""
    rng = random.Random(seed)
    rows = rng.choice([8, 9, 1001])
    made: list[Any] = []
    for kind in kinds:
        shape = tuple(rows if d is None else d for d in dims(kind))
        same = [m for m in made if isinstance(m, Memory) and m.shape == shape]
        if is_tensor(kind):
            made.append(Tensor(rng.getrandbits(40), shape, "#capstan.host" in kind))
        elif is_memory(kind):
            if same and rng.random() < 0.5:
                made.append(rng.choice(same))
                continue
            memory = machine.allocate(rng.getrandbits(40), shape, "#capstan.host" in kind)
            memory.escaped = True
            made.append(memory)
        elif kind in ("i1", "!torch.bool"):
            made.append(rng.randrange(2))
        else:
            made.append(rng.randrange(5))
    return made


def run(module: Op, name: str, seed: int, fuel: int = FUEL) -> Outcome:
    """Runs a function on the inputs of a seed."""
    machine = Machine(module)
    machine.fuel = fuel
    kinds = [a.type for a in machine.functions[name].regions[0][0].args]
    args = make_inputs(machine, kinds, seed)
    status, results = "ok", []
    try:
        results = machine.call(name, args)
    except FailError:
        status = "failed"
    except UndefinedError:
        status = "undefined"
    except OrderError as error:
        status = f"wrong: {error}"
    except (FuelError, RecursionError):
        status = "fuel"
    return Outcome(
        status,
        [key(r) for r in results],
        [key(a) for a in args if isinstance(a, Memory)],
        machine.trace,
        machine.syncs,
        machine.device_checks,
    )


def differ(before: Outcome, after: Outcome, speculate: bool = False) -> str | None:
    """What is wrong with `after`, or None."""
    if before.status in ("undefined", "fuel") or after.status == "fuel":
        return None
    if after.status.startswith("wrong"):
        return after.status
    if before.status == "failed":
        if after.status != "failed" and not after.device_checks:
            return "a failing check does not fail any more"
        if after.status == "failed" and after.trace != before.trace[: len(after.trace)]:
            return "an effect that was not there before a failure"
        return None
    if after.status != "ok":
        return f"completed before, is {after.status} now"
    if before.results != after.results:
        return "other results"
    if before.trace != after.trace:
        return "other effects"
    if before.memory != after.memory:
        return "other contents of memory"
    if after.syncs > before.syncs and not speculate:
        return f"{after.syncs} host syncs on a path that had {before.syncs}"
    return None


def compare(
    before: Op, after: Op, name: str, inputs: int = 6, speculate: bool = False, first: int = 0
) -> tuple[str | None, set[str]]:
    """Runs both on several inputs: the first difference, and how the first module ended."""
    ended = set()
    for seed in range(first, first + inputs):
        old = run(before, name, seed)
        ended.add(old.status)
        if problem := differ(old, run(after, name, seed, 4 * FUEL), speculate):
            return f"{problem} (@{name}, input {seed})", ended
    return None, ended

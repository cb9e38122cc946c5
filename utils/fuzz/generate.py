#!/usr/bin/env python3
"""Random valid modules for the host-sync passes.

    generate.py SEED... [--flavor builtin|torch|executable]   print them, divided by `// -----`

A seed always gives the same module. Modules read data back from a few tensors
again and again, so that much can be merged, promoted and hoisted, and have
writes, unknown ops, conditions, loops and calls between the reads, so that much
can't. Sizes that come from data are never negative, indices stay in bounds and
loops end, whatever the data: a module has no undefined behavior except where an
operation promises undefined contents. What the flavor `executable` makes is defined
everywhere, and has a lowering for the host target.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fuzz.interp import is_memory
from fuzz.ir import Block, Op, Value, to_text

SPLIT = "// -----\n"

# Combining op and first value.
REDUCTIONS = {
    "max": ("arith.maxsi", -(2**31)),
    "min": ("arith.minsi", 2**31 - 1),
    "sum": ("arith.addi", 0),
}


@dataclass
class Function:
    """What callers need to know."""

    name: str
    inputs: list[str]
    results: list[str]


@dataclass
class Frame:
    """Where ops go, and what may be used there."""

    block: Block
    values: list[Value] = field(default_factory=list)


class Generator:
    """State shared by both flavors: where to insert, what is visible, how much is left."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(f"capstan-{seed}")
        self.module = Op("builtin.module", regions=[[Block()]])
        self.module.regions[0][0].parent = self.module
        self.frames: list[Frame] = []
        self.callees: list[Function] = []
        self.externals: set[str] = set()
        self.budget = 0
        self.depth = 0
        self.unique = 0
        self.barriers = self.rng.choice([0, 0, 0.3, 1])  # how often unknown ops appear
        self.writes = self.rng.choice([0, 0.5, 1, 2])

    # ---------------------------------------------------------------- plumbing

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def op(
        self,
        name: str,
        operands: list[Value] = [],  # noqa: B006
        results: list[str] = [],  # noqa: B006
        props: str = "",
        **more: list,
    ) -> list[Value]:
        op = Op(name, list(operands), props=props, **more)
        op.results = [Value(t, op) for t in results]
        for region in op.regions:
            for block in region:
                block.parent = op
        self.frames[-1].block.append(op)
        self.frames[-1].values += op.results
        return op.results

    def one(
        self, name: str, operands: list[Value], result: str, props: str = "", **more: list
    ) -> Value:
        return self.op(name, operands, [result], props, **more)[0]

    def visible(self, types: set[str]) -> list[Value]:
        return [v for f in self.frames for v in f.values if v.type in types]

    def pick(self, *types: str) -> Value | None:
        """A visible value; those of outer levels and early ones are taken more often."""
        found = self.visible(set(types))
        if not found:
            return None
        if self.chance(0.5):
            return found[min(self.rng.randrange(len(found)), self.rng.randrange(len(found)))]
        return self.rng.choice(found)

    def latest(self, *types: str) -> Value | None:
        found = self.visible(set(types))
        return self.rng.choice(found[-3:]) if found else None

    @contextmanager
    def inside(self, block: Block) -> Iterator[Block]:
        self.frames.append(Frame(block, list(block.args)))
        self.depth += 1
        yield block
        self.depth -= 1
        self.frames.pop()

    def block(self, *types: str) -> Block:
        block = Block()
        block.args = [Value(t, block) for t in types]
        return block

    def statements(self, count: int) -> None:
        for _ in range(count):
            if self.budget <= 0:
                return
            self.budget -= 1
            kinds = self.kinds()
            weights = [w for w, _ in kinds]
            self.rng.choices([k for _, k in kinds], weights)[0]()

    def kinds(self) -> list[tuple[float, Callable[[], object]]]:
        raise NotImplementedError

    def function(self, name: str, inputs: list[str], results: list[str], private: bool) -> Op:
        signature = f"({', '.join(inputs)}) -> ({', '.join(results)})"
        if len(results) == 1:
            signature = f"({', '.join(inputs)}) -> {results[0]}"
        props = f'function_type = {signature}, sym_name = "{name}"'
        if private:
            props += ', sym_visibility = "private"'
        op = Op("func.func", props=props, regions=[[]])
        self.module.regions[0][0].append(op)
        return op

    def external(self, name: str, inputs: list[str], results: list[str]) -> str:
        """Declares a function without body: an unknown op."""
        name = f"s{self.seed}_{name}"
        if name not in self.externals:
            self.externals.add(name)
            self.function(name, inputs, results, private=True)
        return name

    def body(self, op: Op, inputs: list[str], results: list[str], budget: int) -> None:
        entry = self.block(*inputs)
        entry.parent = op
        op.regions[0].append(entry)
        outer, self.frames, self.depth = self.frames, [], 0
        self.budget = budget
        if self.graphs and self.chance(0.25):
            self.graph(op, entry, results)
        else:
            with self.inside(entry):
                self.statements(budget)
                self.finish(results)
        self.frames = outer

    graphs = True
    shapes = ("diamond", "diamond", "loop", "both")
    recursion = 0.04

    def finish(self, results: list[str]) -> None:
        self.op("func.return", [self.make(t) for t in results])

    def make(self, kind: str) -> Value:
        """A visible value of the type, or a new one."""
        raise NotImplementedError

    def graph(self, op: Op, entry: Block, results: list[str]) -> None:
        """A body of several blocks: a diamond or a counted loop, between straight parts."""
        rng = self.rng
        carried = self.carried_types()
        region = op.regions[0]

        def add(*types: str) -> Block:
            block = self.block(*types)
            block.parent = op
            region.append(block)
            return block

        with self.inside(entry):
            self.statements(rng.randint(1, 4))
            self.depth += 1
            shape = rng.choice(self.shapes)
            if shape in ("diamond", "both"):
                left, right, join = add(), add(), add(*carried)
                condition = self.condition()
                props = "operandSegmentSizes = array<i32: 1, 0, 0>"
                self.op("cf.cond_br", [condition], [], props, successors=[left, right])
                for side in (left, right):
                    with self.inside(side):
                        self.statements(rng.randint(0, 3))
                        self.op("cf.br", [self.make(t) for t in carried], successors=[join])
                self.frames.append(Frame(join, list(join.args)))
                self.statements(rng.randint(0, 3))
            if shape in ("loop", "both"):
                zero, one = self.constant(0), self.constant(1)
                bound = self.bound()
                head, inner, exit_ = add("index", *carried), add(), add()
                self.op("cf.br", [zero, *(self.make(t) for t in carried)], successors=[head])
                self.frames.append(Frame(head, list(head.args)))
                self.statements(rng.randint(0, 2))
                less = self.one("arith.cmpi", [head.args[0], bound], "i1", "predicate = 2 : i64")
                props = "operandSegmentSizes = array<i32: 1, 0, 0>"
                self.op("cf.cond_br", [less], [], props, successors=[inner, exit_])
                with self.inside(inner):
                    self.statements(rng.randint(1, 3))
                    next_ = self.one("arith.addi", [head.args[0], one], "index", OVERFLOW)
                    values = [self.make(t) for t in carried]
                    self.op("cf.br", [next_, *values], successors=[head])
                # Not the storage of the last trip: capstan-verify can't always follow it.
                visible = self.frames[-1].values
                visible[:] = [v for v in visible if v in head.args or not is_memory(v.type)]
                self.frames.append(Frame(exit_))
                self.statements(rng.randint(0, 3))
            self.finish(results)
            self.depth -= 1

    def carried_types(self) -> list[str]:
        raise NotImplementedError

    def condition(self) -> Value:
        raise NotImplementedError

    def bound(self) -> Value:
        raise NotImplementedError

    def constant(self, value: int, kind: str = "index") -> Value:
        return self.one("arith.constant", [], kind, f"value = {value} : {kind}")

    # ------------------------------------------------------------------ modules

    def inputs(self) -> list[str]:
        raise NotImplementedError

    def result_types(self) -> list[str]:
        raise NotImplementedError

    def call(self) -> None:
        if not self.callees:
            return
        callee = self.rng.choice(self.callees)
        args = [self.make(t) for t in callee.inputs]
        self.op("func.call", args, callee.results, f"callee = @{callee.name}")

    def make_module(self) -> Op:
        rng = self.rng
        layers = rng.choice([0, 0, 1, 1, 2, 3])
        for i in range(layers):
            name = f"s{self.seed}_layer{i}"
            inputs, results = self.inputs(), self.result_types()
            op = self.function(name, inputs, results, private=self.chance(0.85))
            if self.chance(self.recursion):  # recursion, under a condition
                self.callees.append(Function(name, inputs, results))
            self.body(op, inputs, results, rng.randint(3, 9))
            function = Function(name, inputs, results)
            if not self.callees or self.callees[-1].name != name:
                self.callees.append(function)
        inputs, results = self.inputs(), self.result_types()
        op = self.function(f"s{self.seed}_main", inputs, results, private=False)
        self.body(op, inputs, results, rng.randint(6, 18))
        return self.module


OVERFLOW = "overflowFlags = #arith.overflow<none>"


class Builtin(Generator):
    """linalg on tensors, memref, scf, cf, arith, func."""

    lens, data, scalar = "tensor<?xi32>", "tensor<?xf32>", "i32"

    def inputs(self) -> list[str]:
        kinds = [self.lens, self.data, "i1"]
        if self.chance(0.4):
            kinds.insert(1, self.lens)
        if self.chance(0.5):
            kinds.append("index")
        if self.writes and self.chance(0.6):
            kinds += ["memref<?xi32>"] * self.rng.randint(1, 2)
        return kinds

    def result_types(self) -> list[str]:
        return self.rng.choice([["i32"], ["i32", "i32"], [self.data, "i32"], [self.data], ["i64"]])

    def carried_types(self) -> list[str]:
        return self.rng.choice(
            [["i32"], ["i32", self.data], [self.data], ["i32", self.lens], ["i32", "i32"]]
        )

    def make(self, kind: str) -> Value:
        found = self.latest(kind) if kind in ("i32", "i64", self.data) else self.pick(kind)
        if found:
            return found
        if kind.startswith("tensor<?x"):
            base = self.pick(self.lens, self.data)
            element = kind[len("tensor<?x") : -1]
            size = self.one("tensor.dim", [base, self.constant(0)], "index")
            empty = self.one("tensor.empty", [size], kind)
            return self.fill(self.number(element), empty)
        if kind == "i1":
            return self.constant_bool(self.chance(0.5))
        if kind == "memref<?xi32>":
            return self.one(
                "memref.alloc",
                [self.constant(8)],
                kind,
                "operandSegmentSizes = array<i32: 1, 0>",
            )
        return self.number(kind)

    def constant_bool(self, value: bool) -> Value:
        return self.one("arith.constant", [], "i1", f"value = {str(value).lower()}")

    def number(self, kind: str) -> Value:
        if kind == "f32":
            return self.one("arith.constant", [], "f32", "value = 1.500000e+00 : f32")
        return self.constant(self.rng.randint(0, 4), kind)

    def fill(self, value: Value, out: Value) -> Value:
        element = value.type
        inner = self.block(element, element)
        with self.inside(inner):
            self.op("linalg.yield", [inner.args[0]])
        return self.op(
            "linalg.fill",
            [value, out],
            [out.type],
            "operandSegmentSizes = array<i32: 1, 1>",
            regions=[[inner]],
        )[0]

    def kinds(self) -> list[tuple[float, Callable[[], object]]]:
        nest = 0.0 if self.depth > 3 else 1.0
        return [
            (7, self.read),
            (2, self.read_element),
            (0.6, self.copy_to_host),
            (2, self.compute),
            (1.2, self.scaled),
            (0.5, self.count),
            (2.5, self.arithmetic),
            (2, self.check),
            (1.2, self.sized),
            (1.2 * self.writes, self.store),
            (1.2 * self.writes, self.load),
            (0.5 * self.writes, self.alloc),
            (1.2 * self.barriers, self.unknown),
            (1.6 * nest, self.for_loop),
            (0.8 * nest, self.while_loop),
            (2.0 * nest, self.branch),
            (3.0 if self.callees else 0, self.call),
        ]

    # ------------------------------------------------------------------ reading

    def reduce(self, source: Value) -> Value:
        kind, start = REDUCTIONS[self.rng.choices(["max", "sum", "min"], [6, 2, 1])[0]]
        empty = self.one("tensor.empty", [], "tensor<i32>")
        filled = self.fill(self.constant(start, "i32"), empty)
        inner = self.block("i32", "i32")
        with self.inside(inner):
            props = OVERFLOW if kind == "arith.addi" else ""
            value = self.one(kind, inner.args, "i32", props)
            self.op("linalg.yield", [value])
        return self.op(
            "linalg.generic",
            [source, filled],
            ["tensor<i32>"],
            "indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], "
            "iterator_types = [#linalg.iterator_type<reduction>], "
            "operandSegmentSizes = array<i32: 1, 1>",
            regions=[[inner]],
        )[0]

    def read(self) -> Value:
        lens = self.pick(self.lens)
        if lens is None:
            lens = self.make(self.lens)
        if self.chance(0.2):
            lens = self.map(lens)
        name = "capstan.item" if self.chance(0.2) else "tensor.extract"
        value = self.one(name, [self.reduce(lens)], "i32")
        if self.chance(0.15):
            self.one("arith.extsi", [value], "i64")
        return value

    def read_element(self) -> None:
        index = self.constant(self.rng.randint(0, 2))
        name = "capstan.item" if self.chance(0.3) else "tensor.extract"
        self.one(name, [self.make(self.lens), index], "i32")

    def copy_to_host(self) -> None:
        kind = "tensor<?xi32, #capstan.host>"
        host = self.one("capstan.to_host", [self.make(self.lens)], kind)
        for _ in range(self.rng.randint(1, 2)):
            self.one("tensor.extract", [host, self.constant(self.rng.randint(0, 2))], "i32")

    # ---------------------------------------------------------------- computing

    def map(self, source: Value) -> Value:
        """An elementwise op."""
        element = source.type[len("tensor<?x") : -1]
        size = self.one("tensor.dim", [source, self.constant(0)], "index")
        empty = self.one("tensor.empty", [size], source.type)
        inner = self.block(element, element)
        with self.inside(inner):
            a = inner.args[0]
            if element == "f32":
                name, props = "arith.addf", "fastmath = #arith.fastmath<none>"
            else:
                name, props = "arith.muli", OVERFLOW
            self.op("linalg.yield", [self.one(name, [a, a], element, props)])
        return self.op(
            "linalg.generic",
            [source, empty],
            [source.type],
            "indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], "
            "iterator_types = [#linalg.iterator_type<parallel>], "
            "operandSegmentSizes = array<i32: 1, 1>",
            regions=[[inner]],
        )[0]

    def elementwise(self, source: Value, body: Callable[[Value], Value]) -> Value:
        size = self.one("tensor.dim", [source, self.constant(0)], "index")
        empty = self.one("tensor.empty", [size], source.type)
        return self.generic(source, empty, [source.type], body)[0]

    def generic(
        self, source: Value, out: Value, results: list[str], body: Callable[[Value], Value]
    ) -> list[Value]:
        element = source.type[source.type.index("x") + 1 : -1]
        inner = self.block(element, element)
        with self.inside(inner):
            self.op("linalg.yield", [body(inner.args[0])])
        return self.op(
            "linalg.generic",
            [source, out],
            results,
            f"{maps('(d0)', '(d0)')}, "
            f"iterator_types = [#linalg.iterator_type<parallel>], {ONE_ONE}",
            regions=[[inner]],
        )

    def scaled(self) -> None:
        """A kernel that needs a number of the host, or a tensor of such numbers."""
        if number := self.hidden():
            self.use_on_device(number)
        else:
            self.use_on_device(self.make("i32"))

    def hidden(self) -> Value | None:
        """Half of the time a read that nothing else will use."""
        if self.chance(0.5):
            return None
        before = [list(f.values) for f in self.frames]
        value = self.read_one() if self.chance(0.3) else self.read()
        for frame, values in zip(self.frames, before, strict=True):
            hide = {v for v in frame.values if v.type in ("i32", "i64")} - set(values)
            frame.values = [v for v in frame.values if v not in hide]
        return value

    def read_one(self) -> Value:
        index = self.constant(self.rng.randint(0, 2))
        return self.one("capstan.item", [self.make(self.lens), index], "i32")

    def use_on_device(self, number: Value) -> None:
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2])):
            kind = rng.choice(["add", "float", "inside", "fill", "fill", "tensor"])
            if kind == "add":
                if self.chance(0.5):
                    other = self.constant(rng.randint(-1, 3), "i32")
                    name = rng.choice(["arith.muli", "arith.subi"])
                    number = self.one(name, [number, other], "i32", OVERFLOW)
                    self.frames[-1].values.pop()
                self.elementwise(
                    self.make(self.lens),
                    lambda a, n=number: self.one("arith.addi", [a, n], "i32", OVERFLOW),
                )
            elif kind == "float":
                value = self.one("arith.sitofp", [number], "f32")
                self.frames[-1].values.pop()
                name = rng.choice(["arith.addf", "arith.divf"])
                self.elementwise(
                    self.make(self.data),
                    lambda a, name=name, v=value: self.one(name, [a, v], "f32", FAST),
                )
            elif kind == "inside":

                def body(a: Value, number: Value = number) -> Value:
                    value = self.one("arith.sitofp", [number], "f32")
                    return self.one("arith.addf", [a, value], "f32", FAST)

                self.elementwise(self.make(self.data), body)
            elif kind == "fill":
                base = self.make(self.lens)
                size = self.one("tensor.dim", [base, self.constant(0)], "index")
                self.fill(number, self.one("tensor.empty", [size], self.lens))
            else:
                single = self.one("tensor.from_elements", [number], "tensor<i32>")
                self.add_first(single)

    def add_first(self, single: Value) -> None:
        """A kernel that adds a tensor of one element to all of another."""
        source = self.make(self.lens)
        size = self.one("tensor.dim", [source, self.constant(0)], "index")
        empty = self.one("tensor.empty", [size], self.lens)
        inner = self.block("i32", "i32", "i32")
        with self.inside(inner):
            value = self.one("arith.addi", inner.args[:2], "i32", OVERFLOW)
            self.op("linalg.yield", [value])
        self.one(
            "linalg.generic",
            [source, single, empty],
            self.lens,
            f"{maps('(d0)', '()', '(d0)')}, "
            "iterator_types = [#linalg.iterator_type<parallel>], "
            "operandSegmentSizes = array<i32: 2, 1>",
            regions=[[inner]],
        )

    def count(self) -> None:
        """The number of elements, as a sum of ones on the device."""
        source = self.make(self.rng.choice([self.lens, self.data]))
        size = self.one("tensor.dim", [source, self.constant(0)], "index")
        values = self.frames[-1].values
        before = len(values)
        empty = self.one("tensor.empty", [size], self.lens)
        ones = self.fill(self.constant(self.rng.choice([1, 1, 3]), "i32"), empty)
        if self.chance(0.3):
            ones = self.map(ones)
        total = self.reduce(ones)
        if source.type == self.data:  # shorter than the indices that reads of lengths take
            values[before:] = [v for v in values[before:] if v.type != self.lens]
        self.one("tensor.extract", [total], "i32")

    def compute(self) -> None:
        self.map(self.make(self.data if self.chance(0.7) else self.lens))

    def arithmetic(self) -> Value:
        name = self.rng.choice(["arith.addi", "arith.subi", "arith.muli", "arith.maxsi"])
        props = "" if name == "arith.maxsi" else OVERFLOW
        return self.one(name, [self.make("i32"), self.make("i32")], "i32", props)

    def condition(self) -> Value:
        flag = self.pick("i1")
        if flag is not None and self.chance(0.5):
            return flag
        value = self.read() if self.chance(0.3) else self.make("i32")
        return self.compare(value)

    def compare(self, value: Value) -> Value:
        limit = self.constant(self.rng.choice([0, 2, 3]), value.type)
        predicate = self.rng.choice([2, 4, 5, 0])  # slt, sgt, sge, eq
        return self.one("arith.cmpi", [value, limit], "i1", f"predicate = {predicate} : i64")

    def check(self) -> None:
        value = self.read() if self.chance(0.5) else self.make("i32")
        limit = self.constant(self.rng.choice([-3, -1, 0, 0, 1, 5, 6, 7]), "i32")
        predicate = 5 if limit.owner.attr("value")[0] in "-01" else 3  # sge, sle
        ok = self.one("arith.cmpi", [value, limit], "i1", f"predicate = {predicate} : i64")
        self.unique += 1
        self.op("cf.assert", [ok], [], f'msg = "check {self.unique}"')

    def size(self, value: Value, most: int = 8) -> Value:
        """A number of elements or trips, which the interpreter keeps small."""
        return self.one("arith.index_cast", [value], "index")

    def sized(self) -> None:
        """A tensor of a size that is read from data."""
        size = self.size(self.read())
        empty = self.one("tensor.empty", [size], self.data)
        filled = self.fill(self.number("f32"), empty)
        if self.chance(0.4):
            self.one(
                "tensor.expand_shape",
                [filled, size],
                "tensor<?x1xf32>",
                "reassociation = [[0, 1]], "
                "static_output_shape = array<i64: -9223372036854775808, 1>",
            )

    # ------------------------------------------------------------------- memory

    def memory(self) -> Value:
        return self.make("memref<?xi32>")

    def store(self) -> None:
        memory = self.memory()
        index = self.constant(self.rng.randint(0, 1))
        self.op("memref.store", [self.make("i32"), memory, index])

    def load(self) -> None:
        index = self.constant(self.rng.randint(0, 1))
        self.one("memref.load", [self.memory(), index], "i32")

    def alloc(self) -> None:
        segments = "operandSegmentSizes = array<i32: 1, 0>"
        memory = self.one("memref.alloc", [self.constant(8)], "memref<?xi32>", segments)
        for i in range(2):
            self.op("memref.store", [self.make("i32"), memory, self.constant(i)])

    def unknown(self) -> None:
        operands = [self.make(self.rng.choice([self.lens, self.data, "i32"]))]
        if memory := self.pick("memref<?xi32>"):
            operands.append(memory)
        types = [v.type for v in operands]
        result = self.rng.choice(["i32", self.data, self.lens])
        if self.chance(0.5):
            name = self.external(f"external{len(types)}_{len(self.externals)}", types, [result])
            self.op("func.call", operands, [result], f"callee = @{name}")
        else:
            self.op("mystery.op", operands, [result], 'kind = "unknown"')

    # --------------------------------------------------------------------- flow

    def bound(self) -> Value:
        kind = self.rng.choices(["const", "zero", "arg", "read"], [4, 1, 3, 2])[0]
        if kind == "arg" and (found := self.pick("index")):
            # Indices come from anywhere: keep the number of trips small.
            limited = self.one("arith.minsi", [found, self.constant(3)], "index")
            return limited
        if kind == "read":
            return self.size(self.read(), 3)
        return self.constant(0 if kind == "zero" else self.rng.randint(1, 3))

    def for_loop(self) -> None:
        carried = self.carried_types()
        low = self.constant(0)
        high, step = self.bound(), self.constant(1)
        inits = [self.make(t) for t in carried]
        block = self.block("index", *carried)
        with self.inside(block):
            self.statements(self.rng.randint(1, 4))
            self.op("scf.yield", [self.make(t) for t in carried])
        self.op("scf.for", [low, high, step, *inits], carried, regions=[[block]])

    def while_loop(self) -> None:
        """Counts to a bound; the condition may read."""
        carried = self.carried_types()
        bound = self.bound()
        inits = [self.constant(0), *(self.make(t) for t in carried)]
        one = self.constant(1)
        before, after = self.block("index", *carried), self.block("index", *carried)
        with self.inside(before):
            self.statements(self.rng.choice([0, 0, 1, 2]))
            props = "predicate = 2 : i64"
            more = self.one("arith.cmpi", [before.args[0], bound], "i1", props)
            if self.chance(0.3):
                more = self.one("arith.andi", [more, self.condition()], "i1")
            self.op("scf.condition", [more, before.args[0], *(self.make(t) for t in carried)])
        with self.inside(after):
            self.statements(self.rng.randint(1, 3))
            next_ = self.one("arith.addi", [after.args[0], one], "index", OVERFLOW)
            self.op("scf.yield", [next_, *(self.make(t) for t in carried)])
        self.op("scf.while", inits, ["index", *carried], regions=[[before], [after]])

    def branch(self) -> None:
        condition = self.condition()
        results = self.rng.choice([[], ["i32"], ["i32"], [self.data]])
        sides = []
        for i in range(2):
            if i and not results and self.chance(0.6):
                sides.append([])
                continue
            block = self.block()
            with self.inside(block):
                self.statements(self.rng.randint(1, 3))
                self.op("scf.yield", [self.make(t) for t in results])
            sides.append([block])
        self.op("scf.if", [condition], results, regions=sides)


class Executable(Builtin):
    """What can be compiled and run: no unknown ops, no undefined contents, small sizes."""

    recursion = 0.0

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.barriers = 0

    def op(self, name: str, *args: list, **more: list) -> list[Value]:
        """Only what overwrites all of it sees a tensor without contents."""
        results = super().op(name, *args, **more)
        if name == "tensor.empty":
            self.frames[-1].values.pop()
        return results

    def result_types(self) -> list[str]:
        data, lens = self.data, self.lens
        return self.rng.choice(
            [["i32", data], ["i32", "i32"], [data, "i32", lens], [data], ["i64", "i32"], [lens]]
        )

    def finish(self, results: list[str]) -> None:
        """Half of the time all host numbers show in the first one that is returned."""
        values = [self.make(t) for t in results]
        if "i32" in results and self.chance(0.5):
            mixed, factor = values[results.index("i32")], self.constant(31, "i32")
            for value in self.visible({"i32"})[-8:-1]:
                mixed = self.one("arith.muli", [mixed, factor], "i32", OVERFLOW)
                mixed = self.one("arith.addi", [mixed, value], "i32", OVERFLOW)
            values[results.index("i32")] = mixed
        self.op("func.return", values)

    def make(self, kind: str) -> Value:
        if kind == self.lens and not self.visible({kind}):
            empty = self.one("tensor.empty", [self.constant(4)], kind)
            return self.fill(self.number("i32"), empty)
        if kind == "memref<?xi32>" and not self.visible({kind}):
            self.alloc()
        return super().make(kind)

    def size(self, value: Value, most: int = 8) -> Value:
        positive = self.one("arith.maxsi", [value, self.constant(0, "i32")], "i32")
        small = self.one("arith.minsi", [positive, self.constant(most, "i32")], "i32")
        # Checks of these would be erased when the module is compiled, on the first side only
        # if the read has become a function's argument on the second.
        values = self.frames[-1].values
        values[:] = [v for v in values if v is not positive and v is not small]
        return super().size(small)

    def kinds(self) -> list[tuple[float, Callable[[], object]]]:
        return [
            *super().kinds(),
            (1, self.fetch),
            (0.6, self.fetch_started),
            (1.2, self.only_checked),
            (0.8, self.insert),
            (0.4, self.from_elements),
            (0.8, self.gather),
            (0.6, self.float_sum),
            (0.6, self.product),
            (0.4 * self.writes, self.map_memory),
            (0.6 * self.writes, self.item_of_memory),
        ]

    def alloc(self) -> None:
        """All of it is written, since kernels read all of it."""
        segments = "operandSegmentSizes = array<i32: 1, 0>"
        memory = self.one("memref.alloc", [self.constant(8)], "memref<?xi32>", segments)
        for i in range(8):
            self.op("memref.store", [self.make("i32"), memory, self.constant(i)])

    # ------------------------------------------------------------------ reading

    def sources(self) -> list[Value]:
        lens = [self.make(self.lens) for _ in range(self.rng.randint(1, 3))]
        return [v if self.chance(0.25) else self.reduce(v) for v in lens]

    def fetched(self, sources: list[Value]) -> tuple[list[str], str]:
        """Types and properties of a fetch."""
        copies = [v.type == self.lens for v in sources]
        types = [f"{self.lens[:-1]}, #capstan.host>" if copy else "i32" for copy in copies]
        names = ", ".join('"copy"' if copy else '"item"' for copy in copies)
        return types, f"conversions = [{names}]"

    def fetch(self) -> None:
        sources = self.sources()
        types, props = self.fetched(sources)
        self.copied(self.op("capstan.fetch", sources, types, props))

    def fetch_started(self) -> None:
        sources = self.sources()
        types, props = self.fetched(sources)
        future = self.one(
            "capstan.fetch.start", sources, f"!capstan.future<{', '.join(types)}>", props
        )
        self.statements(self.rng.randint(0, 2))
        self.copied(self.op("capstan.fetch.wait", [future], types))

    def copied(self, values: list[Value]) -> None:
        for value in values:
            if value.type != "i32":
                index = self.constant(self.rng.randint(0, 2))
                self.one("tensor.extract", [value, index], "i32")

    def only_checked(self) -> None:
        """A read that nothing but a check uses."""
        value = self.read()
        self.frames[-1].values = [v for v in self.frames[-1].values if v is not value]
        self.checked(value)

    def check(self) -> None:
        self.checked(self.read() if self.chance(0.5) else self.make("i32"))

    def checked(self, value: Value) -> None:
        """Most checks hold for most inputs, or hardly a run would get to its end."""
        limit = self.rng.choice([-(2**20), -999, -99, -3, 0, 3, 60, 999, 2**20])
        predicate = 5 if limit <= 0 else 3  # sge, sle
        operands = [value, self.constant(limit, "i32")]
        ok = self.one("arith.cmpi", operands, "i1", f"predicate = {predicate} : i64")
        self.unique += 1
        self.op("cf.assert", [ok], [], f'msg = "check {self.unique}"')

    def float_sum(self) -> None:
        """Bits of a sum, so that its order shows."""
        empty = self.one("tensor.empty", [], "tensor<f32>")
        zero = self.one("arith.constant", [], "f32", "value = 0.000000e+00 : f32")
        filled = self.fill(zero, empty)
        inner = self.block("f32", "f32")
        with self.inside(inner):
            value = self.one("arith.addf", inner.args, "f32", FAST)
            self.op("linalg.yield", [value])
        total = self.one(
            "linalg.generic",
            [self.make(self.data), filled],
            "tensor<f32>",
            f"{maps('(d0)', '()')}, iterator_types = [#linalg.iterator_type<reduction>], {ONE_ONE}",
            regions=[[inner]],
        )
        value = self.one("tensor.extract", [total], "f32")
        self.one("arith.bitcast", [value], "i32")

    # ---------------------------------------------------------------- computing

    def compute(self) -> None:
        name = self.rng.choice(["math.tanh", "math.exp", "arith.mulf", ""])
        if not name or self.chance(0.4):
            return super().compute()
        source = self.make(self.data)
        if name == "arith.mulf":
            self.elementwise(source, lambda a: self.one(name, [a, a], "f32", FAST))
        else:
            self.elementwise(source, lambda a: self.one(name, [a], "f32", FAST))

    def gather(self) -> None:
        """Elements of one tensor by those of another."""
        table = self.make(self.lens)

        def body(a: Value) -> Value:
            three = self.constant(3, "i32")
            row = self.one("arith.remui", [a, three], "i32")
            row = self.one("arith.index_castui", [row], "index")
            return self.one("tensor.extract", [table, row], "i32")

        self.elementwise(self.make(self.lens), body)

    def product(self) -> None:
        """A matrix product, by a library. Of new tensors, whose rows are known to be packed."""
        data = self.map(self.make(self.data))
        size = self.one("tensor.dim", [data, self.constant(0)], "index")
        any_size = -(2**63)
        row = self.one(
            "tensor.expand_shape",
            [data, size],
            "tensor<1x?xf32>",
            f"reassociation = [[0, 1]], static_output_shape = array<i64: 1, {any_size}>",
        )
        column = self.one(
            "tensor.expand_shape",
            [data, size],
            "tensor<?x1xf32>",
            f"reassociation = [[0, 1]], static_output_shape = array<i64: {any_size}, 1>",
        )
        out = self.one("tensor.empty", [], "tensor<1x1xf32>")
        filled = self.fill(self.number("f32"), out)
        inner = self.block("f32", "f32", "f32")
        with self.inside(inner):
            a, b, c = inner.args
            value = self.one("arith.mulf", [a, b], "f32", FAST)
            self.op("linalg.yield", [self.one("arith.addf", [c, value], "f32", FAST)])
        result = self.one(
            "linalg.matmul",
            [row, column, filled],
            "tensor<1x1xf32>",
            "indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, "
            "affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], "
            "operandSegmentSizes = array<i32: 2, 1>",
            regions=[[inner]],
        )
        flat = self.one(
            "tensor.collapse_shape", [result], "tensor<1xf32>", "reassociation = [[0, 1]]"
        )
        self.one("tensor.cast", [flat], self.data)

    def insert(self) -> None:
        """A number of the host goes to the device."""
        index = self.constant(self.rng.randint(0, 2))
        self.one("tensor.insert", [self.make("i32"), self.make(self.lens), index], self.lens)

    def from_elements(self) -> None:
        values = [self.make("i32") for _ in range(3)]
        value = self.one("tensor.from_elements", values, "tensor<3xi32>")
        self.one("tensor.cast", [value], self.lens)

    # ------------------------------------------------------------------- memory

    def map_memory(self) -> None:
        """A kernel that changes memory in place."""
        memory, one = self.memory(), self.constant(1, "i32")
        self.generic(
            memory, memory, [], lambda a: self.one("arith.addi", [a, one], "i32", OVERFLOW)
        )

    def item_of_memory(self) -> None:
        index = self.constant(self.rng.randint(0, 7))
        self.one("capstan.item", [self.memory(), index], "i32")


FAST = "fastmath = #arith.fastmath<none>"
ONE_ONE = "operandSegmentSizes = array<i32: 1, 1>"


def maps(*results: str) -> str:
    return f"indexing_maps = [{', '.join(f'affine_map<(d0) -> {r}>' for r in results)}]"


class Torch(Generator):
    """The torch dialect in generic form: unregistered here, known by its model file."""

    lens, data, memory_type = (
        "!torch.vtensor<[?],si32>",
        "!torch.vtensor<[?,8,64],bf16>",
        ("!torch.tensor<[?],si32>"),
    )
    rank0 = "!torch.vtensor<[],si32>"
    graphs = False  # cf wants an i1, not a !torch.bool
    loops = 0  # how many torch loops are open

    def inputs(self) -> list[str]:
        kinds = [self.lens, self.data, "!torch.bool"]
        if self.chance(0.4):
            kinds.insert(1, self.lens)
        if self.chance(0.5):
            kinds.append("!torch.int")
        if self.writes and self.chance(0.6):
            kinds += [self.memory_type] * self.rng.randint(1, 2)
        return kinds

    def result_types(self) -> list[str]:
        return self.rng.choice(
            [["!torch.int"], [self.data, "!torch.int"], [self.data], ["!torch.int", "!torch.int"]]
        )

    def carried_types(self) -> list[str]:
        return self.rng.choice(
            [["!torch.int"], ["!torch.int", self.data], [self.data], ["!torch.int"] * 2]
        )

    def kinds(self) -> list[tuple[float, Callable[[], object]]]:
        nest = 0.0 if self.depth > 3 else 1.0
        return [
            (7, self.read),
            (1.5, self.read_element),
            (1, self.to_cpu),
            (0.5, self.nonzero),
            (1.5, self.compute),
            (2.5, self.attention),
            (2, self.arithmetic),
            (2, self.check),
            (1.2 * self.writes, self.random),
            (0.6, self.filled),
            (2.0 * self.writes, self.write),
            (1.5 * self.writes, self.read_memory),
            (0.5 * self.writes, self.fresh),
            (1.2 * self.barriers, self.unknown),
            (1.6 * nest, self.loop),
            (2.0 * nest, self.branch),
            (0.8 * nest, self.scf_loop),
            # A call in an unregistered op of one region would not verify: it might be a
            # symbol table.
            (3.0 if self.callees and not self.loops else 0, self.call),
        ]

    # ---------------------------------------------------------------- constants

    def int(self, value: int) -> Value:
        return self.one("torch.constant.int", [], "!torch.int", f"value = {value} : i64")

    def bool(self, value: bool) -> Value:
        text = f"value = {str(value).lower()}"
        return self.one("torch.constant.bool", [], "!torch.bool", text)

    def none(self) -> Value:
        return self.one("torch.constant.none", [], "!torch.none")

    def device(self, name: str) -> Value:
        return self.one("torch.constant.device", [], "!torch.Device", f'value = "{name}"')

    def string(self, text: str) -> Value:
        return self.one("torch.constant.str", [], "!torch.str", f'value = "{text}"')

    def make(self, kind: str) -> Value:
        found = self.latest(kind) if kind in ("!torch.int", self.data) else self.pick(kind)
        if found:
            return found
        if kind == "!torch.int":
            return self.int(self.rng.randint(0, 4))
        if kind == "!torch.bool":
            return self.bool(self.chance(0.5))
        if kind == self.memory_type:
            return self.one("torch.copy.to_tensor", [self.make(self.lens)], kind)
        raise AssertionError(kind)

    # ------------------------------------------------------------------ reading

    def reduce(self, source: Value) -> Value:
        name = self.rng.choices(["torch.aten.max", "torch.aten.min"], [5, 1])[0]
        return self.one(name, [source], self.rank0)

    def convert(self, source: Value) -> Value:
        kind = self.rng.choices(["Int.Tensor", "item", "Float.Tensor"], [6, 2, 1])[0]
        if kind == "Float.Tensor":
            value = self.one("torch.aten.Float.Tensor", [source], "!torch.float")
            return self.one("torch.aten.Int.float", [value], "!torch.int")
        return self.one(f"torch.aten.{kind}", [source], "!torch.int")

    def read(self) -> Value:
        lens = self.pick(self.lens)
        if self.chance(0.2):
            lens = self.one("torch.aten.abs", [lens], self.lens)
        return self.convert(self.reduce(lens))

    def read_flag(self) -> Value:
        kind = self.rng.choice(["gt", "lt", "ne"])
        limit = self.int(self.rng.choice([2, 3]))
        reduced = self.reduce(self.pick(self.lens))
        name = f"torch.aten.{kind}.Scalar"
        flag = self.one(name, [reduced, limit], "!torch.vtensor<[],i1>")
        return self.one("torch.aten.Bool.Tensor", [flag], "!torch.bool")

    def read_element(self) -> None:
        at = self.int(self.rng.randint(0, 2))
        element = self.one(
            "torch.aten.select.int", [self.pick(self.lens), self.int(0), at], self.rank0
        )
        self.convert(element)

    def to_cpu(self) -> None:
        lens, cpu, no, none = (
            self.pick(self.lens),
            self.device("cpu"),
            self.bool(False),
            self.none(),
        )
        if self.chance(0.5):
            kind = 'name = "torch.prims.device_put"'
            host = self.one("torch.operator", [lens, cpu, no], self.lens, kind)
        else:
            device = cpu if self.chance(0.8) else none
            operands = [lens, self.int(3), none, device, none, no, none]
            host = self.one("torch.aten._to_copy", operands, self.lens)
        at = self.int(self.rng.randint(0, 2))
        self.convert(self.one("torch.aten.select.int", [host, self.int(0), at], self.rank0))

    def nonzero(self) -> None:
        flags = self.one(
            "torch.aten.gt.Scalar", [self.pick(self.lens), self.int(1)], "!torch.vtensor<[?],i1>"
        )
        rows = self.one("torch.aten.nonzero", [flags], "!torch.vtensor<[?,1],si64>")
        self.one("torch.aten.size.int", [rows, self.int(0)], "!torch.int")

    # ---------------------------------------------------------------- computing

    def compute(self) -> None:
        name = self.rng.choice(["torch.aten.relu", "torch.aten.neg", "torch.aten.cos"])
        kind = self.data if self.chance(0.7) else self.lens
        if name == "torch.aten.cos":
            kind = self.data
        self.one(name, [self.pick(kind)], kind)

    def attention(self) -> None:
        """The longest length only bounds the grid."""
        lens, q = self.pick(self.lens), self.make(self.data)
        longest = self.one("torch.aten.max", [lens], self.rank0)
        bound = self.one("torch.aten.Int.Tensor", [longest], "!torch.int")
        if self.chance(0.15):
            bound = self.one("torch.aten.add.int", [bound, self.int(1)], "!torch.int")
        scale = self.one("torch.constant.float", [], "!torch.float", "value = 1.250000e-01 : f64")
        kind = 'name = "torch.varlen.attention"'
        self.one("torch.operator", [q, q, q, lens, bound, scale], self.data, kind)

    def arithmetic(self) -> Value:
        name = self.rng.choice(["add", "sub", "mul"])
        operands = [self.make("!torch.int"), self.make("!torch.int")]
        return self.one(f"torch.aten.{name}.int", operands, "!torch.int")

    def condition(self) -> Value:
        flag = self.pick("!torch.bool")
        if flag is not None and self.chance(0.45):
            return flag
        if self.chance(0.4):
            return self.read_flag()
        value = self.read() if self.chance(0.3) else self.make("!torch.int")
        name = self.rng.choice(["gt", "ge", "lt", "eq"])
        limit = self.int(self.rng.choice([0, 2, 3]))
        return self.one(f"torch.aten.{name}.int", [value, limit], "!torch.bool")

    def check(self) -> None:
        value = self.read() if self.chance(0.5) else self.make("!torch.int")
        kinds = [("ge", 0), ("ge", 0), ("ge", 1), ("ge", -3), ("le", 6), ("le", 9), ("le", 5)]
        name, limit = self.rng.choice(kinds)
        ok = self.one(f"torch.aten.{name}.int", [value, self.int(limit)], "!torch.bool")
        number = self.one("torch.aten.Int.bool", [ok], "!torch.int")
        self.unique += 1
        message = self.string(f"Runtime assertion failed for u{self.unique}")
        self.op("torch.aten._assert_scalar", [number, message])

    def random(self) -> None:
        none, lens = self.none(), self.pick(self.lens)
        kind = self.rng.choice(["rand_like", "bernoulli", "empty"])
        self.unique += 1
        if kind == "rand_like":
            value = self.one("torch.aten.rand_like", [lens, *[none] * 5], self.lens)
        elif kind == "bernoulli":
            value = self.one("torch.aten.bernoulli", [lens, none], self.lens)
        else:  # every one of its own size, so that none can be taken for another
            size = self.int(100 + self.unique)
            sizes = self.one("torch.prim.ListConstruct", [size], "!torch.list<int>")
            value = self.one("torch.aten.empty.memory_format", [sizes, *[none] * 5], self.lens)
        if self.chance(0.6):
            self.convert(self.reduce(value))

    def filled(self) -> None:
        """Constants on the device, and numbers on the CPU."""
        number = self.make("!torch.int")
        if self.chance(0.5):
            value = self.one("torch.prim.NumToTensor.Scalar", [number], "!torch.vtensor<[],si64>")
        else:
            none = self.none()
            sizes = self.one("torch.prim.ListConstruct", [], "!torch.list<int>")
            operands = [sizes, number, *[none] * 4]
            value = self.one("torch.aten.full", operands, "!torch.vtensor<[],si64>")
        self.one("torch.aten.Int.Tensor", [value], "!torch.int")

    # ------------------------------------------------------------------- memory

    def fresh(self) -> None:
        self.one("torch.copy.to_tensor", [self.pick(self.lens)], self.memory_type)

    def write(self) -> None:
        memory = self.make(self.memory_type)
        kind = self.rng.choice(["sub_", "add_", "clamp_", "overwrite"])
        if kind == "overwrite":
            self.op("torch.overwrite.tensor.contents", [self.pick(self.lens), memory])
        elif kind == "clamp_":
            low = self.int(self.rng.randint(0, 2))
            operands = [memory, low, self.none()]
            self.one("torch.aten.clamp_", operands, self.memory_type)
        else:
            one = self.int(1)
            self.one(f"torch.aten.{kind}.Scalar", [memory, one, one], self.memory_type)

    def read_memory(self) -> None:
        memory = self.make(self.memory_type)
        value = self.one("torch.copy.to_vtensor", [memory], self.lens)
        self.frames[-1].values.remove(value)  # or all later reads would take it
        if self.chance(0.5):
            self.frames[-1].values.append(value)
        self.convert(self.reduce(value))

    def unknown(self) -> None:
        operands = [self.make(self.rng.choice([self.lens, self.data, "!torch.int"]))]
        if memory := self.pick(self.memory_type):
            operands.append(memory)
        types = [v.type for v in operands]
        result = self.rng.choice(["!torch.int", self.data, self.lens])
        kind = self.rng.choice(["mystery", "operator" if self.loops else "external", "operator"])
        if kind == "external":
            name = self.external(f"external{len(self.externals)}", types, [result])
            self.op("func.call", operands, [result], f"callee = @{name}")
        elif kind == "operator":
            self.op("torch.operator", operands, [result], 'name = "custom.unknown"')
        else:
            self.op("mystery.op", operands, [result], 'kind = "unknown"')

    # --------------------------------------------------------------------- flow

    def loop(self) -> None:
        carried = self.carried_types()
        kind = self.rng.choices(["const", "zero", "arg", "read"], [4, 1, 2, 2])[0]
        if kind in ("const", "zero"):
            trip = self.int(0 if kind == "zero" else self.rng.randint(1, 3))
        else:
            source = self.read() if kind == "read" else self.make("!torch.int")
            trip = self.one("torch.prim.min.int", [source, self.int(3)], "!torch.int")
        first = self.bool(True) if self.chance(0.75) else self.condition()
        inits = [self.make(t) for t in carried]
        block = self.block("!torch.int", *carried)
        self.loops += 1
        with self.inside(block):
            self.statements(self.rng.randint(1, 4))
            more = self.bool(True) if self.chance(0.8) else self.condition()
            self.op("torch.prim.Loop.condition", [more, *(self.make(t) for t in carried)])
        self.loops -= 1
        self.op("torch.prim.Loop", [trip, first, *inits], carried, regions=[[block]])

    def scf_loop(self) -> None:
        """Both dialects in one: a layer loop around torch ops."""
        carried = self.carried_types()
        low, high = self.constant(0), self.constant(self.rng.choice([0, 1, 2, 2, 3, 3]))
        step = self.constant(1)
        inits = [self.make(t) for t in carried]
        block = self.block("index", *carried)
        with self.inside(block):
            self.statements(self.rng.randint(1, 4))
            self.op("scf.yield", [self.make(t) for t in carried])
        self.op("scf.for", [low, high, step, *inits], carried, regions=[[block]])

    def branch(self) -> None:
        condition = self.condition()
        results = self.rng.choice([[], ["!torch.int"], ["!torch.int"], [self.data]])
        sides = []
        for _ in range(2):
            block = self.block()
            with self.inside(block):
                self.statements(self.rng.randint(0, 3))
                self.op("torch.prim.If.yield", [self.make(t) for t in results])
            sides.append([block])
        self.op("torch.prim.If", [condition], results, regions=sides)


def make_module(seed: int, flavor: str | None = None) -> Op:
    kinds = {"builtin": Builtin, "torch": Torch, "executable": Executable}
    return kinds[flavor or ("builtin", "torch")[seed % 2]](seed).make_module()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--flavor", choices=["builtin", "torch", "executable"])
    args = parser.parse_args()
    print(SPLIT.join(to_text(make_module(s, args.flavor)) for s in args.seeds), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

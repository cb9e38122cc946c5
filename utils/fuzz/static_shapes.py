#!/usr/bin/env python3
"""Random linalg functions, padded to static shapes, against the originals.

    static_shapes.py --seeds 0..500 [--print]

Every seed makes a function with dims T and B. Ten of them are a module; each runs on
random batches, as it is and padded, with poison in all padded slots:

  clones      as its clone for a random bucket
  dispatched  behind the whole pipeline with two buckets: batches that fit and batches
              that don't, three times, with the results of the last four kept
  partial     the same, with operations that can't be padded among the others

A seed fails if a live element of a result differs, a kept result changes, or a batch
takes the original though it fits or a bucket though it doesn't. A function that the
pass refuses is counted, with the reason. Wants Capstan's tools on PATH, NumPy, and
CAPSTAN_RT, the runtime library.
"""

import argparse
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "test" / "Execution" / "Inputs"))
import numpy as np
from dispatched import Dispatched
from padding import Padded

GROUP = 10
KINDS = ("clones", "dispatched", "partial")
# What is tested is all done before LLVM's optimizations.
FLAGS = ("--opt-level=0",)

BODIES = [
    "%r = math.tanh %a : f32",
    "%r = arith.addf %a, %half : f32",
    "%r = arith.divf %half, %a : f32",
    "%i = linalg.index 0 : index\n    %k = arith.index_cast %i : index to i64\n"
    "    %c = arith.cmpi slt, %k, %last : i64\n    %r = arith.select %c, %a, %half : f32",
    "%h = math.tanh %a : f32\n    %k = arith.fptosi %h : f32 to i32\n"
    "    %q = arith.divsi %seven, %k1 : i32\n    %g = arith.sitofp %q : i32 to f32\n"
    "    %r = arith.mulf %h, %g : f32",
]

EXPERTS = [
    [[(e * 7 + i * 5 + j * 3) % 8 / 4 - 1 for j in range(4)] for i in range(4)] for e in range(3)
]


def type_of(dims, element="f32") -> str:
    return "tensor<" + "".join(f"{d if isinstance(d, int) else '?'}x" for d in dims) + element + ">"


def map_of(loops: int, dims) -> str:
    names = [f"d{i}" for i in range(loops)]
    return f"affine_map<({', '.join(names)}) -> ({', '.join(names[i] for i in dims)})>"


class Function:
    """One random function; `values` are those that can be used, with their dims."""

    def __init__(self, seed: int, obstacles: bool = False):
        self.seed = seed
        self.rng = random.Random(seed)
        self.lines, self.next = [], 0
        self.sizes = {"T": "%T", "B": "%B"}
        self.values = [("%x", ("T", 4)), ("%y", ("B", 4)), ("%z", ("T",)), ("%p", ("T", "B"))]
        steps = [self.unary, self.binary, self.reduce, self.matmul, self.transpose, self.gather]
        steps += [self.collapse, self.shift, self.prepend, self.scan, self.argmax]
        steps += [self.widen, self.window, self.chunks, self.roll, self.append]
        steps += [self.experts]
        count = self.rng.randint(4, 14)
        at = self.rng.randrange(2, count) if obstacles else None
        for n in range(count):
            if n == at:
                self.rng.choice([self.insert, self.branch])()
            self.rng.choice(steps)()
        self.values = [v for v in self.values[4:] if all(d != "T*B" for d in v[1])][-4:]

    def name(self) -> str:
        self.next += 1
        return f"%v{self.next}"

    def emit(self, line: str) -> str:
        name = self.name()
        self.lines.append(f"{name} = {line}")
        return name

    def add(self, name: str, dims) -> None:
        self.values.append((name, tuple(dims)))

    def pick(self, fits=lambda dims: True):
        found = [v for v in self.values if fits(v[1])]
        return self.rng.choice(found) if found else None

    def empty(self, dims, element="f32", fill: str | None = None) -> str:
        sizes = ", ".join(self.sizes[d] for d in dims if not isinstance(d, int))
        name = self.emit(f"tensor.empty({sizes}) : {type_of(dims, element)}")
        if fill is None:
            return name
        t = type_of(dims, element)
        return self.emit(f"linalg.fill ins({fill} : {element}) outs({name} : {t}) -> {t}")

    def generic(self, inputs, dims, body, loops=None, reduction=(), out=None, element="f32"):
        """`inputs` are pairs of a value and the loops that index it."""
        loops = loops or len(dims)
        out_dims = [i for i in range(loops) if i not in reduction]
        maps = [map_of(loops, indexed) for _, indexed in inputs] + [map_of(loops, out_dims)]
        kinds = ", ".join('"reduction"' if i in reduction else '"parallel"' for i in range(loops))
        out = out or self.empty(dims, element)
        ins = ", ".join(v[0] for v, _ in inputs)
        types = ", ".join(type_of(v[1]) for v, _ in inputs)
        arguments = ", ".join(f"%{chr(97 + i)}: f32" for i in range(len(inputs)))
        t = type_of(dims, element)
        return self.emit(
            f"linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = [{kinds}]}}\n"
            f"      ins({ins} : {types}) outs({out} : {t}) {{\n"
            f"  ^bb0({arguments}, %out: {element}):\n    {body}\n"
            f"    linalg.yield %r : {element}\n  }} -> {t}"
        )

    def unary(self):
        value = self.pick(lambda dims: len(dims) > 0)
        body = self.rng.choice(BODIES)
        if "%k1" in body:
            body = body.replace("%q =", "%k1 = arith.addi %k, %seven : i32\n    %q =")
        loops = range(len(value[1]))
        self.add(self.generic([(value, loops)], value[1], body), value[1])

    def binary(self):
        a = self.pick(lambda dims: len(dims) > 0)
        b = self.pick(
            lambda dims: (
                len(dims) <= len(a[1])
                and len(set(dims)) == len(dims)
                and all(d in a[1] for d in dims)
            )
        )
        if not b:
            return
        op = self.rng.choice(["addf", "mulf", "subf", "maximumf"])
        indexed = [a[1].index(d) for d in b[1]]
        body = f"%r = arith.{op} %a, %b : f32"
        self.add(self.generic([(a, range(len(a[1]))), (b, indexed)], a[1], body), a[1])

    def reduce(self):
        value = self.pick(lambda dims: len(dims) > 0)
        along = self.rng.randrange(len(value[1]))
        dims = [d for i, d in enumerate(value[1]) if i != along]
        op, init = self.rng.choice([("addf", "%zero"), ("maximumf", "%least")])
        out = self.empty(dims, fill=init)
        body = f"%r = arith.{op} %a, %out : f32"
        loops = len(value[1])
        result = self.generic([(value, range(loops))], dims, body, loops, [along], out)
        self.add(result, dims)

    def argmax(self):
        value = self.pick(lambda dims: len(dims) == 2)
        dims = value[1][:1]
        best, at = self.empty(dims, fill="%least"), self.empty(dims, "i64", "%izero")
        maps = f"{map_of(2, [0, 1])}, {map_of(2, [0])}, {map_of(2, [0])}"
        t, ti = type_of(dims), type_of(dims, "i64")
        self.lines.append(
            f"{self.name()}, {self.name()} = linalg.generic {{indexing_maps = [{maps}], "
            f'iterator_types = ["parallel", "reduction"]}}\n'
            f"      ins({value[0]} : {type_of(value[1])}) outs({best}, {at} : {t}, {ti}) {{\n"
            "  ^bb0(%a: f32, %m: f32, %n: i64):\n    %j = linalg.index 1 : index\n"
            "    %k = arith.index_cast %j : index to i64\n"
            "    %c = arith.cmpf ogt, %a, %m : f32\n    %s = arith.select %c, %a, %m : f32\n"
            "    %w = arith.select %c, %k, %n : i64\n    linalg.yield %s, %w : f32, i64\n"
            f"  }} -> ({t}, {ti})"
        )
        indices = (f"%v{self.next}", dims)
        out = self.empty(dims)
        self.add(
            self.emit(
                f"linalg.generic {{indexing_maps = [{map_of(1, [0])}, {map_of(1, [0])}], "
                f'iterator_types = ["parallel"]}}\n'
                f"      ins({indices[0]} : {ti}) outs({out} : {t}) {{\n"
                "  ^bb0(%a: i64, %o: f32):\n    %r = arith.sitofp %a : i64 to f32\n"
                f"    linalg.yield %r : f32\n  }} -> {t}"
            ),
            dims,
        )

    def matmul(self):
        a = self.pick(lambda dims: len(dims) == 2)
        b = self.pick(lambda dims: len(dims) == 2 and dims[0] == a[1][1])
        if b:
            dims = (a[1][0], b[1][1])
            out = self.empty(dims, fill="%zero")
            types = f"{type_of(a[1])}, {type_of(b[1])}"
            t = type_of(dims)
            line = f"linalg.matmul ins({a[0]}, {b[0]} : {types}) outs({out} : {t}) -> {t}"
            self.add(self.emit(line), dims)

    def transpose(self):
        value = self.pick(lambda dims: len(dims) == 2)
        dims = value[1][::-1]
        out, t = self.empty(dims), type_of(dims)
        line = f"linalg.transpose ins({value[0]} : {type_of(value[1])}) outs({out} : {t})"
        self.add(self.emit(f"{line} permutation = [1, 0]"), dims)

    def gather(self):
        """Rows of a value with B rows, by %ids, which has T of them."""
        source = self.pick(lambda dims: len(dims) == 2 and dims[0] == "B")
        dims = ("T", source[1][1]) if source else ()
        if source:
            out, t = self.empty(dims), type_of(dims)
            self.add(
                self.emit(
                    f"linalg.generic {{indexing_maps = [{map_of(2, [0])}, {map_of(2, [0, 1])}], "
                    f'iterator_types = ["parallel", "parallel"]}}\n'
                    f"      ins(%ids : tensor<?xi64>) outs({out} : {t}) {{\n"
                    "  ^bb0(%a: i64, %o: f32):\n    %i = arith.index_cast %a : i64 to index\n"
                    "    %j = linalg.index 1 : index\n"
                    f"    %r = tensor.extract {source[0]}[%i, %j] : {type_of(source[1])}\n"
                    f"    linalg.yield %r : f32\n  }} -> {t}"
                ),
                dims,
            )

    def collapse(self):
        """Two dims to one, work there, and back."""
        value = self.pick(lambda dims: dims == ("T", "B"))
        if not value:
            return
        self.sizes.setdefault("T*B", "%TB")
        t = type_of(value[1])
        flat = self.emit(f"tensor.collapse_shape {value[0]} [[0, 1]] : {t} into tensor<?xf32>")
        self.add(flat, ("T*B",))
        if self.rng.random() < 0.5:
            self.unary()
        flat = self.pick(lambda dims: dims == ("T*B",))
        line = f"tensor.expand_shape {flat[0]} [[0, 1]] output_shape [%T, %B]"
        self.add(self.emit(f"{line} : tensor<?xf32> into {t}"), value[1])

    def shift(self):
        """All but the first row, and a row of zeros behind."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[0] in ("T", "B"))
        if not value:
            return
        size = "%T1" if value[1][0] == "T" else "%B1"
        width = value[1][1] if isinstance(value[1][1], int) else self.sizes[value[1][1]]
        t = type_of(value[1])
        line = f"tensor.extract_slice {value[0]}[1, 0] [{size}, {width}] [1, 1] : {t} to {t}"
        name = self.emit(line)
        self.sizes.setdefault(f"{value[1][0]}-1", size)
        self.add(name, (f"{value[1][0]}-1", value[1][1]))

    def prepend(self):
        value = self.pick(lambda dims: len(dims) == 1 and dims[0] in ("T-1", "B-1"))
        if value:
            line = f"tensor.concat dim(0) %first, {value[0]} : (tensor<1xf32>, tensor<?xf32>)"
            self.add(self.emit(f"{line} -> tensor<?xf32>"), (value[1][0][0],))

    def scan(self):
        value = self.pick(lambda dims: len(dims) == 1 and not isinstance(dims[0], int))
        if value:
            out, acc = self.empty(value[1]), self.empty((), fill="%zero")
            line = f'"tm_tensor.scan"({value[0]}, {out}, {acc}) <{{dimension = 0 : i64, '
            line += "inclusive = true, operandSegmentSizes = array<i32: 1, 2>}> ({\n"
            line += "  ^bb0(%a: f32, %b: f32):\n    %s = arith.addf %a, %b : f32\n"
            line += '    "tm_tensor.yield"(%s) : (f32) -> ()\n'
            line += (
                "  }) : (tensor<?xf32>, tensor<?xf32>, tensor<f32>) -> (tensor<?xf32>, tensor<f32>)"
            )
            name = self.name()
            self.lines.append(f"{name}:2 = {line}")
            self.add(f"{name}#0", value[1])

    def pad(self, value, low: int, high: str, to) -> str:
        """A value with rows of one number before and behind."""
        fill = self.rng.choice(["%zero", "%half"])
        line = f"tensor.pad {value[0]} low[{low}, 0] high[{high}, 0] {{\n"
        line += f"  ^bb0(%i: index, %j: index):\n    tensor.yield {fill} : f32\n"
        return self.emit(f"{line}  }} : {type_of(value[1])} to {type_of(to)}")

    def widen(self):
        """Two rows more."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[0] in ("T", "B"))
        low, dims = self.rng.randrange(3), (f"{value[1][0]}+2", value[1][1])
        self.sizes.setdefault(dims[0], f"%{value[1][0]}2")
        self.add(self.pad(value, low, str(2 - low), dims), dims)

    def window(self):
        """Sums of three rows each."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[0] in ("T+2", "B+2"))
        if value:
            dims = (value[1][0][0], value[1][1])
            out, t = self.empty(dims, fill="%zero"), type_of(dims)
            at = "affine_map<(d0, d1, d2) -> (d0 + d2, d1)>"
            self.add(
                self.emit(
                    f"linalg.generic {{indexing_maps = [{at}, {map_of(3, [2])}, "
                    f"{map_of(3, [0, 1])}], "
                    'iterator_types = ["parallel", "parallel", "reduction"]}\n'
                    f"      ins({value[0]}, %taps : {type_of(value[1])}, tensor<3xf32>) "
                    f"outs({out} : {t}) {{\n"
                    "  ^bb0(%a: f32, %b: f32, %out: f32):\n    %m = arith.mulf %a, %b : f32\n"
                    f"    %r = arith.addf %out, %m : f32\n    linalg.yield %r : f32\n  }} -> {t}"
                ),
                dims,
            )

    def chunks(self):
        """Rows in chunks of four, filled up; work on them, and what is left of the rows."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[0] in ("T", "B"))
        (rows, width), count = value[1], f"{value[1][0]}/4"
        self.sizes.setdefault(count, f"%{rows}4")
        padded = self.pad(value, 0, f"%{rows}m", ("?", width))
        size = width if isinstance(width, int) else self.sizes[width]
        wide, whole = type_of(("?", width)), type_of((count, 4, width))
        line = f"tensor.expand_shape {padded} [[0, 1], [2]] output_shape [{self.sizes[count]}, 4, "
        name = self.emit(f"{line}{size}] : {wide} into {whole}")
        self.add(name, (count, 4, width))
        if self.rng.random() < 0.5:
            self.unary()
        name, _ = self.pick(lambda dims: dims == (count, 4, width))
        line = f"tensor.collapse_shape {name} [[0, 1], [2]] : {whole} into {wide}"
        flat = self.emit(line)
        line = f"tensor.extract_slice {flat}[0, 0] [{self.sizes[rows]}, {size}] [1, 1] : {wide}"
        self.add(self.emit(f"{line} to {type_of(value[1])}"), value[1])

    def experts(self):
        """Products of groups of rows; the last rows may be in none."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[1] == 4 and dims[0] in ("T", "B"))
        (rows, _), step = value[1], self.rng.randint(0, 9)
        ends, t = self.emit("tensor.empty() : tensor<3xi32>"), type_of(value[1])
        ends = self.emit(
            f"linalg.generic {{indexing_maps = [{map_of(1, [0])}], "
            f'iterator_types = ["parallel"]}} outs({ends} : tensor<3xi32>) {{\n'
            "  ^bb0(%o: i32):\n    %i = linalg.index 0 : index\n"
            f"    %s = arith.constant {step} : index\n    %k = arith.muli %i, %s : index\n"
            f"    %m = arith.minsi %k, %{rows} : index\n"
            "    %r = arith.index_cast %m : index to i32\n"
            "    linalg.yield %r : i32\n  } -> tensor<3xi32>"
        )
        line = f"capstan.grouped_gemm ins({value[0]}, %experts, {ends} : {t}, tensor<3x4x4xf32>, "
        transposed = self.rng.choice(["", " {transpose_b}"])
        line += f"tensor<3xi32>) outs({self.empty(value[1])} : {t}){transposed} -> {t}"
        self.add(self.emit(line), value[1])

    def append(self):
        """B rows, and T behind them."""
        first = self.pick(lambda dims: len(dims) == 2 and dims[0] == "B")
        width = first[1][1]
        second = self.pick(lambda dims: dims == ("T", width))
        if second:
            types = ", ".join(type_of(v[1]) for v in (first, second))
            whole = ("B+T", width)
            self.sizes.setdefault("B+T", "%BT")
            line = f"tensor.concat dim(0) {first[0]}, {second[0]} : ({types}) -> {type_of(whole)}"
            self.add(self.emit(line), whole)

    def insert(self):
        """The first row in the place of the last: has no padded form."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[0] in ("T", "B"))
        width = value[1][1] if isinstance(value[1][1], int) else self.sizes[value[1][1]]
        t, row = type_of(value[1]), type_of((1, value[1][1]))
        one = f"[1, {width}] [1, 1] : "
        name = self.emit(f"tensor.extract_slice {value[0]}[0, 0] {one}{t} to {row}")
        last = f"[%{value[1][0]}1, 0]"
        line = f"tensor.insert_slice {name} into {value[0]}{last} {one}{row} into {t}"
        self.add(self.emit(line), value[1])

    def roll(self):
        """The first row behind the others."""
        value = self.pick(lambda dims: len(dims) == 2 and dims[0] in ("T", "B"))
        size = "%T1" if value[1][0] == "T" else "%B1"
        width = value[1][1] if isinstance(value[1][1], int) else self.sizes[value[1][1]]
        t, row = type_of(value[1]), type_of((1, *value[1][1:]))
        slices = [f"[1, 0] [{size}, {width}]", f"[0, 0] [1, {width}]"]
        parts = [
            self.emit(f"tensor.extract_slice {value[0]}{s} [1, 1] : {t} to {to}")
            for s, to in zip(slices, (t, row), strict=True)
        ]
        line = f"tensor.concat dim(0) {parts[0]}, {parts[1]} : ({t}, {row}) -> {t}"
        self.add(self.emit(line), value[1])

    def branch(self):
        """The host decides by data: can't be padded, either."""
        value = self.pick(lambda dims: len(dims) > 0)
        total, t = self.empty((), fill="%zero"), type_of(value[1])
        dims = list(range(len(value[1])))
        line = f"linalg.reduce {{ arith.maximumf }} ins({value[0]} : {t})"
        most = self.emit(f"{line} outs({total} : tensor<f32>) dimensions = {dims}")
        read = self.emit(f"capstan.item {most}[] : tensor<f32>")
        holds = self.emit(f"arith.cmpf ogt, {read}, %half : f32")
        out = self.empty(value[1])
        self.add(
            self.emit(
                f"scf.if {holds} -> {t} {{\n"
                f"    %1 = linalg.tanh ins({value[0]} : {t}) outs({out} : {t}) -> {t}\n"
                f"    scf.yield %1 : {t}\n  }} else {{\n    scf.yield {value[0]} : {t}\n  }}"
            ),
            value[1],
        )

    def text(self) -> str:
        t = '#capstan.dim<"T", min = 1, max = 64>'
        b = '#capstan.dim<"B", min = 1, max = 32>'
        results = ", ".join(name for name, _ in self.values)
        types = ", ".join(type_of(dims) for _, dims in self.values)
        body = "\n  ".join(self.lines)
        return f"""func.func @main{self.seed}(
    %x: tensor<?x4xf32> {{capstan.dims = [{t}, 4]}},
    %y: tensor<?x4xf32> {{capstan.dims = [{b}, 4]}},
    %z: tensor<?xf32> {{capstan.dims = [{t}]}}, %p: tensor<?x?xf32> {{capstan.dims = [{t}, {b}]}},
    %ids: tensor<?xi64> {{capstan.dims = [{t}]}}) -> ({types}) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %seven = arith.constant 7 : i32
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %izero = arith.constant 0 : i64
  %least = arith.constant 0xFF800000 : f32
  %first = arith.constant dense<0.25> : tensor<1xf32>
  %T = tensor.dim %x, %c0 : tensor<?x4xf32>
  %B = tensor.dim %y, %c0 : tensor<?x4xf32>
  %T1 = arith.subi %T, %c1 : index
  %B1 = arith.subi %B, %c1 : index
  %TB = arith.muli %T, %B : index
  %BT = arith.addi %B, %T : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %experts = arith.constant dense<{EXPERTS}> : tensor<3x4x4xf32>
  %taps = arith.constant dense<[0.5, -1.0, 0.25]> : tensor<3xf32>
  %T2 = arith.addi %T, %c2 : index
  %B2 = arith.addi %B, %c2 : index
  %T4 = arith.ceildivsi %T, %c4 : index
  %B4 = arith.ceildivsi %B, %c4 : index
  %Tw = arith.muli %T4, %c4 : index
  %Bw = arith.muli %B4, %c4 : index
  %Tm = arith.subi %Tw, %T : index
  %Bm = arith.subi %Bw, %B : index
  %last = arith.index_cast %B1 : index to i64
  {body}
  return {results} : {types}
}}
"""


def batch(rng, tokens: int, documents: int) -> list[np.ndarray]:
    shapes = (tokens, 4), (documents, 4), (tokens,), (tokens, documents)
    arrays = [rng.standard_normal(shape, np.float32) for shape in shapes]
    return [*arrays, rng.integers(0, documents, tokens)]


def check_clones(functions: list[Function], text: str, rng, batches: int) -> None:
    t, b = int(rng.integers(1, 33)), int(rng.integers(1, 17))
    padded = Padded(text, *FLAGS, T=t, B=b)
    for function in functions:
        for i in range(batches):
            tokens = (1, t, int(rng.integers(1, t + 1)))[min(i, 2)]
            documents = (b, 1, int(rng.integers(1, b + 1)))[min(i, 2)]
            arrays = batch(rng, tokens, documents)
            entry = f"main{function.seed}"
            padded.check(*arrays, T=tokens, B=documents, entry=entry, bound=1e-5)


def check_dispatched(functions: list[Function], text: str, rng, batches: int, **options) -> None:
    small = int(rng.integers(1, 17)), int(rng.integers(1, 9))
    large = small[0] + int(rng.integers(1, 17)), small[1] + int(rng.integers(0, 9))
    buckets = ",".join(f"T={t}/B={b}" for t, b in (small, large))
    model = Dispatched(text, buckets, *FLAGS, **options)
    for function in functions:
        held: list = []
        for i in range(batches * 3):
            # Every third batch fits none.
            fits = i % 3 < 2
            over = int(rng.integers(1, 4)) if not fits else 0
            tokens = int(rng.integers(1, large[0] + 1))
            documents = int(rng.integers(1, large[1] + 1))
            tokens = large[0] + 1 if over & 1 else tokens
            documents = large[1] + 1 if over & 2 else documents
            arrays = batch(rng, tokens, documents)
            results = model.check(*arrays, entry=f"main{function.seed}", bound=1e-5)
            assert not isinstance(results, str), results
            fallbacks = model.counted()["fallbacks_too_large"]
            assert fallbacks == (not fits), f"{fallbacks} fallbacks of {tokens}, {documents}"
            held = [*held[-3:], [(r, r.copy()) for r in results]]
            for kept, copy in (pair for pairs in held for pair in pairs):
                np.testing.assert_array_equal(kept, copy)


def run(seeds: range, kind: str, batches: int) -> str | None:
    """None if all is well, or why the pass refuses. Raises if a result differs."""
    rng = np.random.default_rng(seeds.start)
    functions = [Function(seed, kind == "partial") for seed in seeds]
    functions = [function for function in functions if function.values]
    text = "\n".join(function.text() for function in functions)
    try:
        if kind == "clones":
            check_clones(functions, text, rng, batches)
        else:
            partial = {"partial": "true"} if kind == "partial" else {}
            check_dispatched(functions, text, rng, batches, **partial)
    except subprocess.CalledProcessError as error:
        reason = re.search(r"can't be padded: (.*)", error.stderr or "")
        if not reason:
            raise RuntimeError(error.stderr) from error
        return re.sub(r"\d+", "N", reason[1])
    return None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="0..100")
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--print", action="store_true", help="print the functions only")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split(".."))
    refused, kinds, failures = Counter(), Counter(), 0
    for start in range(first, last, GROUP):
        seeds = range(start, min(start + GROUP, last))
        kind = KINDS[start // GROUP % len(KINDS)]
        if args.print:
            print(*(Function(seed, kind == "partial").text() for seed in seeds), sep="\n")
            continue
        kinds[kind] += len(seeds)
        try:
            if not run(seeds, kind, args.batches):
                continue
        except (AssertionError, RuntimeError):
            pass
        # Each of them alone.
        for seed in seeds:
            try:
                if reason := run(range(seed, seed + 1), kind, args.batches):
                    refused[reason] += 1
            except (AssertionError, RuntimeError) as error:
                failures += 1
                print(f"seed {seed}, {kind}: {error}", flush=True)
    if args.print:
        return 0
    for reason, count in refused.most_common():
        print(f"{count} refused: {reason}")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    print(f"{last - first} seeds, {refused.total()} refused, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

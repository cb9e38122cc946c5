"""Modules of any size, made from the layers of a real one.

The text of a corpus file repeats itself once a layer. `Model` finds the period and
keeps one layer; `unrolled` and `calls` write modules with as many copies of it as
wanted, each fed by the one before, as in a deeper model. Copies share the weights
of the layer that was kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

OP = re.compile(r'^\s*(?:(%[\w:]+(?:, %[\w:]+)*) = )?"([\w.]+)"\(')
VALUE = re.compile(r"%[A-Za-z_0-9]+")
STRING = re.compile(r'"[^"]*"')
# Reads of device data, at the top level of a function.
SYNC = re.compile(
    r'"(?:torch\.aten\.(?:Int|Float|Bool)\.Tensor|torch\.aten\.item|tensor\.extract)"\('
)


@dataclass
class Op:
    """An operation of a function's body, with the lines of its regions."""

    lines: list[str]
    result: str = ""
    inner: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def size(self) -> int:
        return sum(1 for line in self.lines if OP.match(line))

    @property
    def is_sync(self) -> bool:
        return len(self.lines) == 1 and SYNC.search(self.lines[0]) is not None

    @property
    def is_constant(self) -> bool:
        return ".constant" in self.lines[0].split("(", 1)[0]

    @property
    def type(self) -> str:
        return self.lines[-1].rsplit(" -> ", 1)[1]

    def uses(self) -> list[str]:
        found = dict.fromkeys(VALUE.findall(self.text))
        return [v for v in found if v != self.result and v not in self.inner]

    def signature(self) -> str:
        """What stays the same from layer to layer: all but names and messages."""
        name = OP.match(self.lines[0])
        return (name[2] if name else "") + STRING.sub("", VALUE.sub("%", self.text))

    def renamed(self, names: dict[str, str], suffix: str) -> str:
        def new(match: re.Match[str]) -> str:
            value = match[0]
            if value == self.result or value in self.inner:
                return value + suffix
            return names.get(value, value)

        return VALUE.sub(new, self.text)


def read_body(lines: Iterable[str]) -> list[Op]:
    """Groups lines into operations: one goes on until its regions are closed."""
    ops: list[Op] = []
    depth = 0
    for line in lines:
        if depth == 0:
            match = OP.match(line)
            assert match, line
            results = (match[1] or "").split(":")[0]
            ops.append(Op([line], results))
        else:
            ops[-1].lines.append(line)
            if match := OP.match(line):
                ops[-1].inner.update(VALUE.findall(match[1] or ""))
            elif line.lstrip().startswith("^bb"):
                ops[-1].inner.update(VALUE.findall(line))
        depth += line.count("({") - len(re.findall(r"^\s*\}\)|\}, \{\)", line))
    return ops


@dataclass
class Module:
    text: str
    ops: int
    syncs: int


class Model:
    """A corpus file with one function: what comes before a layer, and a layer."""

    def __init__(self, path: Path, ops_per_sync: int) -> None:
        # Names that are numbers can't take a suffix.
        lines = re.sub(r"%(\d)", r"%v\1", path.read_text()).splitlines()
        first = next(i for i, line in enumerate(lines) if '"func.func"' in line)
        self.header = lines[: first - 1]
        self.arguments = lines[first + 1].strip().removeprefix("^bb0(").removesuffix("):")
        last = max(i for i, line in enumerate(lines) if '"func.return"' in line)
        ops = read_body(lines[first + 2 : last])
        start, period = find_period(ops)
        self.before = ops[:start]
        self.first = ops[start : start + period]
        self.layer = ops[start + period : start + 2 * period]
        # A value of the layer that was kept stands for the same of the one before.
        self.previous = {
            now.result: before.result
            for now, before in zip(self.layer, self.first, strict=True)
            if now.result
        }
        carried = set(self.previous.values())
        self.carried = [
            v for v in dict.fromkeys(v for op in self.layer for v in op.uses()) if v in carried
        ]
        self.next = {before: now for now, before in self.previous.items()}
        self.types = {op.result: op.type for op in ops if op.result}
        for argument in self.arguments.split(", %"):
            name, type_ = argument.split(": ", 1)
            self.types["%" + name.lstrip("%")] = type_
        self.layer = with_reads(self.layer, ops_per_sync)
        self.layer_size = sum(op.size for op in self.layer)
        self.layer_syncs = sum(op.is_sync for op in self.layer)

    def result_type(self) -> str:
        types = [self.types[v] for v in self.carried]
        return types[0] if len(types) == 1 else f"({', '.join(types)})"

    def argument_types(self) -> str:
        return ", ".join(a.split(": ", 1)[1] for a in self.arguments.split(", %"))

    def unrolled(self, ops: int) -> Module:
        """One function of about `ops` operations."""
        prefix = self.before + self.first
        copies = max(1, round((ops - sum(op.size for op in prefix)) / self.layer_size))
        body = [op.text for op in prefix]
        names = {v: v for v in self.carried}
        for i in range(copies):
            suffix = f"_{i}"
            own = {op.result: op.result + suffix for op in self.layer if op.result}
            body += [op.renamed(own | names, suffix) for op in self.layer]
            names = {v: self.next[v] + suffix for v in self.carried}
        return self.module([], self.main(body, names))

    def calls(self, ops: int, calls_per_layer: int = 2) -> Module:
        """Private layer functions, about `ops` operations, called by one."""
        prefix = self.before + self.first
        own = {op.result for op in self.layer}
        outside = [
            v
            for v in dict.fromkeys(v for op in self.layer for v in op.uses())
            if v not in own and v not in self.carried
        ]
        defining = {op.result: op for op in self.before}
        constants = [v for v in outside if v in defining and defining[v].is_constant]
        # A copy has its constants, its return and calls, and the function itself.
        size = self.layer_size + len(constants) + 2 + calls_per_layer
        copies = max(1, round((ops - sum(op.size for op in prefix)) / size))
        inputs = self.carried + [v for v in outside if v not in constants]
        input_types = ", ".join(self.types[v] for v in inputs)
        results = [self.next[v] for v in self.carried]
        returned = self.returned(results)
        functions = []
        for i in range(copies):
            functions += [
                f'  "func.func"() <{{function_type = ({input_types}) -> {self.result_type()}, '
                f'sym_name = "layer_{i}", sym_visibility = "private"}}> ({{',
                f"  ^bb0({', '.join(f'{v}: {self.types[v]}' for v in inputs)}):",
                *(defining[v].text for v in constants),
                *(op.text for op in self.layer),
                f"    {returned}",
                "  }) : () -> ()",
            ]
        body = [op.text for op in prefix]
        names = {v: v for v in self.carried}
        for i in range(copies * calls_per_layer):
            call = f"%call_{i}"
            count = len(self.carried)
            results_text = call if count == 1 else f"{call}:{count}"
            operands = ", ".join(names.get(v, v) for v in inputs)
            body.append(
                f'    {results_text} = "func.call"({operands}) '
                f"<{{callee = @layer_{i // calls_per_layer}}}> : "
                f"({input_types}) -> {self.result_type()}"
            )
            names = {v: call if count == 1 else f"{call}#{j}" for j, v in enumerate(self.carried)}
        return self.module(functions, self.main(body, names))

    def returned(self, values: list[str]) -> str:
        types = ", ".join(self.types[v] for v in self.carried)
        return f'"func.return"({", ".join(values)}) : ({types}) -> ()'

    def main(self, body: list[str], names: dict[str, str]) -> list[str]:
        return [
            f'  "func.func"() <{{function_type = ({self.argument_types()}) -> '
            f'{self.result_type()}, sym_name = "main"}}> ({{',
            f"  ^bb0({self.arguments}):",
            *body,
            f"    {self.returned([names[v] for v in self.carried])}",
            "  }) : () -> ()",
        ]

    def module(self, functions: list[str], main: list[str]) -> Module:
        chunks = [*self.header, '"builtin.module"() ({', *functions, *main, "}) : () -> ()"]
        text = "\n".join(chunks) + "\n"
        lines = text.splitlines()
        ops = sum(1 for line in lines if OP.match(line))
        # Four spaces: not in the body of an operation.
        syncs = sum(1 for line in lines if SYNC.search(line) and re.match(r" {4}\S", line))
        return Module(text, ops, syncs)


def find_period(ops: list[Op]) -> tuple[int, int]:
    """Start and length of the first of the repeating layers."""
    kinds: dict[str, int] = {}
    text = [kinds.setdefault(op.signature(), len(kinds)) for op in ops]
    syncs = [i for i, op in enumerate(ops) if op.is_sync]
    best = (0, 0, 0)
    for period in sorted({i - syncs[0] for i in syncs[1:]}):
        run = start = 0
        for i in range(len(text) - period):
            if text[i] != text[i + period]:
                run = 0
                continue
            if run == 0:
                start = i
            run += 1
            if run > best[0]:
                best = (run, start, period)
    run, start, period = best
    assert period and run >= period, "no layers found"
    return start, period


def with_reads(layer: list[Op], ops_per_sync: int) -> list[Op]:
    """Repeats the layer's first read, with what feeds it and its checks, until
    there is one for every `ops_per_sync` operations."""
    position = next(i for i, op in enumerate(layer) if op.is_sync)
    needed, feeding = set(layer[position].uses()), [layer[position]]
    for op in reversed(layer[:position]):
        if op.result in needed and not op.is_constant:
            needed.update(op.uses())
            feeding.insert(0, op)
    copied = {op.result for op in feeding}
    for op in layer[position + 1 : position + 8]:
        if copied.intersection(op.uses()):
            copied.add(op.result)
            feeding.append(op)
    size = sum(op.size for op in layer)
    extra: list[Op] = []
    count = 0
    while (size + sum(op.size for op in extra)) > ops_per_sync * (
        count + sum(op.is_sync for op in layer)
    ):
        suffix = f"_read{count}"
        names = {op.result: op.result + suffix for op in feeding if op.result}
        extra += read_body(
            line for op in feeding for line in op.renamed(names, suffix).splitlines()
        )
        count += 1
    return layer[: position + 1] + extra + layer[position + 1 :]

"""A small model of MLIR's generic form: parse, change, print.

Attributes and types stay text. Enough for what Capstan's tools print with
`--mlir-print-op-generic --mlir-print-local-scope`, and for the model IR corpus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Region = list["Block"]


@dataclass(eq=False)
class Value:
    """An SSA value; compared by identity."""

    type: str
    owner: Op | Block | None = None


@dataclass(eq=False)
class Op:
    name: str
    operands: list[Value] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)
    props: str = ""  # what stands in <{...}>
    attrs: str = ""  # what stands in {...}
    regions: list[Region] = field(default_factory=list)
    successors: list[Block] = field(default_factory=list)
    block: Block | None = None

    def attr(self, key: str) -> str | None:
        """The text of an attribute, or None."""
        return split_attrs(self.props).get(key) or split_attrs(self.attrs).get(key)

    def set_prop(self, key: str, value: str) -> None:
        entries = split_attrs(self.props)
        entries[key] = value
        self.props = ", ".join(f"{k} = {v}" if v else k for k, v in sorted(entries.items()))

    def walk(self) -> Iterator[Op]:
        yield self
        for region in self.regions:
            for block in region:
                for op in list(block.ops):
                    yield from op.walk()

    def parent(self) -> Op | None:
        return self.block.parent if self.block else None


@dataclass(eq=False)
class Block:
    args: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    parent: Op | None = None

    def insert(self, index: int, op: Op) -> None:
        self.ops.insert(index, op)
        op.block = self

    def append(self, op: Op) -> Op:
        self.insert(len(self.ops), op)
        return op


def split_attrs(text: str) -> dict[str, str]:
    """`a = 1, b` as {"a": "1", "b": ""}."""
    entries = {}
    for part in split_commas(text):
        key, _, value = part.partition("=")
        entries[key.strip()] = value.strip()
    return entries


OPEN, CLOSE = "([{<", ")]}>"


def match_close(text: str, at: int) -> int:
    """The index just past the bracket that closes the one at `at`."""
    depth = 0
    while at < len(text):
        c = text[at]
        if c == '"':
            at += 1
            while text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        elif c in OPEN:
            depth += 1
        elif c in CLOSE and not (c == ">" and text[at - 1] == "-"):
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise SyntaxError("unbalanced brackets")


def split_commas(text: str) -> list[str]:
    parts, start, at = [], 0, 0
    while at < len(text):
        c = text[at]
        if c == '"':
            at += 1
            while text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        elif c in OPEN:
            at = match_close(text, at) - 1
        elif c == ",":
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    if last := text[start:].strip():
        parts.append(last)
    return parts


NAME = re.compile(r'\s*(?:(%[\w$.-]+)(?::(\d+))?\s*=\s*)?"([^"]+)"\(')
LABEL = re.compile(r"\s*(\^\w+)\s*")
SPACE = re.compile(r"\s*(?://[^\n]*\n\s*)*")
LOCATION = re.compile(r"\s*loc\(")


class Parser:
    """Recursive descent over one module."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.scopes: list[dict[str, list[Value]]] = [{}]
        self.pending: list[tuple[list[Value], int, str, dict[str, list[Value]]]] = []

    def skip(self) -> None:
        self.at = SPACE.match(self.text, self.at).end()

    def eat(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.eat(token):
            raise SyntaxError(f"expected {token!r} at {self.text[self.at : self.at + 60]!r}")

    def bracketed(self) -> str:
        """The text between the bracket here and its match."""
        end = match_close(self.text, self.at)
        inner = self.text[self.at + 1 : end - 1]
        self.at = end
        return inner

    def lookup(self, name: str) -> Value | None:
        base, _, index = name.partition("#")
        for scope in reversed(self.scopes):
            if base in scope:
                return scope[base][int(index or 0)]
        return None

    def op(self, blocks: dict[str, Block]) -> Op:
        found = NAME.match(self.text, self.at)
        if not found:
            raise SyntaxError(f"expected an operation at {self.text[self.at : self.at + 60]!r}")
        self.at = found.end() - 1
        op = Op(found[3])
        names = split_commas(self.bracketed())
        if self.text.startswith("[", self.at):
            for label in split_commas(self.bracketed()):
                op.successors.append(blocks.setdefault(label, Block()))
        if self.eat("<{"):
            self.at -= 1
            op.props = self.bracketed()
            self.expect(">")
        if self.eat("({"):
            self.at -= 1
            while True:
                op.regions.append(self.region(op))
                if not self.eat(","):
                    break
            self.expect(")")
        if self.eat("{"):
            self.at -= 1
            op.attrs = self.bracketed()
        self.expect(":")
        self.skip()
        operand_types = split_commas(self.bracketed())
        self.expect("->")
        self.skip()
        if self.text.startswith("(", self.at):
            result_types = split_commas(self.bracketed())
        else:
            result_types = [self.type_to_line_end()]
        if location := LOCATION.match(self.text, self.at):
            self.at = match_close(self.text, location.end() - 1)
        op.results = [Value(t, op) for t in result_types]
        for i, (name, kind) in enumerate(zip(names, operand_types, strict=True)):
            value = self.lookup(name)
            op.operands.append(value or Value(kind))
            if value is None:  # defined later, in another block
                self.pending.append((op.operands, i, name, self.scopes[-1]))
        if found[1]:
            self.scopes[-1][found[1]] = op.results
        return op

    def type_to_line_end(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in "\n":
            if self.text[self.at] in OPEN:
                self.at = match_close(self.text, self.at)
            elif self.text.startswith(" loc(", self.at):
                break
            else:
                self.at += 1
        return self.text[start : self.at].strip()

    def region(self, op: Op) -> Region:
        self.expect("{")
        self.scopes.append({})
        blocks: dict[str, Block] = {}
        region: Region = []
        self.skip()
        while not self.eat("}"):
            label = LABEL.match(self.text, self.at)
            if label or not region:
                block = Block()
                if label:
                    block = blocks.setdefault(label[1], block)
                    self.at = label.end()
                    if self.text[self.at] == "(":
                        for arg in split_commas(self.bracketed()):
                            name, _, kind = arg.partition(":")
                            block.args.append(Value(kind.strip(), block))
                            self.scopes[-1][name.strip()] = [block.args[-1]]
                    self.expect(":")
                block.parent = op
                region.append(block)
            self.skip()
            while self.text[self.at] not in "}^":
                region[-1].append(self.op(blocks))
                self.skip()
        scope = self.scopes.pop()
        later = []
        for entry in self.pending:
            operands, i, name, _ = entry
            base, _, index = name.partition("#")
            if base in scope:
                operands[i] = scope[base][int(index or 0)]
            else:
                later.append(entry)
        self.pending = later
        return region


ALIAS = re.compile(r"^(#\w+) = (.*)\n", re.MULTILINE)


def parse(text: str) -> Op:
    """Parses one module in generic form."""
    if aliases := dict(ALIAS.findall(text)):
        text = re.sub(r"#\w+", lambda m: aliases.get(m[0], m[0]), ALIAS.sub("", text))
    parser = Parser(text)
    parser.skip()
    module = parser.op({})
    if parser.pending:
        raise SyntaxError(f"undefined value {parser.pending[0][2]}")
    return module


class Printer:
    def __init__(self) -> None:
        self.names: dict[Value, str] = {}
        self.labels: dict[Block, str] = {}
        self.out: list[str] = []
        self.count = 0
        self.args = 0

    def name(self, value: Value) -> str:
        """The name of a value; values of later blocks are named at their first use."""
        if value not in self.names:
            results = value.owner.results if isinstance(value.owner, Op) else [value]
            base = f"%{self.count}"
            self.count += 1
            for i, result in enumerate(results):
                self.names[result] = f"{base}#{i}" if len(results) > 1 else base
        return self.names[value]

    def op(self, op: Op, indent: int) -> None:
        pad = "  " * indent
        head = ""
        if op.results:
            base = self.name(op.results[0]).partition("#")[0]
            head = f"{base}:{len(op.results)} = " if len(op.results) > 1 else f"{base} = "
        text = f'{pad}{head}"{op.name}"({", ".join(map(self.name, op.operands))})'
        if op.successors:
            text += f"[{', '.join(self.labels[b] for b in op.successors)}]"
        if op.props:
            text += f" <{{{op.props}}}>"
        if op.regions:
            self.out.append(text + " ({")
            for i, region in enumerate(op.regions):
                if i:
                    self.out.append(pad + "}, {")
                self.region(region, indent + 1)
            text = pad + "})"
        if op.attrs:
            text += f" {{{op.attrs}}}"
        types = ", ".join(v.type for v in op.operands)
        results = [v.type for v in op.results]
        if len(results) == 1 and not results[0].startswith("("):
            text += f" : ({types}) -> {results[0]}"
        else:
            text += f" : ({types}) -> ({', '.join(results)})"
        self.out.append(text)

    def region(self, region: Region, indent: int) -> None:
        for i, block in enumerate(region):
            self.labels[block] = f"^bb{i}"
        for block in region:
            for arg in block.args:
                self.names[arg] = f"%arg{self.args}"
                self.args += 1
        for i, block in enumerate(region):
            if i or block.args:
                args = ", ".join(f"{self.names[a]}: {a.type}" for a in block.args)
                label = f"^bb{i}({args}):" if args else f"^bb{i}:"
                self.out.append("  " * (indent - 1) + label)
            for op in block.ops:
                self.op(op, indent)


def to_text(module: Op) -> str:
    printer = Printer()
    printer.op(module, 0)
    return "\n".join(printer.out) + "\n"


def functions(module: Op) -> dict[str, Op]:
    """The functions of a module by name."""
    found = {}
    for block in module.regions[0]:
        for op in block.ops:
            if op.name == "func.func":
                found[op.attr("sym_name").strip('"')] = op
    return found


def uses(root: Op) -> dict[Value, list[tuple[Op, int]]]:
    """Every use of every value below `root`."""
    found: dict[Value, list[tuple[Op, int]]] = {}
    for op in root.walk():
        for i, value in enumerate(op.operands):
            found.setdefault(value, []).append((op, i))
    return found

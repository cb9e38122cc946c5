#!/usr/bin/env python3
"""Compares the op model of the torch dialect with PyTorch's own schemas.

    check_torch_model.py                  check share/capstan/models/torch.mlir
    check_torch_model.py --corpus PATH... also: every op and type in these .mlir files (or in the
                                          .mlir files of these folders) has an entry
    check_torch_model.py --update WHEEL   write utils/torch_schemas.txt anew, from a PyTorch wheel
                                          or a folder that holds `torchgen` (needs PyYAML)

Every `torch.aten` entry is held against the schema of the operator: what it writes, which results
share storage with which operands, whether it is random, whether it reads data on the host. Where
the model knows better than the schema, EXCEPTIONS says why.
"""

import argparse
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "share/capstan/models/torch.mlir"
SCHEMAS = ROOT / "utils/torch_schemas.txt"
ATEN = "torch.aten."

KEYS = {
    *(
        "kind",
        "match",
        "named_by",
        "deterministic",
        "device_context",
        "total",
        "no_fault",
        "random",
        "undefined",
        "reads",
    ),
    *("writes", "fresh", "aliases", "shape_only", "sync", "bound_operands", "device_operand"),
    *("device", "device_form", "fold", "condition", "loop", "doc"),
}
# Tags that say something about what a model may claim.
TAGS = {
    *("core", "data_dependent_output", "dynamic_output_shape", "inplace_view"),
    *("maybe_aliasing_or_mutating", "nondeterministic_seeded", "view_copy"),
}
# Arguments that are settings: not values with which an op that supports them could fail.
SETTINGS = {"bool", "bool?", "ScalarType", "ScalarType?", "MemoryFormat?"}
# Results that live on the host.
HOST = {"bool", "int", "float", "Scalar", "SymInt", "SymBool", "SymInt[]", "int[]"}
# Operators whose results have undefined contents.
EMPTY = re.compile(r"_?(new_)?empty(_like|_strided|_permuted)?|resize")

RETURNS_OPERAND = "returns its operand as it is in some cases, or a view of it"
STATISTICS = "updates the running statistics in training, which the schema does not say"
SPLIT = "its results are views; the name only says that autograd ignores that"

# Where the model and the schema differ on purpose: (operator, check) -> why.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("_unsafe_view", "aliases"): "is a view; the name only says that autograd ignores that",
    ("unsafe_chunk", "aliases"): SPLIT,
    ("unsafe_split.Tensor", "aliases"): SPLIT,
    ("unsafe_split_with_sizes", "aliases"): SPLIT,
    ("broadcast_tensors", "aliases"): "its results are expanded views",
    ("meshgrid", "aliases"): "its results are expanded views",
    ("meshgrid.indexing", "aliases"): "its results are expanded views",
    **{
        (name, "aliases"): RETURNS_OPERAND
        for name in (
            *("_cast_Float", "_cast_Long", "type_as", "atleast_1d", "atleast_2d", "atleast_3d"),
            *("cartesian_prod", "channel_shuffle", "conj_physical", "dequantize.self", "einsum"),
            *("pixel_shuffle", "pixel_unshuffle"),
            *("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"),
        )
    },
    **{(name, "writes"): STATISTICS for name in ("batch_norm", "instance_norm")},
    ("native_batch_norm", "writes"): STATISTICS,
}

# TorchScript operators on host values, lists and strings, and overloads that exist only there.
# They are registered in C++ and have no schema in native_functions.yaml.
SCRIPT_ONLY = re.compile(
    r"(Bool|Float|Int)\.(Tensor|Scalar|float|int|bool|str)"
    r"|(Float|Int|Scalar)Implicit"
    r"|__(and|or)__\.bool|__not__|__is__|__isnot__"
    r"|__contains__\.\w+|__getitem__\.\w+|__range_length|__derive_index|_set_item\.\w+"
    r"|__interpolate\.\w+"
    r"|(add|sub|mul|div|floordiv|remainder|neg|sqrt|log|pow|ceil|lt|le|gt|ge|eq|ne)"
    r"\.(int|float|float_int|int_float|bool|str|device|int_list|Scalar|t|left_t)"
    r"|(add|sub|mul|div|all|any)(\.bool)?"
    r"|(append|insert|list|slice|len|sort|keys|get|Delete)"
    r"\.(t|int|str|Tensor|default_str|Dict_str)"
    r"|str|format|join|warn|device\.with_index|dim|numel|size|requires_grad_"
    r"|tensor(\.(int|float|bool))?|cpu|to\.prim_Device|dequantize\.tensor"
    r"|\w+\.(Tensor_)?hacked_twin"
)


@dataclass
class Schema:
    """An operator: types of its arguments and results, with PyTorch's alias marks."""

    args: list[str]
    returns: list[str]
    tags: set[str]

    def writes(self) -> list[int]:
        return [i for i, arg in enumerate(self.args) if "!" in marks(arg)]

    def aliases(self) -> list[tuple[int, int]]:
        return [
            (r, a)
            for r, result in enumerate(self.returns)
            for a, arg in enumerate(self.args)
            if marks(result) and set(marks(result)) & set(marks(arg)) - {"!"}
        ]

    def tensors(self) -> list[int]:
        return [i for i, arg in enumerate(self.args) if arg.startswith("Tensor")]


@dataclass
class Entry:
    """One `capstan.foreign_op` or `capstan.foreign_type`."""

    what: str
    names: list[str]
    spec: dict[str, Any]
    line: int
    problems: list[str] = field(default_factory=list)


def marks(kind: str) -> str:
    """The alias sets of `Tensor(a -> *)` or `Tensor(a!)`: "a", "a!"."""
    found = re.search(r"\(([^)]*)\)", kind)
    return found[1].split("->")[0].replace("|", "").strip() if found else ""


# ------------------------------------------------------------------------------- reading


def read_schemas(path: Path) -> dict[str, Schema]:
    schemas = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, args, returns, tags = re.fullmatch(
            r"([\w.]+)\((.*)\) -> \((.*)\) ?([\w ]*)", line
        ).groups()
        schemas[name] = Schema(
            args.split(", ") if args else [],
            returns.split(", ") if returns else [],
            set(tags.split()),
        )
    return schemas


class ModelParser:
    """Reads the subset of MLIR's attribute syntax that model files use."""

    TOKEN = re.compile(
        r'(?P<skip>\s+|//[^\n]*)|"(?P<string>[^"]*)"|(?P<number>-?\d[\d.eE+-]*)'
        r"|(?P<word>@?[A-Za-z_][\w.]*)|(?P<mark>[][{}=,:])"
    )

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while at < len(text):
            token = self.TOKEN.match(text, at)
            if not token:
                self.fail("unexpected character", at)
            if token.lastgroup != "skip":
                self.tokens.append((token.lastgroup, token[token.lastgroup], at))
            at = token.end()
        self.tokens.append(("end", "", at))
        self.next = 0

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def fail(self, message: str, at: int) -> None:
        raise SystemExit(f"line {self.line(at)}: {message}: {self.text[at : at + 30]!r}")

    def peek(self) -> str:
        return self.tokens[self.next][1] if self.tokens[self.next][0] == "mark" else ""

    def take(self, kind: str, value: str | None = None) -> str:
        found, text, at = self.tokens[self.next]
        if found != kind or value not in (None, text):
            self.fail(f"expected {value or kind}", at)
        self.next += 1
        return text

    def several(self, close: str, item: Any) -> Iterator[Any]:
        while self.peek() != close:
            yield item()
            if self.peek() != close:
                self.take("mark", ",")
        self.take("mark", close)

    def value(self) -> Any:
        kind, text, at = self.tokens[self.next]
        self.next += 1
        if text == "[" and kind == "mark":
            return list(self.several("]", self.value))
        if text == "{" and kind == "mark":
            return dict(self.several("}", self.pair))
        if kind == "number":
            if self.peek() == ":":
                self.take("mark", ":")
                self.take("word")
            return float(text) if "." in text else int(text)
        if kind == "word":
            return {"true": True, "false": False}.get(text, text)
        if kind != "string":
            self.fail("expected an attribute", at)
        return text

    def pair(self) -> tuple[str, Any]:
        key = self.take("word")
        if self.peek() != "=":
            return key, True
        self.take("mark", "=")
        return key, self.value()

    def entries(self) -> Iterator[Entry]:
        self.take("word", "module")
        self.take("mark", "{")
        while self.peek() != "}":
            at = self.tokens[self.next][2]
            what = self.take("word")
            if what not in ("capstan.foreign_op", "capstan.foreign_type"):
                self.fail("expected an entry", at)
            names = [self.take("string")]
            while self.peek() == ",":
                self.take("mark", ",")
                names.append(self.take("string"))
            pairs = []
            self.take("mark", "{")
            pairs = list(self.several("}", self.pair))
            entry = Entry(what, names, dict(pairs), self.line(at))
            if len(entry.spec) != len(pairs):
                entry.problems.append("a key stands twice")
            yield entry


# ------------------------------------------------------------------------------ checking


def operands(spec: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """All operand numbers in an entry, with the key that holds them."""
    for key in ("reads", "writes", "shape_only"):
        yield from ((key, i) for i in spec.get(key, []))
    if isinstance(spec.get("aliases"), list):
        yield from (("aliases", operand) for _, operand in spec["aliases"])
    for key in ("device_operand", "condition"):
        if key in spec:
            yield key, spec[key]
    if sync := spec.get("sync"):
        yield "sync", sync["source"]
        if "when" in sync:
            yield "when", sync["when"]["operand"]
    for bound in spec.get("bound_operands", []):
        yield "bound_operands", bound["operand"]
        if "at_most" in bound:
            yield "bound_operands", bound["at_most"]["operand"]
    if fold := re.fullmatch(r"(?!const)\w+\((\d+)(?:,(\d+))?\)", spec.get("fold", "")):
        yield from (("fold", int(i)) for i in fold.groups() if i)


def check_spec(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong in an entry whatever the operator: (check, message)."""
    for key in spec.keys() - KEYS:
        yield "key", f"no such key: {key}"
    if "deterministic" in spec:
        for key in ("random", "undefined"):
            if key in spec:
                yield "deterministic", f"`deterministic` and `{key}` exclude each other"
    if "random" in spec and "total" in spec:
        yield "total", "`random` ops are not moved, `total` says nothing"
    if ("sync" in spec) != (spec.get("kind") == "host_sync"):
        yield "kind", "`sync` and `kind = host_sync` go together"
    if spec.get("kind") == "check" and "condition" not in spec:
        yield "kind", "a check has a condition"
    if spec.get("kind") == "barrier" and spec.keys() - {"kind", "match", "doc", "device_context"}:
        yield "kind", "a barrier claims nothing"


def check_schema(name: str, spec: dict[str, Any], schema: Schema) -> Iterator[tuple[str, str]]:
    """Where an entry and the operator's schema disagree: (check, message)."""
    if spec.get("kind") == "barrier":
        return
    for key, operand in operands(spec):
        if not 0 <= operand < len(schema.args):
            yield "operands", f"`{key}` names operand {operand} of {len(schema.args)}"
            return

    writes = spec.get("writes", [])
    if sorted(writes) != schema.writes():
        yield "writes", f"PyTorch writes operands {schema.writes()}, the model says {writes}"
    if writes and "deterministic" in spec:
        yield "deterministic", "what an op that writes has read is gone: not `deterministic`"

    aliases = spec.get("aliases", [])
    if isinstance(aliases, list):
        pairs = {(r, a) for r, a in aliases}
        if pairs != set(schema.aliases()):
            known = [list(pair) for pair in schema.aliases()]
            yield "aliases", f"PyTorch aliases {known}, the model says {aliases}"
    for result in spec.get("fresh", []):
        if result >= len(schema.returns) or not schema.returns[result].startswith("Tensor"):
            yield "fresh", f"result {result} is no tensor"
        elif marks(schema.returns[result]):
            yield "fresh", f"result {result} shares storage with an operand"
        elif "maybe_aliasing_or_mutating" in schema.tags:
            yield "fresh", "PyTorch says that it may return its operand"

    seeded = "nondeterministic_seeded" in schema.tags
    if seeded != ("random" in spec):
        yield "random", f"PyTorch says {'random' if seeded else 'not random'}"
    base = name.split(".")[0]
    if bool(EMPTY.fullmatch(base)) != ("undefined" in spec):
        yield "undefined", "`undefined` belongs to the empty family, and only there"

    sync = spec.get("sync")
    returns_host = any(kind in HOST for kind in schema.returns) and schema.tensors()
    if "data_dependent_output" in schema.tags and not sync:
        yield "host-read", "reads data on the host: kind = host_sync"
    elif returns_host and not sync and not seeded:
        free = base.startswith("sym_") or spec.get("shape_only") == schema.tensors()
        if not free:
            yield "host-read", "gives the host a value of a tensor: host_sync, or shape_only"
    dynamic = bool(sync) and "dynamic_size" in sync
    if "dynamic_output_shape" in schema.tags and not dynamic:
        yield "dynamic-size", "the size of its result depends on data: host_sync, dynamic_size"
    if sync and not schema.args[sync["source"]].startswith("Tensor"):
        yield "sync", f"source {sync['source']} is no tensor"
    when = sync.get("when", {}) if sync else {}
    if when and not schema.args[when["operand"]].endswith("?") and "none" in when:
        yield "sync", f"operand {when['operand']} is never none"
    if "inplace_view" in schema.tags:
        yield "inplace-view", "changes sizes or strides in place: kind = barrier"

    devices = [i for i, arg in enumerate(schema.args) if arg.startswith("Device")]
    if schema.returns and spec.get("device_operand") != (devices or [None])[0]:
        yield "device", f"`device_operand` is {(devices or ['none'])[0]} in the schema"
    if "device" in when and [when["operand"]] != devices:
        yield "device", f"`when` names operand {when['operand']}, which is no device"

    if "total" in spec:
        rest = [arg for arg in schema.args if not arg.startswith("Tensor") and arg not in SETTINGS]
        if rest or len(schema.tensors()) > 1 or any("[]" in arg for arg in schema.args):
            yield "total", f"may fail: arguments ({', '.join(schema.args)})"
    if "fold" in spec and any(marks(kind).endswith("!") for kind in schema.args):
        yield "fold", "an op that writes does not fold"


class Checker:
    """Problems of a model, as lines for people."""

    def __init__(self, model: Path, schemas: dict[str, Schema]) -> None:
        self.model = model
        self.schemas = schemas
        self.entries = list(ModelParser(model.read_text()).entries())
        self.problems: list[str] = []
        self.excused: set[tuple[str, str]] = set()
        self.compared = 0

    def report(self, entry: Entry, name: str, message: str) -> None:
        self.problems.append(f"{self.model.name}:{entry.line}: {name}: {message}")

    def check_model(self) -> None:
        seen: set[tuple[str, str]] = set()
        for entry in self.entries:
            for message in entry.problems:
                self.report(entry, entry.names[0], message)
            found = check_spec(entry.spec) if entry.what == "capstan.foreign_op" else ()
            for _, message in found:
                self.report(entry, entry.names[0], message)
            for name in entry.names:
                key = (name, str(entry.spec.get("match")))
                if key in seen:
                    self.report(entry, name, "has an entry already")
                seen.add(key)
                if entry.what == "capstan.foreign_op":
                    self.check_name(entry, name)
        for name, schema in sorted(self.schemas.items()):
            if "core" in schema.tags and (ATEN + name, "None") not in seen:
                self.problems.append(f"{self.model.name}: {ATEN}{name}: core ATen, without entry")
        for name, check in sorted(EXCEPTIONS.keys() - self.excused):
            self.problems.append(f"EXCEPTIONS: {name}, {check}: no longer needed")

    def check_name(self, entry: Entry, name: str) -> None:
        """One name of an entry. `torch.operator` entries name the operator in `match`."""
        if name == "torch.operator":
            name = entry.spec.get("match", {}).get("name", "")
        if not name.startswith(ATEN):
            return
        operator = name.removeprefix(ATEN)
        schema = self.schemas.get(operator)
        if not schema:
            if not SCRIPT_ONLY.fullmatch(operator):
                self.report(entry, name, "PyTorch has no such operator")
            if re.fullmatch(r"\w*[a-z0-9]_(\..*)?", operator) and not entry.spec.get("writes"):
                self.report(entry, name, "named as in place, but writes nothing")
            return
        self.compared += 1
        for check, message in check_schema(operator, entry.spec, schema):
            if (operator, check) in EXCEPTIONS:
                self.excused.add((operator, check))
            else:
                self.report(entry, name, message)

    def check_corpus(self, paths: list[Path]) -> None:
        """Ops and types of the modelled dialects without entry."""
        ops = {n for e in self.entries if e.what == "capstan.foreign_op" for n in e.names}
        types = {n for e in self.entries if e.what == "capstan.foreign_type" for n in e.names}
        matched = {e.spec.get("match", {}).get("name") for e in self.entries}
        # Calls of the CUDA runtime don't make all of `func` a dialect of this model.
        dialects = "|".join({re.escape(name.split(".")[0]) for name in ops - {"func.call"}})
        files = [f for path in paths for f in (path.glob("*.mlir") if path.is_dir() else [path])]
        if not files:
            self.problems.append(f"no .mlir files in {', '.join(map(str, paths))}")
        missing: dict[str, Path] = {}
        for file in sorted(files):
            text = file.read_text()
            for name in set(re.findall(rf'"((?:{dialects})\.[\w.]+)"\(', text)) - ops:
                missing.setdefault(name, file)
            for name in set(re.findall(rf"!((?:{dialects})\.[\w.]+)", text)) - types:
                missing.setdefault("!" + name, file)
            for name in set(re.findall(r'"torch\.operator"\(.*?name = "([^"]*)"', text)):
                if name not in matched | ops:
                    missing.setdefault(f"torch.operator {name}", file)
        self.problems += [f"{file.name}: {name}: without entry" for name, file in missing.items()]


# ------------------------------------------------------------------------------ updating


def schema_lines(torchgen: Path) -> list[str]:
    """The table's lines, by PyTorch's own code generator (found in `torchgen`/..)."""
    sys.path.insert(0, str(torchgen.parent))
    from torchgen.gen import parse_native_yaml

    native = torchgen / "packaged/ATen/native"
    parsed = parse_native_yaml(str(native / "native_functions.yaml"), str(native / "tags.yaml"))

    def kind(value: Any) -> str:
        mark = f"Tensor({value.annotation})" if value.annotation else "Tensor"
        return str(value.type).replace("Tensor", mark, 1)

    lines = []
    for function in parsed.native_functions:
        args = ", ".join(kind(a) for a in function.func.arguments.flat_all)
        returns = ", ".join(kind(r) for r in function.func.returns)
        tags = " ".join(sorted(TAGS & set(function.tags)))
        lines.append(f"{function.func.name}({args}) -> ({returns}) {tags}".rstrip())
    return sorted(lines)


def update(source: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder, version = source, "unknown version"
        if source.is_file():
            folder = Path(scratch)
            with zipfile.ZipFile(source) as wheel:
                wheel.extractall(folder, [n for n in wheel.namelist() if n.startswith("torchgen/")])
            version = source.name.split("-")[1]
        lines = schema_lines(folder / "torchgen")
    head = [
        f"# Operators of PyTorch {version}, by utils/check_torch_model.py --update. Do not edit.",
        "# NAME(ARGUMENT TYPES) -> (RESULT TYPES) TAGS",
    ]
    SCHEMAS.write_text("\n".join(head + lines) + "\n")
    print(f"{SCHEMAS.name}: {len(lines)} operators of PyTorch {version}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=MODEL, help="the model file to check")
    parser.add_argument("--schemas", type=Path, default=SCHEMAS, help="the table of schemas")
    parser.add_argument("--corpus", type=Path, nargs="+", metavar="PATH", default=[])
    parser.add_argument("--update", type=Path, metavar="WHEEL")
    args = parser.parse_args()
    if args.update:
        update(args.update)
        return 0
    checker = Checker(args.model, read_schemas(args.schemas))
    checker.check_model()
    if args.corpus:
        checker.check_corpus(args.corpus)
    for problem in checker.problems:
        print(problem)
    names = sum(len(entry.names) for entry in checker.entries)
    print(
        f"{args.model.name}: {names} names in {len(checker.entries)} entries, "
        f"{checker.compared} compared with PyTorch, {len(checker.problems)} problems"
    )
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())

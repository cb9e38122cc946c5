"""From a torch.export graph to Capstan IR, op by op, through the registry of lowerings."""

from __future__ import annotations

import re
import sysconfig
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import sympy
import torch
from torch._decomp import get_decompositions
from torch.export import ExportedProgram
from torch.export.graph_signature import (
    ConstantArgument,
    InputKind,
    OutputKind,
    SymIntArgument,
    TensorArgument,
)
from torch.fx import Node
from torch.utils._sympy.functions import FloorDiv

from .context import ELEMENTS, Context, Refused, TensorType
from .errors import ExportError, Missing, UnsupportedOps
from .lowerings import LOWERINGS, load_all
from .mlir_text import Function, Size, Value, number, quoted
from .symbols import Dims, as_size

INLINE_ELEMENTS = 64  # larger constants of the graph are arguments, like weights
LIBRARIES = (*(f"{Path(file).parent}/" for file in (torch.__file__, __file__)), "<")
STDLIB = sysconfig.get_path("stdlib")
NUMBERS = {int: "i64", float: "f64", bool: "i1"}
# Ops that torch.export keeps, though PyTorch has decompositions of them.
KEPT = [getattr(torch.ops.aten, name) for name in ("elu", "hardtanh", "isinf", "leaky_relu")]
FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')


@dataclass
class Input:
    """What the caller gives: the place in the flattened arguments, or a constant there."""

    name: str
    type: TensorType | str | None  # a tensor, "i64" for an integer, None for a constant
    constant: object = None


@dataclass
class Output:
    """A result of the function: what it is for, the name of what it replaces."""

    kind: str  # "result", "buffer" or "input"
    name: str | None = None
    index: int | None = None  # of the function's results; None for a constant
    constant: object = None
    number: type | None = None  # Python's, if it is one
    unsigned: bool = False


@dataclass
class Imported:
    """The text of a module and how its arguments and results go with PyTorch's."""

    text: str
    inputs: list[Input]
    weights: dict[str, torch.Tensor]  # by name, in the order of the arguments behind the inputs
    outputs: list[Output]


def import_program(program: ExportedProgram, names: dict[str, str] | None = None) -> Imported:
    """`names` gives symbols, as torch.export calls them, the names of the user's Dims."""
    load_all()
    _check_layouts(program)
    return _Importer(_without_missing(program), names or {}).run()


def op_name(target: object) -> str:
    return (
        str(target)
        if isinstance(target, torch._ops.OpOverload)
        else getattr(target, "__name__", str(target))
    )


def _calls(program: ExportedProgram) -> list[Node]:
    return [
        n for n in program.graph.nodes
        if n.op == "call_function" and isinstance(n.target, torch._ops.OpOverload)
    ]  # fmt: skip


def _check_layouts(program: ExportedProgram) -> None:
    """Tensors that no lowering knows, before PyTorch's decompositions stumble over them."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for node in program.graph.nodes:
        value = node.meta.get("val")
        if not isinstance(value, torch.Tensor):
            continue
        why = f"tensors of layout {value.layout}" if value.layout != torch.strided else ""
        if node.op == "placeholder" and value.dtype not in ELEMENTS:
            why = f"tensors of {value.dtype}"
        if why:
            file, line = place_of(node)
            place = f"{file}:{line}" if line else "an argument"
            found[node.name if not line else op_name(node.target), why].append(place)
    if found:
        raise UnsupportedOps([Missing(op, tuple(at), why) for (op, why), at in found.items()])


def _without_missing(program: ExportedProgram) -> ExportedProgram:
    """Decomposes what has no lowering, by PyTorch's own decompositions; ops that write in place
    have none, and become ones that don't."""
    if all(op_name(node.target) in LOWERINGS for node in _calls(program)):
        return program
    table = torch.export.default_decompositions()
    table.update(get_decompositions(KEPT))
    for op in list(table.keys()):
        if op_name(op) in LOWERINGS:
            table.pop(op)
    # Without example inputs, run_decompositions doesn't run the checks of inputs, which fail to run
    # for some programs of PyTorch 2.15; the importer makes its own.
    examples, program._example_inputs = program.example_inputs, None
    try:
        return program.run_decompositions(table)
    except Exception as error:
        file, line = _users_place(str(error))
        place = f"{file}:{line}: " if line else ""
        raise ExportError(f"{place}PyTorch can't decompose this: {error}") from error
    finally:
        program._example_inputs = examples


def is_librarys(file: str) -> bool:
    """Whether a file is Python's, PyTorch's or ours, and no line in it is the user's."""
    pythons = file.startswith(STDLIB) and "-packages" not in file
    return pythons or file.startswith(LIBRARIES)


def place_of(node: Node) -> tuple[str, int]:
    """The Python line that made a node: the innermost one that isn't a library's."""
    return _users_place(node.meta.get("stack_trace") or "")


def _users_place(stack: str) -> tuple[str, int]:
    found = "unknown", 0
    for file, line, _ in FRAME.findall(stack):
        if not is_librarys(file) or found == ("unknown", 0):
            found = file, int(line)
    return found


def _module_of(node: Node) -> str:
    stack = node.meta.get("nn_module_stack") or {}
    path = next(reversed(stack.values()))[0] if stack else ""
    return re.sub(r"^L\['self'\]\.?|^_export_root\.?", "", path)


class _Importer:
    def __init__(self, program: ExportedProgram, names: dict[str, str]) -> None:
        self.program = program
        self.f = Function("main")
        self.ctx = Context(self.f)
        self.dims = Dims(program.range_constraints)
        self.dims.names = {s: names[str(s)] for s in program.range_constraints if str(s) in names}
        self.ctx.names = names
        self.values: dict[Node, object] = {}
        self.inputs: list[Input] = []
        self.weights: dict[str, torch.Tensor] = {}
        self.lost: set[Node] = set()  # what has no type here, and all that is made of it
        self.missing: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.sources: list[tuple[Value, int, Size]] = []

    def run(self) -> Imported:
        self.arguments()
        for node in _calls(self.program):
            if op_name(node.target) not in LOWERINGS:
                self.note(node)
        for node in self.program.graph.nodes:
            if node.op in ("call_module", "call_method") or (
                node.op == "call_function"
                and isinstance(node.target, torch._ops.HigherOrderOperator)
            ):
                self.note(node)
        if not self.missing:
            for node in self.program.graph.nodes:
                if node.op == "call_function":
                    self.call(node)
        if self.missing:
            raise UnsupportedOps(
                [Missing(op, tuple(places), why) for (op, why), places in self.missing.items()]
            )
        outputs, results = self.results()
        return Imported(self.f.finish(results, {}), self.inputs, self.weights, outputs)

    def note(self, node: Node, why: str = "") -> None:
        file, line = place_of(node)
        self.missing[op_name(node.target), why].append(f"{file}:{line}")

    # -- arguments -----------------------------------------------------------

    def arguments(self) -> None:
        """Inputs first, as the caller gives them, then parameters, buffers and constants."""
        placeholders = {n.name: n for n in self.program.graph.nodes if n.op == "placeholder"}
        later: list[tuple[str, Node]] = []
        specs = self.program.graph_signature.input_specs
        for spec in specs:
            if spec.kind == InputKind.USER_INPUT and isinstance(spec.arg, TensorArgument):
                shape = TensorType.of(placeholders[spec.arg.name].meta["val"]).shape
                self.dims.alone |= {s for s in shape if isinstance(s, sympy.Symbol)}
        for spec in specs:
            node = placeholders.get(spec.arg.name)
            if spec.kind == InputKind.USER_INPUT:
                self.user_input(spec.arg, node)
            elif spec.kind in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
                later.append((spec.target, node))
            elif spec.kind == InputKind.TOKEN:
                continue
            else:
                raise UnsupportedOps([Missing(f"an input that is a {spec.kind}", (spec.arg.name,))])
        self.solve_sizes()
        for target, node in later:
            self.weight(target, node)

    def user_input(self, argument: object, node: Node | None) -> None:
        if isinstance(argument, TensorArgument):
            type = TensorType.of(node.meta["val"])
            entries = ", ".join(self.dims.entry(s) for s in type.shape)
            attributes = {"capstan.name": quoted(node.name)}
            if any(not isinstance(s, int) for s in type.shape):
                attributes["capstan.dims"] = f"[{entries}]"
            value = self.f.argument(
                node.name, type.element, type.shape, attributes, unsigned=type.unsigned
            )
            self.values[node] = value
            self.inputs.append(Input(node.name, type))
            for i, size in enumerate(type.shape):
                if not isinstance(size, int):
                    self.sources.append((value, i, size))
        elif isinstance(argument, SymIntArgument):
            value = self.f.argument(node.name, "i64", None, {"capstan.name": quoted(node.name)})
            self.inputs.append(Input(node.name, "i64"))
            self.sources.append((value, -1, as_size(node.meta["val"])))
        elif isinstance(argument, ConstantArgument):
            self.inputs.append(Input(argument.name, None, argument.value))
        else:
            raise UnsupportedOps([Missing(f"an input that is a {type(argument).__name__}", ("",))])

    def solve_sizes(self) -> None:
        """Symbols from the sizes of arguments, and checks that all arguments agree on them."""
        f, ctx = self.f, self.ctx
        f.set_location(quoted("arguments"))
        waiting, measured = [], {}

        def value_of(source: Value, dim: int) -> Value:
            if (source, dim) not in measured:
                if dim < 0:
                    measured[source, dim] = ctx.s.cast(source, "index")
                else:
                    at = f.size(dim)
                    text = f"tensor.dim {source}, {at} : {source.type}"
                    measured[source, dim] = f.emit(text, "index")
            return measured[source, dim]

        for source, dim, size in self.sources:
            if isinstance(size, sympy.Symbol) and size not in f.known:
                value = value_of(source, dim)
                ctx.sizes.define(size, value)
                self.check_range(size, value, source, dim)
            elif not isinstance(size, int):
                waiting.append((source, dim, size))
        for source, dim, size in waiting:
            unknown = [s for s in size.free_symbols if s not in f.known]
            value = value_of(source, dim)
            if len(unknown) == 1:  # a * s + b
                symbol = unknown[0]
                a, b = size.coeff(symbol, 1), size.coeff(symbol, 0)
                placeholder = sympy.Dummy(integer=True)
                ctx.sizes.define(placeholder, value)
                ctx.sizes.define(symbol, ctx.sizes.index(FloorDiv(placeholder - b, a)))
                self.check_range(symbol, f.known[symbol], source, dim)
            elif unknown:
                raise UnsupportedOps(
                    [Missing(f"a size {size} of which the symbols are unknown", ())]
                )
            expected = ctx.sizes.index(size)
            ok = ctx.s.compare("eq", value, expected)
            what = f"dimension {dim} of" if dim >= 0 else "the integer"
            ctx.check(ok, f"{what} {source.name[1:]} is not {self.dims.expression(size) or size}")

    def check_range(self, symbol: sympy.Symbol, value: Value, source: Value, dim: int) -> None:
        least, most = self.dims.bounds(symbol)
        what = f"dimension {dim} of {source.name[1:]}" if dim >= 0 else source.name[1:]
        for predicate, bound, word in (("ge", least, "below"), ("le", most, "above")):
            if bound is not None:
                ok = self.ctx.s.compare(predicate, value, self.f.size(bound))
                self.ctx.check(ok, f"{what} is {word} {bound}")

    def weight(self, target: str, node: Node) -> None:
        fake: torch.Tensor = node.meta["val"]
        tensor = self.program.state_dict.get(target)
        if tensor is None:
            tensor = self.program.constants[target]
        type = TensorType.of(fake)
        written = target in self.program.graph_signature.buffers_to_mutate.values()
        if not (node.users or written):
            return
        if (
            not written
            and target not in self.program.state_dict
            and fake.numel() <= INLINE_ELEMENTS
        ):
            if tensor.device.type != "meta":
                self.values[node] = self.inline(tensor, type)
                return
        value = self.f.argument(
            f"arg{len(self.f.arguments)}",
            type.element,
            type.shape,
            {"capstan.name": quoted(target)} | ({} if written else {"capstan.frozen": "unit"}),
            unsigned=type.unsigned,
        )
        self.values[node] = value
        self.weights[target] = tensor

    def inline(self, tensor: torch.Tensor, type: TensorType) -> Value:
        def literal(values: object) -> str:
            if isinstance(values, list):
                return f"[{', '.join(map(literal, values))}]"
            return number(values, type.element)

        if not tensor.numel():
            return self.f.dense("", type.element, type.shape, unsigned=type.unsigned)
        if type.unsigned:  # signless literals
            tensor = tensor.view(torch.int8)
        text = literal(tensor.detach().cpu().tolist())
        return self.f.dense(text, type.element, type.shape, unsigned=type.unsigned)

    # -- operations ----------------------------------------------------------

    def call(self, node: Node) -> None:
        if node.target.__name__ == "getitem":
            source, place = node.args
            self.values[node] = self.values[source][place]
            return
        if not isinstance(node.target, torch._ops.OpOverload):
            return  # arithmetic on sizes, which expressions give
        if self.lost.intersection(node.all_input_nodes):
            self.lost.add(node)
            return
        file, line = place_of(node)
        where = f"{quoted(file)}:{line}:0"
        module = _module_of(node)
        self.f.set_location(f"{quoted(module)}({where})" if module else where)
        ctx, name = self.ctx, op_name(node.target)
        try:
            ctx.node, ctx.op, ctx.out = node, name, None
            ctx.out = _type_of(node.meta.get("val"))
            self.values[node] = _as(ctx.out, LOWERINGS[name](ctx, *self.operands(node)))
        except (Refused, NotImplementedError) as error:
            self.note(node, str(error))
            self.values[node] = _placeholder(ctx.out)
            if ctx.out is None:
                self.lost.add(node)
            for symbol in node.meta.get("unbacked_bindings") or {}:
                ctx.sizes.define(symbol, Value("%missing", "index"))
        except Exception as error:
            error.add_note(f"in the lowering of {name}, for {file}:{line}")
            raise

    def operands(self, node: Node) -> list[object]:
        """Arguments in the order of the schema, with its defaults."""
        given, operands = list(node.args), []
        for i, argument in enumerate(node.target._schema.arguments):
            if i < len(given):
                value = given[i]
            elif argument.name in node.kwargs:
                value = node.kwargs[argument.name]
            else:
                value = argument.default_value
            operands.append(self.operand(value))
        return operands

    def operand(self, value: object) -> object:
        if isinstance(value, Node):
            if value in self.values and self.values[value] is not None:
                return self.values[value]
            return value.meta["val"]
        if isinstance(value, (list, tuple)):
            return [self.operand(v) for v in value]
        return value

    # -- results -------------------------------------------------------------

    def results(self) -> tuple[list[Output], list[Value]]:
        kinds = {
            OutputKind.USER_OUTPUT: "result",
            OutputKind.BUFFER_MUTATION: "buffer",
            OutputKind.USER_INPUT_MUTATION: "input",
        }
        returned = next(n for n in self.program.graph.nodes if n.op == "output").args[0]
        outputs, results = [], []
        self.f.set_location(quoted("results"))
        for spec, argument in zip(self.program.graph_signature.output_specs, returned, strict=True):
            if spec.kind not in kinds:
                raise UnsupportedOps([Missing(f"an output that is a {spec.kind}", ())])
            kind = kinds[spec.kind]
            if not isinstance(argument, Node):
                outputs.append(Output(kind, constant=argument))
                continue
            value = self.values.get(argument)
            number = None if isinstance(value, Value) else _number(argument.meta["val"])
            if number:
                value = self.ctx.scalar(argument.meta["val"], NUMBERS[number])
            place = len(results)
            outputs.append(Output(kind, spec.target, place, number=number, unsigned=value.unsigned))
            results.append(value)
        return outputs, results


def _number(value: object) -> type:
    if isinstance(value, (bool, torch.SymBool)):
        return bool
    return float if isinstance(value, (float, torch.SymFloat)) else int


def _type_of(value: object) -> TensorType | list | None:
    if isinstance(value, torch.Tensor):
        return TensorType.of(value)
    if isinstance(value, (list, tuple)):
        return [_type_of(v) for v in value]
    return None


def _as(out: object, value: object) -> object:
    """The value, with integers read as the type says."""
    if isinstance(out, TensorType) and isinstance(value, Value):
        return replace(value, unsigned=out.unsigned)
    if isinstance(out, list) and isinstance(value, (list, tuple)):
        return [_as(o, v) for o, v in zip(out, value, strict=True)]
    return value


def _placeholder(out: object) -> object:
    """A value of the right type in the place of one that couldn't be made, to find all errors."""
    if isinstance(out, TensorType):
        return Value("%missing", out.element, out.shape, unsigned=out.unsigned)
    return [_placeholder(o) for o in out] if isinstance(out, list) else None

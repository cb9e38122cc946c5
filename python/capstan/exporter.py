"""capstan.export: an nn.Module to Capstan IR."""

from __future__ import annotations

import functools
import inspect
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch.export import Dim, ExportedProgram
from torch.utils import _pytree as pytree

from .errors import ExportError
from .importer import import_program, is_librarys
from .mamba import traced_as_op
from .module import Module

# What torch.export warns of, since the program doesn't do it. Recurrent layers list their weights.
ASSIGNED = (
    r"The tensor attributes? (.*, )?self(\.\w+)*\.(?!_flat_weights\b)\w+(\[[^]]*\])*(,| was| were)"
    ".* assigned during export"
)
# Integers of Hugging Face's packed batches: bounds, which differ in every batch.
LENGTHS = ("max_length_q", "max_length_k")


def export(
    model: torch.nn.Module | ExportedProgram,
    args: Sequence[object] = (),
    kwargs: Mapping[str, object] | None = None,
    dynamic_shapes: object = None,
    strict: bool = False,
) -> Module:
    """Exports a model as torch.export does, and imports the graph.

    `args`, `kwargs` and `dynamic_shapes` are torch.export's. An ExportedProgram is imported as it
    is. Raises capstan.ExportError where torch.export can't trace the model, and
    capstan.UnsupportedOps, with all ops that can't be imported.
    """
    if isinstance(model, ExportedProgram):
        return Module(model, import_program(model))
    args, kwargs = _apart((tuple(args), dict(kwargs or {})))
    with torch.no_grad(), traced_as_op():
        try:
            signature = _signature(model, kwargs)
            shapes = _with_lengths(kwargs, _by_name(model, args, kwargs, dynamic_shapes))
            with _called_as(model, signature), _whole_stacks(), warnings.catch_warnings():
                warnings.filterwarnings("error", ASSIGNED)
                program = _trace(model, args, kwargs, shapes, strict)
        except Exception as error:
            raise ExportError(f"{_place(error)}torch.export failed: {error}") from error
    return Module(program, import_program(program, _names(program, signature, shapes)))


def _signature(model: torch.nn.Module, kwargs: Mapping[str, object]) -> inspect.Signature:
    """How the model is called. What goes to its **kwargs are parameters of their own: before
    PyTorch 2.14, torch.export takes no dynamic shapes of **kwargs.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"a torch.nn.Module is wanted, got {type(model).__name__}")
    signature = inspect.signature(model.forward)
    known = signature.parameters.values()
    if all(p.kind is not p.VAR_KEYWORD for p in known):
        return signature
    kept = [p for p in known if p.kind is not p.VAR_KEYWORD]
    names = [k for k in kwargs if k not in {p.name for p in kept}]
    if any(p.name in kwargs for p in kept if p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)):
        return signature  # a name that stands for two
    added = [inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY) for k in names]
    return signature.replace(parameters=[*kept, *added])


def _by_name(
    model: torch.nn.Module, args: tuple, kwargs: dict[str, object], dynamic_shapes: object
) -> object:
    """Dynamic shapes by the names of parameters; those of **kwargs have names of their own."""
    signature = inspect.signature(model.forward)
    if isinstance(dynamic_shapes, (list, tuple)):
        names = signature.bind(*args, **kwargs).arguments
        if len(dynamic_shapes) != len(names):
            return dynamic_shapes  # torch.export says what is wrong
        dynamic_shapes = dict(zip(names, dynamic_shapes, strict=True))
    if not isinstance(dynamic_shapes, Mapping):
        return dynamic_shapes
    shapes = dict(dynamic_shapes)
    for p in signature.parameters.values():
        if p.kind is p.VAR_KEYWORD and p.name not in kwargs:
            shapes |= shapes.pop(p.name, None) or {}
    return shapes


@contextmanager
def _called_as(model: torch.nn.Module, signature: inspect.Signature) -> Iterator[None]:
    """Inside, torch.export sees this signature of the model."""
    forward, own = model.forward, vars(model).get("forward")
    if signature == inspect.signature(forward):
        yield
        return

    @functools.wraps(forward)
    def called(*args: object, **kwargs: object) -> object:
        return forward(*args, **kwargs)

    called.__signature__ = signature
    model.forward = called
    try:
        yield
    finally:
        del model.forward
        if own is not None:
            model.forward = own


@contextmanager
def _whole_stacks() -> Iterator[None]:
    """Inside, torch.export records the lines of all functions that `forward` calls, not only those
    of methods of that name.
    """
    tracer = torch.fx.proxy.TracerBase
    before = tracer._filter_traceback_frames

    def below_forward(_: object, stack: traceback.StackSummary) -> traceback.StackSummary:
        first = next((i for i, frame in enumerate(stack) if frame.name == "forward"), len(stack))
        users = [f for f in stack[first:] if not is_librarys(f.filename)]
        return traceback.StackSummary.from_list(users)

    tracer._filter_traceback_frames = below_forward
    try:
        yield
    finally:
        tracer._filter_traceback_frames = before


def _trace(
    model: torch.nn.Module, args: tuple, kwargs: dict, dynamic_shapes: object, strict: bool
) -> ExportedProgram:
    """torch.export, on what its older versions can't do."""

    def export(**how: bool) -> ExportedProgram:
        return torch.export.export(
            model, args, kwargs, dynamic_shapes=dynamic_shapes, strict=strict, **how
        )

    try:
        return export()
    except torch._dynamo.exc.UserError as error:
        # PyTorch 2.11 and 2.12 don't know that min(16 * T, 32 * T) is 16 * T, a stride. As an
        # assertion of the program, it is checked when that runs.
        if "generated guard min(" not in str(error):
            raise
    return export(prefer_deferred_runtime_asserts_over_guards=True)


def _apart(inputs: tuple) -> tuple:
    """Examples that share memory would be one argument, which holds for them only."""
    seen: set[int] = set()

    def copy(value: object) -> object:
        if not isinstance(value, torch.Tensor) or value.layout != torch.strided:
            return value
        storage = value.untyped_storage().data_ptr()
        if storage in seen:
            return value.clone()
        seen.add(storage)
        return value

    return pytree.tree_map(copy, inputs)


def _place(error: Exception) -> str:
    """The innermost line that the error went through and that is the user's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not is_librarys(frame.filename):
            return f"{frame.filename}:{frame.lineno}: "
    return ""


def _with_lengths(kwargs: dict[str, object], dynamic_shapes: object) -> object:
    """Lengths that are integers stay arguments: a constant would be wrong for the next batch."""
    lengths = [k for k in LENGTHS if type(kwargs.get(k)) is int]
    if not lengths or not isinstance(dynamic_shapes, Mapping):
        return dynamic_shapes
    chosen = {k: dynamic_shapes.get(k) for k in lengths}
    return {**dynamic_shapes, **{k: v or Dim.DYNAMIC for k, v in chosen.items()}}


def _names(
    program: ExportedProgram, signature: inspect.Signature, dynamic_shapes: object
) -> dict[str, str]:
    """The user's name of each symbol whose dimension is a named Dim."""
    if not isinstance(dynamic_shapes, Mapping):
        return {}
    specs = program.graph_signature.input_specs
    nodes = {n.name: n for n in program.graph.nodes if n.op == "placeholder"}
    inputs = [nodes.get(s.arg.name) for s in specs if s.kind.name == "USER_INPUT"]
    names: dict[str, str] = {}
    shapes = _in_order(program, signature, dynamic_shapes)
    for node, shape in zip(inputs, shapes, strict=False):
        value = node.meta.get("val") if node is not None else None
        if not isinstance(value, torch.Tensor) or not shape:
            continue
        items = shape.items() if isinstance(shape, Mapping) else enumerate(shape)
        for i, dim in items:
            size = value.shape[i]
            name = getattr(dim, "__name__", None)
            if name and isinstance(size, torch.SymInt) and size.node.expr.is_Symbol:
                names[str(size.node.expr)] = name
    return names


def _in_order(
    program: ExportedProgram, signature: inspect.Signature, dynamic_shapes: Mapping[str, object]
) -> list[object]:
    """The dynamic shapes of the flattened inputs."""
    spec = program.call_spec.in_spec
    count = spec.num_leaves
    args, kwargs = pytree.tree_unflatten(list(range(count)), spec)
    found: dict[int, object] = {}

    def walk(places: object, shapes: object) -> None:
        if isinstance(places, int):
            found[places] = shapes
        elif isinstance(places, Mapping) and isinstance(shapes, Mapping):
            for key, place in places.items():
                walk(place, shapes.get(key))
        elif isinstance(places, (list, tuple)) and isinstance(shapes, (list, tuple)):
            for place, shape in zip(places, shapes, strict=False):
                walk(place, shape)

    walk(signature.bind(*args, **kwargs).arguments, dynamic_shapes)
    return [found.get(i) for i in range(count)]

"""capstan.export: an nn.Module to Capstan IR."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch.export import Dim, ExportedProgram
from torch.utils import _pytree as pytree

from .errors import ExportError
from .importer import import_program
from .mamba import traced_as_op
from .module import Module

# Integers of Hugging Face's packed batches: bounds, which differ in every batch.
LENGTHS = ("max_length_q", "max_length_k")
LIBRARIES = tuple(str(Path(file).parent) for file in (torch.__file__, __file__))


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
    kwargs = dict(kwargs or {})
    dynamic_shapes = _with_lengths(kwargs, dynamic_shapes)
    args, kwargs = _apart((tuple(args), kwargs))
    with torch.no_grad(), traced_as_op():
        try:
            program = _trace(model, args, kwargs, dynamic_shapes, strict)
        except Exception as error:
            raise ExportError(f"{_place(error)}torch.export failed: {error}") from error
    return Module(program, import_program(program, _names(program, dynamic_shapes)))


def _trace(
    model: torch.nn.Module, args: tuple, kwargs: dict, dynamic_shapes: object, strict: bool
) -> ExportedProgram:
    """torch.export. Of older versions, shapes of a model's **kwargs are a mapping of their own."""

    def export(shapes: object) -> ExportedProgram:
        return torch.export.export(model, args, kwargs, dynamic_shapes=shapes, strict=strict)

    try:
        return export(dynamic_shapes)
    except torch._dynamo.exc.UserError as error:
        nested = _nested(model, dynamic_shapes)
        if nested is None or "top-level keys must be the arg names" not in str(error):
            raise
    return export(nested)


def _nested(model: torch.nn.Module, dynamic_shapes: object) -> dict[str, object] | None:
    """Shapes by name, those of **kwargs below its name; None if the model has none."""
    parameters = inspect.signature(model.forward).parameters
    rest = [p.name for p in parameters.values() if p.kind is p.VAR_KEYWORD]
    if not rest or not isinstance(dynamic_shapes, Mapping):
        return None
    named = {k: v for k, v in dynamic_shapes.items() if k in parameters}
    return named | {rest[0]: {k: v for k, v in dynamic_shapes.items() if k not in parameters}}


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
        if not frame.filename.startswith((*LIBRARIES, "<")):
            return f"{frame.filename}:{frame.lineno}: "
    return ""


def _with_lengths(kwargs: dict[str, object], dynamic_shapes: object) -> object:
    """Lengths that are integers stay arguments: a constant would be wrong for the next batch."""
    lengths = [k for k in LENGTHS if type(kwargs.get(k)) is int]
    if not lengths or not isinstance(dynamic_shapes, Mapping):
        return dynamic_shapes
    chosen = {k: dynamic_shapes.get(k) for k in lengths}
    return {**dynamic_shapes, **{k: v or Dim.DYNAMIC for k, v in chosen.items()}}


def _names(program: ExportedProgram, dynamic_shapes: object) -> dict[str, str]:
    """The user's name of each symbol whose dimension is a named Dim."""
    if dynamic_shapes is None:
        return {}
    specs = program.graph_signature.input_specs
    nodes = {n.name: n for n in program.graph.nodes if n.op == "placeholder"}
    inputs = [nodes.get(s.arg.name) for s in specs if s.kind.name == "USER_INPUT"]
    # The dynamic shapes of an argument are at its place, or under its name.
    names: dict[str, str] = {}
    shapes = _in_order(program, dynamic_shapes)
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


def _in_order(program: ExportedProgram, dynamic_shapes: object) -> list[object]:
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

    if isinstance(dynamic_shapes, Mapping):
        walk(dict(kwargs), dynamic_shapes)
        # Names of positional arguments, in the order of the signature.
        walk(list(args), list(dynamic_shapes.values()))
    else:
        walk([*args, *kwargs.values()], dynamic_shapes)
    return [found.get(i) for i in range(count)]

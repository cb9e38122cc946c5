"""A model as Capstan IR: to print, to save, to run, to ask what it waits for."""

from __future__ import annotations

import ctypes
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from . import compiler, libraries, runtime
from .importer import Imported, Input
from .interop import adopt, aligned, empty, prepare, signless


class InputError(Exception):
    """Inputs that the module wasn't exported for."""


class Module:
    """What `capstan.export` gives.

    mlir(): the IR as text. save(path): IR and weights as files.
    run(inputs): what the model computes, on a target. report(): its host syncs.
    """

    def __init__(self, program: ExportedProgram, imported: Imported) -> None:
        self.program = program
        self.imported = imported
        self._loaded: dict[tuple, runtime.Module] = {}
        self._prepared: dict[runtime.Module, tuple[tuple, dict[str, torch.Tensor]]] = {}
        self._copies: dict[torch.device, dict[str, tuple[torch.Tensor, int]]] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="capstan-")

    def mlir(self, pipeline: str = "", locations: bool = False) -> str:
        """The IR after passes, in the syntax of --pass-pipeline."""
        module = compiler.Module(self.text)
        if pipeline:
            module.run_passes(pipeline)
        return module.print(locations)

    def save(self, path: str | Path) -> list[Path]:
        """Writes PATH, the IR with its locations, and beside it the weights, as safetensors.

        `capstan-run PATH --input PATH.safetensors --input ids.npz` then runs the model.
        """
        path = Path(path)
        path.write_text(self.mlir(locations=True))
        if not self.imported.weights:
            return [path]
        from safetensors.torch import save_file

        weights = path.with_suffix(".safetensors")
        save_file({k: v.detach().clone() for k, v in self.imported.weights.items()}, weights)
        return [path, weights]

    def report(self, pipeline: str | None = None) -> dict:
        """Host syncs before and after passes (docs/report.md, JSON)."""
        return json.loads(compiler.Module(self.text).report(pipeline, "json"))

    def report_text(self, pipeline: str | None = None) -> str:
        """The same for people."""
        return compiler.Module(self.text).report(pipeline)

    @property
    def text(self) -> str:
        """The IR as the importer writes it, with locations."""
        return self.imported.text

    def largest_sizes(self) -> dict[str, int]:
        """The largest size of each declared symbol; empty if one has none."""
        symbols = re.findall(r'#capstan\.dim<"(\w+)"(?:, min = \d+)?(?:, max = (\d+))?>', self.text)
        declared = {name: int(most) for name, most in symbols if most}
        return declared if all(name in declared for name, _ in symbols) else {}

    # -- running -------------------------------------------------------------

    def compile(self, options: compiler.Options | None = None, target: str = "host") -> Path:
        """Makes the shared library."""
        library = Path(self._folder.name) / f"model{len(self._loaded)}.so"
        compiler.Module(self.text).compile(library, options, target)
        return library

    def load(
        self, options: compiler.Options | None = None, target: str = "host", **device: int
    ) -> runtime.Module:
        """The compiled module on a device (host, cuda, cuda:1 ...), whose options are those of
        capstan_rt_device_config.
        """
        key = (options, target, *sorted(device.items()))
        if key not in self._loaded:
            library = self.compile(options, target.partition(":")[0])
            loaded = runtime.Runtime(str(libraries.find(libraries.RUNTIME)))
            cached = None if target == "host" else torch.cuda.empty_cache
            on = runtime.Device(loaded, target, cached, **device)
            self._loaded[key] = runtime.Module(on, str(library))
        return self._loaded[key]

    def run(
        self,
        inputs: Mapping[str, object] | Sequence[object],
        target: str = "host",
        options: compiler.Options | None = None,
        kwargs: Mapping[str, object] | None = None,
        **device: int,
    ) -> object:
        """What the model gives for inputs: a mapping is its keyword arguments, a sequence its
        positional ones, beside which `kwargs` may be. Weights are the model's own memory. What
        the model writes to its buffers and arguments is written to them.

        With target cuda, or cuda:1, tensors are those of that GPU, and work is in the order of
        PyTorch's current stream. Weights that are not there are copied once.
        """
        if target.partition(":")[0] not in ("host", "cuda"):
            raise ValueError(f"no target {target!r}; there are 'host', 'cuda' and 'cuda:1'")
        given = self._flat_inputs(inputs, kwargs)
        arguments, by_name = [], {}
        for spec, value in zip(self.imported.inputs, given, strict=True):
            by_name[spec.name] = value
            if (argument := _argument(spec, value)) is not None:
                arguments.append(argument)
        self._check_shared_memory(by_name)
        module = self.load(options, target, **device)
        if target == "host":
            weights = {n: signless(w) for n, w in self.imported.weights.items()}
            weights = self._taken(module, len(arguments), weights, module.device.stream)
            results = module.call("main", [*arguments, *weights], empty)
        else:
            results = self._run_cuda(module, torch.device(target), arguments)
        self.counters = module.counters()
        return self._outputs(results, by_name)

    def profile(
        self,
        inputs: Mapping[str, object] | Sequence[object],
        target: str = "host",
        options: compiler.Options | None = None,
        calls: int = 10,
        **device: int,
    ) -> str:
        """A table of the kernels of some forwards (docs/profiling.md); see `run`."""

        def run() -> None:
            for _ in range(calls):
                self.run(inputs, target, options, **device)

        self.run(inputs, target, options, **device)  # loads code, and chooses algorithms
        return self.load(options, target, **device).profile(run)

    def _run_cuda(
        self, module: runtime.Module, device: torch.device, arguments: list[torch.Tensor]
    ) -> list[torch.Tensor]:
        stream = module.device.wrap(torch.cuda.current_stream(device).cuda_stream)
        weights = {n: aligned(signless(w)) for n, w in self._weights_on(device).items()}
        weights = self._taken(module, len(arguments), weights, stream)
        taken = module.launch("main", [*map(aligned, arguments), *weights], stream)
        results = [adopt(t) for t in taken]
        module.synchronize(stream)  # checks on the device may have failed
        return results

    def _taken(
        self,
        module: runtime.Module,
        inputs: int,
        weights: dict[str, torch.Tensor],
        stream: ctypes.c_void_p,
    ) -> list[torch.Tensor]:
        """What `main` takes behind its inputs: weights, and what was computed of them since they
        have changed.
        """
        versions = tuple(w._version for w in self.imported.weights.values())
        known, prepared = self._prepared.get(module, (None, {}))
        if known != versions:
            prepared = prepare(module, weights, stream)
            self._prepared[module] = versions, prepared
        all_weights = weights | prepared
        return [all_weights[name] for name in module.entry("main").argument_names[inputs:]]

    def _weights_on(self, device: torch.device) -> dict[str, torch.Tensor]:
        """A weight that the model has changed since it was copied is copied again."""
        copies = self._copies.setdefault(device, {})
        for name, weight in self.imported.weights.items():
            known, version = copies.get(name, (None, None))
            if known is None or version != weight._version:
                copies[name] = (weight.detach().to(device), weight._version)
        return {name: copies[name][0] for name in self.imported.weights}

    def _check_shared_memory(self, inputs: dict[str, object]) -> None:
        """What the model writes must not be another input or weight, too: exported programs take
        each for memory of its own.
        """
        written = [o for o in self.imported.outputs if o.kind in ("buffer", "input")]
        if not written:
            return
        tensors = inputs | self.imported.weights
        spans = {k: _span(v) for k, v in tensors.items() if isinstance(v, torch.Tensor)}
        for output in written:
            first, last = spans[output.name]
            for name, (begin, end) in spans.items():
                if name != output.name and begin < last and first < end:
                    raise InputError(
                        f"{output.name}, which the model writes, shares memory with {name}"
                    )

    def _flat_inputs(
        self,
        inputs: Mapping[str, object] | Sequence[object],
        kwargs: Mapping[str, object] | None,
    ) -> list[object]:
        keywords = isinstance(inputs, Mapping)
        args = () if keywords else tuple(inputs)
        kwargs = (dict(inputs) if keywords else {}) | dict(kwargs or {})
        wanted = self.program.call_spec.in_spec
        # Keyword arguments in the order of the export.
        names = (
            wanted.child(1).context
            if hasattr(wanted, "child")
            else wanted.children_specs[1].context
        )
        unknown = [k for k in kwargs if k not in names]
        missing = [k for k in names if k not in kwargs]
        if unknown or missing:
            wrong = [f"{k}: not an input" for k in unknown] + [f"{k}: missing" for k in missing]
            raise InputError(f"{'; '.join(wrong)}. Exported were: {', '.join(names)}")
        flat, _ = pytree.tree_flatten((args, {k: kwargs[k] for k in names}))
        if len(flat) != len(self.imported.inputs):
            raise InputError(
                f"{len(flat)} inputs, exported were {len(self.imported.inputs)}: "
                f"{', '.join(i.name for i in self.imported.inputs)}"
            )
        return flat

    def _outputs(self, results: list[torch.Tensor], inputs: dict[str, object]) -> object:
        returned = []
        for output in self.imported.outputs:
            value = output.constant if output.index is None else results[output.index]
            value = value.view(torch.uint8) if output.unsigned else value
            if output.kind == "buffer":
                self._buffer(output.name).copy_(value)
            elif output.kind == "input":
                inputs[output.name].copy_(value)
            else:
                returned.append(output.number(value) if output.number else value)
        return pytree.tree_unflatten(returned, self.program.call_spec.out_spec)

    def _buffer(self, name: str) -> torch.Tensor:
        return self.imported.weights[name]


def _argument(spec: Input, value: object) -> torch.Tensor | None:
    """What the compiled function takes for an input; None for a constant."""
    if spec.type is None:
        if value != spec.constant:
            raise InputError(
                f"{spec.name}: exported with {spec.constant!r}, which is part of the program; got "
                f"{value!r}"
            )
        return None
    if spec.type == "i64":
        return torch.tensor(int(value))
    if not isinstance(value, torch.Tensor):
        raise InputError(f"{spec.name}: a tensor is wanted, got {type(value).__name__}")
    if value.layout != torch.strided:
        raise InputError(f"{spec.name}: a tensor of layout {value.layout}")
    from .context import ELEMENTS

    element = ELEMENTS.get(value.dtype)
    if element != spec.type.element:
        raise InputError(f"{spec.name}: elements of {spec.type.element}, got {value.dtype}")
    wanted, shape = spec.type.shape, tuple(value.shape)
    if len(shape) != len(wanted) or any(
        isinstance(w, int) and w != s for w, s in zip(wanted, shape, strict=True)
    ):
        sizes = ", ".join(str(w) if isinstance(w, int) else "?" for w in wanted)
        raise InputError(f"{spec.name}: shape [{sizes}], got {list(shape)}")
    return signless(value)


def _span(tensor: torch.Tensor) -> tuple[int, int]:
    """The addresses from the first element to behind the last one; empty without elements."""
    begin = tensor.data_ptr()
    if not tensor.numel():
        return begin, begin
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return begin, begin + (last + 1) * tensor.element_size()

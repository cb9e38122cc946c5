"""A compiled model: a library that `Module.compile` or capstan-compile made, and its weights."""

from __future__ import annotations

import ctypes as c
from collections.abc import Mapping
from pathlib import Path

import torch

from . import libraries, runtime
from .interop import PREPARE, adopt, aligned, prepare, signless

# Cycles for which a GPU that is profiled waits, so that the host is ahead of it.
AHEAD = 20_000_000


class Artifact:
    """Runs on GPUs without a compiler, and without the model's code.

    weights: tensors by the names that the model gives its parameters and buffers; they stay the
    caller's, and are read where they are. Options of `device` are those of
    capstan_rt_device_config.
    """

    def __init__(
        self,
        path: str | Path,
        weights: Mapping[str, torch.Tensor] | None = None,
        target: str = "cuda",
        **device: int,
    ) -> None:
        loaded = runtime.Runtime(str(libraries.find(libraries.RUNTIME)))
        self.target = torch.device(target)
        self.index = self.target.index or 0
        on = runtime.Device(loaded, target, torch.cuda.empty_cache, **device)
        self.module = runtime.Module(on, str(path))
        self.entry = self.module.entry("main")
        names = self.entry.argument_names
        given = {n: aligned(signless(w.to(self.target))) for n, w in (weights or {}).items()}
        known = [
            *names,
            *(self.module.entry(PREPARE).argument_names if self.module.has(PREPARE) else ()),
        ]
        if unknown := given.keys() - set(known):
            raise ValueError(f"{path} has no weight {', '.join(sorted(unknown))}")
        given |= prepare(self.module, given, self._stream())
        self.weights = {name: given[name] for name in names if name in given}
        self.inputs = [name for name in names if name not in self.weights]
        self._tensors = {n: runtime.Tensor.of(w) for n, w in self.weights.items()}
        self._given = (c.POINTER(runtime.Tensor) * len(names))()
        for i, name in enumerate(names):
            if name in self._tensors:
                self._given[i] = c.pointer(self._tensors[name])
        self._places = {name: names.index(name) for name in self.inputs}

    def __call__(self, **inputs: torch.Tensor | int) -> list[torch.Tensor]:
        """Enqueues a forward on PyTorch's current stream. Checks on the device that fail raise
        when `synchronize` is called, or a later forward.
        """
        if inputs.keys() != self._places.keys():
            raise TypeError(f"the inputs are {', '.join(self.inputs)}; got {', '.join(inputs)}")
        alive = []
        given = type(self._given).from_buffer_copy(self._given)  # other threads call, too
        for name, value in inputs.items():
            if not isinstance(value, torch.Tensor):
                value = torch.tensor(value)
            value = aligned(signless(value))
            tensor = runtime.Tensor.of(value)
            alive.append((value, tensor))
            given[self._places[name]] = c.pointer(tensor)
        return [adopt(t) for t in self.module.start(self.entry, given, self._stream())]

    def synchronize(self) -> None:
        """Waits for the current stream."""
        self.module.synchronize(self._stream())

    def profile(self, calls: int = 10, **inputs: torch.Tensor | int) -> str:
        """A table of the kernels of some forwards, each run without graphs: calls, time on the
        GPU, and how near each is to what the GPU can do (docs/profiling.md).
        """

        def run() -> None:
            for _ in range(calls):
                torch.cuda._sleep(AHEAD)
                self(**inputs)
                self.synchronize()

        self(**inputs)  # loads code, and chooses algorithms
        self.synchronize()
        return self.module.profile(run)

    def _stream(self) -> c.c_void_p:
        return self.module.device.wrap(torch._C._cuda_getCurrentRawStream(self.index))

"""Compiles modules and calls them on the runtime, with NumPy arrays."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "python"))
from capstan import runtime
from capstan.runtime import Error as CallError

__all__ = ["CallError", "Module", "close"]
RUNTIME = runtime.Runtime(os.environ["CAPSTAN_RT"])


class Module(runtime.Module):
    """A compiled module on a device with poisoned memory and random delays."""

    def __init__(self, text: str, *flags: str, seed: int = 1):
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder) / "module.mlir", Path(folder) / "module.so"
            source.write_text(text)
            command = ["capstan-compile", source, "-o", library, "--target=host", *flags]
            subprocess.run(command, check=True)
            options = {"poison_memory": 1, "delay_seed": seed, "max_delay_us": 50}
            super().__init__(runtime.Device(RUNTIME, **options), str(library))

    def __call__(self, name: str, *arrays):
        return self.call(name, [np.asarray(array, order="C") for array in arrays])


def close(a, b, bound: float = 1e-5) -> None:
    """The norm of the difference over the norm is below the bound."""
    error = np.linalg.norm(np.subtract(a, b, dtype=np.float64)) / max(np.linalg.norm(b), 1e-30)
    assert np.shape(a) == np.shape(b) and error <= bound, (np.shape(a), np.shape(b), error)

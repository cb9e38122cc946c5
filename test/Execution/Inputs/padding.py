"""Runs a function and its padded clone on the same batch, with poison in every
padded slot, and compares the live parts of their results."""

import itertools
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from module import Module, close

# NaN spreads, but loses every comparison; infinity wins those.
POISON = itertools.cycle([np.nan, np.inf, np.nan])


def poisoned(array: np.ndarray, shape) -> np.ndarray:
    """The array with NaN or infinity, or integers that no index is, behind its ends."""
    fill = next(POISON) if array.dtype.kind == "f" else array.dtype.type(-(2**30))
    result = np.full(shape, fill, array.dtype)
    result[tuple(slice(n) for n in array.shape)] = array
    return result


class Padded:
    """A module with @main, and its clone for one bucket."""

    def __init__(self, text: str, poison: bool = True, **bucket: int):
        tuple_of = "/".join(f"{name}={size}" for name, size in bucket.items())
        flags = f"buckets={tuple_of}" + (" poison=true" if poison else "")
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "module.mlir"
            source.write_text(text)
            passes = ["--capstan-host-sync-pipeline", "--capstan-lower-scans"]
            command = ["capstan-opt", source, "--allow-unregistered-dialect", *passes]
            command += [f"--capstan-pad-to-static={flags}", "--mlir-print-local-scope"]
            self.text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
        self.name = "main_" + "_".join(f"{k}{v}" for k, v in bucket.items())
        self.bucket = bucket
        header = re.search(rf"func\.func @{self.name}\((.*)\) -> (.*) attributes", self.text)
        self.shapes = [
            [int(n) for n in re.findall(r"(\d+)x", shape)]
            for shape in re.findall(r"tensor<((?:\d+x)*)", header[1])
        ]
        self.module = Module(self.text)

    def check(self, *arrays: np.ndarray, bound: float = 0, **live: int) -> list[np.ndarray]:
        """Gives the results of the original."""
        expected = self.module("main", *arrays)
        padded = [poisoned(a, shape) for a, shape in zip(arrays, self.shapes, strict=False)]
        extents = [np.array(live[name], np.int64) for name in self.bucket]
        actual = self.module(self.name, *padded, *extents)
        for got, want in zip(actual, expected, strict=True):
            part = got[tuple(slice(n) for n in want.shape)]
            if part.dtype.kind != "f" or bound == 0:
                np.testing.assert_array_equal(part, want)
            else:
                # What the original makes infinite or NaN must be so, too.
                np.testing.assert_array_equal(np.isfinite(part), np.isfinite(want))
                finite = np.isfinite(want)
                close(part[finite], want[finite], bound)
        return expected

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
    """A module, and the clones of its functions for one bucket."""

    def __init__(self, text: str, *flags: str, poison: bool = True, **bucket: int):
        tuple_of = "/".join(f"{name}={size}" for name, size in bucket.items())
        options = f"buckets={tuple_of}" + (" poison=true" if poison else "")
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "module.mlir"
            source.write_text(text)
            passes = ["--capstan-host-sync-pipeline", "--capstan-lower-scans"]
            command = ["capstan-opt", source, "--allow-unregistered-dialect", *passes]
            command += [f"--capstan-pad-to-static={options}", "--mlir-print-local-scope"]
            self.text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
        self.suffix = "_" + "_".join(f"{k}{v}" for k, v in bucket.items())
        self.name = "main" + self.suffix
        self.bucket = bucket
        self.module = Module(self.text, *flags)

    def shapes(self, entry: str = "main") -> list[list[int]]:
        """Of the clone's arguments."""
        name = entry + self.suffix
        header = re.search(rf"func\.func @{name}\((.*)\) -> (.*) attributes", self.text)
        return [
            [int(n) for n in re.findall(r"(\d+)x", shape)]
            for shape in re.findall(r"tensor<((?:\d+x)*)", header[1])
        ]

    def check(
        self, *arrays: np.ndarray, bound: float = 0, entry: str = "main", **live: int
    ) -> list[np.ndarray]:
        """Gives the results of the original."""
        expected = self.module(entry, *arrays)
        padded = [poisoned(a, shape) for a, shape in zip(arrays, self.shapes(entry), strict=False)]
        extents = [np.array(live[name], np.int64) for name in self.bucket]
        actual = self.module(entry + self.suffix, *padded, *extents)
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

"""A module behind the static-shape pipeline, beside the module as it is."""

import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from module import CallError, Module, close


def optimize(text: str, *passes: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "module.mlir"
        source.write_text(text)
        command = ["capstan-opt", source, "--allow-unregistered-dialect", *passes]
        return subprocess.run(command, check=True, text=True, capture_output=True).stdout


class Dispatched:
    """Calls both on each batch, and compares. Padding is poisoned. `flags` are the compiler's."""

    def __init__(self, text: str, buckets: str, *flags: str, **options: str):
        pipeline = [f"buckets={buckets}", "poison=true"]
        pipeline += [f"{name}={value}" for name, value in options.items()]
        self.text = optimize(
            text,
            "--capstan-host-sync-pipeline",
            f"--capstan-static-shape-pipeline={' '.join(pipeline)}",
        )
        self.module = Module(self.text, *flags)
        self.original = Module(text, *flags)
        self.totals: Counter[str] = Counter()

    def outcome(self, module: Module, arrays, entry: str):
        try:
            return module(entry, *arrays)
        except CallError as error:
            return str(error).splitlines()[0]

    def check(self, *arrays: np.ndarray, bound: float = 0, entry: str = "main"):
        """Gives the results; or the error that both end with."""
        got = self.outcome(self.module, arrays, entry)
        self.totals.update(self.module.counters())  # of one forward
        want = self.outcome(self.original, arrays, entry)
        assert isinstance(got, str) == isinstance(want, str), (got, want)
        if isinstance(got, str):
            return got
        for x, y in zip(got, want, strict=True):
            if bound and x.size:
                # What the original makes infinite or NaN must be so, too.
                np.testing.assert_array_equal(np.isfinite(x), np.isfinite(y))
                finite = np.isfinite(y)
                close(x[finite], y[finite], bound)
            else:
                np.testing.assert_array_equal(x, y)
        return got

    def counted(self) -> Counter[str]:
        """What was counted since the last call."""
        totals, self.totals = self.totals, Counter()
        return totals

"""Times on a GPU, and where results go."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch


def median_ms(run: Callable[[], object], seconds: float = 0.6, behind: int = 0) -> float:
    """Milliseconds of the GPU from before a call to its end, on an idle GPU, or behind a wait of so
    many cycles, in which the host can launch all: then the time of the kernels alone.
    """
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    times, stop = [], time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times) < 30:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        if behind:
            torch.cuda._sleep(behind)
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


class Results:
    """Adds results to a file, a line of JSON each, which cuda_plots.py reads; or to none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def add(self, kind: str, **fields: object) -> None:
        if self.path:
            where = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__}
            with self.path.open("a") as file:
                file.write(json.dumps({"kind": kind, **fields, **where}) + "\n")

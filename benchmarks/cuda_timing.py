"""Times on a GPU."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

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

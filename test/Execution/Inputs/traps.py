"""What went wrong elsewhere when batches were padded and captured: what tests of it share.
Padding is poisoned, and every program runs behind the whole static-shape pipeline."""

import numpy as np
from dispatched import Dispatched

rng = np.random.default_rng(0)
T = '#capstan.dim<"T", max = 64>'
B = '#capstan.dim<"B", max = 8>'


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32)


def replays(model: Dispatched, forwards: int, captures: int = 1) -> None:
    counted = model.counted()
    assert counted["graph_captures"] == captures, counted
    assert counted["graph_replays"] == forwards - captures, counted
    assert counted["fallbacks_no_bucket"] == counted["blocking_syncs"] == 0, counted


def run(*traps) -> None:
    """Each has the name of its report."""
    for trap in traps:
        print(trap.__name__, flush=True)
        trap()

"""Solves for the buckets with the least expected cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .batches import DIMS, Batches, InputError

LONGEST = DIMS.index("longest")
Bucket = tuple[int, int, int]  # in the order of DIMS


@dataclass(frozen=True)
class Costs:
    """What a forward costs, in microseconds.

    token_us     per token, live or padded
    slot_us      per document slot and attention layer, empty or not (0.2 was measured on an H200)
    layers       attention layers
    cell_us      per element of [B, longest], in models that pad documents; packed ones have none
    fallback_us  what the dynamic program takes longer than a bucket of the batch's own size;
                 infinite: no batch may fall back
    """

    token_us: float
    layers: int
    slot_us: float = 0.2
    cell_us: float = 0
    fallback_us: float = math.inf

    def of(self, shapes: np.ndarray) -> np.ndarray:
        """Of forwards at sizes [n, 3]: float64[n]."""
        tokens, documents, longest = shapes.T
        slots = documents * (self.slot_us * self.layers + longest * self.cell_us)
        return tokens * self.token_us + slots


@dataclass(frozen=True)
class Limits:
    """What buckets may take. Graphs share one pool, so that the largest counts, not the sum.

    graphs       at most so many buckets
    bytes        of memory for all; token_bytes and slot_bytes say what a bucket of the pool needs
                 per token and document slot, graph_bytes what each graph needs for itself
    round        sizes of buckets are multiples of these
    points       at most so many candidate sizes are looked at, over all dimensions
    """

    graphs: int = 8
    bytes: float = math.inf
    token_bytes: float = 0
    slot_bytes: float = 0
    graph_bytes: float = 0
    round: tuple[int, int, int] = (64, 1, 64)
    points: int = 4096

    def memory(self, shapes: np.ndarray, graphs: int) -> np.ndarray:
        pool = shapes[:, 0] * self.token_bytes + shapes[:, 1] * self.slot_bytes
        return pool + graphs * self.graph_bytes


@dataclass(frozen=True)
class Plan:
    """Buckets in the order in which a dispatcher tries them, cheapest first.

    taken        which bucket each batch takes; -1: it falls back
    cost_us      of all batches; least_us if each had a bucket of its own size
    memory       bytes of the pool and of the graphs
    """

    buckets: list[Bucket]
    taken: np.ndarray
    cost_us: float
    least_us: float
    memory: float


@dataclass
class Grid:
    """Candidate sizes, and the batches rounded up to them."""

    points: np.ndarray  # int64[p, 3]
    cost: np.ndarray  # float64[p]: of one forward
    count: np.ndarray  # float64[p]: batches whose sizes round up to the point
    fallback: np.ndarray  # float64[p]: what those cost if they fall back
    below: np.ndarray = field(init=False)  # bool[p, p]: below[p, q]: q fits into p

    def __post_init__(self) -> None:
        self.below = (self.points[None] <= self.points[:, None]).all(2)


def fewer(sizes: np.ndarray, weights: np.ndarray, most: int) -> np.ndarray:
    """All sizes of a dimension, sorted, or so many quantiles, the largest among them."""
    if len(sizes) <= most:
        return sizes
    reached = np.cumsum(weights)
    picks = np.searchsorted(reached, reached[-1] * np.arange(1, most) / most)
    return sizes[np.unique([*picks, len(sizes) - 1])]


def make_grid(batches: Batches, costs: Costs, limits: Limits) -> Grid:
    axes: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    for d, step in enumerate(limits.round):
        rounded = -(-np.maximum(batches.shapes[:, d], 1) // step) * step
        if d == LONGEST and not costs.cell_us:
            rounded[:] = rounded.max()  # a longer document costs nothing
        values, place = np.unique(rounded, return_inverse=True)
        axes.append(values)
        weights.append(np.bincount(place, batches.counts, len(values)))
    # Each dimension may have the same number of sizes; what one doesn't need, the others get.
    room = float(limits.points)
    order = sorted(range(len(DIMS)), key=lambda d: len(axes[d]))
    for left, d in zip((3, 2, 1), order, strict=True):
        axes[d] = fewer(axes[d], weights[d], max(1, int(room ** (1 / left) + 1e-9)))
        room /= len(axes[d])
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(DIMS))
    cell = np.ravel_multi_index(
        [np.searchsorted(axis, batches.shapes[:, d]) for d, axis in enumerate(axes)],
        [len(axis) for axis in axes],
    )
    alone = batches.counts * (costs.of(batches.shapes) + costs.fallback_us)
    return Grid(
        points,
        costs.of(points),
        np.bincount(cell, batches.counts, len(points)),
        np.bincount(cell, np.where(batches.counts > 0, alone, 0), len(points)),
    )


def best_chain(grid: Grid, limits: Limits) -> list[int]:
    """The best buckets each of which fits into the next, exactly.

    least[p], for j buckets of which p is the last, is the least cost of the batches that fit p.
    The next bucket r adds cost[r] for each batch that fits into r and not into p.
    """
    fits = grid.below @ grid.count
    # Batches that fall back after p; an infinite price must not meet a count of zero.
    rest = np.array([grid.fallback[~row & (grid.count > 0)].sum() for row in grid.below])
    least, steps = grid.cost * fits, [np.full(len(fits), -1)]
    best, ending = math.inf, (0, -1)
    for graphs in range(1, limits.graphs + 1):
        total = np.where(limits.memory(grid.points, graphs) <= limits.bytes, least + rest, math.inf)
        if total.min() < best:
            best, ending = total.min(), (graphs, int(total.argmin()))
        following, step = np.full(len(fits), math.inf), np.full(len(fits), -1)
        for p, row in enumerate(grid.below):
            prior = np.flatnonzero(row)
            value = least[prior] + grid.cost[p] * (fits[p] - fits[prior])
            at = value.argmin()
            following[p], step[p] = value[at], prior[at]
        least = following
        steps.append(step)
    chain, (graphs, at) = [], ending
    while at >= 0:
        chain.append(at)
        graphs -= 1
        at = steps[graphs][at]
    return sorted(set(chain))


def total_cost(grid: Grid, buckets: list[int]) -> float:
    """Of all batches, each in the cheapest bucket that holds it."""
    used = grid.count > 0
    choices = np.where(grid.below[buckets][:, used], grid.cost[buckets][:, None], math.inf)
    return taking(grid, used, choices.min(0))


def taking(grid: Grid, used: np.ndarray, cheapest: np.ndarray) -> float:
    alone = np.isinf(cheapest)
    inside = grid.count[used][~alone] @ cheapest[~alone]
    return inside + grid.fallback[used][alone].sum()


def improve(grid: Grid, limits: Limits, chain: list[int]) -> list[int]:
    """Replaces, adds and drops single buckets while that helps: they need not nest."""
    used = grid.count > 0
    buckets, cost = chain, total_cost(grid, chain)
    while True:
        found = None
        spare = [None] if len(buckets) < limits.graphs else []
        for out in [*buckets, *spare]:
            kept = [b for b in buckets if b != out]
            graphs = len(kept) + 1
            allowed = limits.memory(grid.points, graphs) <= limits.bytes
            if kept and not allowed[kept].all():
                continue
            choices = np.where(grid.below[kept][:, used], grid.cost[kept][:, None], math.inf)
            without = choices.min(0, initial=math.inf)
            for p in np.flatnonzero(allowed):
                here = np.where(grid.below[p, used], np.minimum(without, grid.cost[p]), without)
                if (value := taking(grid, used, here)) < cost * (1 - 1e-12):
                    cost, found = value, [*kept, int(p)]
        if not found:
            return buckets
        buckets = found


def choose(batches: Batches, costs: Costs, limits: Limits | None = None) -> Plan:
    """Buckets within the limits, with the least expected cost that is found.

    Among buckets that nest, each fitting into the next, the best of all candidate sizes is found
    exactly, by dynamic programming. Single buckets are then exchanged while that helps, so that
    the result is never worse, and need not nest.
    """
    limits = limits or Limits()
    if limits.graphs < 1:
        raise InputError("at least one graph is needed")
    grid = make_grid(batches, costs, limits)
    chain = best_chain(grid, limits)
    if not chain:
        least = limits.memory(grid.points, 1)
        if math.isinf(costs.fallback_us):
            raise InputError(
                f"a bucket that holds all batches takes {least.max():.0f} bytes, more than the "
                f"{limits.bytes:.0f} allowed: allow more, or let batches fall back"
            )
        raise InputError(
            f"the smallest bucket takes {least.min():.0f} bytes, more than the "
            f"{limits.bytes:.0f} allowed"
        )
    found = improve(grid, limits, chain)
    found.sort(key=lambda p: (grid.cost[p], *grid.points[p]))
    sizes = grid.points[found]
    holds = (batches.shapes[:, None] <= sizes[None]).all(2)
    taken = np.where(holds.any(1), holds.argmax(1), -1)
    alone = costs.of(batches.shapes)
    paid = np.where(taken >= 0, costs.of(sizes)[taken], alone + costs.fallback_us)
    return Plan(
        [tuple(map(int, size)) for size in sizes],
        taken,
        float(batches.counts @ paid),
        float(batches.counts @ alone),
        float(limits.memory(sizes, len(sizes)).max()),
    )

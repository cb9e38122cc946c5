# REQUIRES: numpy
# RUN: %python %s %capstan_src/python | FileCheck %s
"""Chosen buckets against all choices that there are, on small random problems.

CHECK: 60 problems: 0 chains not the best one, 0 results worse than the chain
CHECK: {{^(5[5-9]|60)}} results are the best of all
"""

import itertools
import math
import random
import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from capstan.buckets import Batches, Costs, Limits, choose
from capstan.buckets.choose import best_chain, improve, make_grid, total_cost


def cost(batches: Batches, costs: Costs, buckets) -> float:
    """Of all batches, from the definition."""
    total = 0.0
    for shape, count in zip(batches.shapes, batches.counts, strict=True):
        fitting = [b for b in buckets if all(s <= size for s, size in zip(shape, b, strict=True))]
        if fitting:
            total += count * min(float(costs.of(np.array([b]))[0]) for b in fitting)
        else:
            total += count * (float(costs.of(shape[None])[0]) + costs.fallback_us)
    return total


def nested(buckets) -> bool:
    ordered = sorted(buckets)
    pairs = itertools.pairwise(ordered)
    return all(all(x <= y for x, y in zip(a, b, strict=True)) for a, b in pairs)


bad_chains = worse = best = 0
rng = random.Random(0)
for _ in range(60):
    rows = []
    for _ in range(rng.randint(1, 6)):
        documents, longest = rng.randint(1, 4), rng.randint(1, 5)
        rows.append((rng.randint(longest, documents * longest), documents, longest))
    batches = Batches.of(rows, [rng.randint(1, 9) for _ in rows])
    fallback = rng.choice([math.inf, rng.uniform(0, 30)])
    costs = Costs(
        rng.uniform(0, 2), rng.randint(1, 4), rng.uniform(0, 1), rng.choice([0, 0.3]), fallback
    )
    limits = Limits(rng.randint(1, 3), rng.choice([math.inf, 14, 25]), 1, 1, 2, (1, 1, 1))
    grid = make_grid(batches, costs, limits)
    points = [tuple(map(int, p)) for p in grid.points]
    least = chain = math.inf
    for graphs in range(limits.graphs + 1):
        for choice in itertools.combinations(range(len(points)), graphs):
            sizes = [points[p] for p in choice]
            if choice and limits.memory(np.array(sizes), graphs).max() > limits.bytes:
                continue
            value = cost(batches, costs, sizes)
            least = min(least, value)
            chain = min(chain, value) if nested(sizes) else chain

    def near(a: float, b: float) -> bool:
        return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))

    found = best_chain(grid, limits)
    if not found:  # none may be needed, or none allowed
        bad_chains += not near(chain, cost(batches, costs, []))
        best += near(least, chain)
        continue
    better = improve(grid, limits, found)
    bad_chains += not near(total_cost(grid, found), chain)
    worse += total_cost(grid, better) > total_cost(grid, found) * (1 + 1e-9)
    assert near(total_cost(grid, better), cost(batches, costs, [points[p] for p in better]))
    plan = choose(batches, costs, limits)
    assert near(plan.cost_us, cost(batches, costs, plan.buckets)), (plan, rows)
    best += near(plan.cost_us, least)
print(f"60 problems: {bad_chains} chains not the best one, {worse} results worse than the chain")
print(best, "results are the best of all")

"""Chooses the buckets of a model from the batches that it met (docs/buckets.md).

batches = read_batches("batches.csv")
plan = choose(batches, Costs(token_us=3.1, layers=28), graphs=8)
for bucket in plan.buckets: ...
"""

from .batches import Batches, InputError, pack, read_batches, read_lengths
from .choose import Costs, Limits, Plan, choose

__all__ = [
    "Batches",
    "Costs",
    "InputError",
    "Limits",
    "Plan",
    "choose",
    "pack",
    "read_batches",
    "read_lengths",
]

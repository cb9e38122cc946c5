"""A plan as a table, as JSON, and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .batches import DIMS, Batches, InputError
from .choose import Plan


def summary(batches: Batches, plan: Plan) -> dict[str, Any]:
    """What the plan does; times in microseconds a batch, waste as shares of 1."""
    total = int(batches.counts.sum())
    sizes = np.array(plan.buckets, np.int64)
    rows = []
    for i, bucket in enumerate(plan.buckets):
        here = plan.taken == i
        count = int(batches.counts[here].sum())
        live = batches.counts[here] @ batches.shapes[here]  # over all batches
        padded = count * sizes[i]
        waste = 1 - live / np.maximum(padded, 1) if count else np.zeros(len(DIMS))
        rows.append(
            dict(zip(DIMS, bucket, strict=True))
            | {"batches": count, "share": count / total}
            | {"padded_tokens": float(waste[0]), "empty_slots": float(waste[1])}
        )
    inside = plan.taken >= 0
    fallbacks = int(batches.counts[~inside].sum())
    live = float(batches.counts[inside] @ batches.shapes[inside, 0])
    padded = float(batches.counts[inside] @ sizes[plan.taken[inside], 0]) if inside.any() else 0.0
    return {
        "buckets": rows,
        "batches": total,
        "fallbacks": fallbacks,
        "coverage": 1 - fallbacks / total,
        "padded_tokens": 1 - live / padded if padded else 0.0,
        "cost_us": plan.cost_us / total,
        "least_cost_us": plan.least_us / total,
        "memory_bytes": plan.memory,
    }


def as_option(plan: Plan, longest: bool) -> str:
    """The buckets as the static-shape pipeline takes them. Without `longest`, programs
    that pack documents, and so declare no symbol for it."""
    names = DIMS if longest else DIMS[:2]
    return ",".join(
        "/".join(f"{name}={size}" for name, size in zip(names, bucket, strict=False))
        for bucket in plan.buckets
    )


def as_text(facts: dict[str, Any], batches: Batches) -> str:
    lines = [f"{'':<9} {'P50':>7} {'P90':>7} {'P99':>7} {'largest':>8}"]
    order = np.array([50, 90, 99, 100])
    for d, name in enumerate(DIMS):
        values = quantiles(batches.shapes[:, d], batches.counts, order)
        lines.append(f"{name:<9} {values[0]:>7} {values[1]:>7} {values[2]:>7} {values[3]:>8}")
    lines += [
        "",
        f"{'T':>8} {'B':>6} {'longest':>8} {'batches':>9} {'share':>7} padded tokens, slots",
    ]
    for row in facts["buckets"]:
        lines.append(
            f"{row['T']:>8} {row['B']:>6} {row['longest']:>8} {row['batches']:>9} "
            f"{row['share']:>7.1%} {row['padded_tokens']:>13.1%}  {row['empty_slots']:.1%}"
        )
    share = 1 - facts["coverage"]
    lines.append(f"{'fallback':>24} {facts['fallbacks']:>9} {share:>7.1%}")
    over = facts["cost_us"] / facts["least_cost_us"] - 1 if facts["least_cost_us"] else 0.0
    lines += [
        "",
        f"{facts['coverage']:.2%} of {facts['batches']} batches take a bucket; "
        f"{facts['padded_tokens']:.1%} of their tokens are padding",
        f"expected cost {facts['cost_us']:.1f} us a batch, {over:.1%} above no padding at all",
    ]
    if facts["memory_bytes"]:
        lines.append(
            f"memory of the largest bucket and the graphs: {facts['memory_bytes']:.0f} bytes"
        )
    return "\n".join(lines)


def quantiles(values: np.ndarray, counts: np.ndarray, percents: np.ndarray) -> np.ndarray:
    order = np.argsort(values)
    reached = np.cumsum(counts[order])
    return values[order][np.searchsorted(reached, percents / 100 * reached[-1])]


def plot(batches: Batches, plan: Plan, files: list[Path]) -> None:
    """Draws the distribution of each dimension with the buckets' sizes, as PNG or SVG by name."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("a plot needs matplotlib: pip install matplotlib") from None
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for d, (name, axes) in enumerate(zip(DIMS, figure.subplots(1, len(DIMS)), strict=True)):
        order = np.argsort(batches.shapes[:, d])
        reached = np.cumsum(batches.counts[order]) / batches.counts.sum()
        axes.step(batches.shapes[order, d], reached, where="post", color="black", lw=1)
        for i, bucket in enumerate(plan.buckets):
            share = batches.counts[plan.taken == i].sum() / batches.counts.sum()
            label = f"{'x'.join(map(str, bucket))}: {share:.1%}"
            axes.axvline(bucket[d], color=f"C{i % 10}", lw=1.5, alpha=0.8, label=label)
        axes.set(xlabel=name, ylim=(0, 1.02), ylabel="share of batches" if d == 0 else None)
        axes.grid(alpha=0.3)
    lines, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        lines, labels, title="T x B x longest", loc="outside right upper", fontsize="small"
    )
    for file in files:
        try:
            figure.savefig(file)
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: {error}") from None

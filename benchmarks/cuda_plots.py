"""Tables and plots of what the benchmarks on a GPU have measured.

    python benchmarks/cuda_plots.py RESULTS... [--rows FILE] [--out FOLDER]

RESULTS are files that `--json` of cuda_forward.py and cuda_stream.py has added to; of several
results for one thing the last counts. FILE is what cuda_rows.py has printed. Prints Markdown, and
writes FOLDER/forwards.svg, streams.svg, memory.svg and rows.svg. Needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt

# As in a line of cuda_rows.py.
ROW = re.compile(
    r"(?P<kernel>\S.*?) +(?P<launches>\d+) launches +(?P<us>[\d.]+) us +(?P<rate>[\d.]+) TB/s +"
    r"(?P<share>[\d.]+)% of a copy +(?P<faster>[\d.]+)x faster than eager +error (?P<error>\S+)"
)
PLAIN = {"ours": "tab:blue", "limit": "black"}


def load(paths: Iterable[Path]) -> dict[str, dict[tuple[str, str], dict]]:
    """By kind, then by row or stream and way."""
    found: dict[str, dict[tuple[str, str], dict]] = {}
    for path in paths:
        for line in path.read_text().splitlines():
            each = json.loads(line)
            way = each.get("way") or {True: "known", False: "timed"}.get(each.get("products_known"))
            where = each.get("row") or each["stream"]
            found.setdefault(each["kind"], {})[where, way or ""] = each
    return found


def distinct(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    print(f"\n### {title}\n\n| {' | '.join(head)} |")
    print(f"| --- |{' ---: |' * (len(head) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def bars(path: Path, title: str, groups: list[str], series: dict[str, list[float | None]]) -> None:
    """A group of bars for each thing, a color for each way."""
    figure, axes = plt.subplots(figsize=(1.5 + 1.6 * len(groups), 4))
    width = 0.85 / len(series)
    for i, (label, values) in enumerate(series.items()):
        places = [g + (i - (len(series) - 1) / 2) * width for g in range(len(groups))]
        axes.bar(places, [v or 0 for v in values], width, label=label, color=PLAIN.get(label))
    axes.set_xticks(range(len(groups)), [g.replace("/", "\n", 1) for g in groups], fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def forwards(found: dict, limits: dict, out: Path) -> None:
    rows, ways = (distinct(k[i] for k in found) for i in (0, 1))
    ours = {row: found[row, "ours"]["ms"] for row in rows if (row, "ours") in found}
    rows = [row for row in rows if row in ours]

    def ms(row: str, way: str) -> float | None:
        return found.get((row, way), {}).get("ms")

    def limit(row: str) -> float | None:
        return limits.get((row, ""), {}).get("held")

    peers = [way for way in ways if way != "ours"]
    cells = []
    for row in rows:
        times = [t for way in peers if (t := ms(row, way))]
        best, least = min(times, default=None), limit(row)
        cells.append(
            [row, number(ours[row]), number(least)]
            + [number(least and ours[row] / least)]
            + [number(ms(row, way)) for way in peers]
            + [number(best and best / ours[row])]
        )
    head = ["model, tokens, documents", "ours, ms", "limit", "ours over the limit", *peers]
    table("Forwards", [*head, "best peer over ours"], cells)
    series = {"limit": [least and least / ours[row] for row in rows for least in [limit(row)]]}
    series["ours"] = [1.0] * len(rows)
    for way in peers:
        series[way] = [t and t / ours[row] for row in rows for t in [ms(row, way)]]
    shown = {k: v for k, v in series.items() if any(v) and max(x or 0 for x in v) < 5}
    bars(out / "forwards.svg", "time of a forward, ours is 1", rows, shown)
    for (row, way), each in found.items():
        if problem := each.get("problem"):
            print(f"\n{row}, {way}: {problem}")


def limits_table(found: dict) -> None:
    cells = [
        [row, *(number(each[k]) for k in ("products", "attention", "rows", "held"))]
        for (row, _), each in found.items()
    ]
    table("Limits, ms", ["row", "products", "attention", "rows", "limit that holds"], cells)


def streams(found: dict, out: Path) -> None:
    names = distinct(k[0] for k in found)
    for name in names:
        ours = found[name, "ours"]["ms"]
        cells = [
            [way, number(each["ms"]), number(each["first_ms"]), number(each["ms"] / ours)]
            for (stream, way), each in found.items()
            if stream == name
        ]
        table(f"Stream {name}, ms a batch", ["way", "steady", "first pass", "over ours"], cells)
    ways = distinct(k[1] for k in found)
    series = {way: [found.get((name, way), {}).get("ms") for name in names] for way in ways}
    bars(out / "streams.svg", "ms a batch", names, series)


def memory(found: dict, out: Path) -> None:
    rows, ways = (distinct(k[i] for k in found) for i in (0, 1))
    mib = {k: each["used"] / 2**20 for k, each in found.items()}
    cells = [
        [row, number(found[row, ways[0]]["weights"] / 2**20, 5)]
        + [number(mib.get((row, way)), 5) for way in ways]
        for row in rows
    ]
    table("Memory of the device, MiB", ["row", "weights", *ways], cells)
    series = {way: [mib.get((row, way)) for row in rows] for way in ways}
    bars(out / "memory.svg", "MiB of the device's memory, weights included", rows, series)


def loads(found: dict) -> None:
    phases = [k for k, v in next(iter(found.values())).items() if isinstance(v, float)]
    cells = [
        [row, way, *(number(each[phase]) for phase in phases)] for (row, way), each in found.items()
    ]
    table("From an artifact to a replay, seconds", ["row", "products", *phases], cells)


def kernels(text: str, out: Path) -> None:
    found = [m for line in text.splitlines() if (m := ROW.match(line))]
    cells = [
        [m["kernel"], m["launches"], m["us"], m["rate"], f"{m['share']} %", m["faster"], m["error"]]
        for m in found
    ]
    head = ["kernel", "launches", "us", "TB/s", "of a copy", "over eager", "error"]
    table("Kernels of rows", head, cells)
    figure, axes = plt.subplots(figsize=(7, 0.4 * len(found) + 1))
    axes.barh([m["kernel"] for m in found], [float(m["share"]) for m in found])
    axes.axvline(100, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_xlabel("% of a copy's speed")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out / "rows.svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="*", type=Path)
    parser.add_argument("--rows", type=Path, help="what cuda_rows.py has printed")
    parser.add_argument("--out", type=Path, default=Path("docs/plots"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    plt.rcParams["svg.hashsalt"] = "capstan"  # equal results are equal files
    found = load(given.results)
    if each := found.get("forward"):
        forwards(each, found.get("limit", {}), given.out)
    if each := found.get("limit"):
        limits_table(each)
    if each := found.get("stream"):
        streams(each, given.out)
    if each := found.get("memory"):
        memory(each, given.out)
    if each := found.get("load"):
        loads(each)
    if given.rows:
        kernels(given.rows.read_text(), given.out)


if __name__ == "__main__":
    main()

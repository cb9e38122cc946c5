#!/usr/bin/env python3
"""How long the host-sync pipeline takes, on modules of 10k to 1M operations.

The modules are copies of corpus layers (`replicate.py`), with at least one host sync
for every 300 operations, as one unrolled function and as private layer functions that
are called. Times are those of the passes alone, as `--mlir-timing` gives them: no
parsing, no printing, no verifier between passes, one thread, the least of some runs,
scaled by the share of a processor that the process had.
On IR that upstream passes understand, `cse, loop-invariant-code-motion, cse` runs on
the same module, in mlir-opt, which shares capstan-opt's MLIR library. `walk` is upstream's
`topological-sort`, which goes once over all operations and changes none here: how its time
grows is what the machine's memory does to linear work.

    benchmarks/host_sync_passes.py                 # some minutes
    benchmarks/host_sync_passes.py --quick         # without the largest size
    benchmarks/host_sync_passes.py --json > figures.json
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from replicate import Model
from timing import time_passes

ROOT = Path(__file__).resolve().parent.parent
OPS_PER_SYNC = 300
MODELS = {
    "llama3_2_1b_linalg_padded": "linalg",
    "qwen3_0_6b_sync3": "torch",
    "llama3_2_1b_max_item": "torch",
}
PASSES = {
    "same dialect": ["--capstan-host-sync-pipeline=coalesce=false overlap=false eliminate=false"],
    "full": ["--capstan-host-sync-pipeline"],
    "upstream": ["--pass-pipeline=builtin.module(func.func(cse,loop-invariant-code-motion,cse))"],
    "walk": ["--topological-sort"],
}
# What the pipeline is to stay under.
TARGETS = {"growth": 130.0, "upstream": 2.0, "foreign_us": 5.0}


@dataclass
class Tools:
    capstan_opt: Path
    mlir_opt: Path


@dataclass
class Figure:
    model: str
    ir: str
    form: str
    passes: str
    ops: int
    syncs: int
    seconds: float

    @property
    def us_per_op(self) -> float:
        return self.seconds / self.ops * 1e6


def measure(
    tools: Tools, corpus: Path, sizes: list[int], repeat: int, passes: list[str]
) -> list[Figure]:
    figures = []
    for name, ir in MODELS.items():
        model = Model(corpus / f"{name}.mlir", OPS_PER_SYNC)
        for form in ("unrolled", "calls"):
            for size in sizes:
                figures += measure_module(tools, model, name, ir, form, size, repeat, passes)
    return figures


def measure_module(
    tools: Tools,
    model: Model,
    name: str,
    ir: str,
    form: str,
    size: int,
    repeat: int,
    passes: list[str],
) -> list[Figure]:
    module = model.unrolled(size) if form == "unrolled" else model.calls(size)
    figures = []
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(module.text)
        file.flush()
        for kind in passes:
            if kind == "upstream" and ir != "linalg":
                continue
            opt = tools.mlir_opt if kind == "upstream" else tools.capstan_opt
            seconds = time_passes(opt, Path(file.name), PASSES[kind], repeat)
            figures.append(Figure(name, ir, form, kind, module.ops, module.syncs, seconds))
            print(f"  {name} {form} {module.ops} ops, {kind}: {seconds:.3f} s", file=sys.stderr)
    return figures


def growth(group: list[Figure]) -> float | None:
    """From the smallest to the largest, as if they had exactly the sizes asked for.

    None where the smallest took less than `--mlir-timing` tells, 0.1 ms.
    """
    if not group[0].seconds:
        return None
    return round(group[-1].us_per_op / group[0].us_per_op * 100, 1)


def summarize(figures: list[Figure]) -> list[dict[str, object]]:
    """One row for each model, form and pipeline."""
    rows = []
    groups: dict[tuple[str, str, str, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.model, figure.ir, figure.form, figure.passes), []).append(figure)
    for (model, ir, form, passes), group in groups.items():
        row: dict[str, object] = {
            "model": model,
            "ir": ir,
            "form": form,
            "passes": passes,
            "us_per_op": {str(f.ops): round(f.us_per_op, 3) for f in group},
            "growth": growth(group),
        }
        walk = groups.get((model, ir, form, "walk"))
        if walk and passes != "walk":
            row["growth_of_walk"] = growth(walk)
        upstream = groups.get((model, ir, form, "upstream"))
        if upstream and passes not in ("upstream", "walk"):
            row["of_upstream"] = [
                round(a.seconds / b.seconds, 2) for a, b in zip(group, upstream, strict=True)
            ]
        rows.append(row)
    return rows


def print_table(rows: list[dict[str, object]], sizes: list[int]) -> None:
    head = "".join(f"{f'{size:,}':>11}" for size in sizes)
    print(f"{'':<52}us per op, at ops")
    print(
        f"{'model':<27}{'form':<10}{'passes':<14}{head}{'growth':>9}{'of walk':>9}  over upstream"
    )
    for row in rows:
        per_op = "".join(f"{value:>11.3f}" for value in row["us_per_op"].values())
        growth, walk = (
            f"{row[key]:.0f}x" if row.get(key) else "" for key in ("growth", "growth_of_walk")
        )
        over = "  ".join(f"{value:.2f}x" for value in row.get("of_upstream", []))
        print(
            f"{row['model']:<27}{row['form']:<10}{row['passes']:<14}"
            f"{per_op}{growth:>9}{walk:>9}  {over}"
        )
    print(
        f"\ngrowth: time at {sizes[-1]:,} ops over time at {sizes[0]:,}, scaled to a factor of "
        f"100 in size; 100x is linear, at most {TARGETS['growth']:.0f}x is the target.\n"
        f"Targets: torch at most {TARGETS['foreign_us']:.0f} us per op, linalg at most "
        f"{TARGETS['upstream']:.0f}x of upstream."
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--corpus", type=Path, help="default: corpus in the build directory")
    parser.add_argument(
        "--mlir-opt", type=Path, default=Path(shutil.which("mlir-opt-22") or "mlir-opt")
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--quick", action="store_true", help="without the largest size")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--passes", nargs="+", choices=list(PASSES), default=list(PASSES))
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    sizes = sorted(args.sizes)[: -1 if args.quick else None]
    tools = Tools(args.build / "bin" / "capstan-opt", args.mlir_opt)
    corpus = args.corpus or args.build / "corpus"
    figures = measure(tools, corpus, sizes, args.repeat, args.passes)
    rows = summarize(figures)
    if args.json:
        version = subprocess.run(
            [tools.capstan_opt, "--version"], text=True, stdout=subprocess.PIPE
        ).stdout
        llvm = next((line.strip() for line in version.splitlines() if "version" in line), "")
        report = {
            "processor": processor(),
            "llvm": llvm,
            "repeat": args.repeat,
            "targets": TARGETS,
            "rows": rows,
            "figures": [asdict(figure) for figure in figures],
        }
        print(json.dumps(report, indent=2))
    else:
        print(f"{processor()}, one thread, least of {args.repeat}")
        print_table(rows, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())

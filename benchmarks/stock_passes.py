#!/usr/bin/env python3
"""Host syncs per forward of each corpus file: as it is, after stock passes, after Capstan.

Stock passes run in mlir-opt. What they leave, and what Capstan leaves, is counted by
capstan-report, which multiplies loops and calls out. A `+` marks a count with a factor
that is not known (trips of a while loop), which counts as one.

    benchmarks/stock_passes.py            # a Markdown table
    benchmarks/stock_passes.py --json
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_PASSES = "func.func(canonicalize,cse,loop-invariant-code-motion,cse)"
STOCK = {
    "cse": "builtin.module(func.func(cse))",
    "licm": "builtin.module(func.func(loop-invariant-code-motion))",
    "canonicalize": "builtin.module(func.func(canonicalize))",
    "all three": f"builtin.module({FUNCTION_PASSES})",
    "+ inline": f"builtin.module(inline,{FUNCTION_PASSES})",
    "+ symbol-dce": f"builtin.module({FUNCTION_PASSES},symbol-dce)",
}
CAPSTAN = {
    "Capstan, same dialect": "coalesce=false overlap=false eliminate=false",
    "Capstan": "",
}


def count(report: Path, file: Path) -> str:
    result = subprocess.run(
        [report, file, "--json", "--pipeline="], text=True, capture_output=True, check=True
    )
    counts = json.loads(result.stdout)["before"]
    return f"{counts['per_forward']}{'+' if counts['unknown'] else ''}"


def run(command: list[str | Path]) -> str:
    """Empty if the command works; else how it fails."""
    result = subprocess.run(command, text=True, capture_output=True, errors="replace")
    if result.returncode == 0:
        return ""
    return "crash" if result.returncode < 0 or result.returncode > 128 else "refused"


def measure(build: Path, mlir_opt: Path, source: Path) -> dict[str, str]:
    report = build / "bin" / "capstan-report"
    row = {"before": count(report, source)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mlir"
        common: list[str | Path] = [source, "--allow-unregistered-dialect", "-o", out]
        commands: dict[str, list[str | Path]] = {
            name: [mlir_opt, f"--pass-pipeline={pipeline}"] for name, pipeline in STOCK.items()
        } | {
            name: [build / "bin" / "capstan-opt", f"--capstan-host-sync-pipeline={options}"]
            for name, options in CAPSTAN.items()
        }
        for name, command in commands.items():
            row[name] = run(command + common) or count(report, out)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, help="default: the whole corpus")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--corpus", type=Path, help="default: corpus in the build directory")
    parser.add_argument(
        "--mlir-opt", type=Path, default=Path(shutil.which("mlir-opt-22") or "mlir-opt")
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    corpus = args.corpus or args.build / "corpus"
    rows = {}
    for source in args.files or sorted(corpus.glob("*.mlir")):
        rows[source.stem] = measure(args.build, args.mlir_opt, source)
        print(source.stem, rows[source.stem], file=sys.stderr)
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    columns = ["before", *STOCK, *CAPSTAN]
    print(f"| file | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")
    for name, row in rows.items():
        print(f"| {name} | {' | '.join(row[column] for column in columns)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

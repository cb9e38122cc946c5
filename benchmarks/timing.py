"""Time that capstan-opt spends in passes, from its own `--mlir-timing`."""

import re
import subprocess
from pathlib import Path

LINE = re.compile(r"^(\s*)([\d.]+) \(\s*[\d.]+%\)(\s+)(.+)$")
# Not passes: reading, writing, and the rest of the process.
OTHERS = {"Parser", "Output", "Rest", "Total"}


def seconds_in_passes(report: str) -> float:
    """The sum of the top-level entries of a timing tree, without parsing and printing."""
    entries = [m for line in report.splitlines() if (m := LINE.match(line))]
    if not entries:
        raise RuntimeError(f"no timing report in:\n{report}")
    top = min(len(m[3]) for m in entries)
    return sum(float(m[2]) for m in entries if len(m[3]) == top and m[4] not in OTHERS)


def time_passes(opt: Path, source: Path, passes: list[str], repeat: int) -> float:
    """Seconds in passes, the least of `repeat` runs: on one thread, without the verifier."""
    command = [
        opt,
        source,
        *passes,
        "--allow-unregistered-dialect",
        "--mlir-disable-threading",
        "--verify-each=false",
        "--mlir-timing",
        "--mlir-timing-display=tree",
        "-o",
        "/dev/null",
    ]
    runs = []
    for _ in range(repeat):
        result = subprocess.run(command, text=True, stderr=subprocess.PIPE)
        if result.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stderr[-2000:]}")
        runs.append(seconds_in_passes(result.stderr))
    return min(runs)

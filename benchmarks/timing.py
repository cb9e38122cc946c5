"""Time that capstan-opt spends in passes, from its own `--mlir-timing`."""

import re
import resource
import subprocess
import time
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


def run(command: list[str | Path]) -> tuple[str, float]:
    """What a command writes to its standard error, and its share of a processor."""
    start = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, text=True, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.monotonic() - start
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result.stderr, min(1.0, cpu / wall)


def time_passes(opt: Path, source: Path, passes: list[str], repeat: int) -> float:
    """Seconds in passes, the least of `repeat` runs: on one thread, without the verifier.

    The report is in wall time; it is scaled by the share of a processor that the process
    had, so that other load on the machine matters less.
    """
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
        report, share = run(command)
        runs.append(seconds_in_passes(report) * share)
    return min(runs)

# REQUIRES: runtime, numpy
# RUN: %python %s %capstan_src %capstan_bin
"""execute.py notices faults that are planted into modules which it runs.

The interpreter says that a fault shows on some input; the few inputs of a run need not be that one.
"""

import collections
import itertools
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, f"{sys.argv[1]}/utils")
from fuzz import execute, faults, ir, run

FAULTS = 24
AT_LEAST = 0.7
NOTICED = {"results", "check", "effect", "syncs"}


class Faulty(execute.Executor):
    """Plants a fault where the passes would run."""

    kind = ""

    def optimize(self, source: Path, options: str) -> tuple[int, str, str]:
        text = source.read_text()
        before, seed = ir.parse(text), int(options)
        count = len(list(faults.KINDS[self.kind](before, random.Random(0))))
        for place in random.Random(seed).sample(range(count), min(count, 4)):
            faulty = ir.parse(text)
            list(faults.KINDS[self.kind](faulty, random.Random(place)))[place]()
            if faults.changes_behavior(before, faulty, f"s{seed}_main", 10):
                printed = ir.to_text(faulty)
                source.write_text(printed)
                if not run.execute([self.tools.opt, str(source), "-o", os.devnull])[0]:
                    source.write_text(text)
                    return 0, printed, ""
        source.write_text(text)
        return 1, "", "no place for a fault"


def main() -> None:
    opt, compiler = (f"{sys.argv[2]}/{tool}" for tool in ("capstan-opt", "capstan-compile"))
    tools = execute.Tools(opt, None, None, 6, compiler, os.environ["CAPSTAN_RT"])
    ends: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        checker = Faulty(tools, Path(folder))
        for seed in itertools.count(1):
            checker.kind = list(faults.KINDS)[seed % len(faults.KINDS)]
            failure = checker.check({seed: tools.module(seed)}, str(seed), run.Report())
            kind = failure.kind if failure else "not noticed"
            if (
                kind in NOTICED or not failure
            ):  # and none where no fault, or no valid one, was planted
                print(f"seed {seed}: {checker.kind}: {kind}")
                ends[kind] += 1
            if ends.total() == FAULTS:
                break
    assert sum(ends[kind] for kind in NOTICED) >= AT_LEAST * FAULTS, ends
    assert len(NOTICED & set(ends)) >= 3, ends


main()

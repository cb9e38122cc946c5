#!/usr/bin/env python3
"""Random modules, compiled and run before and after the host-sync pipeline.

    execute.py --seeds 0..500 --jobs 2 --opt capstan-opt --compile capstan-compile \\
        --runtime libcapstan_rt.so.0

Every seed makes a module that has a lowering (generate.py, flavor `executable`).
Twenty-five of them, as one file, are cleaned up, then compiled as they are, and after
the pipeline with a plan of memory, with stages chosen by the seeds. The asynchronous runtime
calls every seed's entry on random inputs, with delays and with poison in new memory. A seed
fails if

  crash      capstan-opt crashes, or reports an error
  compile    capstan-compile does, on the module or on the output of the pipeline
  died       a compiled module brings down the process
  results    a bit of a result, or of memory that came as an argument, differs
  check      one of the two fails a check, and the other completes
  effect     both fail a check, and only the second changed a place in memory
  error      the runtime reports anything but a failed check
  syncs      the second waits more often, blocking or overlapped, and completes

Failures are saved below --out as run.py saves them, with --reduce made small. Needs NumPy.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))
from capstan.runtime import CHECK_FAILED, Device, Error, Module, Runtime

from fuzz import ir, run
from fuzz.generate import make_module
from fuzz.reduce import reduce_module

DELAY_US = 20
MEMORY = "memref<?xi32>"

# What the compiler does to both sides anyhow. A read that nothing needs, say an argument of a
# loop that doesn't use it, would go from a callee before, and be its caller's after.
SOME_CLEANUP = ("--capstan-canonicalize",)
# Finds more such reads, but leaves no graphs of blocks: for files where some is too little.
MORE_CLEANUP = (
    "--lift-cf-to-scf",
    "--capstan-canonicalize",
    "--cse",
    "--sccp",
    "--capstan-canonicalize",
)


@dataclass
class Tools(run.Tools):
    compiler: str = ""
    runtime: str = ""
    categories: ClassVar[dict[str, str]] = {
        **run.CATEGORIES,
        "overlapped": "overlap",
    }
    weights: ClassVar[tuple[int, ...]] = (6, 2, 4, 1)

    def checker(self, folder: Path) -> Executor:
        return Executor(self, folder)

    def module(self, seed: int) -> ir.Op:
        return make_module(seed, "executable")


class Executor(run.Checker):
    """Compiles and runs modules in a folder of its own."""

    tools: Tools

    def compile(self, source: Path, level: int) -> tuple[str, str]:
        """A shared library, and what went wrong. Only the second one's memory is planned."""
        target = str(source.with_suffix(".so"))
        plan = f"--plan-memory={int(source == self.after)}"
        flags = ["--host-sync-pipeline=0", plan, f"--opt-level={level}", "-o", target]
        code, _, errors = run.execute([self.tools.compiler, str(source), *flags])
        return target, run.first_error(errors) if code else ""

    def check(
        self, modules: dict[int, ir.Op], options: str, report: run.Report
    ) -> run.Failure | None:
        failure = self.check_clean(modules, options, report, SOME_CLEANUP)
        if failure and failure.kind == "syncs":
            failure = self.check_clean(modules, options, report, MORE_CLEANUP)
            report.ended["cleaned up more"] += len(modules)
        return failure

    def check_clean(
        self,
        modules: dict[int, ir.Op],
        options: str,
        report: run.Report,
        cleanup: tuple[str, ...],
    ) -> run.Failure | None:
        text, after = run.combine(list(modules.values())), ""
        self.before.write_text(text)
        some = next(iter(modules))
        command = [self.tools.opt, str(self.before), *cleanup, *run.COMMON]
        code, simple, errors = run.execute(command)

        def fail(kind: str, reason: str, seed: int = some) -> run.Failure:
            return run.Failure(seed, kind, reason, text, after, options)

        if code:
            return fail("crash", f"capstan-opt {' '.join(cleanup)}: {run.first_error(errors)}")
        self.before.write_text(simple)
        code, after, remarks = self.optimize(self.before, options)
        if code:
            return fail("crash", f"capstan-opt: {run.first_error(remarks)}")
        self.after.write_text(after)
        libraries = []
        level = random.Random(f"level-{some // run.GROUP}").randint(0, 3)
        for source in (self.before, self.after):
            library, problem = self.compile(source, level)
            if problem:
                return fail("compile", f"{source.stem}: {problem}")
            libraries.append(library)

        # Compiled modules get a process of their own, since they may bring it down.
        job = {
            "libraries": libraries,
            "runtime": self.tools.runtime,
            "inputs": self.tools.inputs,
            # Without merging, upstream's CSE may merge reads on the first side only.
            "count": "speculate=1" not in options and "merge=0" not in options,
            "entries": [signature(seed, module) for seed, module in modules.items()],
        }
        code, out, errors = run.execute([sys.executable, __file__, "--job", json.dumps(job)])
        for line in out.splitlines():
            kind, seed, *more = line.split(" ", 2)
            if kind == "entry":
                some = int(seed)
            elif kind == "counts":
                report.ended.update(json.loads(more[0]))
            else:
                return fail(kind, f"{more[0]} (@s{seed}_main)", int(seed))
        if code:
            return fail("died", f"status {code}: {run.first_error(errors)}", some)
        self.count(remarks, modules, options, report)
        return None


def signature(seed: int, module: ir.Op) -> tuple[int, list[str]]:
    """Types of the arguments of a seed's entry."""
    function = ir.functions(module)[f"s{seed}_main"]
    return seed, [a.type for a in function.regions[0][0].args]


# ------------------------------------------------------------------ in the child


def arguments(rng: np.random.Generator, types: list[str]) -> Iterator[np.ndarray]:
    """Arrays for one call. Memory may come twice."""
    lowest, highest = [(0, 6), (0, 6), (0, 6), (-3, 50), (-(2**31), 2**31)][rng.integers(5)]
    memory: list[np.ndarray] = []
    for kind in types:
        if kind == "tensor<?xi32>":
            yield rng.integers(lowest, highest, rng.integers(3, 7), np.int32)
        elif kind == "tensor<?xf32>":
            yield rng.standard_normal(rng.integers(0, 7), np.float32)
        elif kind == MEMORY and memory and rng.random() < 0.4:
            yield memory[-1]
        elif kind == MEMORY:
            memory.append(rng.integers(lowest, highest, 8, np.int32))
            yield memory[-1]
        elif kind == "i1":
            yield np.array(rng.random() < 0.5)
        elif kind == "index":
            yield np.array(rng.integers(-1, 5), np.int64)
        else:
            raise TypeError(kind)


@dataclass
class Outcome:
    status: int
    message: str
    results: list[np.ndarray]
    arguments: list[np.ndarray]
    syncs: int


def call(module: Module, seed: int, number: int, types: list[str]) -> Outcome:
    given = list(arguments(np.random.default_rng([seed, number]), types))
    status, message, values = 0, "", []
    try:
        values = module.call(f"s{seed}_main", given)
    except Error as error:
        status, message = error.status, str(error)
    counters = module.counters()
    syncs = counters["blocking_syncs"] + counters["overlapped_syncs"]
    return Outcome(status, message, values, given, syncs)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def difference(old: Outcome, new: Outcome, initial: list[np.ndarray], count: bool) -> str:
    """What is wrong, after its kind; empty if nothing is."""
    for which, outcome in (("before", old), ("after", new)):
        if outcome.status not in (0, CHECK_FAILED):
            return f"error {which}: {outcome.message}"
    if old.status != new.status:
        return f"check {'before' if old.status else 'after'}: {old.message or new.message}"
    places = list(zip(initial, old.arguments, new.arguments, strict=True))
    if old.status:
        for i, (first, a, b) in enumerate(places):
            if ((a == first) & (b != first)).any():
                return f"effect argument {i} changed from {first} to {a}, and to {b}"
        return ""
    pairs = [*zip(old.results, new.results, strict=True), *((a, b) for _, a, b in places)]
    for i, (a, b) in enumerate(pairs):
        if not same(a, b):
            what = f"result {i}" if i < len(old.results) else f"argument {i - len(old.results)}"
            return f"results {what} is {a}, and then {b}"
    if count and new.syncs > old.syncs:
        return f"syncs {old.syncs} before, {new.syncs} after"
    return ""


def run_job(job: dict) -> None:
    """Prints `entry SEED`, `KIND SEED PROBLEM`, `counts SEED {...}`."""
    runtime = Runtime(job["runtime"])
    modules = []
    for path in job["libraries"]:
        options = {"threads": 2, "poison_memory": 1, "max_delay_us": DELAY_US}
        device = Device(runtime, delay_seed=len(modules) + job["entries"][0][0], **options)
        modules.append(Module(device, path))
    for seed, types in job["entries"]:
        print(f"entry {seed}", flush=True)
        ended = {"completed": 0, "failed a check": 0, "syncs before": 0, "syncs after": 0}
        for number in range(job["inputs"]):
            initial = list(arguments(np.random.default_rng([seed, number]), types))
            old, new = (call(m, seed, number, types) for m in modules)
            if problem := difference(old, new, initial, job["count"]):
                kind, _, reason = problem.replace("\n", " ").partition(" ")
                print(f"{kind} {seed} input {number}: {reason}", flush=True)
                return
            ended["failed a check" if old.status else "completed"] += 1
            if not old.status:
                ended["syncs before"] += old.syncs
                ended["syncs after"] += new.syncs
        print(f"counts {seed} {json.dumps(ended)}", flush=True)


def reduce_failure(tools: Tools, failure: run.Failure) -> str:
    with tempfile.TemporaryDirectory(prefix="capstan-fuzz-") as folder:
        checker = tools.checker(Path(folder))
        module = ir.parse(failure.before)
        small = reduce_module(module, lambda m: run.fails_alike(checker, m, failure), 2000)
        return ir.to_text(small)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    run.add_options(parser)
    parser.add_argument("--compile", default="capstan-compile")
    parser.add_argument("--runtime", default="libcapstan_rt.so.0", metavar="LIBRARY")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        run_job(json.loads(args.job))
        return 0

    programs = [shutil.which(name) for name in (args.opt, args.compile)]
    if None in programs:
        parser.error(f"not found: {args.compile if programs[0] else args.opt}")
    tools = Tools(programs[0], None, args.pipeline, args.inputs, programs[1], args.runtime)
    report, enough = run.fuzz(tools, args, lambda failure, _: reduce_failure(tools, failure))
    for what, count in sorted(report.ended.items()):
        print(f"{what:<22} {count:>8}")
    return 1 if report.failures or not enough else 0


if __name__ == "__main__":
    sys.exit(main())

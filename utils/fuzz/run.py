#!/usr/bin/env python3
"""Random modules through the host-sync pipeline and the independent checkers.

    run.py --seeds 0..500 --jobs 2 --opt capstan-opt --verify capstan-verify

Every seed makes a module (generate.py). Twenty-five of them, as one file, go
through the pipeline, with stages chosen by the seeds. A seed fails if

  crash        capstan-opt crashes, or reports an error
  invalid      its output can't be read back, or the generator's module can't
  verify       capstan-verify rejects the output (not asked with speculation)
  verify-crash it crashes, or can't read the modules
  behavior     the interpreter (interp.py) sees another behavior, or more syncs on a path
  idempotence  a second run of the pipeline changes the number of syncs on a path

Failures are saved below --out as seed-N/{before,after}.mlir and reason.txt, and
reduced to seed-N/reduced.mlir with --reduce. At the end a table says how many
seeds met each thing that the passes do or refuse; a category that fewer than
--least percent of the seeds meet is an error, since then the fuzzer no longer
tests it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import multiprocessing
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fuzz import interp, ir
from fuzz.generate import make_module
from fuzz.reduce import reduce_module

OUTPUT_LIMIT = 1 << 26
GROUP = 25  # seeds that share a file and the pipeline's options
STAGES = ("merge", "promote", "hoist", "coalesce", "overlap", "eliminate")
COMMON = ("--allow-unregistered-dialect", "--mlir-print-op-generic", "--mlir-print-local-scope")
REMARK = re.compile(r"\] (?P<name>[\w-]+) \|.*?Function=s(?P<seed>\d+)_")
REASON = re.compile(r'Reason=(?:"([^"]*)"|([^|\n]*))')
# What every run has to meet often enough, if the stage that does it is on.
CATEGORIES = {
    "merged": "merge",
    "promoted": "promote",
    "hoisted": "hoist",
    "coalesced": "coalesce",
    "eliminated": "eliminate",
    "kept": "",
}


@dataclass
class Tools:
    opt: str
    verify: str | None
    pipeline: str | None
    inputs: int
    categories: ClassVar[dict[str, str]] = CATEGORIES
    weights: ClassVar[tuple[int, ...]] = (4, 3, 4, 1)  # of the kinds of options

    def checker(self, folder: Path) -> Checker:
        return Checker(self, folder)

    def module(self, seed: int) -> ir.Op:
        return make_module(seed)

    def options(self, seed: int) -> str:
        """The pipeline's options: those given, or stages chosen by the seed's group."""
        if self.pipeline is not None:
            return self.pipeline
        rng = random.Random(f"stages-{seed // GROUP}")
        kind = rng.choices(["full", "reads", "random", "speculate"], self.weights)[0]
        if kind == "full":
            return ""
        if kind == "reads":  # stays in its dialect
            return "coalesce=0 overlap=0 eliminate=0"
        if kind == "speculate":
            return "speculate=1 coalesce=0 overlap=0 eliminate=0"
        return " ".join(f"{s}={int(rng.random() < 0.6)}" for s in STAGES)


@dataclass
class Failure:
    seed: int
    kind: str
    reason: str
    before: str
    after: str = ""
    options: str = ""


@dataclass
class Report:
    seeds: int = 0
    failures: list[Failure] = field(default_factory=list)
    met: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    offered: collections.Counter[str] = field(default_factory=collections.Counter)
    ended: collections.Counter[str] = field(default_factory=collections.Counter)

    def add(self, other: Report) -> None:
        self.seeds += other.seeds
        self.failures += other.failures
        self.met += other.met
        self.reasons += other.reasons
        self.offered += other.offered
        self.ended += other.ended


def combine(modules: list[ir.Op]) -> str:
    """One module of the functions of several."""
    whole = ir.Op("builtin.module", regions=[[ir.Block()]])
    whole.regions[0][0].ops = [op for m in modules for op in m.regions[0][0].ops]
    return ir.to_text(whole)


def limit() -> None:
    """For a child: a tool that prints without end stops."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_LIMIT, OUTPUT_LIMIT))


def execute(command: list[str], timeout: int = 120) -> tuple[int, str, str]:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        try:
            code = subprocess.run(
                command, stdout=out, stderr=errors, timeout=timeout, preexec_fn=limit
            ).returncode
        except subprocess.TimeoutExpired:
            return -1, "", f"error: no end after {timeout} s"
        out.seek(0)
        errors.seek(0)
        return code, out.read(), errors.read()


def first_error(text: str) -> str:
    lines = [line for line in text.splitlines() if "remark:" not in line]
    errors = [line for line in lines if "error:" in line or "Assertion" in line]
    return (errors or lines or ["no message"])[0][:500]


class Checker:
    """Checks modules in a folder of its own."""

    def __init__(self, tools: Tools, folder: Path) -> None:
        self.tools = tools
        self.before = folder / "before.mlir"
        self.after = folder / "after.mlir"

    def optimize(self, source: Path, options: str) -> tuple[int, str, str]:
        flag = f"--capstan-host-sync-pipeline={options}"
        filters = ["--remarks-filter=capstan.*", "--remark-format=emitRemark"]
        return execute([self.tools.opt, str(source), flag, *COMMON, *filters])

    def check(self, modules: dict[int, ir.Op], options: str, report: Report) -> Failure | None:
        """Checks several seeds at once: the first thing that is wrong, if any."""
        text = combine(list(modules.values()))
        self.before.write_text(text)
        some = next(iter(modules))

        def fail(kind: str, reason: str, after: str = "", seed: int = some) -> Failure:
            return Failure(seed, kind, reason, text, after, options)

        code, after, errors = self.optimize(self.before, options)
        if code:
            plain = execute([self.tools.opt, str(self.before), *COMMON])
            kind = "invalid" if plain[0] else "crash"
            return fail(kind, f"capstan-opt: {first_error(plain[2] if plain[0] else errors)}")
        self.after.write_text(after)
        code, again, second = self.optimize(self.after, options)
        if code:
            plain = execute([self.tools.opt, str(self.after), *COMMON])
            what = "the output is not valid" if plain[0] else "in the second run"
            return fail("invalid" if plain[0] else "crash", f"{what}: {first_error(second)}", after)
        new = ir.parse(after)
        failure = None
        # With speculation there may be more syncs, which capstan-verify rejects.
        if self.tools.verify and "speculate=1" not in options:
            command = [self.tools.verify, str(self.before), str(self.after), "--json"]
            code, out, problems = execute(command)
            if code:
                reason = first_error(problems)
                with contextlib.suppress(ValueError, KeyError):
                    reason = json.loads(out)["reason"]
                kind = "verify" if code == 1 else "verify-crash"
                failure = fail(kind, f"capstan-verify ({code}): {reason}", after)
        if failure and len(modules) > 1:
            return failure
        for seed, module in modules.items():
            problem, ended = interp.compare(
                module,
                new,
                f"s{seed}_main",
                self.tools.inputs,
                speculate="speculate=1" in options,
                first=seed,
            )
            report.ended.update(ended)
            if problem:
                accepted = "" if failure or not self.tools.verify else " (capstan-verify accepts)"
                more = f"; {failure.reason}" if failure else ""
                return fail("behavior", problem + accepted + more, after, seed)
        if failure:
            return failure
        if again != after:
            twice = ir.parse(again)
            for seed in modules:
                for run in range(seed, seed + self.tools.inputs):
                    one, two = (interp.run(m, f"s{seed}_main", run) for m in (new, twice))
                    if "fuel" in (one.status, two.status):
                        continue
                    if one.syncs != two.syncs:
                        reason = f"{one.syncs} syncs after one run, {two.syncs} after two"
                        return fail("idempotence", f"{reason} (@s{seed}_main)", after, seed)
        self.count(errors, modules, options, report)
        return None

    def count(self, remarks: str, modules: dict[int, ir.Op], options: str, report: Report) -> None:
        met: dict[int, set[str]] = {}
        reasons: dict[int, set[str]] = {}
        for line in remarks.splitlines():
            if found := REMARK.search(line):
                met.setdefault(int(found["seed"]), set()).add(found["name"])
                if reason := REASON.search(line):
                    text = (reason[1] or reason[2]).strip()
                    reasons.setdefault(int(found["seed"]), set()).add(text)
        for seed in modules:
            report.seeds += 1
            report.met.update(met.get(seed, ()))
            report.reasons.update(reasons.get(seed, ()))
            for category, stage in self.tools.categories.items():
                report.offered[category] += not stage or f"{stage}=0" not in options


def check_group(job: tuple[Tools, list[int]]) -> Report:
    tools, seeds = job
    options = tools.options(seeds[0])
    report = Report()
    with tempfile.TemporaryDirectory(prefix="capstan-fuzz-") as folder:
        checker = tools.checker(Path(folder))
        modules = {seed: tools.module(seed) for seed in seeds}
        trial = Report()
        if not checker.check(modules, options, trial):
            return trial
        for seed, module in modules.items():
            if failure := checker.check({seed: module}, options, report):
                failure.seed = seed
                report.failures.append(failure)
                report.seeds += 1
        if not report.failures:
            failure = checker.check(modules, options, Report())
            if failure:
                failure.reason += f" (only together: seeds {seeds[0]}..{seeds[-1]})"
                report.failures.append(failure)
    return report


def fails_alike(checker: Checker, module: ir.Op, failure: Failure) -> bool:
    """Whether a smaller module fails as the one it was made from."""
    for function in ir.functions(module).values():
        # MLIR takes any unregistered op for a terminator.
        if function.regions[0] and function.regions[0][-1].ops[-1].name != "func.return":
            return False
    try:
        found = checker.check({failure.seed: module}, failure.options, Report())
    except (KeyError, SyntaxError, ValueError):  # no longer a program
        return False
    if not found or found.kind != failure.kind:
        return False
    return shape(found.reason) == shape(failure.reason)


def still_fails(tools: Tools, folder: Path, file: Path) -> bool:
    """For the test script of capstan-reduce: whether `file` fails as the module in `folder`."""
    entries = dict(
        line.split(": ", 1) for line in (folder / "reason.txt").read_text().splitlines() if line
    )
    failure = Failure(
        int(entries["seed"]), entries["kind"], entries["reason"], "", "", entries["options"]
    )
    with tempfile.TemporaryDirectory(prefix="capstan-fuzz-") as scratch:
        code, text, _ = execute([tools.opt, str(file), *COMMON])
        return not code and fails_alike(Checker(tools, Path(scratch)), ir.parse(text), failure)


def reduce_failure(tools: Tools, failure: Failure, folder: Path, reducer: str) -> str:
    """The smallest module found that fails in the same way: capstan-reduce, then reduce.py."""
    script = folder / "still-fails.sh"
    command = [sys.executable, __file__, "--opt", tools.opt, "--verify", tools.verify or ""]
    script.write_text(
        "#!/bin/sh\n# Exit status 1: the file fails as this seed did.\n"
        f'exec {shlex.join(command)} --inputs {tools.inputs} --still-fails "{folder}" "$1"\n'
    )
    script.chmod(0o755)
    pass_option = f"--reduction-tree=traversal-mode=0 test={script}"
    before = str(folder / "before.mlir")
    code, small, _ = execute([reducer, "--allow-unregistered-dialect", before, pass_option], 900)
    with tempfile.TemporaryDirectory(prefix="capstan-fuzz-") as scratch:
        checker = Checker(tools, Path(scratch))
        module = ir.parse(failure.before)
        if code == 0:
            checker.before.write_text(small)
            code, text, _ = execute([tools.opt, str(checker.before), *COMMON])
            if code == 0 and fails_alike(checker, ir.parse(text), failure):
                module = ir.parse(text)
        return ir.to_text(reduce_module(module, lambda m: fails_alike(checker, m, failure)))


def shape(reason: str) -> str:
    """A reason without numbers, names and places."""
    return re.sub(r"\S*[\d%@/<>\"']\S*", "_", reason.partition(" (@")[0])[:60]


def groups(first: int, last: int) -> Iterator[list[int]]:
    for start in range(first - first % GROUP, last, GROUP):
        yield [s for s in range(start, start + GROUP) if first <= s < last]


def print_table(tools: Tools, report: Report, seconds: float, least: float) -> bool:
    print(f"{report.seeds} seeds in {seconds:.0f} s, {len(report.failures)} failures")
    print("\nseeds that met           share")
    poor = False
    for name, count in report.met.most_common():
        offered = report.offered.get(name, report.seeds)
        share = 100 * count / max(1, offered)
        print(f"  {name:<20} {count:>8} {share:5.1f} %")
    for category in tools.categories:
        offered = report.offered[category]
        if offered and 100 * report.met[category] / offered < least:
            print(f"error: fewer than {least:g} % of the seeds: {category}")
            poor = True
    print("\nkept, by reason")
    for reason, count in report.reasons.most_common(20):
        print(f"  {count:>8} {reason}")
    print()
    return not poor


def save(folder: Path, failure: Failure) -> Path:
    target = folder / f"seed-{failure.seed}"
    target.mkdir(parents=True, exist_ok=True)
    (target / "before.mlir").write_text(failure.before)
    (target / "after.mlir").write_text(failure.after)
    (target / "reason.txt").write_text(
        f"seed: {failure.seed}\nkind: {failure.kind}\nreason: {failure.reason}\n"
        f"options: {failure.options}\n"
    )
    return target


def parse_seeds(text: str) -> tuple[int, int]:
    first, _, last = text.partition("..")
    return (int(first), int(last)) if last else (int(first), int(first) + 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds", type=parse_seeds, default=(0, 500), help="A..B, without B; or one seed"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--opt", default="capstan-opt")
    parser.add_argument("--pipeline", metavar="OPTIONS", help="instead of stages by seed")
    parser.add_argument("--inputs", type=int, default=4, help="inputs a module is run on")
    parser.add_argument("--least", type=float, default=5, metavar="PERCENT")
    parser.add_argument("--max-failures", type=int, default=50)
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--reduce", action="store_true", help="make failures small")


def fuzz(
    tools: Tools, args: argparse.Namespace, reduce: Callable[[Failure, Path], str]
) -> tuple[Report, bool]:
    """All seeds; whether each category was met often enough."""
    report = Report()
    start = time.monotonic()
    jobs = [(tools, seeds) for seeds in groups(*args.seeds)]
    with multiprocessing.Pool(args.jobs) as pool:
        for part in pool.imap_unordered(check_group, jobs):
            for failure in part.failures:
                print(f"seed {failure.seed}: {failure.kind}: {failure.reason}", flush=True)
                where = save(args.out, failure)
                if args.reduce:
                    (where / "reduced.mlir").write_text(reduce(failure, where.resolve()))
            report.add(part)
            if len(report.failures) >= args.max_failures:
                print(f"stopped after {len(report.failures)} failures")
                pool.terminate()
                break
    return report, print_table(tools, report, time.monotonic() - start, args.least)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument("--verify", default="capstan-verify", help='"" leaves it out')
    parser.add_argument("--reducer", default="capstan-reduce")
    parser.add_argument(
        "--still-fails", nargs=2, type=Path, metavar=("DIR", "FILE"), help=argparse.SUPPRESS
    )
    args = parser.parse_args()

    opt = shutil.which(args.opt)
    verify = shutil.which(args.verify) if args.verify else None
    if not opt or (args.verify and not verify):
        parser.error(f"not found: {args.verify if opt else args.opt}")
    tools = Tools(opt, verify, args.pipeline, args.inputs)
    if args.still_fails:
        return int(still_fails(tools, *args.still_fails))
    reducer = shutil.which(args.reducer)
    if args.reduce and not reducer:
        parser.error(f"not found: {args.reducer}")
    report, enough = fuzz(tools, args, lambda f, where: reduce_failure(tools, f, where, reducer))
    print("runs of the interpreter that ended " + str(dict(report.ended)))
    return 1 if report.failures or not enough else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Random programs of the current device, before and after --capstan-hoist-device-context.

    device_context.py --seeds 0..500 [--faults 50] --opt capstan-opt --verify capstan-verify \\
        --compile capstan-compile --runtime libcapstan_rt.so.0

Every seed makes a module of changes of the current device, regions, questions, loops, branches,
calls, recursion, guards and early exits around work on one buffer. Twenty-five seeds are a file,
which is compiled as it is and after the pass, and called on a `host` of four devices that differ.
A seed fails if

  crash      a tool crashes, or reports an error
  status     one of the two fails, and the other completes
  results    memory differs
  device     a piece of work ran on another device, in another order, or not as often
  left       another device is current at the end
  changes    the second changes the current device more often
  queries    the driver is asked more than once for a device
  proof      capstan-verify rejects what the pass made, and there is no recursion

--faults plants so many faults into what the pass made: each is a change of a device operation that
shows when it runs, and capstan-verify has to reject it. Needs NumPy.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import json
import os
import random
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))
from capstan.runtime import Device, Error, Module, Runtime

from fuzz import run

GROUP = 25
INPUTS = 6
NAMES = ("architecture", "multiprocessors", "shared_memory", "fp8_gemm_layouts", "nvlink_peers")
MACHINE = (
    (90, 132, 232448, 1, 1),
    (90, 114, 232448, 1, 1),
    (80, 108, 166912, 0, 0),
    (120, 188, 101376, 1, 0),
)
ARGUMENTS = "%m: memref<16xi32>, %p: i1, %q: i1, %d: index, %e: index, %n: index"
TYPES = "(memref<16xi32>, i1, i1, index, index, index) -> ()"


# ------------------------------------------------------------------ programs


@dataclass
class Scope:
    """What may be used at a place."""

    devices: list[str]
    conditions: list[str]


@dataclass
class Generator:
    seed: int
    lines: list[str] = field(default_factory=list)
    values: int = 0
    works: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(f"device context {self.seed}")
        self.callees: list[str] = []
        self.recursive = False

    def new(self) -> str:
        self.values += 1
        return f"%v{self.values}"

    def emit(self, line: str) -> None:
        self.lines.append(line)

    def define(self, text: str) -> str:
        name = self.new()
        self.emit(f"{name} = {text}")
        return name

    def module(self) -> str:
        for i in range(self.rng.choice((0, 0, 1, 2))):
            name = f"s{self.seed}_callee{i}"
            self.function(name, private=True)
            self.callees.append(name)
        self.function(f"s{self.seed}", private=False)
        return "\n".join(self.lines) + "\n"

    def function(self, name: str, private: bool) -> None:
        self.emit(f"func.func {'private ' * private}@{name}({ARGUMENTS}) {{")
        zero, one, two = (self.define(f"arith.constant {i} : index") for i in range(3))
        self.zero, self.one, self.two = zero, one, two
        scope = Scope(["%d", "%e", one, two], ["%p", "%q"])
        parts = self.rng.choice((1, 1, 2, 3))
        self.block(scope, self.rng.randint(2, 5), 0)
        for i in range(1, parts):  # early exits
            condition = self.rng.choice(scope.conditions)
            self.emit(f"cf.cond_br {condition}, ^exit{i}, ^next{i}")
            self.emit(f"^exit{i}:")
            inner = Scope(list(scope.devices), list(scope.conditions))
            self.block(inner, self.rng.randint(0, 2), 3)
            self.emit("return")
            self.emit(f"^next{i}:")
            self.block(scope, self.rng.randint(1, 4), 0)
        if private and self.rng.random() < 0.3:
            self.recursive = True
            more = self.define(f"arith.cmpi sgt, %n, {zero} : index")
            self.emit(f"scf.if {more} {{")
            less = self.define(f"arith.subi %n, {one} : index")
            devices = ("%d", "%e") if self.rng.random() < 0.7 else ("%e", "%d")
            operands = f"%m, %q, %p, {devices[0]}, {devices[1]}, {less}"
            self.emit(f"func.call @{name}({operands}) : {TYPES}")
            self.emit("}")
        self.emit("return")
        self.emit("}")

    def block(self, scope: Scope, count: int, depth: int) -> None:
        for _ in range(count):
            kinds = ["work", "set", "get", "query", "with", "guard"]
            weights = [6, 4, 1, 3, 3, 2]
            if depth < 3:
                kinds += ["loop", "branch"]
                weights += [3, 2]
            if self.callees:
                kinds.append("call")
                weights.append(2)
            kinds.append("check")
            weights.append(0.3)
            kind = self.rng.choices(kinds, weights)[0]
            getattr(self, f"put_{kind}")(scope, depth)

    def nested(self, scope: Scope, depth: int) -> None:
        self.block(
            Scope(list(scope.devices), list(scope.conditions)), self.rng.randint(1, 3), depth + 1
        )

    def device(self, scope: Scope) -> str:
        # Few devices, so that the same one comes again.
        return self.rng.choice(scope.devices[:2] + scope.devices[-1:] + scope.devices)

    def put_work(self, scope: Scope, depth: int) -> None:
        self.works += 1
        self.emit(
            "linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], "
            'iterator_types = ["parallel"]} outs(%m : memref<16xi32>) {'
        )
        element, three, number, product, total = (self.new() for _ in range(5))
        self.emit(f"^bb0({element}: i32):")
        self.emit(f"{three} = arith.constant 3 : i32")
        self.emit(f"{number} = arith.constant {self.works} : i32")
        self.emit(f"{product} = arith.muli {element}, {three} : i32")
        self.emit(f"{total} = arith.addi {product}, {number} : i32")
        self.emit(f"linalg.yield {total} : i32")
        self.emit(f'}} loc("w{self.seed}.{self.works}")')

    def observe(self, value: str, kind: str) -> None:
        """Makes a host value show in memory."""
        cast = "arith.index_cast" if kind == "index" else "arith.trunci"
        small = self.define(f"{cast} {value} : {kind} to i32")
        self.emit(f"memref.store {small}, %m[{self.rng.choice((self.zero, self.one))}]")
        self.lines[-1] += " : memref<16xi32>"

    def put_set(self, scope: Scope, depth: int) -> None:
        self.emit(f"capstan.set_device {self.device(scope)}")

    def put_get(self, scope: Scope, depth: int) -> None:
        device = self.define("capstan.current_device")
        scope.devices.append(device)
        if self.rng.random() < 0.4:
            self.observe(device, "index")

    def put_query(self, scope: Scope, depth: int) -> None:
        name = self.rng.choice(NAMES)
        answer = self.define(f"capstan.device_capability {self.device(scope)} {name}")
        self.observe(answer, "i64")
        if self.rng.random() < 0.3:
            limit = self.define("arith.constant 100 : i64")
            scope.conditions.append(self.define(f"arith.cmpi sgt, {answer}, {limit} : i64"))

    def put_with(self, scope: Scope, depth: int) -> None:
        self.emit(f"capstan.with_device {self.device(scope)} {{")
        self.nested(scope, depth + 1)
        self.emit("capstan.yield")
        self.emit("}")

    def put_guard(self, scope: Scope, depth: int) -> None:
        old = self.define("capstan.current_device")
        self.emit(f"capstan.set_device {self.device(scope)}")
        self.block(scope, self.rng.randint(1, 2), max(depth, 2) + 1)
        self.emit(f"capstan.set_device {old}")

    def put_loop(self, scope: Scope, depth: int) -> None:
        bound = self.rng.choice(("%n", self.two, self.two, self.zero))
        trip = self.new()
        self.emit(f"scf.for {trip} = {self.zero} to {bound} step {self.one} {{")
        inner = Scope(list(scope.devices), list(scope.conditions))
        if self.rng.random() < 0.2:
            inner.devices.append(trip)
        self.block(inner, self.rng.randint(1, 3), depth + 1)
        self.emit("}")

    def put_branch(self, scope: Scope, depth: int) -> None:
        self.emit(f"scf.if {self.rng.choice(scope.conditions)} {{")
        self.nested(scope, depth)
        if self.rng.random() < 0.6:
            self.emit("} else {")
            self.nested(scope, depth)
        self.emit("}")

    def put_call(self, scope: Scope, depth: int) -> None:
        p, q = (self.rng.choice(scope.conditions) for _ in range(2))
        d, e = (self.device(scope) for _ in range(2))
        callee = self.rng.choice(self.callees)
        n = self.rng.choice(("%n", self.one))
        self.emit(f"func.call @{callee}(%m, {p}, {q}, {d}, {e}, {n}) : {TYPES}")

    def put_check(self, scope: Scope, depth: int) -> None:
        self.emit(f'cf.assert {self.rng.choice(scope.conditions)}, "check"')


# ------------------------------------------------------------------ in the child


class Machine:
    """A `host` of four devices, and a compiled module on it."""

    def __init__(self, runtime: Runtime, library: str) -> None:
        self.runtime = runtime
        fields = [(8 * (1 + len(NAMES)), *row) for row in MACHINE]
        flat = [value for row in fields for value in row]
        table = (ctypes.c_int64 * len(flat))(*flat)
        self.device = Device(
            runtime,
            threads=1,
            poison_memory=1,
            devices=ctypes.addressof(table),
            num_devices=len(MACHINE),
        )
        self.module = Module(self.device, library)

    def call(self, seed: int, number: int, trace: str) -> dict:
        """What a call does, for `json`."""
        rng = np.random.default_rng([seed, number])
        memory = rng.integers(0, 100, 16, np.int32)
        flags = [np.array(rng.random() < 0.5) for _ in range(2)]
        # Now and then a device that isn't there.
        devices = [np.array(rng.integers(0, 4 + (rng.random() < 0.1)), np.int64) for _ in "de"]
        trips = np.array(rng.integers(0, 3), np.int64)
        lib, handle = self.runtime.lib, self.device.handle
        start = int(rng.integers(0, 4))
        self.runtime.check(lib.capstan_rt_device_set_current(handle, start))
        self.runtime.check(lib.capstan_rt_trace_start(handle))
        message = ""
        try:
            self.module.call(f"s{seed}", [memory, *flags, *devices, trips])
        except Error as error:
            message = str(error)
        self.runtime.check(lib.capstan_rt_trace_stop(handle, trace.encode()))
        events = json.loads(Path(trace).read_text())["traceEvents"]
        work = [
            (event["args"]["location"], event["args"]["device"])
            for event in sorted(events, key=lambda event: event["ts"])
            if event["cat"] == "launch"
        ]
        left = ctypes.c_int32(-1)
        self.runtime.check(lib.capstan_rt_device_get_current(handle, ctypes.byref(left)))
        return {
            "failed": message,
            "memory": memory.tolist(),
            "work": work,
            "left": left.value,
            "start": start,
            "changes": self.module.counters()["set_device_calls"],
        }

    def queries(self) -> int:
        names = self.runtime.counters
        values = (ctypes.c_int64 * (1 + len(names)))()
        values[0] = ctypes.sizeof(values)
        get = self.runtime.lib.capstan_rt_device_counters
        self.runtime.check(get(self.device.handle, values))
        return dict(zip(names, values[1:], strict=True))["capability_queries"]


def difference(old: dict, new: dict) -> str:
    """What is wrong, after its kind; empty if nothing is."""
    if bool(old["failed"]) != bool(new["failed"]):
        return f"status {old['failed'] or 'good'}, and then {new['failed'] or 'good'}"
    if old["left"] != new["left"]:
        return f"left device {old['left']}, and then {new['left']}"
    if old["failed"]:
        return "" if new["left"] == new["start"] else f"left device {new['left']} after a failure"
    if old["work"] != new["work"]:
        return f"device {old['work']}, and then {new['work']}"
    if old["memory"] != new["memory"]:
        return f"results {old['memory']}, and then {new['memory']}"
    if new["changes"] > old["changes"]:
        return f"changes {old['changes']}, and then {new['changes']}"
    return ""


def run_job(job: dict) -> None:
    """Prints a line of JSON a seed: seed, problem, failed and completed calls, changes."""
    runtime = Runtime(job["runtime"])
    machines = [Machine(runtime, library) for library in job["libraries"]]
    trace = str(Path(job["folder"]) / "trace.json")
    for seed in job["seeds"]:
        totals = collections.Counter()
        problem = ""
        for number in range(INPUTS):
            old, new = (machine.call(seed, number, trace) for machine in machines)
            problem = problem or difference(old, new)
            totals["failed" if old["failed"] else "completed"] += 1
            totals["changes before"] += old["changes"]
            totals["changes after"] += new["changes"]
        print(json.dumps({"seed": seed, "problem": problem, "totals": totals}), flush=True)
    for machine in machines:
        if (asked := machine.queries()) > len(MACHINE):
            problem = f"queries {asked} of {len(MACHINE)} devices"
            print(json.dumps({"seed": job["seeds"][0], "problem": problem, "totals": {}}))


# ------------------------------------------------------------------ the driver


class Fuzzer:
    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.args, self.folder = args, folder
        self.totals: collections.Counter[str] = collections.Counter()

    def compile(self, source: Path) -> tuple[str, str]:
        """A shared library that does what the source says, and what went wrong."""
        target = str(source.with_suffix(".so"))
        flags = ["--host-sync-pipeline=0", "--hoist-device-context=0", "--opt-level=0"]
        code, _, errors = run.execute([self.args.compile, str(source), *flags, "-o", target])
        return target, run.first_error(errors) if code else ""

    def hoist(self, source: Path, target: Path) -> str:
        flags = ["--capstan-hoist-device-context", "--mlir-print-debuginfo", "-o", str(target)]
        code, _, errors = run.execute([self.args.opt, str(source), *flags])
        return run.first_error(errors) if code else ""

    def execute(self, seeds: list[int], libraries: list[str]) -> list[dict]:
        """One answer a seed. Compiled modules get a process of their own."""
        job = {
            "libraries": libraries,
            "runtime": self.args.runtime,
            "seeds": seeds,
            "folder": str(self.folder),
        }
        code, out, errors = run.execute([sys.executable, __file__, "--job", json.dumps(job)])
        answers = [json.loads(line) for line in out.splitlines()]
        if code:
            done = {answer["seed"] for answer in answers}
            seed = next((seed for seed in seeds if seed not in done), seeds[-1])
            problem = f"crash status {code}: {run.first_error(errors)}"
            answers.append({"seed": seed, "problem": problem, "totals": {}})
        return answers

    def verify(self, before: Path, after: Path) -> tuple[int, str]:
        code, out, errors = run.execute([self.args.verify, str(before), str(after)])
        return code, (out + errors).strip().replace("\n", " | ")[:400]

    def check(self, seeds: list[int]) -> list[tuple[int, str]]:
        """Seeds that fail, and how."""
        before, after = self.folder / "before.mlir", self.folder / "after.mlir"
        generators = [Generator(seed) for seed in seeds]
        before.write_text("".join(generator.module() for generator in generators))
        if problem := self.hoist(before, after):
            return [(seeds[0], f"crash capstan-opt: {problem}")]
        libraries = []
        for source in (before, after):
            library, problem = self.compile(source)
            if problem:
                return [(seeds[0], f"crash {source.stem}: {problem}")]
            libraries.append(library)
        failures = []
        for answer in self.execute(seeds, libraries):
            self.totals.update(answer["totals"])
            if answer["problem"]:
                failures.append((answer["seed"], answer["problem"]))
        code, said = self.verify(before, after)
        if code and len(seeds) == 1 and generators[0].recursive:
            # What a function in a cycle knows from its callers can't be proven.
            self.totals["recursive, not proven"] += 1
        elif code:
            failures.append((seeds[0], f"proof {said}"))
        return failures

    # -------------------------------------------------------------- faults

    def plant(self, text: str, rng: random.Random) -> tuple[str, str]:
        """One changed device operation, and what was done."""
        lines = text.splitlines()
        places = [
            i
            for i, line in enumerate(lines)
            if re.search(r"capstan\.(set_device|with_device|device_capability)", line)
        ]
        if not places:
            return "", ""
        i = rng.choice(places)
        others = sorted(set(re.findall(r"capstan\.\w+ (%\w+)", text)) | {"%arg3", "%arg4"})
        if "set_device" in lines[i] and rng.random() < 0.5:
            return "\n".join(lines[:i] + lines[i + 1 :]) + "\n", f"no {lines[i].strip()}"
        other = rng.choice(others)
        changed = re.sub(r"(capstan\.\w+) %\w+", rf"\1 {other}", lines[i], count=1)
        if changed == lines[i]:
            return "", ""
        planted = f"{lines[i].strip()} of {other}"
        return "\n".join([*lines[:i], changed, *lines[i + 1 :]]) + "\n", planted

    def faults(self, count: int, first: int) -> list[tuple[int, str]]:
        """Plants `count` faults that show; those that capstan-verify accepts."""
        before, after, faulty = (self.folder / f"{n}.mlir" for n in ("before", "after", "faulty"))
        accepted, seed = [], first
        while self.totals["faults"] < count:
            before.write_text(Generator(seed).module())
            rng = random.Random(f"faults {seed}")
            problem = self.hoist(before, after)
            original, wrong = self.compile(before)
            if problem or wrong:
                return [(seed, f"crash {problem or wrong}")]
            for _ in range(4):
                text, what = self.plant(after.read_text(), rng)
                faulty.write_text(text)
                if not text or self.totals["faults"] >= count:
                    continue
                library, problem = self.compile(faulty)
                if problem:
                    continue  # no valid IR
                answers = self.execute([seed], [original, library])
                shows = next((a["problem"] for a in answers if a["problem"]), "")
                # How often a change finds its device current is no part of the proof.
                if not shows or shows.startswith(("crash", "changes")):
                    continue
                self.totals["faults"] += 1
                code, said = self.verify(before, faulty)
                if code != 1:
                    accepted.append((seed, f"fault accepted: {what}: {shows}: {said}"))
            seed += 1
        return accepted


def parse_range(text: str) -> range:
    first, _, last = text.partition("..")
    return range(int(first), int(last))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=parse_range, default=range(500), metavar="FIRST..END")
    parser.add_argument("--faults", type=int, default=0, metavar="N")
    parser.add_argument("--opt", default="capstan-opt")
    parser.add_argument("--verify", default="capstan-verify")
    parser.add_argument("--compile", default="capstan-compile")
    parser.add_argument("--runtime", default="libcapstan_rt.so.0", metavar="LIBRARY")
    parser.add_argument("--print", type=int, metavar="SEED", help="only print a module")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        run_job(json.loads(args.job))
        return 0
    if args.print is not None:
        sys.stdout.write(Generator(args.print).module())
        return 0
    for name in ("opt", "verify", "compile"):
        if not (found := shutil.which(getattr(args, name))):
            parser.error(f"not found: {getattr(args, name)}")
        setattr(args, name, found)
    args.runtime = os.path.abspath(args.runtime) if os.path.exists(args.runtime) else args.runtime

    with tempfile.TemporaryDirectory(prefix="capstan-fuzz-") as folder:
        fuzzer = Fuzzer(args, Path(folder))
        failures: list[tuple[int, str]] = []
        seeds = list(args.seeds)
        for i in range(0, len(seeds), GROUP):
            group = seeds[i : i + GROUP]
            failed = fuzzer.check(group)
            if any(problem.startswith(("crash", "proof")) for _, problem in failed):
                # Which one it is, if any.
                failed = [failure for seed in group for failure in fuzzer.check([seed])]
            failures += failed
        if args.faults:
            failures += fuzzer.faults(args.faults, seeds[0] if seeds else 0)
    for seed, problem in failures:
        print(f"seed {seed}: {problem}")
    print(f"{len(seeds)} seeds, {len(failures)} failures")
    for what, count in sorted(fuzzer.totals.items()):
        print(f"{what:<22} {count:>8}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

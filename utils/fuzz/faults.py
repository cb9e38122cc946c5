#!/usr/bin/env python3
"""Plants faults into correct rewrites: capstan-verify must reject every one.

    faults.py --opt capstan-opt --verify capstan-verify --corpus DIR [--faults 330]

A source is a pair (BEFORE, AFTER): BEFORE a generated module or a cut-down model
of the corpus, AFTER what the host-sync pipeline made of it, or BEFORE itself. A
fault changes one thing in AFTER. Every kind proposes places by the form of the
code; what guarantees that a proposal changes behavior, and is no equivalent
rewrite, is the interpreter (interp.py): a proposal counts only if, on some input
on which BEFORE completes or fails a check, the faulty module gives other results,
other effects, other memory, another verdict of the checks, or reads more often.
A proposal that is no valid IR doesn't count either (capstan-verify: exit status 2).

The same --seed always plants the same faults.
"""

from __future__ import annotations

import argparse
import collections
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fuzz import interp, ir
from fuzz.generate import make_module
from fuzz.ir import Block, Op, Value

CHECKS = {"cf.assert", "torch.aten._assert_scalar", "torch.runtime.assert"}
READS = interp.READS | {"capstan.item", "capstan.to_host", "tensor.extract", "memref.load"}
LOOPS = {"scf.for", "scf.while", "torch.prim.Loop"}
BRANCHES = {"scf.if", "torch.prim.If"}
YIELDS = {"scf.yield", "torch.prim.Loop.condition", "scf.condition"}
CONSTANTS = {"arith.constant", "torch.constant.int"}
BARRIERS = {"mystery.op", "func.call"}
# Model files that have what a fault needs; the number is how many ops of @main stay.
CORPUS = {
    "llama3_2_1b_guarded": 140,
    "llama3_2_1b_mutated_inplace": 140,
    "llama3_2_1b_mutated_lengths": 140,
    "llama3_2_1b_sync3_item": 120,
    "llama3_2_1b_hf_flash": 140,
    "llama3_2_1b_max_item": 120,
    "llama3_2_1b_while": 0,
    "llama3_2_1b_linalg_scf_for": 0,
    "llama3_2_1b_linalg_padded_calls": 0,
    "qwen3_0_6b_sync3": 130,
    "qwen3_moe_tolist": 160,
    "bamba_9b_seq_idx": 130,
}


@dataclass
class Source:
    name: str
    function: str
    before: str
    after: str


# ------------------------------------------------------------------ finding places


def host_ops(module: Op) -> Iterator[Op]:
    """Ops of host code: not those in the bodies of device ops."""
    for op in module.walk():
        parent = op.parent()
        while parent and (parent.name == "func.func" or parent.name in LOOPS | BRANCHES):
            parent = parent.parent()
        if parent and parent.name == "builtin.module" and op.block:
            yield op


def writes(op: Op) -> bool:
    bare = op.name.split(".")[2] if op.name.startswith("torch.aten.") else ""
    in_place = bare.endswith("_") and not bare.endswith("__")
    stores = ("memref.store", "torch.overwrite.tensor.contents")
    return in_place or op.name in stores or unknown(op)


def unknown(op: Op) -> bool:
    return op.name in BARRIERS or "custom.unknown" in op.props


def reads_memory(op: Op) -> bool:
    return op.name in READS | {"torch.copy.to_vtensor"} and any(
        interp.is_memory(v.type) for v in op.operands
    )


def is_read(op: Op) -> bool:
    return op.name in READS


def visible(op: Op, kind: str) -> list[Value]:
    """Values of a type that are defined before `op` in its block or around it."""
    found: list[Value] = []
    at: Op | None = op
    while at and at.block and at.name != "func.func":
        for other in at.block.ops[: at.block.ops.index(at)]:
            found += [v for v in other.results if v.type == kind]
        found += [v for v in at.block.args if v.type == kind]
        at = at.block.parent
    return found


def defined_before(op: Op, at: Op) -> bool:
    """All operands of `op` are defined before `at`, an op of the same block."""
    later = set(at.block.ops[at.block.ops.index(at) :])
    return not any(v.owner in later for v in op.operands)


def outside(op: Op, region_op: Op) -> bool:
    """All operands of `op` are defined outside of `region_op`."""
    inner = set(region_op.walk())
    for v in op.operands:
        owner = v.owner
        if isinstance(owner, Op) and owner in inner:
            return False
        if isinstance(owner, Block) and owner.parent in inner:
            return False
    return True


def move_before(op: Op, at: Op) -> None:
    op.block.ops.remove(op)
    at.block.insert(at.block.ops.index(at), op)


def slice_of(op: Op, region_op: Op) -> list[Op] | None:
    """`op` with what feeds it inside `region_op`, in order; None if that can't move."""
    needed: list[Op] = []
    todo = [op]
    while todo:
        current = todo.pop()
        if current in needed:
            continue
        if current.block is not op.block or writes(current) or len(needed) > 12:
            return None
        needed.append(current)
        for v in current.operands:
            if isinstance(v.owner, Op) and v.owner is not region_op and v.owner.block is op.block:
                todo.append(v.owner)
    moved = set(needed)
    for current in needed:
        for v in current.operands:
            single = Op("", [v])
            if v.owner not in moved and not outside(single, region_op):
                return None
    return sorted(needed, key=op.block.ops.index)


def replace(module: Op, old: Value, new: Value, but: set[Op] | None = None) -> None:
    for op, i in ir.uses(module).get(old, ()):
        if not but or op not in but:
            op.operands[i] = new


def erase(op: Op) -> None:
    op.block.ops.remove(op)


def clone(op: Op) -> Op:
    copy = Op(op.name, list(op.operands), props=op.props, attrs=op.attrs)
    copy.results = [Value(v.type, copy) for v in op.results]
    return copy


# ------------------------------------------------------------------------- kinds
# Each kind lists its places in a module as closures; calling one plants the fault.

Places = Iterator[Callable[[], None]]


def read_moved_over_write(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if reads_memory(op):
            block = op.block
            for at in block.ops[: block.ops.index(op)]:
                if writes(at) and defined_before(op, at):
                    yield lambda op=op, at=at: move_before(op, at)


def dropped_check(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name in CHECKS:
            yield lambda op=op: erase(op)


def condition_of(op: Op) -> Op | None:
    """The comparison that a check tests."""
    value = op.operands[0]
    while isinstance(value.owner, Op) and value.owner.name == "torch.aten.Int.bool":
        value = value.owner.operands[0]
    return value.owner if isinstance(value.owner, Op) else None


def weakened_check(module: Op, rng: random.Random) -> Places:
    """The comparison, for this check alone, becomes a weaker one."""
    for op in host_ops(module):
        test = condition_of(op) if op.name in CHECKS else None
        if not test or op.operands[0].owner.block is not op.block:
            continue
        if test.name == "arith.cmpi":

            def weaken(op: Op = op, test: Op = test) -> None:
                weaker = clone(test)
                equal = "predicate = 1 : i64"  # `ne`: true for nearly everything
                weaker.props = equal
                op.block.insert(op.block.ops.index(op), weaker)
                op.operands[0] = weaker.results[0]

            yield weaken
        elif test.name in ("torch.aten.ge.int", "torch.aten.le.int"):

            def weaken_torch(op: Op = op, test: Op = test) -> None:
                weaker = clone(test)
                weaker.name = "torch.aten.ne.int"
                number = Op("torch.aten.Int.bool", [weaker.results[0]])
                number.results = [Value("!torch.int", number)]
                at = op.block.ops.index(op)
                op.block.insert(at, number)
                op.block.insert(at, weaker)
                op.operands[0] = number.results[0]

            yield weaken_torch


def taken_out(module: Op, parents: set[str]) -> Places:
    for op in host_ops(module):
        parent = op.parent()
        if is_read(op) and parent and parent.name in parents:
            ops = slice_of(op, parent)
            if ops:

                def take(ops: list[Op] = ops, parent: Op = parent) -> None:
                    for inner in ops:
                        move_before(inner, parent)

                yield take


def unguarded_read(module: Op, rng: random.Random) -> Places:
    """A read leaves its branch: a sync more where the branch isn't taken."""
    yield from taken_out(module, BRANCHES)


def hoisted_from_empty_loop(module: Op, rng: random.Random) -> Places:
    """A read leaves a loop: a sync more where the loop doesn't run."""
    yield from taken_out(module, LOOPS)


def wrong_operand(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name.endswith("yield") or op.name in CHECKS or op.name == "func.return":
            continue
        for i, old in enumerate(op.operands):
            others = [v for v in visible(op, old.type) if v is not old]
            if others:
                new = rng.choice(others)
                yield lambda op=op, i=i, new=new: op.operands.__setitem__(i, new)


def swapped_branches(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name in BRANCHES and all(op.regions):
            yield lambda op=op: op.regions.reverse()
        elif op.name == "cf.cond_br" and len(op.operands) == 1:
            yield lambda op=op: op.successors.reverse()


def effects_reordered(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if writes(op):
            block = op.block
            for at in block.ops[: block.ops.index(op)]:
                if writes(at) and defined_before(op, at):
                    yield lambda op=op, at=at: move_before(op, at)


def effect_dropped(module: Op, rng: random.Random) -> Places:
    used = ir.uses(module)
    for op in host_ops(module):
        if writes(op):
            same = [visible(op, r.type) if r in used else [None] for r in op.results]
            if all(same):

                def drop(op: Op = op, same: list[list[Value]] = same) -> None:
                    for result, values in zip(op.results, same, strict=True):
                        if values[0]:
                            aliased = [v for v in op.operands if v.type == result.type]
                            replace(module, result, (aliased or values)[0])
                    erase(op)

                yield drop


def effect_duplicated(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if writes(op):
            yield lambda op=op: op.block.insert(op.block.ops.index(op), clone(op))


def wrong_conversion(module: Op, rng: random.Random) -> Places:
    """A number read as a truth value, then made a number again."""
    for op in host_ops(module):
        if op.name in ("torch.aten.Int.Tensor", "torch.aten.item"):

            def convert(op: Op = op) -> None:
                op.name = "torch.aten.Bool.Tensor"
                number = Op("torch.aten.Int.bool", [op.results[0]])
                number.results = [Value("!torch.int", number)]
                replace(module, op.results[0], number.results[0], {number})
                op.results[0].type = "!torch.bool"
                op.block.insert(op.block.ops.index(op) + 1, number)

            yield convert


def different_reads_merged(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if is_read(op):
            kind = op.results[0].type
            for value in visible(op, kind):
                if isinstance(value.owner, Op) and is_read(value.owner):

                    def merge(op: Op = op, value: Value = value) -> None:
                        replace(module, op.results[0], value)
                        erase(op)

                    yield merge


def reads_merged_across_types(module: Op, rng: random.Random) -> Places:
    """A read of another element type, or of another place, serves for this one."""
    for op in host_ops(module):
        if is_read(op):
            source = op.operands[0]
            at: Op | None = op
            while at and at.block and at.name != "func.func":
                for other in at.block.ops[: at.block.ops.index(at)]:
                    if (
                        is_read(other)
                        and other.operands[0].type != source.type
                        and other.results[0].type == op.results[0].type
                    ):

                        def merge(op: Op = op, value: Value = other.results[0]) -> None:
                            replace(module, op.results[0], value)
                            erase(op)

                        yield merge
                at = at.block.parent


def smaller_bound(module: Op, rng: random.Random) -> Places:
    """A bound operand that no longer bounds."""
    for op in host_ops(module):
        if op.attr("name") == '"torch.varlen.attention"':

            def lower(op: Op = op) -> None:
                zero = Op("torch.constant.int", props="value = 0 : i64")
                zero.results = [Value("!torch.int", zero)]
                op.block.insert(op.block.ops.index(op), zero)
                op.operands[4] = zero.results[0]

            yield lower


def wrong_constant(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        value, _, kind = (op.attr("value") or "").partition(" : ")
        if op.name in CONSTANTS and value.lstrip("-").isdigit():
            new = int(value) + rng.choice([1, 1, 2, -1])
            yield lambda op=op, new=new, kind=kind: op.set_prop("value", f"{new} : {kind}")


OTHER_NAME = {
    "torch.aten.max": "torch.aten.min",
    "torch.aten.min": "torch.aten.max",
    "torch.aten.add.int": "torch.aten.sub.int",
    "torch.aten.relu": "torch.aten.neg",
    "arith.maxsi": "arith.minsi",
    "arith.addi": "arith.subi",
    "torch.aten.gt.int": "torch.aten.lt.int",
}


def wrong_operation(module: Op, rng: random.Random) -> Places:
    """max for min, add for sub: also in the body of a reduction."""
    for op in module.walk():
        if op.name in OTHER_NAME:
            yield lambda op=op: setattr(op, "name", OTHER_NAME[op.name])


OTHER_CONVERSION = {"arith.sitofp": "arith.uitofp", "arith.extsi": "arith.extui"}


def wrong_scalar_of_kernel(module: Op, rng: random.Random) -> Places:
    """Another tensor's element, or one that is converted in another way."""
    host = set(host_ops(module))
    for op in module.walk():
        if op.name in OTHER_CONVERSION and op not in host:
            yield lambda op=op: setattr(op, "name", OTHER_CONVERSION[op.name])
        elif op.name == "linalg.generic":
            for i, value in enumerate(op.operands):
                if value.type.startswith("tensor<i"):
                    for new in visible(op, value.type):
                        if new is not value:
                            yield lambda op=op, i=i, new=new: op.operands.__setitem__(i, new)


def wrong_element(module: Op, rng: random.Random) -> Places:
    """The next element goes to the device."""
    for op in host_ops(module):
        offsets = re.findall(r"-?\d+", (op.attr("static_offsets") or "").partition(":")[2])
        if op.name == "tensor.extract_slice" and offsets == [offsets[0]] and int(offsets[0]) >= 0:
            new = f"array<i64: {int(offsets[0]) + 1}>"
            yield lambda op=op, new=new: op.set_prop("static_offsets", new)


def wrong_attribute(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name == "arith.cmpi":
            old = int(op.attr("predicate").split()[0])
            yield lambda op=op, new=(old + 1) % 6: op.set_prop("predicate", f"{new} : i64")
        elif op.name == "mystery.op" and op.attr("kind"):
            holder = "props" if "kind" in op.props else "attrs"
            yield lambda op=op, holder=holder: setattr(op, holder, 'kind = "other"')


def carried_values_swapped(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name in YIELDS and op.parent().name in LOOPS:
            for i, a in enumerate(op.operands):
                for j in range(i + 1, len(op.operands)):
                    if a.type == op.operands[j].type and a is not op.operands[j]:

                        def swap(op: Op = op, i: int = i, j: int = j) -> None:
                            op.operands[i], op.operands[j] = op.operands[j], op.operands[i]

                        yield swap


def carried_value_stale(module: Op, rng: random.Random) -> Places:
    """The next iteration gets this one's value."""
    for op in host_ops(module):
        if op.name in YIELDS and op.parent().name in LOOPS:
            for i, old in enumerate(op.operands):
                same = [a for a in op.block.args if a.type == old.type and a is not old]
                if same:
                    yield lambda op=op, i=i, new=same[-1]: op.operands.__setitem__(i, new)


def wrong_callee(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name == "func.call":

            def retarget(op: Op = op) -> None:
                inputs = ", ".join(v.type for v in op.operands)
                results = ", ".join(v.type for v in op.results)
                results = results if len(op.results) == 1 else f"({results})"
                other = Op("func.func", regions=[[]])
                other.props = (
                    f"function_type = ({inputs}) -> {results}, "
                    'sym_name = "s0_other", sym_visibility = "private"'
                )
                module.regions[0][0].append(other)
                op.set_prop("callee", "@s0_other")

            yield retarget


def extra_sync(module: Op, rng: random.Random) -> Places:
    """The same read once more, for one of its uses."""
    used = ir.uses(module)
    for op in host_ops(module):
        if is_read(op) and len(used.get(op.results[0], ())) > 1:

            def again(op: Op = op) -> None:
                second = clone(op)
                op.block.insert(op.block.ops.index(op) + 1, second)
                user, i = used[op.results[0]][-1]
                user.operands[i] = second.results[0]

            yield again


def results_swapped(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name == "func.return":
            for i in range(len(op.operands) - 1):
                a, b = op.operands[i : i + 2]
                if a.type == b.type and a is not b:

                    def swap(op: Op = op, i: int = i) -> None:
                        op.operands[i], op.operands[i + 1] = op.operands[i + 1], op.operands[i]

                    yield swap


def wrong_result(module: Op, rng: random.Random) -> Places:
    for op in host_ops(module):
        if op.name == "func.return":
            for i, old in enumerate(op.operands):
                others = [v for v in visible(op, old.type) if v is not old]
                if others:
                    new = rng.choice(others)
                    yield lambda op=op, i=i, new=new: op.operands.__setitem__(i, new)


def random_merged(module: Op, rng: random.Random) -> Places:
    """One draw serves for two."""
    for op in host_ops(module):
        if interp.RANDOM.match(op.name):
            for value in visible(op, op.results[0].type):
                if isinstance(value.owner, Op) and value.owner.name == op.name:

                    def merge(op: Op = op, value: Value = value) -> None:
                        replace(module, op.results[0], value)
                        erase(op)

                    yield merge


def wrong_memory(module: Op, rng: random.Random) -> Places:
    """A write or a read goes to another buffer."""
    for op in host_ops(module):
        if writes(op) or reads_memory(op):
            for i, old in enumerate(op.operands):
                if interp.is_memory(old.type):
                    for new in visible(op, old.type):
                        if new is not old:
                            yield lambda op=op, i=i, new=new: op.operands.__setitem__(i, new)


KINDS: dict[str, Callable[[Op, random.Random], Places]] = {
    "read moved over a write": read_moved_over_write,
    "check dropped": dropped_check,
    "check weakened": weakened_check,
    "read without its guard": unguarded_read,
    "read hoisted out of a loop that may not run": hoisted_from_empty_loop,
    "wrong operand": wrong_operand,
    "branches swapped": swapped_branches,
    "effects reordered": effects_reordered,
    "effect dropped": effect_dropped,
    "effect duplicated": effect_duplicated,
    "wrong conversion": wrong_conversion,
    "different reads merged": different_reads_merged,
    "reads merged across types": reads_merged_across_types,
    "bound made smaller": smaller_bound,
    "wrong constant": wrong_constant,
    "wrong operation": wrong_operation,
    "wrong scalar of a kernel": wrong_scalar_of_kernel,
    "wrong element": wrong_element,
    "wrong attribute": wrong_attribute,
    "carried values swapped": carried_values_swapped,
    "carried value stale": carried_value_stale,
    "call of another function": wrong_callee,
    "read once more": extra_sync,
    "results swapped": results_swapped,
    "wrong result": wrong_result,
    "random draws merged": random_merged,
    "other memory": wrong_memory,
}


# ----------------------------------------------------------------------- sources


def cut(module: Op, count: int) -> Op:
    """Keeps the first ops of @main; returns what they leave unused."""
    main = ir.functions(module)["main"]
    block = main.regions[0][0]
    if count and len(main.regions[0]) == 1 and len(block.ops) > count:
        last = block.ops[-1]
        block.ops = block.ops[:count]
        used = ir.uses(main)
        left = [v for op in block.ops for v in op.results if v not in used][-8:]
        last.operands = left
        block.append(last)
        inputs = ", ".join(a.type for a in block.args)
        results = ", ".join(v.type for v in left)
        results = results if len(left) == 1 else f"({results})"
        main.set_prop("function_type", f"({inputs}) -> {results}")
    return module


class Tools:
    def __init__(self, opt: str, verify: str, folder: Path) -> None:
        self.opt, self.verify_tool = opt, verify
        self.before, self.after = folder / "before.mlir", folder / "after.mlir"

    def optimize(self, text: str, *flags: str) -> str | None:
        self.before.write_text(text)
        done = subprocess.run(
            [
                *(self.opt, str(self.before), "--allow-unregistered-dialect"),
                *("--mlir-print-op-generic", "--mlir-print-local-scope", *flags),
            ],
            capture_output=True,
            text=True,
        )
        return done.stdout if done.returncode == 0 else None

    def verify(self, before: str, after: str) -> int:
        """0 accepted, 1 rejected, 2 no valid input."""
        self.before.write_text(before)
        self.after.write_text(after)
        command = [self.verify_tool, str(self.before), str(self.after), "--json"]
        return subprocess.run(command, capture_output=True).returncode

    def source(self, name: str, function: str, text: str, rewritten: bool) -> Source | None:
        before = self.optimize(text)
        if before is None:
            return None
        after = None
        if rewritten:
            stages = "--capstan-host-sync-pipeline=coalesce=0 overlap=0 eliminate=0"
            after = self.optimize(text, stages)
            if after and self.verify(before, after):
                after = None  # not a correct pair
        if after is None and self.verify(before, before):
            print(f"note: {name}: rejected even without a fault")
            return None
        return Source(name, function, before, after or before)


def sources(tools: Tools, corpus: Path | None, seeds: int, first: int) -> Iterator[Source]:
    for name, count in CORPUS.items() if corpus else ():
        path = corpus / f"{name}.mlir"
        if path.is_file():
            text = ir.to_text(cut(ir.parse(path.read_text()), count))
            for rewritten in (False, True):
                if found := tools.source(name, "main", text, rewritten):
                    yield found
    for seed in range(first, first + seeds):
        text = ir.to_text(make_module(seed))
        found = tools.source(f"seed {seed}", f"s{seed}_main", text, seed % 3 != 0)
        if found:
            yield found


def changes_behavior(before: Op, faulty: Op, function: str, inputs: int) -> bool:
    try:
        problem, _ = interp.compare(before, faulty, function, inputs)
    except (KeyError, AttributeError, IndexError, TypeError, ValueError):
        return False  # no longer a program
    return problem is not None


def plant(
    tools: Tools, source: Source, kind: str, rng: random.Random, inputs: int
) -> tuple[str, int] | None:
    """Plants one fault of a kind: the faulty module, and what capstan-verify says."""
    before = ir.parse(source.before)
    count = len(list(KINDS[kind](ir.parse(source.after), random.Random(0))))
    order = list(range(count))
    rng.shuffle(order)
    for index in order[:8]:
        faulty = ir.parse(source.after)
        list(KINDS[kind](faulty, random.Random(index)))[index]()
        if not changes_behavior(before, faulty, source.function, inputs):
            continue
        text = ir.to_text(faulty)
        code = tools.verify(source.before, text)
        if code in (0, 1):
            return text, code
        if tools.optimize(text) is not None:  # valid: the tool itself failed
            return text, code
    return None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--opt", default="capstan-opt")
    parser.add_argument("--verify", default="capstan-verify")
    parser.add_argument("--corpus", type=Path, help="folder of the model IR corpus")
    parser.add_argument("--faults", type=int, default=330, help="how many to plant")
    parser.add_argument("--kinds", type=int, default=10, help="how many kinds must occur")
    parser.add_argument("--sources", type=int, default=120, help="generated modules")
    parser.add_argument("--seed", type=int, default=0, help="first seed of those")
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--out", type=Path, help="folder for faults that are not rejected")
    args = parser.parse_args()
    opt, verify = shutil.which(args.opt), shutil.which(args.verify)
    if not opt or not verify:
        parser.error(f"not found: {args.verify if opt else args.opt}")

    rng = random.Random(args.seed)
    planted: collections.Counter[str] = collections.Counter()
    missed: collections.Counter[str] = collections.Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="capstan-faults-") as folder:
        tools = Tools(opt, verify, Path(folder))
        for source in sources(tools, args.corpus, args.sources, args.seed):
            if planted.total() >= args.faults:
                break
            # Kinds that have had few faults so far come first.
            room = min(5, args.faults - planted.total())
            for kind in sorted(KINDS, key=lambda k: planted[k]):
                found = plant(tools, source, kind, rng, args.inputs) if room else None
                if not found:
                    continue
                text, code = found
                planted[kind] += 1
                room -= 1
                if code == 1:
                    continue
                missed[kind] += 1
                print(f"not rejected ({code}): {kind} in {source.name}", flush=True)
                if args.out:
                    target = args.out / f"{source.name}-{kind}".replace(" ", "-")
                    target.mkdir(parents=True, exist_ok=True)
                    (target / "before.mlir").write_text(source.before)
                    (target / "after.mlir").write_text(text)

    print(f"\n{'fault':<46} planted rejected")
    for kind in KINDS:
        print(f"{kind:<46} {planted[kind]:>7} {planted[kind] - missed[kind]:>8}")
    kinds = sum(count > 0 for count in planted.values())
    print(
        f"{planted.total()} faults of {kinds} kinds, "
        f"{planted.total() - missed.total()} rejected, {time.monotonic() - start:.0f} s"
    )
    if planted.total() < args.faults or kinds < args.kinds:
        print("error: too few faults or kinds")
        return 1
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

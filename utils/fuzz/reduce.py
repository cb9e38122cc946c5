"""Makes a failing module smaller still, after capstan-reduce.

capstan-reduce erases an op only together with its users, since it gives them no
other value. Here every op that goes leaves a value of the same type in its place.
"""

from __future__ import annotations

from collections.abc import Callable

from fuzz import ir

KEEP = {"func.return", "scf.yield", "scf.condition", "linalg.yield", "cf.br", "cf.cond_br"}


def substitute(result: ir.Value, op: ir.Op) -> ir.Value | None:
    """An earlier value of the same type that is visible where `op` stands, with contents."""

    def fits(value: ir.Value) -> bool:
        undefined = isinstance(value.owner, ir.Op) and "empty" in value.owner.name
        return value.type == result.type and (not undefined or "empty" in op.name)

    block: ir.Block | None = op.block
    until: ir.Op | None = op
    while block and until:
        for operand in until.operands if until is op else ():
            if fits(operand):
                return operand
        for other in reversed(block.ops[: block.ops.index(until)]):
            for value in other.results:
                if fits(value):
                    return value
        for value in block.args:
            if fits(value):
                return value
        until = block.parent
        if until is None or until.name in ("func.func", "builtin.module"):
            return None
        block = until.block
    return None


def numbered(module: ir.Op) -> list[ir.Op]:
    return [op for op in module.walk() if op is not module]


def without(module: ir.Op, index: int) -> ir.Op | None:
    """A copy of the module that lacks one op, or None."""
    copy = ir.parse(ir.to_text(module))
    op = numbered(copy)[index]
    if op.name in KEEP or op.name.endswith((".yield", "Loop.condition")) or op.successors:
        return None
    used = ir.uses(copy)
    for result in op.results:
        if result in used:
            value = substitute(result, op)
            if value is None:
                return None
            for user, i in used[result]:
                user.operands[i] = value
    op.block.ops.remove(op)
    return copy


def inlined(module: ir.Op, index: int) -> ir.Op | None:
    """A copy in which a branch is replaced by one of its sides."""
    copy = ir.parse(ir.to_text(module))
    op = numbered(copy)[index]
    if op.name not in ("scf.if", "torch.prim.If") or not op.regions[0]:
        return None
    body = op.regions[0][0].ops
    used = ir.uses(copy)
    for result, value in zip(op.results, body[-1].operands, strict=True):
        for user, i in used.get(result, ()):
            user.operands[i] = value
    at = op.block.ops.index(op)
    for inner in body[:-1]:
        inner.block = op.block
    op.block.ops[at : at + 1] = body[:-1]
    return copy


def reduce_module(module: ir.Op, fails: Callable[[ir.Op], bool], limit: int = 600) -> ir.Op:
    """Removes ops, last ones first, as long as the module fails."""
    tries = 0
    smaller = True
    while smaller:
        smaller = False
        index = len(numbered(module)) - 1
        while index >= 0:
            for change in (without, inlined):
                trial = change(module, index)
                if trial is None:
                    continue
                tries += 1
                if tries > limit:
                    return module
                if fails(trial):
                    module, smaller = trial, True
                    break
            index = min(index - 1, len(numbered(module)) - 1)
    return module

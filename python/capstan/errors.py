"""What goes wrong at import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    """Uses of an op that can't be imported: where, and why if a lowering exists."""

    op: str
    places: tuple[str, ...]
    reason: str = ""


class ExportError(Exception):
    """torch.export can't trace a model; the Python line is where it stopped."""


class UnsupportedOps(Exception):
    """All ops of a model that have no lowering, or a use that theirs doesn't cover."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        self.missing = list(missing)
        lines = ["these ops of the model can't be imported:"]
        for m in self.missing:
            why = f": {m.reason}" if m.reason else ""
            lines.append(f"  {len(m.places)} x {m.op}{why}")
            shown = list(dict.fromkeys(m.places))
            lines += [f"      {place}" for place in shown[:5]]
            if len(shown) > 5:
                lines.append(f"      and {len(shown) - 5} more places")
        if any(not m.reason for m in self.missing):
            example = next(m.op for m in self.missing if not m.reason)
            lines += [
                "A lowering is a decorated function (docs/python.md):",
                f'  @capstan.lowering("{example}")',
                "  def lower(ctx, x):",
                "      return ctx.elementwise([x], lambda s, x: s.unary('math.exp', x))",
            ]
        super().__init__("\n".join(lines))

"""capstan.explain: what a forward waits for, with Python lines, and what could be made static."""

from __future__ import annotations

import html
import linecache
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from . import compiler
from .exporter import export
from .module import Module

REMARK = re.compile(r"^(.+):(\d+):\d+: remark: \[\w+\] (\w+) \|.*?Reason=\"?([^\"]*)\"?", re.M)


@dataclass(frozen=True)
class Place:
    """A line of Python."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def source(self) -> str:
        return linecache.getline(self.file, self.line).strip()


@dataclass
class Sync:
    """Reads at one Python line: how many a forward does, before and after the passes."""

    place: Place
    kind: str
    before: int = 0
    after: int = 0
    reasons: set[str] = field(default_factory=set)


@dataclass
class Explanation:
    """Prints as text; a notebook shows the page."""

    module: Module
    report: dict
    syncs: list[Sync]
    # What says no to static sizes and to capture, with the lines that it says it of.
    unbounded: dict[str, list[Place]]
    cuts: dict[str, list[Place]]

    @property
    def before(self) -> int:
        return self.report["before"]["per_forward"]

    @property
    def after(self) -> int:
        return self.report["after"]["per_forward"]

    def __str__(self) -> str:
        lines = [f"host syncs per forward: {self.before} before, {self.after} after", ""]
        for s in self.syncs:
            lines.append(f"  {s.before:>3} -> {s.after:<3} {s.kind}  {s.place}")
            lines += [f"               {s.place.source}"] if s.place.source else []
            lines += [f"               kept: {reason}" for reason in sorted(s.reasons)]
        lines += ["", *self._section("sizes without a bound: no static form", self.unbounded)]
        lines += self._section("at static sizes, what no graph can hold", self.cuts)
        return "\n".join(lines).rstrip() + "\n"

    def _section(self, title: str, found: dict[str, list[Place]]) -> list[str]:
        lines = [f"{title}: {'none' if not found else ''}".rstrip()]
        for reason, places in found.items():
            lines.append(f"  {len(places)} x {reason}")
            for place, count in Counter(places).most_common(3):
                lines.append(f"        {count} x {place}  {place.source}".rstrip())
        return [*lines, ""]

    def html(self) -> str:
        """One page, without anything from elsewhere."""
        rows = "".join(
            f"<tr><td>{s.before}</td><td>{s.after}</td><td>{html.escape(s.kind)}</td>"
            f"<td>{html.escape(str(s.place))}<br><code>{html.escape(s.place.source)}</code></td>"
            f"<td>{html.escape('; '.join(sorted(s.reasons)))}</td></tr>"
            for s in self.syncs
        )
        rest = "\n".join(
            [
                *self._section("sizes without a bound: no static form", self.unbounded),
                *self._section("at static sizes, what no graph can hold", self.cuts),
            ]
        )
        return (
            '<div class="capstan"><style>.capstan td, .capstan th {text-align: left; '
            "vertical-align: top; padding: 2px 10px}</style>"
            f"<p><b>Host syncs per forward: {self.before} before, {self.after} after</b></p>"
            "<table><tr><th>before</th><th>after</th><th>kind</th><th>where</th><th>kept</th></tr>"
            f"{rows}</table><pre>{html.escape(rest)}</pre></div>"
        )

    def _repr_html_(self) -> str:
        return self.html()


def explain(
    model: torch.nn.Module | Module,
    args: Sequence[object] = (),
    kwargs: Mapping[str, object] | None = None,
    dynamic_shapes: object = None,
) -> Explanation:
    """Exports a model, or takes what was exported, and says what its forward waits for."""
    module = model if isinstance(model, Module) else export(model, args, kwargs, dynamic_shapes)
    report = module.report()
    return Explanation(module, report, _syncs(report), *_static(module))


def _syncs(report: dict) -> list[Sync]:
    found: dict[tuple[Place, str], Sync] = {}
    for when in ("before", "after"):
        for s in report[when]["syncs"]:
            place = Place(s["place"].get("file", "unknown"), s["place"].get("line", 0))
            # A fetch is of several reads; it stands where the first one was.
            entry = found.setdefault((place, s["kind"]), Sync(place, s["kind"]))
            setattr(entry, when, getattr(entry, when) + s["per_forward"])
            if s["reason"]:
                entry.reasons.add(s["reason"])
    return list(found.values())


def _static(module: Module) -> tuple[dict[str, list[Place]], dict[str, list[Place]]]:
    """Sizes that have no bound, and, if all have one, what graphs can't hold at static sizes."""
    passes = ["capstan-lower-scans", "capstan-host-sync-pipeline"]
    unbounded = _remarks(module, [*passes, "capstan-infer-bounds"], "unbounded")
    # The names that the analysis gives sizes differ.
    unbounded = _merged(unbounded, lambda r: re.sub(r"dimension \d+, \w+, ", "", r))
    bucket = module.largest_sizes()
    if unbounded or not bucket:
        return unbounded, {}
    sizes = "/".join(f"{k}={v}" for k, v in bucket.items())
    passes += [
        f"capstan-pad-to-static{{buckets={sizes}}}",
        "capstan-form-graphs{buckets-only=true}",
    ]
    try:
        cuts = _remarks(module, passes, "cut", lambda where: where != "arguments")
    except compiler.CompilerError as error:
        return {}, _errors(str(error))
    return {}, _merged(cuts, lambda r: re.sub(r" \((tensor<.*>|index|i\d+)\)", "", r))


def _remarks(module: Module, passes: list[str], name: str, keep=lambda _: True):
    text = compiler.Module(module.text).run_passes(",".join(passes), remarks=True)
    return [
        (reason, Place(file, int(line)))
        for file, line, kind, reason in REMARK.findall(text)
        if kind == name and keep(file)
    ]


def _merged(found: list[tuple[str, Place]], shorten) -> dict[str, list[Place]]:
    reasons: dict[str, list[Place]] = {}
    for reason, place in found:
        reasons.setdefault(shorten(reason), []).append(place)
    return reasons


def _errors(text: str) -> dict[str, list[Place]]:
    """What --capstan-pad-to-static refuses."""
    found = re.findall(r"([^\s:]+):(\d+):\d+: error: (.*)", text)
    reasons: dict[str, list[Place]] = {}
    for file, line, why in found:
        reasons.setdefault(why, []).append(Place(file, int(line)))
    return reasons or {text.splitlines()[0]: []}

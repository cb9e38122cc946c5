"""capstan.explain: what a forward waits for, with Python lines, and what could be made static."""

from __future__ import annotations

import html
import linecache
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from . import compiler
from .exporter import export
from .module import Module

REMARK = re.compile(r"^(.+):(\d+):\d+: remark: \[\w+\] (\w+) \|.*?Reason=\"?([^\"]*)\"?", re.M)


# Notebooks have styles of their own for tables, which are stronger than those of a page.
CELL = "text-align: left; vertical-align: top; padding: 2px 10px"
STATIC = "sizes without a bound: no static form"
CUTS = "at static sizes, what no graph can hold"


def _cell(file: str) -> str | None:
    """What IPython calls a cell, which is a temporary file to others."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    named = shell.compile.format_code_name(file) if shell else None
    return " ".join(named) if named else None


@dataclass(frozen=True)
class Place:
    """A line of Python."""

    file: str
    line: int

    def __str__(self) -> str:
        cell = _cell(self.file)
        return f"{cell}, line {self.line}" if cell else f"{self.file}:{self.line}"

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


@dataclass(repr=False)
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
        lines += ["", *_section(STATIC, self.unbounded), *_section(CUTS, self.cuts)]
        return "\n".join(lines).rstrip() + "\n"

    __repr__ = __str__

    def html(self) -> str:
        """A part of a page, without anything from elsewhere."""
        title = f"host syncs per forward: {self.before} before, {self.after} after"
        rows = [
            (str(s.before), str(s.after), _text(s.kind), _line(s.place),
             "<br>".join(_text(r) for r in sorted(s.reasons)))
            for s in self.syncs
        ]  # fmt: skip
        table = _table(("before", "after", "kind", "where", "kept"), rows) if rows else ""
        found = "".join(_list(t, f) for t, f in ((STATIC, self.unbounded), (CUTS, self.cuts)))
        return f'<div class="capstan"><p><b>{title}</b></p>{table}{found}</div>'

    def _repr_html_(self) -> str:
        return self.html()


def _section(title: str, found: dict[str, list[Place]]) -> list[str]:
    lines = [f"{title}: {'none' if not found else ''}".rstrip()]
    for reason, places in found.items():
        lines.append(f"  {_counted(places)}{reason}")
        for place, count in Counter(places).most_common(3):
            lines.append(f"        {count} x {place}  {place.source}".rstrip())
    return [*lines, ""]


def _counted(places: list[Place]) -> str:
    return f"{len(places)} x " if places else ""


def _text(text: str) -> str:
    return html.escape(text)


def _line(place: Place) -> str:
    code = f"<br><code>{_text(place.source)}</code>" if place.source else ""
    return f"{_text(str(place))}{code}"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f'<{tag} style="{CELL}">{c}</{tag}>' for c in cells) + "</tr>"

    return f"<table>{row('th', names)}{''.join(row('td', r) for r in rows)}</table>"


def _list(title: str, found: dict[str, list[Place]]) -> str:
    """A reason with the lines that it is said of."""
    rows = [
        (
            f"{_counted(places)}{_text(reason)}",
            "<br>".join(f"{n} x {_line(p)}" for p, n in Counter(places).most_common(3)),
        )
        for reason, places in found.items()
    ]
    table = _table(("why", "where"), rows) if rows else ""
    return f"<p><b>{_text(title)}</b>{'' if rows else ': none'}</p>{table}"


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
    """What --capstan-pad-to-static refuses; some of it has no line."""
    reasons: dict[str, list[Place]] = {}
    for place, why in re.findall(r"^(?:(.+?): )?error: (.*)$", text, re.M):
        why = re.sub(r'^loc\(".*?"\): ', "", why)
        if why.startswith("the pipeline failed"):
            continue
        places = reasons.setdefault(why, [])
        if at := re.fullmatch(r"(.+):(\d+):\d+", place):
            places += [Place(at[1], int(at[2]))] if at[1] != "<unknown>" else []
    return reasons or {text.splitlines()[0]: []}

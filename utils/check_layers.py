#!/usr/bin/env python3
"""Checks that includes follow the layers: arrows point one way.

    Dialect, Interfaces <- Analysis <- Transforms, Conversion <- Pipelines <- tools, C API

Transforms and Conversion never include each other, Verify sees the dialect and
the interfaces only, so that what it accepts doesn't rest on the code it checks,
the runtime never includes the compiler, and the compiler's libraries include of
the runtime only capstan_rt/entry_points.def. Report sees analyses, no passes. Tools may use both.
"""

import argparse
import re
import sys
from pathlib import Path

BASE = {"Dialect", "Interfaces"}
PASSES = BASE | {"Analysis"}

# What a layer may include, besides itself.
MAY_INCLUDE = {
    "Dialect": BASE,
    "Interfaces": BASE,
    "Analysis": BASE,
    "Transforms": PASSES,
    "Conversion": PASSES,
    "Verify": BASE,
    "Target": BASE,
    "Report": PASSES,
    "Pipelines": PASSES | {"Transforms", "Conversion"},
    "runtime": set(),
}
# Everything above the pipelines: tools, plugin, C API, python.
TOP = "top"

SOURCES = {".h", ".c", ".cpp", ".cu", ".cuh", ".inc", ".def", ".td"}
ROOTS = ("include", "lib", "runtime", "tools", "python")
CONTRACT = "capstan_rt/entry_points.def"
INCLUDE = re.compile(r'^\s*#?\s*include\s*[<"](?P<path>[^>"]+)[>"]', re.MULTILINE)


def layer_of_file(path: Path) -> str:
    """The layer of a source file, by its path below the root of the tree."""
    match path.parts:
        case ("runtime", *_):
            return "runtime"
        case ("include", "capstan", "InitAll.h"):
            return "Pipelines"
        case ("include", "capstan", layer, *_) | ("lib", layer, *_) if layer in MAY_INCLUDE:
            return layer
    return TOP


def layer_of_include(included: str) -> str | None:
    """The layer an include reaches into; None if it isn't Capstan's."""
    match Path(included).parts:
        case ("capstan_rt", *_):
            return "runtime"
        case ("capstan", "InitAll.h"):
            return "Pipelines"
        case ("capstan", layer, _, *_) if layer in MAY_INCLUDE:
            return layer
        case ("capstan" | "capstan-c", *_):
            return TOP
    return None


def resolve(root: Path, file: Path, included: str) -> str:
    """Spells an include relative to the file (`../Analysis/X.h`) as from the root."""
    target = (file.parent / included).resolve()
    if not target.is_file() or not target.is_relative_to(root):
        return included
    match target.relative_to(root).parts:
        case ("include", *rest) | ("runtime", "include", *rest):
            return "/".join(rest)
        case ("lib", *rest):
            return "/".join(("capstan", *rest))
        case ("runtime", *rest):
            return "/".join(("capstan_rt", *rest))
    return included


def violation(layer: str, included: str) -> str | None:
    """Why a file of this layer may not include this, or None."""
    target = layer_of_include(included)
    if target is None or target == layer:
        return None
    if target == "runtime" and layer == TOP:
        return None
    if target == "runtime":
        return None if included == CONTRACT else f"of the runtime only {CONTRACT} may be included"
    if layer == TOP:
        return None
    if layer == "runtime":
        return "the runtime includes nothing of the compiler"
    if target not in MAY_INCLUDE[layer]:
        return f"{layer} may not include {'an API' if target == TOP else target}"
    return None


def check(root: Path) -> list[str]:
    problems = []
    for top in ROOTS:
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SOURCES or not file.is_file():
                continue
            layer = layer_of_file(file.relative_to(root))
            text = file.read_text()
            for match in INCLUDE.finditer(text):
                reason = violation(layer, resolve(root, file, match["path"]))
                if reason:
                    line = text.count("\n", 0, match.start("path")) + 1
                    where = f"{file.relative_to(root)}:{line}"
                    problems.append(f"{where}: error: {reason}: {match['path']}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent
    )
    problems = check(parser.parse_args().root.resolve())
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

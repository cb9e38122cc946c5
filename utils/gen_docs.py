#!/usr/bin/env python3
"""Writes docs/generated from TableGen; with --check, says whether it is stale."""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "docs" / "generated"
LLVM = Path("/usr/lib/llvm-22")


def tblgen(td: Path, *flags: str) -> str:
    includes = ["-I", ROOT / "include", "-I", LLVM / "include"]
    command = [LLVM / "bin" / "mlir-tblgen", *flags, td, *includes]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def generate() -> dict[str, str]:
    """The text of every page, by file name."""
    include = ROOT / "include" / "capstan"
    pages = {
        "CapstanDialect.md": tblgen(
            include / "Dialect" / "CapstanOps.td", "-gen-dialect-doc", "-dialect=capstan"
        ),
    }
    for name in ("DeviceContextOps", "GraphOps"):
        pages[f"{name}.md"] = tblgen(include / "Dialect" / f"{name}.td", "-gen-op-doc")
    for td in sorted((include / "Interfaces").glob("*.td")):
        pages[f"{td.stem}.md"] = tblgen(td, "-gen-op-interface-docs")
    for layer in ("Transforms", "Conversion"):
        td = include / layer / "Passes.td"
        if td.exists():
            pages[f"{layer}Passes.md"] = tblgen(td, "-gen-pass-doc")
    return pages


def stale(pages: dict[str, str]) -> list[str]:
    """What differs between the pages and docs/generated, one line each."""
    old = {path.name: path.read_text() for path in GENERATED.glob("*.md")}
    return [
        f"docs/generated/{name} is {'missing' if name not in old else 'stale'}"
        for name, text in pages.items()
        if old.get(name) != text
    ] + [f"docs/generated/{name} has no source" for name in old if name not in pages]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()

    pages = generate()
    if args.check:
        problems = stale(pages)
        if problems:
            print(*problems, "run `./dev docs`", sep="\n")
        return 1 if problems else 0

    GENERATED.mkdir(parents=True, exist_ok=True)
    for path in GENERATED.glob("*.md"):
        path.unlink()
    for name, text in pages.items():
        (GENERATED / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where Capstan's programs are: on PATH, or in the build tree beside the sources."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build"


class ToolError(Exception):
    """A program of Capstan failed; the text is what it said."""


def find(name: str) -> Path:
    built = BUILD / "bin" / name
    found = shutil.which(name) or (built if built.exists() else None)
    if found is None:
        raise ToolError(f"no program {name} on PATH or in {built.parent}; ./dev build makes it")
    return Path(found)


def runtime_library() -> Path:
    """libcapstan_rt.so.0, beside the programs."""
    library = find("capstan-compile").resolve().parent.parent / "lib" / "libcapstan_rt.so.0"
    if not library.exists():
        raise ToolError(f"no runtime at {library}")
    return library


def run(name: str, *arguments: str | Path, text: str | None = None) -> str:
    """What the program prints. Fails with what it says on standard error."""
    return _run(name, arguments, text).stdout


def remarks(name: str, *arguments: str | Path, text: str | None = None) -> str:
    """What the program says on standard error, if it succeeds."""
    return _run(name, arguments, text).stderr


def _run(name: str, arguments: tuple, text: str | None) -> subprocess.CompletedProcess:
    command = [str(find(name)), *map(str, arguments)]
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode:
        raise ToolError(f"{name}: {result.stderr.strip() or f'status {result.returncode}'}")
    return result

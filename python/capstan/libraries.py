"""Where Capstan's shared libraries are: in the installed package, or in the build tree."""

from __future__ import annotations

from pathlib import Path

COMPILER = "libcapstan_compiler.so.0"
RUNTIME = "libcapstan_rt.so.0"

PACKAGE = Path(__file__).resolve().parent
FOLDERS = (PACKAGE / "lib", PACKAGE.parents[1] / "build" / "lib")


def find(name: str) -> Path:
    for folder in FOLDERS:
        if (folder / name).exists():
            return folder / name
    looked = " and ".join(map(str, FOLDERS))
    raise FileNotFoundError(f"no {name} in {looked}; ./dev build and pip install . make it")

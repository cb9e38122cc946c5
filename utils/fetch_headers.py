#!/usr/bin/env python3
"""Fetches the headers that the backend 'cuda' is built with, of NVIDIA's packages on PyPI.

    utils/fetch_headers.py FOLDER

Wheels are hundreds of megabytes, the headers in them a few: only these are read, by HTTP ranges.
What is fetched is compared with checksums below. Standard library only: ./dev runs it first.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import sys
import urllib.request
import zipfile
from pathlib import Path

# Package and version, the wheel's name, where headers are in it, and SHA-256 of their names and
# contents in order of names.
HEADERS = (
    (
        "nvidia-cuda-runtime",
        "13.0.96",
        "manylinux2014_x86_64",
        "nvidia/cu13/include/",
        "3c24a0dbb84c102feeb1bdba0b8c65432a8d88826af91568060a62382fc4df75",
    ),
    (
        "nvidia-cuda-crt",
        "13.0.88",
        "manylinux2014_x86_64",
        "nvidia/cu13/include/",
        "305e73efb378bf47094f516d4ee47918ce38a6ae907c2112fdc897bd7addba58",
    ),
    (
        "nvidia-cudnn-cu13",
        "9.19.0.56",
        "manylinux_2_27_x86_64",
        "nvidia/cudnn/include/",
        "bd6b5d6a85867d0f075035b8c4766a22181445a4d5cb726b7977dd681e5a5460",
    ),
    (
        "nvidia-cudnn-frontend",
        "1.32.0",
        "cp311-cp311-manylinux",
        "include/",
        "902694d9f72eab29623f74ad9e7697413301c9b2f3045f99d9d467af3f532902",
    ),
)


class Remote(io.RawIOBase):
    """A file on a server, read where it is asked for."""

    def __init__(self, url: str, size: int) -> None:
        self.url, self.size, self.at = url, size, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: memoryview) -> int:
        end = min(self.at + len(buffer), self.size)
        if end <= self.at:
            return 0
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={self.at}-{end - 1}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            if answer.status != 206:
                sys.exit(f"fetch_headers: {self.url} can't be read in parts")
            data = answer.read()
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)


def open_wheel(package: str, version: str, tag: str) -> zipfile.ZipFile:
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = urllib.request.Request(f"{index}/{package}/", headers=accept)
    with urllib.request.urlopen(page, timeout=60) as answer:
        files = json.load(answer)["files"]
    start = f"{package.replace('-', '_')}-{version}-"
    for file in files:
        name = file["filename"]
        if name.startswith(start) and tag in name and name.endswith("x86_64.whl"):
            remote = io.BufferedReader(Remote(file["url"], file["size"]), buffer_size=1 << 20)
            return zipfile.ZipFile(remote)
    sys.exit(f"fetch_headers: PyPI has no wheel of {package} {version}, {tag}")


def fetch(package: str, version: str, tag: str, folder: str, checksum: str, to: Path) -> None:
    digest = hashlib.sha256()
    with open_wheel(package, version, tag) as wheel:
        # Neighbours in the file are read at once.
        members = [
            m
            for m in wheel.infolist()
            if m.filename.startswith(folder) and re.search(r"\.(h|hpp)$", m.filename)
        ]
        contents = {
            m.filename.removeprefix(folder): wheel.read(m)
            for m in sorted(members, key=lambda m: m.header_offset)
        }
    for name in sorted(contents):
        digest.update(name.encode() + b"\0" + contents[name])
    if digest.hexdigest() != checksum:
        sys.exit(f"fetch_headers: {package} {version} has checksum {digest.hexdigest()}")
    for name, data in contents.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for package, version, tag, where, checksum in HEADERS:
        fetch(package, version, tag, where, checksum, folder)


if __name__ == "__main__":
    main()

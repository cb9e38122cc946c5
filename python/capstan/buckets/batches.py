"""Batches: read from a table, or packed from documents' lengths."""

from __future__ import annotations

import bisect
import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DIMS = ("T", "B", "longest")  # tokens, documents, longest document
COUNT = "count"


class InputError(Exception):
    """What is wrong with a file or an option, and where."""


@dataclass(frozen=True)
class Batches:
    """Different batches, and how often each occurred."""

    shapes: np.ndarray  # int64[n, 3], in the order of DIMS
    counts: np.ndarray  # int64[n]

    @staticmethod
    def of(rows: Iterable[Sequence[int]], counts: Iterable[int] | None = None) -> Batches:
        shapes = np.array([*rows], np.int64).reshape(-1, len(DIMS))
        weights = np.ones(len(shapes), np.int64) if counts is None else np.array([*counts])
        shapes, place = np.unique(shapes, axis=0, return_inverse=True)
        return Batches(shapes, np.bincount(place.ravel(), weights, len(shapes)).astype(np.int64))


def number(text: object, where: str) -> int:
    try:
        value = int(str(text))
    except ValueError:
        raise InputError(f"{where}: not a whole number: {text!r}") from None
    if not 0 <= value < 2**31:
        raise InputError(f"{where}: out of range: {value}")
    return value


def rows_of_csv(path: Path) -> Iterator[tuple[str, dict]]:
    with path.open(newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        for row in reader:
            yield f"{path}:{reader.line_num}", row


def rows_of_json(path: Path) -> Iterator[tuple[str, dict]]:
    try:
        rows = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: not a list of objects with T, B and longest")
    for i, row in enumerate(rows):
        yield f"{path}: batch {i}", row


def read_batches(path: str | Path) -> Batches:
    """A table with columns T, B, longest, and count if a row stands for several batches.

    CSV with a header, or JSON: a list of objects. InputError says which row is wrong.
    """
    path = Path(path)
    shapes, counts = [], []
    try:
        rows = rows_of_json(path) if path.suffix == ".json" else rows_of_csv(path)
        for where, row in rows:
            if missing := [name for name in DIMS if row.get(name) is None]:
                raise InputError(f"{where}: no {', '.join(missing)}")
            tokens, documents, longest = (number(row[d], f"{where}, {d}") for d in DIMS)
            if longest > tokens:
                raise InputError(f"{where}: a document of {longest} in {tokens} tokens")
            if tokens > documents * longest:
                raise InputError(
                    f"{where}: {documents} documents of up to {longest} don't make {tokens} tokens"
                )
            shapes.append((tokens, documents, longest))
            counts.append(number(row.get(COUNT) or 1, f"{where}, {COUNT}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not sum(counts):
        raise InputError(f"{path}: no batches")
    return Batches.of(shapes, counts)


def read_lengths(path: str | Path) -> list[int]:
    """Documents' lengths in tokens, one a line."""
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    lengths = [number(t, f"{path}:{i}") for i, t in enumerate(lines, 1) if t.strip()]
    if not lengths:
        raise InputError(f"{path}: no lengths")
    return lengths


def pack(lengths: Sequence[int], tokens: int, rule: str = "in-order") -> Batches:
    """Packs documents into batches of at most `tokens`.

    in-order      a batch ends before the document that it can't hold
    best-fit      longest documents first, each into the fullest batch that holds it
    """
    for i, length in enumerate(lengths):
        if length > tokens:
            raise InputError(f"document {i} has {length} tokens; a batch holds {tokens}")
    if rule == "in-order":
        return Batches.of(in_order(lengths, tokens))
    if rule == "best-fit":
        return Batches.of(best_fit(lengths, tokens))
    raise InputError(f"no packing rule {rule!r}: in-order or best-fit")


def in_order(lengths: Sequence[int], tokens: int) -> Iterator[tuple[int, int, int]]:
    total = documents = longest = 0
    for length in lengths:
        if total + length > tokens:
            yield total, documents, longest
            total = documents = longest = 0
        total, documents, longest = total + length, documents + 1, max(longest, length)
    yield total, documents, longest


def best_fit(lengths: Sequence[int], tokens: int) -> Iterator[tuple[int, int, int]]:
    room: list[tuple[int, int]] = []  # (tokens left, batch), sorted
    batches: list[list[int]] = []
    for length in sorted(lengths, reverse=True):
        at = bisect.bisect_left(room, (length, 0))
        if at < len(room):
            left, batch = room.pop(at)
        else:
            left, batch = tokens, len(batches)
            batches.append([])
        batches[batch].append(length)
        bisect.insort(room, (left - length, batch))
    for batch in batches:
        yield sum(batch), len(batch), batch[0]

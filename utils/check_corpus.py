#!/usr/bin/env python3
"""Runs the host-sync pipeline on every file of the corpus and checks the result.

For each file and each form of the pipeline: capstan-verify must accept before
against after, and its own counts must be those of test/Corpus/expected.json.

    check_corpus.py --bin build/bin --corpus build/corpus [FILE...]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent

# The form of the pipeline, and the field of the table that bounds its result.
DISTINCT = "coalesce=false overlap=false eliminate=false"
PACKED = "overlap=false eliminate=false"
FORMS = {"distinct": DISTINCT, "packed": PACKED, "full": ""}


@dataclass
class Tools:
    opt: Path
    verify: Path

    def run(self, source: Path, options: str, output: Path) -> str | None:
        """Writes the pipeline's result; the error text if it fails."""
        command = [
            self.opt,
            source,
            "--allow-unregistered-dialect",
            f"--capstan-host-sync-pipeline={options}",
            "--mlir-print-op-generic",
            "-o",
            output,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr.strip() or "capstan-opt failed"

    def prove(self, before: Path, after: Path) -> dict:
        done = subprocess.run(
            [self.verify, before, after, "--json"], capture_output=True, text=True
        )
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return {"status": "failed", "reason": done.stderr.strip()[-400:]}


def check_counts(form: str, row: dict, proof: dict) -> str | None:
    """Why verify's counts are not those of the table, or None."""
    if proof["before_static"] != row["syncs_before"]:
        return f"{proof['before_static']} syncs before, the table says {row['syncs_before']}"
    after = proof["after_static"]
    if form == "distinct" and after != row["distinct"]:
        return f"{after} syncs after, the table says {row['distinct']}"
    if form == "packed" and not after <= row["transfers_at_most"]:
        return f"{after} transfers after, the table allows {row['transfers_at_most']}"
    if form == "full" and not after <= row["transfers_at_most"]:
        return f"{after} syncs after the full pipeline, the table allows {row['transfers_at_most']}"
    return None


def check_file(tools: Tools, source: Path, row: dict, scratch: Path) -> list[str]:
    """One line for each form; a line that starts with FAIL failed."""
    lines = []
    for form, options in FORMS.items():
        after = scratch / f"{source.stem}.{form}.mlir"
        problem = tools.run(source, options, after)
        proof: dict = {}
        if problem is None:
            proof = tools.prove(source, after)
            if proof.get("status") != "accepted":
                problem = f"verify: {proof.get('status')}: {proof.get('reason')}"
            else:
                problem = check_counts(form, row, proof)
        if problem is None and form == "distinct":
            again = scratch / f"{source.stem}.again.mlir"
            problem = tools.run(after, options, again)
            if problem is None and again.read_bytes() != after.read_bytes():
                problem = "a second run changes the result"
        if problem is None and form == "distinct" and "_shared" in source.name:
            # Hand-made: nothing may change.
            same = scratch / f"{source.stem}.same.mlir"
            stage_off = " ".join(f"{s}=false" for s in ("merge", "promote", "hoist"))
            problem = tools.run(source, f"{stage_off} {DISTINCT}", same)
            if problem is None and same.read_bytes() != after.read_bytes():
                problem = "the hand-made form changed"
        counts = f"{proof.get('before_static', '?'):>4} -> {proof.get('after_static', '?'):>4}"
        verdict = "ok  " if problem is None else "FAIL"
        lines.append(f"{verdict} {source.name:<42} {form:<9} {counts}  {problem or ''}".rstrip())
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--bin", type=Path, default=SOURCE / "build/bin")
    parser.add_argument("--corpus", type=Path, default=SOURCE / "build/corpus")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()

    table = json.loads((SOURCE / "test/Corpus/expected.json").read_text())["files"]
    names = args.files or sorted(table)
    present = sorted(path.name for path in args.corpus.glob("*.mlir"))
    if not args.files and present != names:
        print(f"FAIL the corpus has {present}, the table {names}")
        return 1
    tools = Tools(args.bin / "capstan-opt", args.bin / "capstan-verify")
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(
            lambda name: check_file(tools, args.corpus / name, table[name], Path(scratch)), names
        )
        lines = [line for result in results for line in result]
    print("\n".join(lines))
    failed = sum(line.startswith("FAIL") for line in lines)
    print(f"{len(names)} files, {len(lines)} proofs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

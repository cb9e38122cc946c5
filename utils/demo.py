#!/usr/bin/env python3
"""The main job on real models: takes the host syncs out, and proves the result.

Each model of test/Corpus is compiled with the host-sync pipeline; capstan-verify
then compares the program before and after, and counts the syncs of both. Those in
EXECUTED are then compiled to machine code and run on this machine, both ways, with
random weights: the runtime counts the syncs, and the outputs must be the same bits.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = {
    "llama3_2_1b_max_item": "Llama-3.2-1B, 16 layers",
    "llama3_2_1b_guarded": "Llama-3.2-1B, reads under a condition",
    "llama3_2_1b_mutated_inplace": "Llama-3.2-1B, lengths change in place",
    "llama3_2_1b_linalg_scf_for": "Llama-3.2-1B, layers in a loop",
    "qwen3_0_6b_linalg_padded_calls": "Qwen3-0.6B, layers in a function",
    "qwen3_0_6b_sync3": "Qwen3-0.6B, three kinds of reads, 28 layers",
    "qwen3_0_6b_train_ckpt": "Qwen3-0.6B, training step, checkpointed",
    "qwen3_moe_tolist": "Qwen3-30B-A3B, routing read in each layer",
}


# At their real sizes: the inputs of two documents with 64 tokens in all.
EXECUTED = {
    "qwen3_0_6b_linalg_scf_for": "Qwen3-0.6B, 28 layers in a loop",
    "qwen3_0_6b_linalg_padded_calls": "Qwen3-0.6B, 28 calls of a layer",
}
INPUTS = [
    "*=random:1:-0.05:0.05",
    "arg0=random:2:0:151936",
    "arg1=random:3:0:44",
    "arg2=[20, 44]",
]


@dataclass
class Outcome:
    before: int
    after: int
    proof: str
    seconds: float


def compile_and_prove(bin_dir: Path, source: Path, result: Path) -> Outcome:
    start = time.monotonic()
    subprocess.run(
        [
            bin_dir / "capstan-opt",
            source,
            "--allow-unregistered-dialect",
            "--capstan-host-sync-pipeline",
            "-o",
            result,
        ],
        check=True,
    )
    seconds = time.monotonic() - start
    # A rejection exits with an error, but its report is on stdout all the same.
    verify = subprocess.run(
        [bin_dir / "capstan-verify", source, result, "--json"], text=True, stdout=subprocess.PIPE
    )
    report = json.loads(verify.stdout)
    return Outcome(
        report["before_per_forward"], report["after_per_forward"], report["status"], seconds
    )


def run(bin_dir: Path, source: Path, tmp: Path) -> bool:
    """Prints a row: the syncs of a forward, and whether the outputs are the same."""
    libraries = []
    start = time.monotonic()
    for pipeline in (0, 1):
        libraries.append(tmp / f"{source.stem}-{pipeline}.so")
        option = f"--host-sync-pipeline={pipeline}"
        command = [bin_dir / "capstan-compile", source, option, "-o", libraries[-1]]
        subprocess.run(command, check=True)
    seconds = (time.monotonic() - start) / 2
    stats = tmp / "stats.json"
    command = [bin_dir / "capstan-run", *libraries, f"--stats={stats}", "--tolerance=0"]
    command[2] = f"--compare={libraries[1]}"
    command += [f"--input={i}" for i in INPUTS] + ["--shape=arg0=1x64", "--shape=arg1=1x64"]
    status = subprocess.run(command, stdout=subprocess.DEVNULL)
    before = json.loads(stats.read_text()) if stats.exists() else {}
    if status.returncode and "compared" not in before:
        print(f"{source.stem:<32} capstan-run failed")
        return False
    syncs = [
        run["forward"]["blocking_syncs"] + run["forward"]["overlapped_syncs"]
        for run in (before, before["compared"])
    ]
    print(
        f"{source.stem:<32}{syncs[0]:>6}{syncs[1]:>7}  "
        f"{'differ' if status.returncode else 'equal':<10}{seconds:>6.2f} s  "
        f"{EXECUTED[source.stem]}, forward {min(before['compared']['seconds']):.2f} s",
        flush=True,
    )
    return status.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    args = parser.parse_args()

    accepted = True
    print(f"{'model':<32}{'syncs':>6}{'after':>7}  {'proof':<10}{'compile':>8}")
    with tempfile.TemporaryDirectory() as tmp:
        for name in args.models:
            source = args.build / "corpus" / f"{name}.mlir"
            try:
                outcome = compile_and_prove(args.build / "bin", source, Path(tmp) / "after.mlir")
            except (OSError, subprocess.CalledProcessError, json.JSONDecodeError) as error:
                print(f"{name:<32} {error}")
                accepted = False
                continue
            accepted &= outcome.proof == "accepted"
            print(
                f"{name:<32}{outcome.before:>6}{outcome.after:>7}  {outcome.proof:<10}"
                f"{outcome.seconds:>6.2f} s  {MODELS.get(name, '')}",
                flush=True,
            )
        if args.models == list(MODELS):
            print(f"\n{'run on this machine':<32}{'syncs':>6}{'after':>7}  {'outputs':<10}")
            for name in EXECUTED:
                source = args.build / "corpus" / f"{name}.mlir"
                accepted &= run(args.build / "bin", source, Path(tmp))
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The main job on real models: takes the host syncs out, and proves the result.

Each model of test/Corpus is compiled with the host-sync pipeline; capstan-verify
then compares the program before and after, and counts the syncs of both.
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
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())

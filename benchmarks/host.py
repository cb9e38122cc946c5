#!/usr/bin/env python3
"""A forward of a whole model on the host: ours against PyTorch eager, in one run.

    benchmarks/host.py --torch-python PYTHON [--model qwen3_0_6b_linalg_scf_for]

PYTHON has torch, transformers, safetensors and numpy. Both sides get the same weights, the
same batch (256 tokens in four documents by default) and the same number of threads, and
take turns; the least of --repeat forwards counts. Prints our time, PyTorch's, the ratio, the
error, the compile time, and the peak memory of both processes (weights included, which both
map from a file or hold once).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_torch(python: Path, source: Path, out: Path, args: argparse.Namespace) -> dict:
    command = [python, ROOT / "utils/torch_reference.py", source, "--out", out]
    command += ["--lengths", args.lengths, "--repeat", str(args.repeat), "--json"]
    command += ["--threads", str(args.threads)]
    result = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout.splitlines()[-1])


def run_ours(bin_dir: Path, library: Path, data: Path, args: argparse.Namespace) -> dict:
    stats = data / "stats.json"
    command = [bin_dir / "capstan-run", library, f"--stats={stats}"]
    command += [f"--input={data / name}" for name in ("weights.safetensors", "inputs.npz")]
    command += [f"--repeat={args.repeat}", f"--threads={args.threads}"]
    command += [f"--compare={data / 'expected.npz'}"]
    result = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    print(result.stdout.splitlines()[-1])
    return json.loads(stats.read_text())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--model", default="qwen3_0_6b_linalg_scf_for")
    parser.add_argument("--lengths", default="100,28,120,8", help="tokens of each document")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2, help="turns of each side")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--data", type=Path, help="keeps weights and references here")
    args = parser.parse_args()

    source = args.build / "corpus" / f"{args.model}.mlir"
    with tempfile.TemporaryDirectory() as tmp:
        data = args.data or Path(tmp)
        data.mkdir(parents=True, exist_ok=True)
        library = data / "model.so"
        start = time.monotonic()
        command = [args.build / "bin/capstan-compile", source, "-o", library]
        subprocess.run(command, check=True)
        compile_seconds = time.monotonic() - start
        theirs, ours = [], []
        for _ in range(args.rounds):
            theirs.append(run_torch(args.torch_python, source, data, args))
            ours.append(run_ours(args.build / "bin", library, data, args))
    seconds = [min(s for run in side for s in run["seconds"]) for side in (ours, theirs)]
    memory = [max(run["peak_resident_bytes"] for run in side) / 2**30 for side in (ours, theirs)]
    tokens = sum(map(int, args.lengths.split(",")))
    print(f"{args.model}, {tokens} tokens, {args.threads} threads, torch {theirs[0]['torch']}")
    print(f"{'':<16}{'ours':>10}{'PyTorch':>10}{'ratio':>8}")
    print(f"{'forward, ms':<16}{seconds[0] * 1e3:>10.0f}{seconds[1] * 1e3:>10.0f}", end="")
    print(f"{seconds[0] / seconds[1]:>7.2f}x")
    print(f"{'peak, GiB':<16}{memory[0]:>10.2f}{memory[1]:>10.2f}{memory[0] / memory[1]:>7.2f}x")
    print(f"compiled in {compile_seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What the graphs of several buckets hold: each bucket alone, and all of them together.

    CAPSTAN_RT=build/lib/libcapstan_rt.so benchmarks/bucket_memory.py [--model NAME]

The model, of the corpus, is made small (utils/shrink_model.py) and gets random weights;
batches are random, too. The runtime counts the device memory that graphs hold after each
bucket was captured. Staging is the largest bucket's padded inputs. Fails if together they
hold more than the largest alone and its staging. Wants capstan-opt and capstan-compile on
PATH, and NumPy. No time is measured.
"""

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "test" / "Execution" / "Inputs"))
import numpy as np
from dispatched import optimize
from module import Module
from packed import batch, declare

ROOT = Path(__file__).resolve().parent.parent
BYTES = {"i64": 8, "i32": 4, "f32": 4}


def staged_bytes(text: str) -> int:
    """Of the inputs that the clones pad, in the largest of them."""
    clones = re.findall(r"func\.func private @main_T\d+_B\d+\((.*?)\) ->", text)
    padded = r"tensor<([0-9x]+)x(\w+)> \{capstan\.live = \[[^]]*#capstan\.dim"
    return max(
        sum(
            math.prod(map(int, shape.split("x"))) * BYTES[element]
            for shape, element in re.findall(padded, clone)
        )
        for clone in clones
    )


class Model:
    def __init__(self, path: Path):
        self.text = declare(path.read_text())
        signature = self.text[: self.text.index('sym_name = "main"')]
        signature = signature[signature.rindex("function_type = ") :].split("->")[0]
        shapes = re.findall(r"tensor<([0-9x]+)xf32>", signature)
        self.rng = np.random.default_rng(1)
        self.weights = [
            (self.rng.standard_normal([int(n) for n in shape.split("x")]) * 0.2).astype(np.float32)
            for shape in shapes
        ]

    def measure(self, buckets: list[tuple[int, int]]) -> tuple[int, int]:
        """Bytes that graphs hold once all buckets are captured, and staging."""
        option = ",".join(f"T={t}/B={b}" for t, b in buckets)
        pipeline = f"--capstan-static-shape-pipeline=buckets={option} fallback=false"
        text = optimize(self.text, "--capstan-host-sync-pipeline", pipeline)
        module = Module(text)
        for tokens, documents in buckets * 3:
            lengths = np.full(documents, tokens // documents, np.int32)
            lengths[0] += tokens - lengths.sum()
            module("main", *batch(self.rng, lengths, words=256), *self.weights)
        counted = module.counters(total=True)
        assert counted["graph_captures"] == len(buckets), counted
        assert counted["graph_replays"] == 2 * len(buckets), counted
        return counted["graph_bytes"], staged_bytes(text)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="qwen3_0_6b_linalg_scf_for")
    parser.add_argument("--corpus", type=Path, default=ROOT / "build" / "corpus")
    parser.add_argument("--buckets", default="T=64/B=4,T=128/B=8,T=256/B=16,T=512/B=32")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    buckets = [(int(t), int(b)) for t, b in re.findall(r"T=(\d+)/B=(\d+)", args.buckets)]

    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.mlir"
        command = [sys.executable, ROOT / "utils" / "shrink_model.py"]
        subprocess.run([*command, args.corpus / f"{args.model}.mlir", "-o", small], check=True)
        model = Model(small)
        alone = [model.measure([bucket])[0] for bucket in buckets]
        together, staging = model.measure(buckets)

    names = [f"T={t}/B={b}" for t, b in buckets]
    if args.json:
        figures = {"alone": dict(zip(names, alone, strict=True)), "together": together}
        print(json.dumps({**figures, "staging": staging}))
    else:
        print("| bucket | bytes of its graph |\n| --- | ---: |")
        for name, size in zip(names, alone, strict=True):
            print(f"| {name} | {size:,} |")
        print(f"| together | {together:,} |\n| their sum | {sum(alone):,} |")
        print(f"| staging of the largest | {staging:,} |")
    return 0 if together <= max(alone) + staging else 1


if __name__ == "__main__":
    sys.exit(main())

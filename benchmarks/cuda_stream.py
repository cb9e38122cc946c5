"""A stream of packed batches of all sizes through one model on a GPU: ours against PyTorch's ways.

    python benchmarks/cuda_stream.py compile FOLDER [STREAM...]   without a GPU
    python benchmarks/cuda_stream.py run FOLDER [STREAM...] [--peers PEER;...] [--json FILE]

Each batch has another number of tokens and documents and another longest document; lengths are
log-normal. Times are milliseconds a batch of a pass over all batches, from the first call to the
end of the last forward: padding and staging are inside. Peers that pad do so to our buckets, or to
one size; their padding is inside, too.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import capstan
import torch
from cuda_models import (
    SIZES,
    Decoder,
    compile_model,
    example,
    find_out_varlen,
    make_weights,
)
from cuda_timing import Results

MODEL = "qwen3-0.6b"
# Tokens from, to, batches, and the sizes of the buckets.
STREAMS = {
    "short": (512, 2048, 48, [768, 1024, 1280, 1536, 1792, 2048]),
    "long": (6144, 8192, 32, [6656, 7168, 7680, 8192]),
}
DOCUMENTS = 64


def batches(stream: str) -> list[list[int]]:
    """Lengths of the documents of each batch."""
    least, most, count, _ = STREAMS[stream]
    generator = random.Random(7)
    result = []
    for _ in range(count):
        tokens, lengths = generator.randint(least, most), []
        scale = generator.choice([4.2, 4.8, 5.4])
        while sum(lengths) < tokens:
            left = tokens - sum(lengths)
            length = max(1, round(generator.lognormvariate(scale, 0.8)))
            last = len(lengths) == DOCUMENTS - 1
            lengths.append(left if last else min(length, left))
        result.append(lengths)
    return result


def bucket_of(stream: str, tokens: int) -> int:
    return next(size for size in STREAMS[stream][3] if size >= tokens)


def compile_stream(stream: str, folder: Path) -> None:
    sizes = "/".join(f"T={size}" for size in STREAMS[stream][3])
    buckets = ",".join(f"T={size}/B={DOCUMENTS + 1}" for size in STREAMS[stream][3])
    compile_model(MODEL, buckets, folder / f"{stream}.so", f"{stream} ({sizes})")


def pass_ms(run: Callable[[dict], object], inputs: list) -> float:
    torch.cuda.synchronize()
    begin = time.perf_counter()
    for each in inputs:
        run(each)
    torch.cuda.synchronize()
    return (time.perf_counter() - begin) / len(inputs) * 1e3


def measure(
    label: str, run: Callable, inputs: list, ready: float, passes: int = 7
) -> dict[str, float]:
    """`ready`: seconds before the first batch."""
    first = pass_ms(run, inputs)
    steady = statistics.median(pass_ms(run, inputs) for _ in range(passes))
    print(
        f"  {label}: {steady:.2f} ms a batch; first pass {first:.2f} ms, {ready:.2f} s before it",
        flush=True,
    )
    return {"ms": steady, "first_ms": first, "ready": ready}


class Padded:
    """A decoder on a batch that is padded to one of some sizes."""

    def __init__(self, decode: Callable, sizes: list[int], hidden: int) -> None:
        self.decode, self.sizes = decode, sizes
        most = max(sizes)
        self.states = torch.zeros(most, hidden, device="cuda", dtype=torch.bfloat16)
        self.positions = torch.zeros(most, device="cuda", dtype=torch.int64)
        self.offsets = torch.zeros(DOCUMENTS + 1, device="cuda", dtype=torch.int32)

    def __call__(self, batch: tuple) -> torch.Tensor:
        hidden, positions, offsets, _ = batch
        tokens = hidden.shape[0]
        size = next(s for s in self.sizes if s >= tokens)
        states = self.states[:size].clone()
        states[:tokens] = hidden
        where = self.positions[:size].clone()
        where[:tokens] = positions
        sums = torch.full_like(self.offsets, tokens)
        sums[: offsets.shape[0]] = offsets
        return self.decode(states, where, sums, size)[:tokens]


def run_stream(stream: str, folder: Path, wanted: list[str], results: Results) -> None:
    weights = make_weights(MODEL)
    hidden = SIZES[MODEL][2]
    most, sizes = STREAMS[stream][1], STREAMS[stream][3]
    lists = batches(stream)
    tokens = [sum(lengths) for lengths in lists]
    print(f"{stream}: {len(lists)} batches of {min(tokens)} to {max(tokens)} tokens, "
          f"{min(map(len, lists))} to {max(map(len, lists))} documents", flush=True)  # fmt: skip
    ours = [example(hidden, lengths, "cuda") for lengths in lists]
    theirs = [
        (b["inputs_embeds"][0], b["position_ids"][0], b["cu_seq_lens_q"], max(lengths))
        for b, lengths in zip(ours, lists, strict=True)
    ]
    with torch.no_grad():
        begin = time.perf_counter()
        model = capstan.Artifact(folder / f"{stream}.so", weights, gemm_cache=b"/tmp/gemms")
        loaded = time.perf_counter() - begin
        for size in sizes:  # each bucket runs once, and is captured
            full = example(hidden, [size // 4] * 4, "cuda")
            for _ in range(2):
                model(**full)
        model.synchronize()
        ready = time.perf_counter() - begin
        print(f"  load {loaded:.2f} s, first runs and captures {ready - loaded:.2f} s", flush=True)
        before = model.module.counters(total=True)
        found = measure("ours", lambda b: model(**b), ours, ready)
        results.add("stream", stream=stream, way="ours", **found)
        after = model.module.counters(total=True)
        print(f"  counters: { {k: v - before[k] for k, v in after.items() if v - before[k]} }")
        plain, packed = Decoder(MODEL, weights), Decoder(MODEL, weights, packed=True)
        exact = plain(*theirs[0])
        error = (model(**ours[0])[0][0].float() - exact.float()).norm() / exact.float().norm()
        print(f"  from eager: {float(error):.1e}", flush=True)

        def peer(label: str, make: Callable[[], Callable]) -> None:
            if wanted and label not in wanted:
                return
            try:
                torch._dynamo.reset()
                run = make()
                times = measure(label, lambda b: run(b), theirs, 0.0, passes=3)
                print(f"    {times['ms'] / found['ms']:.2f}x ours", flush=True)
                results.add("stream", stream=stream, way=label, **times)
            except Exception as error:
                print(f"  {label}: {type(error).__name__}: {str(error)[:200]}", flush=True)

        def compiled(decoder: Decoder, **options: object) -> Callable:
            torch._dynamo.config.cache_size_limit = 256
            return torch.compile(decoder, fullgraph=True, **options)

        def padded(sizes: list[int]) -> Callable[[], Callable]:
            def make() -> Callable:
                decode = compiled(packed, dynamic=False, mode="reduce-overhead")
                return Padded(decode, sizes, hidden)

            return make

        peer("eager", lambda: lambda b: plain(*b))
        peer("eager, sync per layer", lambda: lambda b: plain(*b[:3], None))
        peer("compile", lambda: (lambda f: lambda b: f(*b))(compiled(packed, dynamic=True)))
        peer("compile reduce-overhead", lambda: (lambda f: lambda b: f(*b))(
            compiled(packed, dynamic=True, mode="reduce-overhead")))  # fmt: skip
        peer("compile reduce-overhead, padded to one size", padded([most]))
        peer("compile reduce-overhead, padded to our buckets", padded(sizes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("compile", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("streams", nargs="*", default=list(STREAMS))
    parser.add_argument("--peers", default="", help="some of them; ';' alone for none")
    parser.add_argument("--json", type=Path, help="a file to which results are added")
    given = parser.parse_args()
    if given.what == "compile":
        given.folder.mkdir(parents=True, exist_ok=True)
        for stream in given.streams:
            compile_stream(stream, given.folder)
        return
    find_out_varlen()
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}", flush=True)
    for stream in given.streams:
        wanted = given.peers.split(";") if given.peers else []
        run_stream(stream, given.folder, wanted, Results(given.json))


if __name__ == "__main__":
    main()

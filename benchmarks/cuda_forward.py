"""Packed forwards of whole models on a GPU: ours against PyTorch's ways, in one run.

    python benchmarks/cuda_forward.py compile FOLDER [ROW...]   where the compiler is; no GPU needed
    python benchmarks/cuda_forward.py run FOLDER [ROW...] [--peers PEER;...] [--budget SECONDS]
        [--json FILE] [--profile]
    python benchmarks/cuda_forward.py memory|load FOLDER [ROW...] [--json FILE]

A row is a model, tokens and documents, such as qwen3-0.6b/2048/8. The boundary is the same for all:
hidden states in, final norm out; weights are random, of one seed, in bf16. Ours is the unmodified
Hugging Face model with a bucket of the row's size; the peers are a plain decoder with
`torch.nn.attention.varlen.varlen_attn`. Times are medians of events around a forward, in ms.

`memory` and `load` have a fresh process for each measurement: the device's memory that is in use
after three forwards, and the seconds until the first ones, with products timed and with them known.
FILE is added to, so that rows and peers can be spread over several runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import capstan
import cuda_limit
import cuda_models
import torch
from cuda_models import SIZES, Decoder, compile_model, example, make_weights, split
from cuda_timing import Results, median_ms

# The limit as it was measured elsewhere on an H200, in ms: products and attention, and with rows.
ROWS = {
    "qwen3-0.6b/512/4": (1.3, 1.5),
    "qwen3-0.6b/2048/8": (3.6, 4.1),
    "qwen3-0.6b/8192/32": (12.0, 14.1),
    "llama-3.2-1b/2048/8": (5.9, 6.5),
    "llama-3.2-1b/8192/32": (24.0, 26.4),
    "qwen3-14b-4l/2048/8": (7.7, 8.0),
    "qwen3-14b-4l/8192/32": (31.8, 33.1),
}
GEMM_CACHE = b"/tmp/gemms"
# Weights that a packed decoder has side by side.
UNPACKED = tuple(f".{x}_proj.weight" for x in ("q", "k", "v", "up", "gate"))


def compile_row(row: str, folder: Path) -> None:
    name, tokens, documents = parse(row)
    compile_model(name, f"T={tokens}/B={documents + 1}", folder / file_of(row), row)


def parse(row: str) -> tuple[str, int, int]:
    name, tokens, documents = row.split("/")
    return name, int(tokens), int(documents)


def file_of(row: str) -> str:
    return row.replace("/", "_") + ".so"


def in_graph(run: Callable[[], object]) -> Callable[[], object]:
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(2):
            run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def peers(name: str, weights: dict, batch: tuple) -> dict[str, Callable[[], Callable[[], object]]]:
    """What makes each of them."""
    hidden, positions, offsets, longest = batch
    plain, packed = Decoder(name, weights), Decoder(name, weights, packed=True)
    graph = lambda m: in_graph(lambda: m(hidden, positions, offsets, longest))  # noqa: E731
    made = {
        "eager, sync per layer": lambda: lambda: plain(hidden, positions, offsets, None),
        "eager, cached": lambda: lambda: plain(hidden, positions, offsets, longest),
        "eager, one graph": lambda: graph(plain),
        "eager packed, one graph": lambda: graph(packed),
    }
    for mode in ("default", "reduce-overhead", "max-autotune"):
        for label, model in (("", plain), (" packed", packed)):

            def compiled(model: Decoder = model, mode: str = mode) -> Callable[[], object]:
                options = {} if mode == "default" else {"mode": mode}
                f = torch.compile(model, fullgraph=True, dynamic=False, **options)
                return lambda: f(hidden, positions, offsets, longest)

            made[f"compile{label}, {mode}"] = compiled
    return made


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raises TimeoutError behind that time."""

    def over(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def host_us(model: capstan.Artifact, batch: dict[str, torch.Tensor], wait: bool) -> float:
    """What a call takes the host, on an idle GPU or on one that has work."""
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        model(**batch)
        times.append(time.perf_counter() - begin)
        if wait:
            model.synchronize()
    model.synchronize()
    return statistics.median(times) * 1e6


def print_kernels(run: Callable[[], object], count: int = 10) -> None:
    """Where the time goes, in microseconds a forward."""
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(count):
            run()
        torch.cuda.synchronize()
    rows = [(e.device_time_total / count, e.count / count, e.key) for e in profile.key_averages()]
    for us, calls, kernel in sorted(rows, reverse=True)[:24]:
        print(f"    {us:9.1f} us {calls:6.1f}  {kernel[:100]}", flush=True)


def find_limit(row: str, limit: cuda_limit.Limit) -> float:
    """Ours, or the table's where products and attention were faster there by more than 3 %."""
    libraries, with_rows = ROWS.get(row, (limit.libraries, limit.libraries + limit.rows))
    slower = limit.libraries > 1.03 * libraries
    held = with_rows if slower else limit.libraries + limit.rows
    print(f"  limit: products {limit.products:.3f} ms, attention {limit.attention:.3f}, rows "
          f"{limit.rows:.3f} at {limit.bandwidth / 1e12:.2f} TB/s; products and attention "
          f"{limit.libraries:.3f}, in the table {libraries}; so {held:.3f} ms"
          f"{' of the table' if slower else ''}", flush=True)  # fmt: skip
    return held


def run_row(
    row: str, folder: Path, wanted: list[str], budget: int, profile: bool, results: Results
) -> None:
    name, tokens, documents = parse(row)
    weights = make_weights(name)
    lengths = split(tokens, documents)
    batch = example(SIZES[name][2], lengths, "cuda")
    hidden, positions = batch["inputs_embeds"][0], batch["position_ids"][0]
    args = (hidden, positions, batch["cu_seq_lens_q"], max(lengths))
    with torch.no_grad():
        exact = Decoder(name, {k: w.float() for k, w in weights.items()})
        reference = exact(hidden.float(), *args[1:])
        eager = Decoder(name, weights)(*args)
        del exact

        def error(got: torch.Tensor) -> float:
            return float((got.float() - reference).norm() / reference.norm())

        print(f"{row}: eager's error {error(eager):.2e}", flush=True)
        limit = cuda_limit.measure(SIZES[name], weights, lengths, GEMM_CACHE)
        held = find_limit(row, limit)
        results.add("limit", row=row, held=held, **vars(limit))
        model = capstan.Artifact(folder / file_of(row), weights, gemm_cache=GEMM_CACHE)
        first = error(model(**batch)[0].view_as(eager))
        ours = median_ms(lambda: model(**batch))
        again = error(model(**batch)[0].view_as(eager))
        model.synchronize()
        counters = model.module.counters()
        idle, queued = host_us(model, batch, wait=True), host_us(model, batch, wait=False)
        print(f"  ours: {ours:.3f} ms, {ours / held:.3f}x the limit; error {first:.2e}, replayed "
              f"{again:.2e}", flush=True)  # fmt: skip
        print(f"  host: {idle:.0f} us, {queued:.0f} us while the GPU is busy", flush=True)
        print(f"  counters: { {k: v for k, v in counters.items() if v} }", flush=True)
        results.add("forward", row=row, way="ours", ms=ours, error=again, eager=error(eager))
        if profile:
            print_kernels(lambda: model(**batch))  # in the graph
            print(model.profile(**batch), flush=True)
        for label, make in peers(name, weights, args).items():
            if wanted and label not in wanted:
                continue
            try:
                torch._dynamo.reset()
                begin = time.perf_counter()
                with at_most(budget):
                    ms = median_ms(make())
            except Exception as problem:
                text = f"{type(problem).__name__}: {str(problem)[:200]}"
                print(f"  {label}: {text}", flush=True)
                results.add("forward", row=row, way=label, problem=text)
                continue
            took = time.perf_counter() - begin
            print(f"  {label}: {ms:.3f} ms, {ms / ours:.2f}x ours; {took:.0f} s", flush=True)
            results.add("forward", row=row, way=label, ms=ms)


# -- In processes of their own ------------------------------------------------


def used_bytes() -> int:
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info()
    return total - free


def memory_of(row: str, folder: Path, way: str) -> dict[str, int]:
    """Of the whole device, beyond what an idle context has; weights are in it once."""
    name, tokens, documents = parse(row)
    cuda_models.find_out_varlen()
    before = used_bytes()
    weights = make_weights(name)
    lengths = split(tokens, documents)
    batch = example(SIZES[name][2], lengths, "cuda")
    result = {"weights": sum(w.nbytes for w in weights.values())}
    with torch.no_grad():
        if way == "ours":
            model = capstan.Artifact(folder / file_of(row), weights, gemm_cache=GEMM_CACHE)
            run = lambda: model(**batch)  # noqa: E731
        else:
            args = (batch["inputs_embeds"][0], batch["position_ids"][0], batch["cu_seq_lens_q"])
            decoder = Decoder(name, weights, packed=True)
            decoder.w = {k: w for k, w in decoder.w.items() if not k.endswith(UNPACKED)}
            f = torch.compile(decoder, fullgraph=True, dynamic=False, mode="reduce-overhead")
            run = lambda: f(*args, max(lengths))  # noqa: E731
        del weights
        for _ in range(3):
            run()
        result["used"] = used_bytes() - before
    result["reserved by torch"] = torch.cuda.max_memory_reserved()
    if way == "ours":
        counters = model.module.counters(total=True)
        result["graphs"] = counters["graph_bytes"]
    return result


def phases_of(row: str, folder: Path, cache: str) -> dict[str, float]:
    """Seconds of each phase. The context, and the weights, are there before."""
    name, tokens, documents = parse(row)
    weights = make_weights(name)
    batch = example(SIZES[name][2], split(tokens, documents), "cuda")
    torch.cuda.synchronize()
    seconds, begin = {}, time.perf_counter()
    model = capstan.Artifact(folder / file_of(row), weights, gemm_cache=cache.encode())
    for phase in ("load and preparation", "first run", "capture", "replay"):
        if phase != "load and preparation":
            model(**batch)
            model.synchronize()
        now = time.perf_counter()
        seconds[phase], begin = now - begin, now
    return seconds


def alone(given: argparse.Namespace, what: str, row: str, way: str) -> dict:
    """What a fresh process measures."""
    command = [sys.executable, __file__, what, str(given.folder), row, "--way", way]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{what} of {row}, {way}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run_memory(given: argparse.Namespace, row: str, results: Results) -> None:
    for way in ("ours", "compile packed, reduce-overhead"):
        found = alone(given, "memory", row, way)
        text = ", ".join(f"{k} {v / 2**20:.0f}" for k, v in found.items())
        print(f"{row}, {way}: MiB: {text}", flush=True)
        results.add("memory", row=row, way=way, **found)


def run_load(given: argparse.Namespace, row: str, results: Results) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for known in (False, True):
            found = alone(given, "load", row, f"{folder}/gemms")
            text = ", ".join(f"{k} {v:.3f} s" for k, v in found.items())
            print(f"{row}, products {'known' if known else 'timed'}: {text}", flush=True)
            results.add("load", row=row, products_known=known, **found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("compile", "run", "memory", "load"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", nargs="*", default=list(ROWS))
    parser.add_argument("--peers", default="", help="some of them; ';' alone for none")
    parser.add_argument("--budget", type=int, default=240, help="seconds for each peer of a row")
    parser.add_argument("--profile", action="store_true", help="times of our kernels, too")
    parser.add_argument("--json", type=Path, help="a file to which results are added")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    given = parser.parse_args()
    results = Results(given.json)
    if given.what == "compile":
        given.folder.mkdir(parents=True, exist_ok=True)
        for row in given.rows:
            compile_row(row, given.folder)
        return
    if given.way:
        measure = memory_of if given.what == "memory" else phases_of
        print(json.dumps(measure(given.rows[0], given.folder, given.way)))
        return
    if given.what == "run":
        cuda_models.find_out_varlen()
        print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, varlen_attn with "
              f"{cuda_models.CAUSAL}{', heads expanded' if cuda_models.VARLEN_EXPANDS else ''}",
              flush=True)  # fmt: skip
    wanted = given.peers.split(";") if given.peers else []
    for row in given.rows:
        if given.what == "run":
            run_row(row, given.folder, wanted, given.budget, given.profile, results)
        elif given.what == "memory":
            run_memory(given, row, results)
        else:
            run_load(given, row, results)


if __name__ == "__main__":
    main()

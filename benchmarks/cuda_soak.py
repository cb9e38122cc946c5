"""Many replays with changing inputs on a GPU: results stay right, and nothing leaks.

    python benchmarks/cuda_soak.py compile FOLDER   without a GPU
    python benchmarks/cuda_soak.py run FOLDER [--short 1000000] [--full 20000] [--devices 1]

A one-layer model of 64 tokens, and Qwen3-0.6B of 512; batches of all sizes up to these take turns,
on each of the devices by a thread of its own. Fails if a result differs from that of the first
time, or if memory of the device or of the process grows.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import capstan
import torch
from cuda_models import SIZES, compile_model, example, make_weights

SIZES["one-layer"] = ("Qwen3", 1, 1024, 3072, 16, 8, 128, 1e6)
MODELS = {"one-layer": 64, "qwen3-0.6b": 512}
BATCHES = 16


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def soak(name: str, folder: Path, count: int, device: int) -> None:
    most = MODELS[name]
    with torch.cuda.device(device):
        weights = {k: v.to(f"cuda:{device}") for k, v in make_weights(name).items()}
        model = capstan.Artifact(folder / f"{name}.so", weights, f"cuda:{device}")
        batches = [
            example(SIZES[name][2], [1 + i, 2, most // 2 - i], f"cuda:{device}")
            for i in range(BATCHES)
        ]
        for _ in range(2):
            first = [model(**batch)[0].clone() for batch in batches]
        for i in range(2000):  # as many as the driver queues
            model(**batches[i % BATCHES])
        model.synchronize()
        before, resident = torch.cuda.mem_get_info(device)[0], resident_bytes()
        start, compared = time.perf_counter(), 0
        for i in range(count):
            result = model(**batches[i % BATCHES])[0]
            if i % 997 == 0:
                assert torch.equal(result, first[i % BATCHES]), f"{name}: replay {i} differs"
                compared += 1
        model.synchronize()
        seconds = time.perf_counter() - start
        grown = before - torch.cuda.mem_get_info(device)[0], resident_bytes() - resident
        totals = {k: v for k, v in model.module.counters(total=True).items() if v}
        print(
            f"{name} on cuda:{device}: {count} replays in {seconds:.0f} s, {compared} compared; "
            f"memory grew by {grown[0]} bytes of the device, {grown[1]} of the process\n  {totals}",
            flush=True,
        )
        assert grown[0] <= 0 and grown[1] < 64 << 20, f"{name} leaks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("compile", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--short", type=int, default=1_000_000)
    parser.add_argument("--full", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=1)
    given = parser.parse_args()
    if given.what == "compile":
        given.folder.mkdir(parents=True, exist_ok=True)
        for name, tokens in MODELS.items():
            compile_model(name, f"T={tokens}/B=5", given.folder / f"{name}.so", name)
        return
    for name, count in (("one-layer", given.short), ("qwen3-0.6b", given.full)):
        threads, failed = [], []

        def work(device: int, name=name, count=count, failed=failed) -> None:
            try:
                soak(name, given.folder, count, device)
            except Exception as error:
                failed.append(f"{type(error).__name__}: {error}")

        for device in range(given.devices):
            threads.append(threading.Thread(target=work, args=(device,)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        if failed:
            sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()

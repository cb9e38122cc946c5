"""Host time of a chain of Linear and RMSNorm on a GPU: ours against PyTorch, in one run.

    python benchmarks/cpu_overhead.py compile FOLDER   without a GPU
    python benchmarks/cpu_overhead.py run FOLDER

16 tokens of 1024, bf16: the GPU has little to do, so that the host's time is the time. Microseconds
of the host, medians: a forward from the call to its return, on an idle GPU. *Runtime* is the call
of the compiled module alone, from C; the rest of a call is Python.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import capstan
import torch

TOKENS, HIDDEN = 16, 1024
LAYERS = (1, 16, 64)


class Chain(torch.nn.Module):
    def __init__(self, layers: int, device: str) -> None:
        super().__init__()
        generator = torch.Generator(device).manual_seed(layers)

        def values(*shape: int) -> torch.nn.Parameter:
            t = torch.randn(*shape, generator=generator, device=device) / HIDDEN**0.5
            return torch.nn.Parameter(t.bfloat16(), requires_grad=False)

        self.linears = torch.nn.ParameterList(values(HIDDEN, HIDDEN) for _ in range(layers))
        self.norms = torch.nn.ParameterList(values(HIDDEN) for _ in range(layers))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for w, norm in zip(self.linears, self.norms, strict=True):
            x = torch.nn.functional.linear(x, w)
            f = x.float()
            f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)
            x = norm * f.to(x.dtype)
        return x


def compile_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for layers in LAYERS:
        x = torch.zeros(4, HIDDEN, dtype=torch.bfloat16)
        dims = ({0: torch.export.Dim("T", min=2, max=TOKENS)},)
        for graphs in ("true", "false"):
            module = capstan.export(Chain(layers, "cpu"), (x,), dynamic_shapes=dims)
            pipeline = f"capstan-static-shape-pipeline{{buckets=T={TOKENS} graphs={graphs}}}"
            library = module.compile(capstan.Options(pipeline=pipeline), "cuda")
            (folder / f"{layers}_{graphs}.so").write_bytes(library.read_bytes())


def host_us(run: Callable[[], object], count: int = 200) -> float:
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
        torch.cuda.synchronize()
    return statistics.median(times[count // 10 :]) * 1e6


class Timed:
    """An artifact whose calls of the runtime are timed."""

    def __init__(self, path: Path, weights: dict[str, torch.Tensor]) -> None:
        self.model = capstan.Artifact(path, weights, gemm_cache=b"/tmp/gemms")
        self.inner: list[float] = []
        start = self.model.module.start

        def timed(*arguments: object) -> object:
            begin = time.perf_counter()
            result = start(*arguments)
            self.inner.append(time.perf_counter() - begin)
            return result

        self.model.module.start = timed

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        (name,) = self.model.inputs
        return self.model(**{name: x})[0]

    def runtime_us(self) -> float:
        return statistics.median(self.inner[len(self.inner) // 10 :]) * 1e6


def run_all(folder: Path) -> None:
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}", flush=True)
    x = torch.randn(TOKENS, HIDDEN, device="cuda").bfloat16()
    for layers in LAYERS:
        chain = Chain(layers, "cuda")
        weights = dict(chain.named_parameters())
        want = chain(x).float()
        for graphs, label in (("false", "ours, graph off"), ("true", "ours, one graph")):
            ours = Timed(folder / f"{layers}_{graphs}.so", weights)
            error = float((ours(x).float() - want).norm() / want.norm())
            total, inner = host_us(lambda ours=ours: ours(x)), ours.runtime_us()
            counters = {k: v for k, v in ours.model.module.counters().items() if v}
            show(layers, label, total, f"; runtime {inner:.1f}, {inner / layers:.2f} a layer; "
                 f"from eager {error:.1e}; {counters}")  # fmt: skip
        with torch.no_grad():
            torch._dynamo.reset()
            peers = {"eager": chain, "compile": torch.compile(chain, dynamic=False)}
            for label, peer in peers.items():
                peer(x)
                show(layers, label, host_us(lambda peer=peer: peer(x)))


def show(layers: int, label: str, us: float, more: str = "") -> None:
    print(f"  {layers:2} layers, {label}: {us:.1f} us, {us / layers:.2f} a layer{more}", flush=True)


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    {"compile": compile_all, "run": run_all}[what](folder)


if __name__ == "__main__":
    main()

"""Host time of small models on a GPU: ours against the libraries alone, and against PyTorch.

    python benchmarks/cpu_overhead.py compile FOLDER   without a GPU
    python benchmarks/cpu_overhead.py run FOLDER

16 tokens of 1024, bf16: the GPU has little to do, so that the host's time is the time. Microseconds
of the host, medians: a forward from the call to its return, on an idle GPU. *Runtime* is the call
of the compiled module alone, from C; the rest of a call is Python.

What the libraries alone take is measured in the same forwards: `library_times.cpp` stands before
the driver, cuBLASLt and cuDNN, and times their functions. A call's time by the runtime is the
difference of 64 layers and 16, without the allocation of results.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import capstan
import torch
from cuda_limit import BY_LIBRARY

ROOT = Path(__file__).resolve().parent.parent
TOKENS, HIDDEN, HEADS = 16, 1024, 8
LAYERS = (1, 16, 64)
FEW, MANY = 16, 64
SHIMS = {  # the file that each stands before, and how the source is told
    "driver.so": (None, "-DDRIVER"),
    "cublaslt12.so": ("libcublasLt.so.12", '-DCUBLASLT="libcublasLt.so.12"'),
    "cublaslt13.so": ("libcublasLt.so.13", '-DCUBLASLT="libcublasLt.so.13"'),
    "cudnn.so": ("libcudnn.so.9", '-DCUDNN="libcudnn.so.9"'),
}
MEMORY = ("cuMemAllocFromPoolAsync", "cuMemFreeAsync")


class Chain(torch.nn.Module):
    """Linear and RMSNorm, or the former alone."""

    def __init__(self, layers: int, device: str, norm: bool = True) -> None:
        super().__init__()
        generator = torch.Generator(device).manual_seed(layers)

        def values(*shape: int) -> torch.nn.Parameter:
            t = torch.randn(*shape, generator=generator, device=device) / HIDDEN**0.5
            return torch.nn.Parameter(t.bfloat16(), requires_grad=False)

        self.linears = torch.nn.ParameterList(values(HIDDEN, HIDDEN) for _ in range(layers))
        if norm:
            self.norms = torch.nn.ParameterList(values(HIDDEN) for _ in range(layers))
        self.norm = norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, w in enumerate(self.linears):
            x = torch.nn.functional.linear(x, w)
            if self.norm:
                f = x.float()
                f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)
                x = self.norms[i] * f.to(x.dtype)
        return x


class Attentions(torch.nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor, cu: torch.Tensor) -> torch.Tensor:
        for _ in range(self.layers):
            x, _ = capstan.varlen_attention(x, x, x, cu, cu, TOKENS, TOKENS, 0.1, causal=True)
        return x


def compile_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, module: object, pipeline: str) -> None:
        options = capstan.Options(pipeline=f"capstan-static-shape-pipeline{{{pipeline}}}")
        library = module.compile(options, "cuda")
        (folder / f"{name}.so").write_bytes(library.read_bytes())

    x = torch.zeros(4, HIDDEN, dtype=torch.bfloat16)
    dims = ({0: torch.export.Dim("T", min=2, max=TOKENS)},)
    for layers in LAYERS:
        for graphs in ("true", "false"):
            module = capstan.export(Chain(layers, "cpu"), (x,), dynamic_shapes=dims)
            write(f"chain_{layers}_{graphs}", module, f"buckets=T={TOKENS} graphs={graphs}")
    heads = torch.zeros(TOKENS, HEADS, HIDDEN // HEADS, dtype=torch.bfloat16)
    documents = torch.tensor([0, 5, TOKENS], dtype=torch.int32)
    for layers in (FEW, MANY):
        module = capstan.export(Chain(layers, "cpu", norm=False), (x,), dynamic_shapes=dims)
        write(f"linears_{layers}", module, f"buckets=T={TOKENS} graphs=false")
        module = capstan.export(Attentions(layers), (heads, documents))
        write(f"attentions_{layers}", module, "graphs=false")
    for name, (before, define) in SHIMS.items():
        build_shim(folder / name, before, define)


def build_shim(path: Path, before: str | None, define: str) -> None:
    compiler = [os.environ.get("CXX", "c++"), "-O2", "-std=c++17", "-shared", "-fPIC"]
    includes = [f"-I{ROOT / 'runtime/src'}", f"-I{ROOT / 'build/cuda/include'}"]
    source = str(ROOT / "benchmarks/library_times.cpp")
    with tempfile.TemporaryDirectory() as folder:
        needs = []
        if before:  # a library of that name, so that the shim needs it
            stub = f"{folder}/stub.so"
            empty = ["-x", "c++", "/dev/null", f"-Wl,-soname,{before}"]
            subprocess.run([*compiler, *empty, "-o", stub], check=True)
            needs = ["-Wl,--no-as-needed", stub]
        subprocess.run([*compiler, define, *includes, source, "-o", path, *needs], check=True)


class Shims:
    """The libraries' functions, timed."""

    def __init__(self, folder: Path) -> None:
        version = torch.version.cuda.split(".")[0]
        names = {
            "cuda_driver": "driver.so",
            "blas_library": f"cublaslt{version}.so",
            "cudnn_library": "cudnn.so",
        }
        self.options = {k: os.fsencode(folder / name) for k, name in names.items()}
        self.loaded = [ctypes.CDLL(os.fsdecode(path)) for path in self.options.values()]
        for library in self.loaded:
            library.library_times.restype = ctypes.c_char_p

    def times(self) -> dict[str, tuple[int, float]]:
        """Calls so far, and their microseconds."""
        calls, ns, found = ctypes.c_int64(), ctypes.c_int64(), {}
        for library in self.loaded:
            index = 0
            while name := library.library_times(index, ctypes.byref(calls), ctypes.byref(ns)):
                found[name.decode()] = (calls.value, ns.value / 1000)
                index += 1
        return found


class Sample:
    """Medians of forwards: of the call from Python, of the runtime, and of each function that it
    calls: how often, and microseconds in all.
    """

    def __init__(self, model: capstan.Artifact, shims: Shims, *inputs: torch.Tensor) -> None:
        start, inner = model.module.start, []

        def timed(*arguments: object) -> object:
            begin = time.perf_counter()
            result = start(*arguments)
            inner.append((time.perf_counter() - begin) * 1e6)
            return result

        model.module.start = timed
        given = dict(zip(model.inputs, inputs, strict=True))
        outer, spent = [], []
        for _ in range(200):
            before, begin = shims.times(), time.perf_counter()
            model(**given)
            outer.append((time.perf_counter() - begin) * 1e6)
            after = shims.times()
            spent.append({n: (c - before[n][0], t - before[n][1]) for n, (c, t) in after.items()})
            torch.cuda.synchronize()
        model.module.start = start
        self.total, self.runtime = (statistics.median(times[20:]) for times in (outer, inner))
        self.functions = {
            name: tuple(statistics.median(each[name][i] for each in spent[20:]) for i in (0, 1))
            for name in spent[0]
        }

    def us(self, *names: str) -> float:
        return sum(self.functions[name][1] for name in names)

    def calls(self, name: str) -> float:
        return self.functions[name][0]

    def breakdown(self) -> str:
        known = sorted(self.functions.items(), key=lambda item: -item[1][1])
        most = [f"{calls:.0f} {name} {us:.1f}" for name, (calls, us) in known if us > 0.3]
        rest = self.runtime - self.us(*self.functions)
        return f"{', '.join(most)}, our code {rest:.1f}"


def host_us(run: Callable[[], object], count: int = 200) -> float:
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
        torch.cuda.synchronize()
    return statistics.median(times[count // 10 :]) * 1e6


def run_all(folder: Path) -> None:
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}", flush=True)
    torch.nn.functional.linear(*(torch.ones(8, 8, device="cuda").bfloat16(),) * 2)  # loads cuBLASLt
    torch.backends.cudnn.version()  # loads cuDNN
    shims = Shims(folder)
    x = torch.randn(TOKENS, HIDDEN, device="cuda").bfloat16()

    def load(name: str, weights: dict[str, torch.Tensor], **options: int) -> capstan.Artifact:
        path = folder / f"{name}.so"
        return capstan.Artifact(path, weights, gemm_cache=b"/tmp/gemms", **shims.options, **options)

    off: dict[str, dict[int, Sample]] = {"chain": {}, "linears": {}, "attentions": {}}
    for layers in LAYERS:
        chain = Chain(layers, "cuda")
        weights = dict(chain.named_parameters())
        want = chain(x).float()
        for graphs, label in (("false", "ours, graph off"), ("true", "ours, one graph")):
            ours = load(f"chain_{layers}_{graphs}", weights)
            for _ in range(3):
                got = ours(**{ours.inputs[0]: x})[0]
            error = float((got.float() - want).norm() / want.norm())
            sample = Sample(ours, shims, x)
            if graphs == "false":
                off["chain"][layers] = sample
            show(layers, label, sample.total, f"; runtime {sample.runtime:.1f}: "
                 f"{sample.breakdown()}; from eager {error:.1e}")  # fmt: skip
        with torch.no_grad():
            torch._dynamo.reset()
            peers = {"eager": chain, "compile": torch.compile(chain, dynamic=False)}
            for label, peer in peers.items():
                peer(x)
                show(layers, label, host_us(lambda peer=peer: peer(x)))
    heads = x.view(TOKENS, HEADS, HIDDEN // HEADS)
    documents = torch.tensor([0, 5, TOKENS], dtype=torch.int32, device="cuda")
    for layers in (FEW, MANY):
        linears = Chain(layers, "cuda", norm=False)
        ours = load(f"linears_{layers}", dict(linears.named_parameters()))
        off["linears"][layers] = Sample(ours, shims, x)
        ours = load(f"attentions_{layers}", {}, attention=BY_LIBRARY)
        off["attentions"][layers] = Sample(ours, shims, heads, documents)
    show_calls(off)


def show_calls(off: dict[str, dict[int, Sample]]) -> None:
    """What one more call costs, by the runtime and by the library alone."""

    def more(model: str, of: Callable[[Sample], float]) -> float:
        return of(off[model][MANY]) - of(off[model][FEW])

    def runtime(sample: Sample) -> float:
        return sample.runtime - sample.us(*MEMORY)

    rows = (("launch", "chain", "cuLaunchKernel"),
            ("product", "linears", "cublasLtMatmul"),
            ("attention", "attentions", "cudnnBackendExecute"))  # fmt: skip
    for label, model, function in rows:
        calls = more(model, lambda s, f=function: s.calls(f))
        alone = more(model, lambda s, f=function: s.us(f))
        ours = more(model, runtime)
        if model == "chain":  # its products are those of the linears
            ours -= more("linears", runtime)
        if calls:
            print(f"  {label}: {ours / calls:.2f} us, {function} alone {alone / calls:.2f}, "
                  f"{ours / alone:.2f}x ({calls:.0f} calls)", flush=True)  # fmt: skip
        else:
            print(f"  {label}: no calls of {function}", flush=True)


def show(layers: int, label: str, us: float, more: str = "") -> None:
    print(f"  {layers:2} layers, {label}: {us:.1f} us, {us / layers:.2f} a layer{more}", flush=True)


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    {"compile": compile_all, "run": run_all}[what](folder)


if __name__ == "__main__":
    main()

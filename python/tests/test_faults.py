"""What goes wrong on a device: an error that says it, and everything stays usable."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import capstan
import pytest
import torch
from capstan.runtime import Error
from torch import nn
from torch.export import Dim

GPUS = torch.cuda.device_count()
needs_gpu = pytest.mark.skipif(not GPUS, reason="needs a GPU")
N = Dim("N", min=2, max=1 << 30)
OUT_OF_MEMORY = 3  # of capstan_rt/status.h


class Squares(nn.Module):
    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([weight]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x + self.weight


def squares(weight: float = 1.0) -> capstan.Module:
    return capstan.export(Squares(weight), (torch.ones(8),), dynamic_shapes=({0: N},))


def artifact(folder: Path, weight: float, target: str, **options: object) -> capstan.Artifact:
    module, path = squares(weight), folder / f"{weight}.so"
    path.write_bytes(module.compile(target="cuda").read_bytes())
    return capstan.Artifact(path, module.imported.weights, target, **options)


def in_threads(*functions: Callable[[], None]) -> None:
    failed: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.parametrize("target", ["host", pytest.param("cuda", marks=needs_gpu)])
def test_a_forward_without_memory(target: str) -> None:
    module, place = squares(), "cpu" if target == "host" else target
    limit = {"memory_limit": 1 << 20}
    for _ in range(2):
        with pytest.raises(Error, match="no memory for 4194304 bytes") as caught:
            module.run((torch.ones(1 << 20, device=place),), target, **limit)
        assert caught.value.status == OUT_OF_MEMORY
        got = module.run((torch.full((100,), 3.0, device=place),), target, **limit)
        assert got.tolist() == [10.0] * 100


def test_two_modules_on_two_threads_of_the_host() -> None:
    modules = [squares(0.0), squares(1.0)]

    def often(weight: int) -> Callable[[], None]:
        def run() -> None:
            for i in range(2, 40):
                got = modules[weight].run((torch.full((i,), float(i)),))
                assert got.tolist() == [float(i * i + weight)] * i

        return run

    in_threads(often(0), often(1))


@needs_gpu
def test_pytorchs_cache_is_emptied(tmp_path: Path) -> None:
    """What PyTorch has cached, and nobody uses, is memory of the device for us."""
    model = artifact(tmp_path, 1.0, "cuda")
    free, _ = torch.cuda.mem_get_info()
    count = min(1 << 28, free // 16)
    x = torch.full((count,), 2.0, device="cuda")
    free, _ = torch.cuda.mem_get_info()
    hoard = torch.empty(free - (64 << 20), dtype=torch.uint8, device="cuda")
    del hoard
    reserved = torch.cuda.memory_reserved()
    assert torch.cuda.mem_get_info()[0] < x.nbytes
    (result,) = model(x=x)
    model.synchronize()
    assert result[0].item() == 5 and result[-1].item() == 5
    assert torch.cuda.memory_reserved() < reserved
    keep = torch.empty(torch.cuda.mem_get_info()[0] - (64 << 20), dtype=torch.uint8, device="cuda")
    with pytest.raises(Error, match="no memory for"):
        [model(x=x) for _ in range(2)]  # the first may have the memory of `result`
    del keep
    (result,) = model(x=x)
    model.synchronize()
    assert result[-1].item() == 5


@needs_gpu
def test_two_artifacts_on_two_threads(tmp_path: Path) -> None:
    models = [artifact(tmp_path, float(w), "cuda") for w in range(2)]

    def often(weight: int) -> Callable[[], None]:
        def run() -> None:
            with torch.cuda.stream(torch.cuda.Stream()):
                for i in range(2, 200):
                    (got,) = models[weight](x=torch.full((i,), float(i), device="cuda"))
                    assert torch.equal(got, torch.full_like(got, float(i * i + weight)))

        return run

    in_threads(often(0), often(1))


@pytest.mark.skipif(GPUS < 2, reason="needs two GPUs")
def test_two_devices_in_a_process(tmp_path: Path) -> None:
    models = [artifact(tmp_path, float(w), f"cuda:{w}") for w in range(2)]

    def often(index: int) -> Callable[[], None]:
        def run() -> None:
            with torch.cuda.device(index):
                for i in range(2, 200):
                    (got,) = models[index](x=torch.full((i,), float(i), device="cuda"))
                    assert got.device.index == index
                    assert torch.equal(got, torch.full_like(got, float(i * i + index)))

        return run

    in_threads(often(0), often(1))
    with pytest.raises(Error, match="expected"):
        models[0](x=torch.ones(4, device="cuda:1"))


@needs_gpu
def test_a_missing_cudnn_is_named() -> None:
    class Attention(nn.Module):
        def forward(self, q: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
            return capstan.varlen_attention(q, q, q, offsets, offsets, 8, 8, 0.1)[0]

    q = torch.ones(8, 2, 96, dtype=torch.bfloat16)  # of a size that only cuDNN has
    offsets = torch.tensor([0, 3, 8], dtype=torch.int32)
    module = capstan.export(Attention(), (q, offsets))
    nowhere = {"cudnn_library": b"/nowhere/libcudnn.so.9"}
    with pytest.raises(Error, match="nvidia-cudnn"):
        module.run((q.cuda(), offsets.cuda()), "cuda", **nowhere)
    module.run((q.cuda(), offsets.cuda()), "cuda")


FAULT = """
import sys, torch, capstan
from capstan.runtime import Tensor
import ctypes as c

sys.path.insert(0, sys.argv[1])
from test_faults import squares

module = squares().load(None, "cuda")
weight = torch.ones(1, device="cuda")
x = Tensor.of(torch.ones(1000, device="cuda"))
x.data = 1 << 20  # nobody's memory
entry = module.entry("main")
given = (c.POINTER(Tensor) * 2)(c.pointer(x), c.pointer(Tensor.of(weight)))
stream = module.device.wrap(torch.cuda.current_stream().cuda_stream)
try:
    module.start(entry, given, stream)
    module.synchronize(stream)
except capstan.runtime.Error as error:
    print("caught:", error, flush=True)
import os
os._exit(0)
"""


@needs_gpu
def test_a_fault_of_a_kernel_says_where() -> None:
    """In a process of its own, whose context doesn't survive it."""
    command = [sys.executable, "-c", FAULT, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "caught: " in done.stdout, done.stdout + done.stderr
    assert "kernels enqueued last: 'kernel_" in done.stdout
    assert "test_faults.py" in done.stdout

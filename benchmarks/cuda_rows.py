"""Kernels of rows on a GPU: bytes that they must move over time, against a copy in the same run.

    python benchmarks/cuda_rows.py [ROWS]

Tensors don't fit the L2 cache. Times are medians of events around one launch, which is queued while
the GPU waits, so that the host's time isn't in them; the copy is PyTorch's of a tensor as large as
what the kernel reads and writes. Needs a GPU, and PyTorch with CUDA.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import capstan
import torch
from cuda_timing import median_ms
from torch.export import Dim

HIDDEN, INNER, LONG, HEADS, DIM, VOCABULARY = 1024, 3072, 17408, 16, 128, 151936
T = Dim("T", min=2, max=1 << 22)


def norm(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    f = x.float()
    f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)
    return w * f.to(x.dtype)


class Residual(torch.nn.Module):
    """The residual's sum, and its RMSNorm: two results."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(HIDDEN).bfloat16())

    def forward(self, x: torch.Tensor, r: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = x + r
        return h, norm(h, self.w)


class Norm(Residual):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return norm(x, self.w)


class Gate(torch.nn.Module):
    def forward(self, gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.silu(gate) * up


class PackedGate(Gate):
    """Of a row that holds both, as one product makes it."""

    def forward(self, both: torch.Tensor) -> torch.Tensor:
        return super().forward(*both.chunk(2, -1))


class Heads(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(DIM).bfloat16())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return norm(x.view(-1, HEADS, DIM), self.w)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = DIM // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cos[:, None] + turned * sin[:, None]


class Rotary(torch.nn.Module):
    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        return rotate(x.view(-1, HEADS, DIM), cos, sin)


class HeadsRotary(Heads):
    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        return rotate(super().forward(x), cos, sin)


class Attention(torch.nn.Module):
    """Norm and rotation of q and k, parts of a packed row of a known number: one launch."""

    def __init__(self) -> None:
        super().__init__()
        self.q = torch.nn.Parameter(torch.randn(DIM).bfloat16())
        self.k = torch.nn.Parameter(torch.randn(DIM).bfloat16())

    def forward(
        self, qkv: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        q, k, _ = qkv.split((HEADS * DIM, HEADS // 2 * DIM, HEADS // 2 * DIM), dim=-1)
        q = norm(q.reshape(-1, HEADS, DIM), self.q)
        k = norm(k.reshape(-1, HEADS // 2, DIM), self.k)
        return rotate(q, cos, sin), rotate(k, cos, sin)


class Embedding(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.randn(VOCABULARY, HIDDEN).bfloat16())

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.embedding(ids, self.w)


class Angles(torch.nn.Module):
    """Tables of the rotation, of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(1e6 ** (-torch.arange(0, DIM, 2) / DIM))

    def forward(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        f = positions[:, None].float() * self.w
        f = torch.cat((f, f), dim=-1)
        return f.cos().bfloat16(), f.sin().bfloat16()


class Concat(torch.nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.cat((a, b), dim=-1)


class Cast(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float()


Inputs = Callable[[int, str], tuple[torch.Tensor, ...]]


def halves(*widths: int) -> Inputs:
    return lambda rows, device: tuple(
        torch.randn(rows, n, device=device).bfloat16() for n in widths
    )


def fewer(inputs: Inputs) -> Inputs:
    """An eighth of the rows, for long ones."""
    return lambda rows, device: inputs(max(rows // 8, 2), device)


def fixed(inputs: Inputs) -> Inputs:
    """Of 8192 rows, as in a forward."""
    return lambda rows, device: inputs(8192, device)


def integers(limit: int) -> Inputs:
    return lambda rows, device: (torch.randint(limit, (rows,), device=device),)


KERNELS: dict[str, tuple[type[torch.nn.Module], Inputs]] = {
    "residual + RMSNorm": (Residual, halves(HIDDEN, HIDDEN)),
    "RMSNorm": (Norm, halves(HIDDEN)),
    "SiLU times up": (Gate, halves(INNER, INNER)),
    "SiLU times up, packed": (PackedGate, fewer(halves(2 * LONG))),
    "norm of heads": (Heads, halves(HEADS * DIM)),
    "rotary of heads": (Rotary, halves(HEADS * DIM, DIM, DIM)),
    "norm + rotary of heads": (HeadsRotary, halves(HEADS * DIM, DIM, DIM)),
    "norm + rotary of q, k": (Attention, fixed(halves(2 * HEADS * DIM, DIM, DIM))),
    "embedding": (Embedding, integers(VOCABULARY)),
    "cos and sin": (Angles, integers(8192)),
    "concatenation": (Concat, halves(HIDDEN, HIDDEN)),
    "cast to f32": (Cast, halves(HIDDEN)),
}


def kernel_ms(run: Callable[[], object]) -> float:
    return median_ms(run, behind=1_000_000)


def copy_bandwidth(bytes_moved: int) -> float:
    """Bytes read and written in a second."""
    source = torch.empty(bytes_moved // 2, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return bytes_moved / kernel_ms(lambda: target.copy_(source)) * 1e3


def measure(name: str, rows: int) -> None:
    kind, make = KERNELS[name]
    model = kind()
    small = make(4, "cpu")
    shapes = None if kind is Attention else tuple({0: T} for _ in small)
    module = capstan.export(model, small, dynamic_shapes=shapes)
    inputs = list(make(rows, "cuda"))
    want = model.cuda()(*inputs)
    got = module.run(tuple(inputs), target="cuda")
    want, got = ((v if isinstance(v, tuple) else (v,)) for v in (want, got))
    error = max(
        ((g.double() - w.double()).norm() / w.double().norm()).item()
        for g, w in zip(got, want, strict=True)
    )
    bytes_moved = sum(t.nbytes for t in (*inputs, *got))
    if kind is Embedding:  # the rows that it reads
        bytes_moved += got[0].nbytes
    if kind is Attention:  # but for the values
        bytes_moved -= inputs[0].nbytes // 4
    del want, got

    loaded = module.load(None, "cuda")
    stream = loaded.device.wrap(torch.cuda.current_stream().cuda_stream)
    weights = [w.cuda() for w in module.imported.weights.values()]

    def launch() -> None:
        for result in loaded.launch("main", [*inputs, *weights], stream):
            result.contents.deleter(ctypes.cast(result, ctypes.c_void_p))

    ours, peer = kernel_ms(launch), kernel_ms(lambda: model(*inputs))
    bandwidth, copy = bytes_moved / ours * 1e3, copy_bandwidth(bytes_moved)
    launches = module.counters["launches"]
    print(
        f"{name:22} {launches:2} launches  {ours * 1e3:8.1f} us  {bandwidth / 1e12:5.2f} TB/s  "
        f"{bandwidth / copy:5.1%} of a copy  {peer / ours:5.2f}x faster than eager  "
        f"error {error:.1e}",
        flush=True,
    )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 131072
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, {rows} rows, bf16")
    for name in KERNELS:
        measure(name, rows)


if __name__ == "__main__":
    main()

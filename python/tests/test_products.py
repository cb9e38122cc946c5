"""Products with biases, and of FP8, against PyTorch."""

from collections.abc import Callable

import capstan
import pytest
import torch
from models import error
from torch.export import Dim
from torch.nn.functional import linear

ONCE = capstan.Options(prepare_weights=True)
PADDED = capstan.Options(pipeline="capstan-static-shape-pipeline{buckets=T=64 poison=true}")
F8 = torch.float8_e4m3fn
T = Dim("T", min=2, max=4096)
GPU = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
)


class Function(torch.nn.Module):
    def __init__(self, function: Callable, **buffers: torch.Tensor) -> None:
        super().__init__()
        self.function = function
        for name, buffer in buffers.items():
            self.register_buffer(name, buffer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


def run(
    model: torch.nn.Module, x: torch.Tensor, target: str, options: capstan.Options = ONCE
) -> torch.Tensor:
    module = capstan.export(model.cpu(), (x[:3].cpu(),), dynamic_shapes=({0: T},))
    if target == "cuda":
        model.cuda()
        return module.run((x.cuda(),), target="cuda", options=options).cpu()
    return module.run((x,), options=options)


class Projections(torch.nn.Module):
    """Of one tensor, as Whisper's: one has no bias. Behind is a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.v = torch.nn.Linear(64, 48), torch.nn.Linear(64, 48)
        self.k = torch.nn.Linear(64, 48, bias=False)
        self.out = torch.nn.Linear(48, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.out(self.q(x) * self.k(x).relu() + self.v(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("target", ["host", GPU])
@torch.no_grad()
def test_biases(target: str, dtype: torch.dtype) -> None:
    model, x = Projections().to(dtype), torch.randn(37, 5, 64).to(dtype)
    expected, eager = model.double()(x.double()), model.to(dtype)(x)
    got = run(model, x, target)
    assert got.dtype == dtype
    assert error(got.double(), expected) <= 1.2 * error(eager.double(), expected) + 1e-6


def test_a_bias_is_rounded_with_the_product() -> None:
    """In bf16, 256 + 0.75 is 256."""
    w = torch.zeros(2, 16).bfloat16()
    w[:, :2] = torch.tensor([256, 0.75])
    model = Function(lambda m, x: linear(x, m.w, m.b), w=w, b=torch.full((2,), 0.75).bfloat16())
    x = torch.ones(4, 16).bfloat16()
    assert run(model, x, "host").eq(258).all()


def quantized(w: torch.Tensor, rows: bool) -> tuple[torch.Tensor, torch.Tensor]:
    largest = w.abs().amax(-1, keepdim=True) if rows else w.abs().amax()
    scale = largest.float() / 448
    return (w.float() / scale).clamp(-448, 448).to(F8), scale


@pytest.mark.parametrize("rows", [False, True], ids=["tensor", "rows"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("bias", [False, True], ids=["plain", "bias"])
@pytest.mark.parametrize("target", ["host", GPU])
def test_scaled_mm(target: str, bias: bool, dtype: torch.dtype, rows: bool) -> None:
    """Activations are quantized in each call, a scale for each token or for all."""
    if bias and dtype == torch.float32:
        pytest.skip("PyTorch has none")

    def product(m: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        q, scale = quantized(x, rows)
        b = m.b if bias else None
        scale_w = m.scale.t() if rows else m.scale
        return torch._scaled_mm(q, m.w.t(), scale, scale_w, bias=b, out_dtype=dtype)

    w, scale = quantized(torch.randn(48, 64), rows)
    model = Function(product, w=w, scale=scale, b=torch.randn(48).to(dtype))
    x = torch.randn(37, 64).bfloat16()
    q, scale_x = quantized(x, rows)
    expected = (q.double() * scale_x) @ (w.double() * scale).t() + (model.b.double() if bias else 0)
    got = run(model, x, target)
    assert got.dtype == dtype
    torch.testing.assert_close(got.double(), expected, rtol=2**-8, atol=1e-4)
    if target == "host":
        torch.testing.assert_close(got, model(x), rtol=2**-7, atol=1e-3)
        assert torch.equal(run(model, x, target, PADDED), got)


@pytest.mark.parametrize("target", ["host", GPU])
def test_weights_alone_of_fp8(target: str) -> None:
    """They are converted once."""
    w, scale = quantized(torch.randn(48, 64), rows=True)

    def product(m: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return linear(x, (m.w.to(x.dtype) * m.scale.to(x.dtype)))

    model, x = Function(product, w=w, scale=scale), torch.randn(37, 64).bfloat16()
    expected, eager = x.double() @ (w.double() * scale).t(), model(x)
    assert error(run(model, x, target).double(), expected) <= 1.2 * error(eager.double(), expected)
    module = capstan.export(model.cpu(), (x,))
    assert "prepared.0" in module.load(ONCE).entry("main").argument_names


@pytest.mark.parametrize("target", ["host", GPU])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_conversions(dtype: torch.dtype, target: str) -> None:
    codes = torch.arange(256, dtype=torch.uint8).view(F8)
    wide = run(Function(lambda m, x: x.to(dtype)), codes, target)
    torch.testing.assert_close(wide, codes.to(dtype), rtol=0, atol=0, equal_nan=True)
    # All numbers, what lies in between, and ties.
    exact = codes.float()[codes.float().isfinite()].sort().values
    ties = (exact[1:] + exact[:-1]) / 2
    values = torch.cat((exact, ties, ties * 1.001, ties * 0.999, torch.tensor([torch.nan])))
    values = values.to(dtype)
    narrow = run(Function(lambda m, x: x.to(F8)), values, target)
    assert narrow.dtype == F8
    torch.testing.assert_close(
        narrow.float(), values.to(F8).float(), rtol=0, atol=0, equal_nan=True
    )
    large = torch.tensor([449, 500, -6e4, torch.inf]).to(dtype)
    largest = run(Function(lambda m, x: x.to(F8)), large, target).float()
    assert largest.tolist() == [448, 448, -448, 448]


@pytest.mark.parametrize("shape", [(5, 6), (1, 6), (37, 5, 6)])
def test_a_bias_of_more_dimensions(shape: tuple[int, ...]) -> None:
    """It is added along them, not to the rows of the product."""
    w, b = torch.randn(6, 8), torch.randn(shape)
    model, x = Function(lambda m, x: linear(x, m.w, m.b), w=w, b=b), torch.randn(37, 5, 8)
    module = capstan.export(model, (x,))
    torch.testing.assert_close(module.run((x,)), model(x))


def test_fp8_as_a_condition() -> None:
    x = torch.tensor([0.0, -0.0, 1e-9, 2**-9, -3, torch.nan])
    got = run(Function(lambda m, x: x.to(F8).bool()), x, "host")
    assert got.tolist() == x.to(F8).bool().tolist()


def test_what_is_refused() -> None:
    w = torch.randn(16, 16).to(F8)
    one = torch.tensor(1.0)

    def to_fp8(m: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        return torch._scaled_mm(x.to(F8), m.w.t(), one.clone(), one.clone(), out_dtype=F8)

    with pytest.raises(capstan.UnsupportedOps, match=r"f8E4M3FN and f8E4M3FN as f8E4M3FN"):
        capstan.export(Function(to_fp8, w=w), (torch.randn(16, 16),))
    with pytest.raises(capstan.UnsupportedOps, match=r"f8E4M3FN and f8E4M3FN without scales"):
        capstan.export(Function(lambda m, x: x.to(F8) @ m.w, w=w), (torch.randn(16, 16),))

"""Models on a GPU, against PyTorch on it. Only there where one is."""

from collections.abc import Callable
from pathlib import Path

import capstan
import pytest
import torch
from models import MODELS, batch, error, first_output, make, offsets
from torch.export import Dim

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

T = Dim("T", min=2, max=4096)


class Function(torch.nn.Module):
    def __init__(self, function: Callable) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs)


def on_gpu(dtype: torch.dtype, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, device="cuda").to(dtype)


def check(function: Callable, *inputs: torch.Tensor, tolerance: float = 1e-5) -> dict[str, int]:
    """Exports with the CPU's copies of the inputs, and runs with more rows than that."""
    shapes = tuple({0: T} for _ in inputs)
    small = tuple(x[:3].cpu() for x in inputs)
    module = capstan.export(Function(function), small, dynamic_shapes=(shapes,))
    got = module.run(inputs, target="cuda")
    want = function(*inputs)
    assert got.device == want.device and got.dtype == want.dtype
    torch.testing.assert_close(got, want, rtol=tolerance, atol=tolerance)
    return module.counters


@pytest.mark.parametrize("rows", [2, 255, 1000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_row_norm(dtype: torch.dtype, rows: int) -> None:
    def norm(*xs: torch.Tensor) -> torch.Tensor:
        (x,) = xs
        f = x.float()
        return (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype)

    tolerance = 1e-5 if dtype == torch.float32 else 1e-2
    assert check(norm, on_gpu(dtype, rows, 96), tolerance=tolerance)["blocking_syncs"] == 0


@pytest.mark.parametrize("length", [8, 16, 64, 128, 320, 1024, 4096, 16384, 16392, 100, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows(dtype: torch.dtype, length: int) -> None:
    """Rows of a part of a warp, a warp, a block, and those that aren't spread."""
    residual = torch.randn(length).to(dtype)

    def work(*xs: torch.Tensor) -> torch.Tensor:
        h = xs[0] + residual.to(xs[0].device)
        f = h.float()
        f = f - f.amax(-1, keepdim=True)
        return (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)).to(h.dtype) + h

    check(work, on_gpu(dtype, 37, length), tolerance=1e-5 if dtype == torch.float32 else 2e-2)


@pytest.mark.parametrize("length", [8, 136, 11008, 17408, 32768])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gates_are_one_kernel(dtype: torch.dtype, length: int) -> None:
    """Rows without a sum, as parts of a packed row, also longer ones than a block holds."""

    def work(*xs: torch.Tensor) -> torch.Tensor:
        gate, up = xs[0].chunk(2, -1)
        return torch.nn.functional.silu(gate) * up

    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    assert check(work, on_gpu(dtype, 37, 2 * length), tolerance=tolerance)["launches"] == 1


def test_rows_of_heads() -> None:
    def work(*xs: torch.Tensor) -> torch.Tensor:
        x = xs[0].view(-1, 6, 64)
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        return torch.cat((-x[..., 32:], x[..., :32]), -1) * xs[0][:, None, :64]

    check(work, on_gpu(torch.float32, 129, 384))


def rotate(x: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    cos, sin = tables.chunk(2, -1)
    half = x.shape[-1] // 2
    return x * cos[:, None] + torch.cat((-x[..., half:], x[..., :half]), -1) * sin[:, None]


@pytest.mark.parametrize("length", [16, 64, 80, 128, 256])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_norm_and_rotation_are_one_kernel(dtype: torch.dtype, length: int) -> None:
    weight = torch.randn(length).to(dtype)

    def work(*xs: torch.Tensor) -> torch.Tensor:
        f = xs[0].view(-1, 6, length).float()
        f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)
        return rotate(f.to(dtype) * weight.to(f.device), xs[1])

    inputs = (on_gpu(dtype, 129, n) for n in (6 * length, 2 * length))
    tolerance = 1e-5 if dtype == torch.float32 else 1e-1
    assert check(work, *inputs, tolerance=tolerance)["launches"] == 1


def test_a_part_of_a_head_rotates() -> None:
    def work(*xs: torch.Tensor) -> torch.Tensor:
        x = xs[0].view(-1, 3, 128)
        return torch.cat((rotate(x[..., :32], xs[1]), x[..., 32:]), -1)

    inputs = (on_gpu(torch.float32, 77, n) for n in (384, 64))
    assert check(work, *inputs)["launches"] == 1


@pytest.mark.parametrize("lengths", [(64, 64), (128, 32, 96), (7, 9)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_side_by_side(dtype: torch.dtype, lengths: tuple[int, ...]) -> None:
    def turn(*xs: torch.Tensor) -> torch.Tensor:
        return torch.cat(xs[0].split(lengths, -1)[::-1], -1)

    launches = check(turn, on_gpu(dtype, 333, sum(lengths)))["launches"]
    assert lengths == (7, 9) or launches == 1


def test_tables_of_the_rotation() -> None:
    frequencies = 1e4 ** (-torch.arange(0, 64, 2) / 64)

    def work(*xs: torch.Tensor) -> torch.Tensor:
        f = xs[0][:, None] * frequencies.to(xs[0].device)
        f = torch.cat((f, f), -1)
        return torch.stack((f.cos(), f.sin()))

    check(work, torch.arange(500.0, device="cuda"))


@pytest.mark.parametrize("rows", [3, 500])
def test_cosines_and_sines_are_one_kernel(rows: int) -> None:
    frequencies = 1e4 ** (-torch.arange(0, 64, 2) / 64)

    class Tables(torch.nn.Module):
        def forward(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            f = positions[:, None] * frequencies.to(positions.device)
            f = torch.cat((f, f), -1)
            return f.cos(), f.sin()

    positions = torch.arange(0.0, 7e5, 7e5 / rows)
    module = capstan.export(Tables(), (positions,), dynamic_shapes=({0: T},))
    got = module.run((positions.cuda(),), target="cuda")
    # The device's own angles: a place of f32 is much at 7e5.
    want = Tables()(positions.cuda())
    torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-6)
    assert module.counters["launches"] == 1


def test_an_embedding_and_its_norm() -> None:
    table = torch.randn(100, 64).bfloat16()

    def work(*xs: torch.Tensor) -> torch.Tensor:
        h = torch.nn.functional.embedding(xs[0], table.to(xs[0].device))
        return torch.rsqrt(h.float().pow(2).mean(-1, keepdim=True)) * h

    ids = torch.randint(100, (1000,), device="cuda")
    assert check(work, ids, tolerance=2e-2)["launches"] == 1
    module = capstan.export(Function(work), (ids[:3].cpu(),), dynamic_shapes=(({0: T},),))
    with pytest.raises(capstan.runtime.Error, match=r"test_cuda\.py"):
        module.run((ids + 50,), target="cuda")


def test_halves_are_multiplied_by_the_library() -> None:
    weight = torch.randn(64, 96).bfloat16()

    def work(*xs: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(xs[0], weight.to(xs[0].device).T) * 2

    assert check(work, on_gpu(torch.bfloat16, 50, 64), tolerance=2e-2)["launches"] == 1


def test_a_slice_may_begin_anywhere() -> None:
    x = on_gpu(torch.float32, 1000)[3:].view(-1)[:960].view(60, 16)
    assert x.data_ptr() % 16
    check(lambda *xs: xs[0] * 2 + xs[0].amax(-1, keepdim=True), x)


@pytest.mark.parametrize(
    "function", [torch.exp, torch.tanh, torch.sin, torch.cos, torch.sigmoid, torch.erf, torch.sqrt]
)
def test_math(function: Callable) -> None:
    check(lambda *xs: function(xs[0].abs() * 3), on_gpu(torch.float32, 513, 7))


def test_exponentials_are_good_to_the_last_places() -> None:
    inf = float("inf")
    x = torch.cat((torch.linspace(-110, 90, 999_999), torch.tensor([inf, -inf, inf - inf])))
    x = x.view(-1, 2).cuda()
    module = capstan.export(Function(torch.exp), (x[:3].cpu(),), dynamic_shapes=(({0: Dim("N")},),))
    got, want = module.run((x,), target="cuda").double(), x.double().exp()
    assert torch.equal(got.isnan(), x.isnan()) and torch.equal(got.isinf(), want.float().isinf())
    finite = want.float().isfinite()
    last = torch.exp2(want[finite].log2().floor().clamp(min=-126) - 23)
    assert ((got - want)[finite].abs() / last).max() < 2.6


def test_heads_of_two_parts_are_one_launch() -> None:
    """Of one tensor, each at its place, where the number of rows is known."""

    def norm(x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6).to(x.dtype)

    def work(*xs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        q, k = xs[0][:, :1024].view(-1, 8, 128), xs[0][:, 1024:].view(-1, 3, 128)
        return norm(q), norm(k) * 2

    for rows in (64, 61):
        x = on_gpu(torch.bfloat16, rows, 1408)
        module = capstan.export(Function(work), (x.cpu(),))
        for got, want in zip(module.run((x,), target="cuda"), work(x), strict=True):
            torch.testing.assert_close(got, want, rtol=2e-2, atol=2e-2)
        assert module.counters["launches"] == 1


def test_positions_are_large() -> None:
    check(lambda *xs: torch.sin(xs[0] * 3e4), on_gpu(torch.float32, 100, 8))


def test_constants_are_there() -> None:
    table = torch.arange(96, dtype=torch.float32)
    check(lambda *xs: xs[0] * table.to(xs[0].device), on_gpu(torch.float32, 50, 96))


def test_reads_of_the_host() -> None:
    def scaled(*xs: torch.Tensor) -> torch.Tensor:
        x = xs[0]
        for _ in range(3):
            x = x * xs[0].abs().amax().ceil().int().item()
        return x

    assert check(scaled, on_gpu(torch.float32, 33, 5))["blocking_syncs"] <= 1


def test_a_failing_check_names_its_line() -> None:
    table = torch.randn(10, 4)

    def gather(*xs: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.embedding(xs[0], table.to(xs[0].device))

    ids = torch.tensor([1, 9, 10], device="cuda")
    module = capstan.export(Function(gather), (ids.cpu() % 9,), dynamic_shapes=(({0: T},),))
    good = torch.tensor([3, 1], device="cuda")
    torch.testing.assert_close(module.run((good,), target="cuda"), table.cuda()[good])
    with pytest.raises(capstan.runtime.Error, match=r"test_cuda\.py"):
        module.run((ids,), target="cuda")
    torch.testing.assert_close(module.run((good,), target="cuda"), table.cuda()[good])


LENGTHS = ([7, 5], [20], [70, 50], [2, 3, 1, 5, 4, 1, 8])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_models(name: str, packed: bool) -> None:
    """Against eager on the CPU, in f32."""
    if name == "Bert" and packed:
        pytest.skip("its masks don't tell documents apart: test_attention.py")
    capstan.register_attention()
    more = {} if name == "Bert" else {"use_cache": False}

    def inputs(lengths: list[int]) -> dict[str, object]:
        documents = {f"cu_seq_lens_{x}": offsets(lengths) for x in "qk"} if packed else {}
        return batch(lengths, **more, **documents)

    example = inputs([7, 5])
    documents = Dim("B", min=2, max=64)
    shapes = {k: None for k in example} | {"input_ids": {1: T}, "position_ids": {1: T}}
    shapes |= {k: {0: documents} for k in example if k.startswith("cu_")}
    model = make(name, "capstan" if packed else "sdpa")
    module = capstan.export(model, (), example, dynamic_shapes=shapes)
    reference = make(name)
    for lengths in LENGTHS:
        with torch.no_grad():
            expected = first_output(reference(**batch(lengths, **more)))
        given = {
            k: v.cuda() if isinstance(v, torch.Tensor) else v for k, v in inputs(lengths).items()
        }
        if name == "Qwen3Moe":
            with pytest.raises(capstan.runtime.Error, match="no grouped products"):
                module.run(given, target="cuda")
            return
        result = first_output(module.run(given, target="cuda"))
        assert result.is_cuda
        assert error(result.cpu(), expected) < 1e-5
        assert module.counters["blocking_syncs"] + module.counters["overlapped_syncs"] <= 1


def test_artifacts_run_packed_models_in_buckets(tmp_path: Path) -> None:
    """In bf16: a forward is one graph."""
    capstan.register_attention()
    sizes = {"head_dim": 64, "hidden_size": 256}
    model = make("Qwen3", "capstan", **sizes)
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    documents = Dim("B", min=2, max=64)

    def inputs(lengths: list[int]) -> dict[str, object]:
        return batch(lengths, **{f"cu_seq_lens_{x}": offsets(lengths) for x in "qk"})

    example = inputs([7, 5])
    shapes = {k: {1: T} for k in ("input_ids", "position_ids")} | {"use_cache": None}
    shapes |= {k: {0: documents} for k in example if k.startswith("cu_")}
    module = capstan.export(model, (), example | {"use_cache": False}, dynamic_shapes=shapes)
    buckets = "capstan-static-shape-pipeline{buckets=T=32/B=9,T=128/B=9 poison=true}"
    path = tmp_path / "model.so"
    path.write_bytes(module.compile(capstan.Options(pipeline=buckets), "cuda").read_bytes())
    artifact = capstan.Artifact(path, module.imported.weights)
    exact = make("Qwen3", **sizes)
    exact.load_state_dict({k: v.float() for k, v in model.state_dict().items()})
    reference = make("Qwen3", **sizes)
    reference.load_state_dict(model.state_dict())
    reference = reference.cuda().bfloat16()
    for lengths in ([7, 5], [20], [70, 50], [2, 3, 1, 5, 4, 1, 8], [7, 5], [30, 60]):
        with torch.no_grad():
            expected = exact(**batch(lengths, use_cache=False)).logits
            ids = {k: v.cuda() for k, v in batch(lengths).items()}
            eager = reference(**ids, use_cache=False).logits
        given = {k: v.cuda() for k, v in inputs(lengths).items()}
        result = artifact(**given)[0]
        artifact.synchronize()
        assert error(result.float().cpu(), expected) <= 1.2 * error(eager.float().cpu(), expected)
    table = artifact.profile(calls=2, **given)
    for kernel, limit in (("gemm ", "%"), ("varlen_attention ", "%"), ("kernel_rows", "% copy")):
        assert any(line.startswith(kernel) and limit in line for line in table.splitlines()), table
    assert "graph_launch" not in table
    counters = artifact.module.counters(total=True)
    assert counters["graph_captures"] == 2 and counters["fallbacks_no_bucket"] == 0
    assert counters["graph_replays"] >= 4  # the first batch of a bucket runs without
    with pytest.raises(TypeError, match="the inputs are"):
        artifact(input_ids=given["input_ids"])
    with pytest.raises(ValueError, match="no weight nobody"):
        capstan.Artifact(path, {"nobody": torch.zeros(1)})

"""Ops of experts and of Mamba2, against PyTorch: of any length, and in a bucket with NaN and -1 in
every padded slot.
"""

import importlib

import capstan
import pytest
import torch
from capstan import runtime
from models import TORCH, error
from torch.export import Dim

importlib.import_module("transformers.integrations.moe")  # registers grouped_mm_fallback
T, B = Dim("T", min=2, max=512), Dim("B", min=2, max=8)


def in_bucket(buckets: str) -> capstan.Options:
    static = f"capstan-static-shape-pipeline{{buckets={buckets} poison=true}}"
    return capstan.Options(pipeline=f"capstan-host-sync-pipeline,{static}")


class Scan(torch.nn.Module):
    def forward(self, x, decay, b, c, initial):
        return torch.ops.capstan.mamba2_scan(x, decay, b, c, initial)


def scan_inputs(batch: int, length: int, heads: int, groups: int) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(length)
    x, dim, states = torch.randn(batch, length, heads, 8), 8, 6
    decay = -torch.rand(batch, length, heads) * 2
    b, c = torch.randn(2, batch, length, groups, states)
    return x, decay, b, c, torch.randn(batch, heads, dim, states)


@pytest.mark.parametrize("heads,groups", ((4, 1), (4, 2), (2, 2)))
def test_mamba2_scan(heads: int, groups: int) -> None:
    """Outputs and the last state, of one chunk, of whole ones and of parts of them."""
    example = scan_inputs(3, 70, heads, groups)
    shapes = (*({0: B, 1: T} for _ in example[:4]), {0: B})
    module = capstan.export(Scan(), example, dynamic_shapes=shapes)
    for batch, length in ((2, 2), (3, 63), (2, 64), (3, 65), (2, 128), (4, 200)):
        inputs = scan_inputs(batch, length, heads, groups)
        wanted = Scan()(*inputs)
        for options in (None, in_bucket("T=64/B=4,T=210/B=4")):
            results = module.run(inputs, options=options)
            for result, expected in zip(results, wanted, strict=True):
                assert error(result, expected) < 1e-5
        assert module.counters["fallbacks_no_bucket"] == 0


def test_mamba2_scan_of_a_known_length() -> None:
    inputs = scan_inputs(1, 100, 2, 1)
    module = capstan.export(Scan(), inputs)
    for result, expected in zip(module.run(inputs), Scan()(*inputs), strict=True):
        assert error(result, expected) < 1e-5


class Experts(torch.nn.Module):
    """Weights as they are stored, and transposed."""

    def __init__(self, op: object, dtype: torch.dtype):
        super().__init__()
        self.op = op
        torch.manual_seed(0)
        self.up = torch.nn.Parameter(torch.randn(5, 16, 24, dtype=dtype))
        self.down = torch.nn.Parameter(torch.randn(5, 16, 24, dtype=dtype))

    def forward(self, x, ends):
        return self.op(self.op(x, self.up, ends).relu(), self.down.transpose(-2, -1), ends)


@pytest.mark.parametrize("op", ("aten", "transformers"))
@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16))
def test_grouped_products(op: str, dtype: torch.dtype) -> None:
    """Nothing waits for the offsets; weights are not transposed in memory."""
    if op == "aten":
        if dtype == torch.float32 and TORCH < (2, 15):
            pytest.skip("torch.export takes it in bf16 only")
        experts = Experts(torch.ops.aten._grouped_mm.default, dtype)
    else:
        experts = Experts(torch.ops.transformers.grouped_mm_fallback.default, dtype)
    ends = torch.tensor([3, 3, 7, 9, 12], dtype=torch.int32)
    x = torch.randn(12, 16).to(dtype)
    with torch.no_grad():
        module = capstan.export(experts, (x, ends), dynamic_shapes=({0: T}, None))
        for lengths in ([3, 0, 4, 2, 3], [0, 0, 9, 0, 0], [1, 1, 1, 1, 1], [40, 0, 0, 0, 60]):
            ends = torch.tensor(lengths).cumsum(0).to(torch.int32)
            x = torch.randn(sum(lengths), 16).to(dtype)
            wanted = experts(x, ends).float()
            for options in (None, in_bucket("T=16,T=128")):
                result = module.run((x, ends), options=options)
                assert result.dtype == dtype
                assert error(result.float(), wanted) < (1e-5 if dtype == torch.float32 else 1e-2)
                counters = module.counters
                assert counters["blocking_syncs"] + counters["overlapped_syncs"] == 0
    assert module.mlir("capstan-to-library-calls,canonicalize").count("transpose_b") == 1
    for bad in ([3, 2, 5, 6, 12], [3, 4, 5, 6, 13], [-1, 4, 5, 6, 12]):
        for options in (None, in_bucket("T=16,T=128")):
            with pytest.raises(runtime.Error, match="group"):
                module.run(
                    (torch.randn(12, 16).to(dtype), torch.tensor(bad).int()), options=options
                )


def test_wide_offsets() -> None:
    """Of 64 bits: what isn't a row doesn't become one."""
    experts = Experts(torch.ops.transformers.grouped_mm_fallback.default, torch.float32)
    x, ends = torch.randn(12, 16), torch.tensor([3, 3, 7, 9, 12])
    module = capstan.export(experts, (x, ends), dynamic_shapes=({0: T}, None))
    with torch.no_grad():
        assert error(module.run((x, ends)), experts(x, ends)) < 1e-5
    for bad in (2**32 + 12, -(2**32) + 12):
        with pytest.raises(runtime.Error, match="group 4 ends at row"):
            module.run((x, torch.tensor([3, 3, 7, 9, bad])))

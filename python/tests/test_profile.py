"""Tables of kernels, on the host. Those of a GPU: test_cuda.py."""

import capstan
import pytest
import torch
from torch import nn


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(64, 96, bias=False)
        self.down = nn.Linear(96, 64, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(3):
            x = x + self.down(torch.nn.functional.silu(self.up(x)))
        return x


def columns(table: str, kernel: str) -> list[str]:
    (line,) = [each for each in table.splitlines() if each.startswith(kernel + " ")]
    return line.removeprefix(kernel).split()


def test_calls_times_and_limits() -> None:
    model, x = Layers(), torch.randn(40, 64)
    module = capstan.export(model, (x,))
    table = module.profile((x,), calls=2)
    for kernel in ("gemm 40x96x64 f32", "gemm 40x64x96 f32"):
        calls, us, _, rate, flops, share, limit, where = columns(table, kernel)
        assert calls == "6" and float(us) > 0 and share.endswith("%")
        assert limit in ("copy", "product") and "test_profile.py" in where
        work = 6 * 2 * 40 * 96 * 64
        digit = 0.1 * float(us) * 1e3  # the last one that is printed
        assert float(flops) * float(us) * 1e3 == pytest.approx(work, rel=0.1, abs=digit)
        moved = 6 * 4 * (40 * 64 + 40 * 96 + 64 * 96)
        assert float(rate) * float(us) * 1e3 == pytest.approx(moved, rel=0.1, abs=digit)
    assert "; a product of f32 has " in table
    torch.testing.assert_close(module.run((x,)), model(x))


def test_a_profile_ends_when_its_work_fails() -> None:
    x = torch.randn(3, 64)
    module = capstan.export(Layers(), (x,))
    loaded = module.load()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        loaded.profile(fail)
    assert "gemm" in module.profile((x,), calls=1)

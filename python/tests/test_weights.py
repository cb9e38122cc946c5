"""What is computed of weights once, before forwards."""

import re
import subprocess
from pathlib import Path

import capstan
import numpy as np
import pytest
import torch
from capstan import libraries
from models import batch, error, make
from test_models import export
from torch.export import Dim

ONCE = capstan.Options(prepare_weights=True)
TOOLS = libraries.FOLDERS[-1].parent / "bin"
RUNTIME_PAGE = Path(__file__).resolve().parents[2] / "docs" / "runtime.md"


@pytest.mark.parametrize("name", ["Qwen3", "Llama", "Gemma", "Qwen3Moe"])
def test_weights_are_prepared(name: str) -> None:
    """Projections side by side, and in buckets."""
    model, module = export(name, use_cache=False)
    inputs = batch([7, 5, 9], use_cache=False)
    with torch.no_grad():
        expected = model(**inputs).logits
    buckets = "capstan-static-shape-pipeline{buckets=T=32 poison=true}"
    for options in (ONCE, capstan.Options(pipeline=buckets, prepare_weights=True)):
        assert error(module.run(inputs, options=options).logits, expected) < 1e-5
        loaded = module.load(options)
        names = loaded.entry("main").argument_names
        assert "prepared.0" in names and not any("q_proj" in name for name in names)


def test_prepared_by_capstan_run(tmp_path) -> None:
    """As docs/runtime.md says it."""
    model, module = export("Llama", use_cache=False)
    module.save(tmp_path / "model.mlir")
    inputs = batch([4, 6], use_cache=False)
    with torch.no_grad():
        expected = model(**inputs).logits
    tensors = {k: v.numpy() for k, v in inputs.items() if isinstance(v, torch.Tensor)}
    np.savez(tmp_path / "ids.npz", **tensors)
    np.savez(tmp_path / "expected.npz", result0=expected.numpy())
    page = RUNTIME_PAGE.read_text().partition("## Weights that are prepared once")[2]
    commands = re.search(r"^```sh\n(.*?)^```", page, re.M | re.S)[1]
    commands = commands.replace("--out logits.npz", "--compare expected.npz --tolerance 1e-5")
    for command in commands.splitlines():
        tool, *arguments = command.split()
        subprocess.run([TOOLS / tool, *arguments], check=True, cwd=tmp_path)


def test_changed_weights_are_prepared_again() -> None:
    model, module = export("Llama", use_cache=False)
    inputs = batch([7, 5], use_cache=False)
    before = module.run(inputs, options=ONCE).logits
    with torch.no_grad():
        model.model.layers[0].self_attn.q_proj.weight.mul_(1.5)
        expected = model(**inputs).logits
    after = module.run(inputs, options=ONCE).logits
    assert error(after, expected) < 1e-5 < error(after, before)


def test_written_buffers_are_not_frozen() -> None:
    class Counter(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("total", torch.zeros(3))
            self.weight = torch.nn.Parameter(torch.ones(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.total.add_(x.sum(0))
            return self.total * self.weight.exp()

    model = Counter()
    x = torch.ones(2, 3)
    module = capstan.export(model, (x,), dynamic_shapes=({0: Dim("T", min=1, max=9)},))
    assert module.mlir().count("capstan.frozen") == 1
    for total in (2, 4):
        got = module.run((x,), options=ONCE)
        torch.testing.assert_close(got, torch.full((3,), total * torch.e))


def test_models_without_weights_have_nothing_to_prepare() -> None:
    module = capstan.export(torch.nn.Softmax(-1), (torch.randn(3, 4),))
    x = torch.randn(3, 4)
    torch.testing.assert_close(module.run((x,), options=ONCE), x.softmax(-1))
    assert not module.load(ONCE).has("main.prepare")


def test_bf16_projections() -> None:
    model = make("Qwen3").bfloat16()
    inputs = batch([7, 5], use_cache=False)
    module = capstan.export(model, (), inputs)
    with torch.no_grad():
        expected = model.float()(**inputs).logits
        eager = error(model.bfloat16()(**inputs).logits.float(), expected)
    got = module.run(inputs, options=ONCE).logits.float()
    assert error(got, expected) <= 1.2 * eager

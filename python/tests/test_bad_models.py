"""Models and inputs that can't be taken: a clear error with the Python line, no wrong result."""

import gc
import re
import subprocess
from collections.abc import Callable

import capstan
import numpy as np
import pytest
import torch
from capstan import libraries
from safetensors.torch import load_file, save_file
from torch import nn
from torch.export import Dim

RUN = libraries.FOLDERS[-1].parent / "bin" / "capstan-run"


class Model(nn.Module):
    def __init__(self, function: Callable) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def branch(x):
    return x + 1 if x.sum() > 0 else x - 1


def leave(x):
    return x + float(x.sum().numpy())


def line_of(function: Callable) -> str:
    """The only line of its body."""
    return f"{re.escape(__file__)}:{function.__code__.co_firstlineno + 1}"


X = torch.randn(3, 2)
UNSUPPORTED = {
    "a type of elements": (lambda x: x.to(torch.float8_e5m2).float(), X, "torch.float8_e5m2"),
    "conversion to complex numbers": (lambda x: x.to(torch.complex64).abs(), X, "torch.complex64"),
    "complex numbers": (lambda x: torch.view_as_complex(x).real, X, "aten.view_as_complex"),
    "sparse tensors": (lambda x: (x.to_sparse() * 2).to_dense(), X, "layout torch.sparse_coo"),
    # PyTorch 2.11 itself refuses it.
    "quantized": (lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8), X, "quantize"),
    "a branch as an op": (
        lambda x: torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,)),
        X,
        "1 x cond",
    ),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_ops(kind: str) -> None:
    function, x, message = UNSUPPORTED[kind]
    errors = capstan.UnsupportedOps, capstan.ExportError
    with pytest.raises(errors, match=message) as caught:
        capstan.export(Model(function), (x,))
    assert re.search(
        rf"{re.escape(__file__)}:{function.__code__.co_firstlineno}\b", str(caught.value)
    )


@pytest.mark.parametrize("dtype", (torch.complex64, torch.float8_e5m2))
def test_types_of_arguments(dtype: torch.dtype) -> None:
    with pytest.raises(capstan.UnsupportedOps, match=f"tensors of {dtype}"):
        capstan.export(Model(lambda x: x.clone()), (X.to(dtype),))


@pytest.mark.parametrize("function", (branch, leave))
def test_what_torch_export_refuses(function: Callable) -> None:
    """Control flow on data, and a graph break."""
    with pytest.raises(capstan.ExportError, match=f"^{line_of(function)}: torch.export failed: "):
        capstan.export(Model(function), (X,))


def test_what_pytorch_cannot_decompose(monkeypatch) -> None:
    """Its error has the stack of the node in its text."""
    stack = f'Original traceback:\nFile "{__file__}", line 7, in forward\n    x.sin()'

    def fail(*_: object) -> None:
        raise RuntimeError(f"no such size\n{stack}")

    monkeypatch.setattr(torch.export.ExportedProgram, "run_decompositions", fail)
    place = f"^{re.escape(__file__)}:7: PyTorch can't decompose this: no such size"
    with pytest.raises(capstan.ExportError, match=place):
        capstan.export(Model(torch.fft.rfft), (X,))


def test_a_lowering_that_fails_names_the_line() -> None:
    @torch.library.custom_op("capstan_test::odd", mutates_args=())
    def odd(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    odd.register_fake(torch.empty_like)

    @capstan.lowering("capstan_test.odd.default")
    def _(ctx, x):
        return x.no_such_thing

    def call(x):
        return odd(x)

    with pytest.raises(AttributeError) as caught:
        capstan.export(Model(call), (X,))
    (note,) = caught.value.__notes__
    assert re.search(f"capstan_test.odd.default, for {line_of(call)}", note)


def test_not_a_model() -> None:
    with pytest.raises(capstan.ExportError, match=r"^torch\.export failed: .*int"):
        capstan.export(3, (X,))


def add_in_place(x, y):
    x.add_(1)
    return x + y


def test_inputs_that_share_memory() -> None:
    """Where the model writes one. Examples may share it."""
    x = torch.zeros(4)
    module = capstan.export(Model(add_in_place), (x[:3], x[:3]))
    same, views, apart = torch.zeros(3), torch.zeros(4), torch.zeros(8)
    for given in ((same, same), (views[:3], views[1:])):
        with pytest.raises(capstan.InputError, match="which the model writes, shares memory with"):
            module.run(given)
    result = module.run((apart[:3], apart[3:6]))
    assert torch.equal(result, torch.ones(3)) and apart.tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    reads = capstan.export(Model(lambda x, y: x + y), (x, x))
    assert torch.equal(reads.run((x + 1, x + 1)), torch.full((4,), 2.0))


def test_attributes_that_are_assigned() -> None:
    """torch.export warns only, of a program that doesn't do it."""

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sum = torch.zeros(2)

        def forward(self, x):
            self.sum = self.sum + x
            return self.sum

    with pytest.raises(capstan.ExportError, match=r"self\.sum was assigned during export"):
        capstan.export(Sum(), (X,))


def test_what_is_no_dense_tensor() -> None:
    module = capstan.export(Model(lambda x: x * 2), (X,))
    for given, message in (
        (X.to_sparse(), "layout torch.sparse_coo"),
        (None, "a tensor is wanted"),
    ):
        with pytest.raises(capstan.InputError, match=message):
            module.run((given,))


def test_a_wrong_weights_file(tmp_path) -> None:
    module = capstan.export(nn.Linear(2, 3), (X,))
    path, weights = module.save(tmp_path / "model.mlir")
    np.savez(tmp_path / "x.npz", input=X.numpy())
    good = load_file(weights)

    def run() -> str:
        command = [RUN, path, "--input", weights, "--input", tmp_path / "x.npz"]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    assert not run()
    for wrong, message in (
        ({"weight": torch.zeros(3, 5)}, "'weight': expected size 2 in dimension 1, got 5"),
        ({"weight": good["weight"].half()}, "'weight': expected f32, got f16"),
        ({"bias": None}, "nothing is given for argument 'bias', f32[3]"),
    ):
        save_file({k: v for k, v in (good | wrong).items() if v is not None}, weights)
        assert message in run()
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "the file ends before the data" in run()


def test_a_batch_over_bounds() -> None:
    module = capstan.export(Model(lambda x: x + 1), (X,), dynamic_shapes=(({0: Dim("T", max=8)},),))
    with pytest.raises(capstan.runtime.Error, match="is above 8"):
        module.run((torch.randn(9, 2),))
    assert module.run((torch.randn(8, 2),)).shape == (8, 2)


def divide_size(x, n):
    return x.sum() + x.shape[0] // n.item()


def repeat(x, n):
    return x.repeat_interleave(n, dim=0)


def repeat_to_five(x, n):
    return torch.repeat_interleave(n, output_size=5) + x.sum()


@pytest.mark.parametrize(
    "function,good,bad,message",
    (
        (divide_size, 2, 0, "integer division by zero"),
        (repeat, [1, 0, 2], [3, -1, 1], "repeat_interleave: negative repeats"),
        (repeat_to_five, [1, 0, 4], [1, 1, 2], "repeats don't add up to output_size"),
        (repeat_to_five, [2, 2, 1], [3, 3, -1], "negative repeats"),
    ),
)
def test_bad_values(function: Callable, good, bad, message: str) -> None:
    """They fail with the line, and the module stays usable. (Eager PyTorch 2.11 writes beyond its
    memory for some.)
    """
    x, good, bad = torch.randn(3, 2), torch.tensor(good), torch.tensor(bad)
    module = capstan.export(Model(function), (x, good))
    with pytest.raises(capstan.runtime.Error, match=f"{line_of(function)}.*{message}"):
        module.run((x, bad))
    torch.testing.assert_close(module.run((x, good)), function(x, good))


def test_devices_that_cannot_be_made(capsys) -> None:
    runtime = capstan.runtime.Runtime(str(libraries.find(libraries.RUNTIME)))
    for name, options, error in (
        ("nowhere", {}, "no backend 'nowhere'"),
        ("host", {"thread": 2}, "no option 'thread' of a device; there are threads"),
        ("host", {"threads": -1}, "a negative number"),
        ("host", {"threads": "2"}, "'str' object"),
    ):
        with pytest.raises((capstan.runtime.Error, TypeError), match=error):
            capstan.runtime.Device(runtime, name, **options)
    with pytest.raises(AttributeError):
        capstan.runtime.Device(None)
    gc.collect()
    assert not capsys.readouterr().err  # no error when they are deleted

"""Models and inputs that can't be taken: a clear error with the Python line, no wrong result."""

import re
from collections.abc import Callable

import capstan
import pytest
import torch
from torch import nn
from torch.export import Dim


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


@pytest.mark.parametrize("dtype", (torch.complex64, torch.float8_e4m3fn))
def test_types_of_arguments(dtype: torch.dtype) -> None:
    with pytest.raises(capstan.UnsupportedOps, match=f"tensors of {dtype}"):
        capstan.export(Model(lambda x: x.clone()), (X.to(dtype),))


@pytest.mark.parametrize("function", (branch, leave))
def test_what_torch_export_refuses(function: Callable) -> None:
    """Control flow on data, and a graph break."""
    with pytest.raises(capstan.ExportError, match=f"^{line_of(function)}: torch.export failed: "):
        capstan.export(Model(function), (X,))


def write_row(x):
    x = x.clone()
    x[x.argmax().item()] = 0.0
    return x


def test_what_pytorch_cannot_decompose() -> None:
    line = write_row.__code__.co_firstlineno + 2
    place = f"^{re.escape(__file__)}:{line}: PyTorch can't decompose this: "
    with pytest.raises(capstan.ExportError, match=place):
        capstan.export(Model(write_row), (X,))


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


def test_a_batch_over_bounds() -> None:
    module = capstan.export(Model(lambda x: x + 1), (X,), dynamic_shapes=(({0: Dim("T", max=8)},),))
    with pytest.raises(capstan.runtime.Error, match="is above 8"):
        module.run((torch.randn(9, 2),))
    assert module.run((torch.randn(8, 2),)).shape == (8, 2)

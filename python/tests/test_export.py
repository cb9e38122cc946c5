"""What the importer does with small modules: syncs, sizes, places, buffers, errors."""

import capstan
import pytest
import torch
import torch.nn.functional as F
from capstan import runtime
from capstan.module import InputError
from torch import nn
from torch.export import Dim

T, B = Dim("T", min=2, max=64), Dim("B", min=1, max=8)


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(4, 3, bias=False)

    def forward(self, x, lens):
        n = lens.max().item()
        torch._check(n <= x.shape[0])
        return F.silu(self.proj(x))[:n]


def head():
    model = Head()
    x, lens = torch.randn(5, 4), torch.tensor([2, 3], dtype=torch.int32)
    module = capstan.export(model, (x, lens), dynamic_shapes=({0: T}, {0: B}))
    return model, module


def test_item_is_a_sync_with_its_line() -> None:
    model, module = head()
    for count, lens in ((5, [2, 3]), (9, [1]), (4, [4, 4, 0])):
        inputs = (torch.randn(count, 4), torch.tensor(lens, dtype=torch.int32))
        torch.testing.assert_close(module.run(inputs), model(*inputs))
        assert module.counters["blocking_syncs"] == 1
    assert "capstan.item" in module.mlir()
    line = Head.forward.__code__.co_firstlineno + 1
    assert f"test_export.py:{line}" in module.report_text()


def test_a_failing_check_names_the_line() -> None:
    model, module = head()
    bad = (torch.randn(5, 4), torch.tensor([6], dtype=torch.int32))
    # PyTorch puts the check where the size was read.
    line = Head.forward.__code__.co_firstlineno + 1
    with pytest.raises(runtime.Error, match=f"test_export.py:{line}:.* u0 <= T"):
        module.run(bad)
    good = (torch.randn(5, 4), torch.tensor([4], dtype=torch.int32))
    torch.testing.assert_close(module.run(good), model(*good))


def test_sizes_that_disagree() -> None:
    class Sum(nn.Module):
        def forward(self, x, y):
            return x + y

    x = torch.randn(5, 4)
    module = capstan.export(Sum(), (x, x), dynamic_shapes=({0: T}, {0: T}))
    with pytest.raises(runtime.Error, match="dimension 0 of y is not T"):
        module.run((x, torch.randn(6, 4)))
    with pytest.raises(runtime.Error, match="dimension 0 of x is above 64"):
        module.run((torch.randn(65, 4), torch.randn(65, 4)))


def test_derived_sizes() -> None:
    class Pairs(nn.Module):
        def forward(self, x):
            return x.view(-1, 2).sum(1)

    x = torch.randn(6)
    n = Dim("n", min=1, max=32)
    module = capstan.export(Pairs(), (x,), dynamic_shapes=({0: 2 * n},))
    x = torch.randn(10)
    torch.testing.assert_close(module.run((x,)), x.view(-1, 2).sum(1))
    with pytest.raises(runtime.Error, match="dimension 0 of x"):
        module.run((torch.randn(7),))


def test_inputs_that_do_not_fit() -> None:
    class Scale(nn.Module):
        def forward(self, x, by=2):
            return x * by

    x = torch.randn(3)
    module = capstan.export(Scale(), (), {"x": x, "by": 3})
    torch.testing.assert_close(module.run({"x": x, "by": 3}), x * 3)
    for inputs, message in (
        ({"x": x, "by": 4}, "by: exported with 3"),
        ({"x": x}, "by: missing"),
        ({"x": x, "by": 3, "z": 1}, "z: not an input"),
        ({"x": x.double(), "by": 3}, "elements of f32, got torch.float64"),
        ({"x": x[None], "by": 3}, r"shape \[3\], got \[1, 3\]"),
    ):
        with pytest.raises(InputError, match=message):
            module.run(inputs)


def test_buffers_and_inputs_that_are_written() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("seen", torch.zeros(4))

        def forward(self, x, total):
            self.seen += x.sum(0)
            total.add_(1)
            return x * self.seen

    x = torch.randn(3, 4)
    model, copy = Counter(), Counter()
    total, expected_total = torch.zeros(2), torch.zeros(2)
    module = capstan.export(model, (x, torch.zeros(2)), dynamic_shapes=({0: T}, None))
    for _ in range(2):
        torch.testing.assert_close(module.run((x, total)), copy(x, expected_total))
        torch.testing.assert_close(model.seen, copy.seen)
        torch.testing.assert_close(total, expected_total)


def test_buffers_that_are_not_saved() -> None:
    """Small ones were constants, even if the model writes them; one that isn't read was none."""

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("seen", torch.zeros(4), persistent=False)
            self.register_buffer("last", torch.zeros(3, 4), persistent=False)
            self.register_buffer("cache", torch.zeros(5, 4))

        def forward(self, x):
            self.seen += x.sum(0)
            self.last.copy_(x + 1)
            self.cache[1:4] = x
            return self.cache * self.seen

    model, copy = Last(), Last()
    module = capstan.export(model, (torch.randn(3, 4),))
    for _ in range(2):
        x = torch.randn(3, 4)
        torch.testing.assert_close(module.run((x,)), copy(x))
        for result, expected in zip(model.buffers(), copy.buffers(), strict=True):
            torch.testing.assert_close(result, expected)


def test_parts_that_are_written() -> None:
    class Parts(nn.Module):
        def forward(self, x):
            y = x.clone()
            y[1:3] = 0.0
            y[-1] = 1.0
            y[:, 2] = y[:, 0]
            y[:, -2:] *= 2
            y[0, 0] = 9
            y[3:] += 1
            return y

    module = capstan.export(
        Parts(), (torch.randn(6, 5),), dynamic_shapes=({0: Dim("T", min=5, max=64)},)
    )
    for count in (5, 9):
        x = torch.randn(count, 5)
        assert torch.equal(module.run((x,)), Parts()(x))


def test_rows_where_a_mask_is_true() -> None:
    class Rows(nn.Module):
        def forward(self, x, mask):
            return x[mask], x.T[:, mask].sum(1), (x > 0)[mask]

    def inputs(mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.randn(len(mask), 3), mask

    module = capstan.export(Rows(), inputs(torch.rand(5) > 0.5), dynamic_shapes=({0: T}, {0: T}))
    for mask in (torch.rand(9) > 0.5, torch.zeros(4).bool(), torch.ones(7).bool()):
        given = inputs(mask)
        for result, expected in zip(module.run(given), Rows()(*given), strict=True):
            torch.testing.assert_close(result, expected)
        assert module.counters["blocking_syncs"] == 1
    pixels = torch.randn(2, 3, 4), torch.rand(2, 3) > 0.5
    assert torch.equal(capstan.export(Pixels(), pixels).run(pixels), pixels[0][pixels[1]])


class Pixels(nn.Module):
    def forward(self, x, mask):
        return x[mask]


def test_numbers_as_results() -> None:
    """A quotient of sizes was made an integer."""

    class Sizes(nn.Module):
        def forward(self, x):
            n = x.shape[0]
            return n, n / 2, x.numel() * 2, 2.5, True, None, {"x": x.sum()}

    x = torch.randn(5, 3)
    result = capstan.export(Sizes(), (x,), dynamic_shapes=({0: T},)).run((x,))
    torch.testing.assert_close(result, Sizes()(x))
    assert [type(r) for r in result] == [type(r) for r in Sizes()(x)]


def test_recurrent_layers() -> None:
    """They assign tensors to attributes while they are exported."""
    model, x = nn.LSTM(3, 4), torch.randn(5, 2, 3)
    result, _ = capstan.export(model, (x,)).run((x,))
    torch.testing.assert_close(result, model(x)[0])


def test_weights_are_not_copied() -> None:
    model, module = head()
    inputs = (torch.randn(3, 4), torch.tensor([3], dtype=torch.int32))
    with torch.no_grad():
        model.proj.weight.mul_(2)
    torch.testing.assert_close(module.run(inputs), model(*inputs))


class Reads(nn.Module):
    def forward(self, x, mask, repeats):
        sizes = repeats.tolist()
        torch._check(sizes[0] + sizes[1] == x.shape[0])
        first, second = x.split(sizes)
        places = mask.nonzero().squeeze(1)
        return (
            first.sum(),
            second.sum(),
            x[places],
            x.masked_select(mask),
            torch.repeat_interleave(repeats),
        )


def test_every_kind_of_read() -> None:
    def inputs(mask, a, b):
        return torch.randn(len(mask)), torch.tensor(mask).bool(), torch.tensor([a, b])

    module = capstan.export(
        Reads(), inputs([1, 0, 1, 1, 0], 2, 3), dynamic_shapes=({0: T}, {0: T}, None)
    )
    for given in (inputs([0, 0, 1], 1, 2), inputs([1] * 6, 3, 3), inputs([0] * 4, 4, 0)):
        for result, expected in zip(module.run(given), Reads()(*given), strict=True):
            torch.testing.assert_close(result, expected)


def test_views_that_begin_at_a_value_of_the_device() -> None:
    """torch.export checks where in memory they begin: sym_storage_offset had no lowering."""

    class Views(nn.Module):
        def forward(self, x, at):
            first, last = at.tolist()
            part, count = x.narrow(0, first, 2), last - first
            torch._check(count >= 0)
            rows = x.narrow(0, first, count), x[first:last], x[first:], x[first : first + 2 : 2]
            return part, *rows, x[first], x.T[:, first]

    x = torch.randn(7, 3)
    module = capstan.export(Views(), (x, torch.tensor([2, 5])), dynamic_shapes=({0: T}, None))
    for at in ([1, 4], [0, 7], [5, 5], [-3, -1], [-7, -4]):
        given = x, torch.tensor(at)
        for i, (result, expected) in enumerate(
            zip(module.run(given), Views()(*given), strict=True)
        ):
            assert torch.equal(result, expected), (i, at)
    for at in ([7, 7], [-8, 0], [4, 3]):
        with pytest.raises(runtime.Error, match=r"test_export\.py:"):
            module.run((x, torch.tensor(at)))
    select = capstan.export(SelectRow(), (x, torch.tensor(2)))
    for at in (7, -8):
        with pytest.raises(runtime.Error, match="select: index out of range"):
            select.run((x, torch.tensor(at)))


class SelectRow(nn.Module):
    def forward(self, x, at):
        return x[at.item()]


class Missing(nn.Module):
    def forward(self, x):
        y = torch.fft.rfft(x).abs()
        return y, torch.fft.rfft(x * 2).abs(), torch.linalg.svd(x[None])


def test_all_missing_ops_in_one_error() -> None:
    with pytest.raises(capstan.UnsupportedOps) as caught:
        capstan.export(Missing(), (torch.randn(8),))
    message = str(caught.value)
    line = Missing.forward.__code__.co_firstlineno + 1
    assert "2 x aten._fft_r2c.default" in message and "svd" in message, message
    assert f"test_export.py:{line}" in message and "@capstan.lowering(" in message, message


def test_a_lowering_of_ones_own() -> None:
    @torch.library.custom_op("capstan_test::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    twice.register_fake(torch.empty_like)

    class Twice(nn.Module):
        def forward(self, x):
            return twice(x) + 1

    x = torch.randn(3)
    with pytest.raises(capstan.UnsupportedOps, match=r"1 x capstan_test\.twice\.default"):
        capstan.export(Twice(), (x,))

    @capstan.lowering("capstan_test.twice.default")
    def _(ctx, x):
        return ctx.elementwise([x], lambda s, x: s.add(x, x))

    torch.testing.assert_close(capstan.export(Twice(), (x,)).run((x,)), 2 * x + 1)


def test_one_hot() -> None:
    class OneHot(nn.Module):
        def forward(self, x):
            return F.one_hot(x, 5)

    x = torch.tensor([[0, 4], [2, 1]])
    assert torch.equal(capstan.export(OneHot(), (x,)).run((x,)), F.one_hot(x, 5))


def test_index_out_of_range() -> None:
    model = nn.Embedding(4, 2)
    module = capstan.export(model, (torch.tensor([1, 2]),), dynamic_shapes=({0: T},))
    with pytest.raises(runtime.Error, match="embedding: index out of range"):
        module.run((torch.tensor([0, 4, 1]),))
    ids = torch.tensor([3, 0])
    torch.testing.assert_close(module.run((ids,)), model(ids))


class Rest(nn.Module):
    def forward(self, x, *more, **named):
        return x + sum(more) + sum(named.values())


X, Y, EACH = torch.randn(5, 4), torch.randn(9, 4), {0: T}
SHAPES = {
    "*args in a sequence": ((X, X, X), {}, (EACH, (EACH, EACH))),
    "*args by name": ((X, X, X), {}, {"x": EACH, "more": (EACH, EACH)}),
    "**kwargs by name": ((X,), {"b": X, "a": X}, {"x": EACH, "a": EACH, "b": EACH}),
    "**kwargs below its name": ((X,), {"a": X}, {"x": EACH, "named": {"a": EACH}}),
    "**kwargs in a sequence": ((), {"x": X, "a": X}, (EACH, {"a": EACH})),
    "a name that is another's": ((X,), {"named": X}, {"x": EACH, "named": EACH}),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_shapes_of_args_and_kwargs(kind: str) -> None:
    """Those of *args were taken for dimensions: IndexError, or no names."""
    args, kwargs, shapes = SHAPES[kind]
    module = capstan.export(Rest(), args, kwargs, dynamic_shapes=shapes)
    count = len(args) + len(kwargs)
    assert module.mlir().count('#capstan.dim<"T"') == count
    result = module.run([Y] * len(args), kwargs=dict.fromkeys(kwargs, Y))
    torch.testing.assert_close(result, Y * count)


def test_a_keyword_with_the_name_of_args() -> None:
    given = {"x": X, "more": X}
    assert torch.equal(capstan.export(Rest(), (), given).run(given), 2 * X)


def test_an_exported_program() -> None:
    model, _ = head()
    x, lens = torch.randn(5, 4), torch.tensor([2, 3], dtype=torch.int32)
    program = torch.export.export(model, (x, lens), dynamic_shapes=({0: T}, {0: B}))
    inputs = torch.randn(9, 4), torch.tensor([4], dtype=torch.int32)
    torch.testing.assert_close(capstan.export(program).run(inputs), model(*inputs))


def test_the_model_is_as_before() -> None:
    """Its forward was another one while it was exported."""
    model = Rest()
    capstan.export(model, (X,), {"a": X})
    assert "forward" not in vars(model)
    model.forward = own = lambda x, **named: x
    capstan.export(model, (X,), {"a": X})
    assert model.forward is own

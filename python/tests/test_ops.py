"""Each op with a lowering against PyTorch, over dtypes and shapes: PyTorch's samples (OpInfo)."""

import itertools
import re
import warnings
from dataclasses import dataclass

import capstan
import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils import _pytree as pytree

DTYPES = (torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-5, torch.bfloat16: 1.6e-2}
SAMPLES = 3  # of a dtype
X = torch.zeros(2)

OPS = """
abs add addmm all amax amin any arange argmax argmin argsort bitwise_and bitwise_left_shift
bitwise_not bitwise_or bitwise_right_shift bitwise_xor bmm baddbmm broadcast_to cat ceil chunk
clamp clamp_max clamp_min clone constant_pad_nd contiguous cos cumprod cumsum diff div dot eq erf
exp exp2 expand expand_as expm1 flatten flip floor floor_divide fmod full full_like gather ge gt
index_add index_copy index_put index_select isnan le log log1p log2 log_softmax logical_and
logical_not logical_or logical_xor logsumexp lt masked_fill matmul max maximum mean min minimum
mm mul mv ne neg nonzero ones ones_like permute pow prod reciprocal remainder repeat reshape
rms_norm roll round rsqrt rsub scatter scatter_add select select_scatter sigmoid sign sin slice
slice_scatter softmax sort split split_with_sizes sqrt squeeze stack sub sum t tan tanh tile topk
transpose tril triu trunc type_as unbind unflatten unsqueeze var view where zeros zeros_like
nn.functional.embedding nn.functional.gelu nn.functional.layer_norm nn.functional.linear
nn.functional.pad nn.functional.relu nn.functional.rms_norm
nn.functional.scaled_dot_product_attention nn.functional.silu nn.functional.softplus index_fill
nn.functional.mse_loss nn.functional.softmin addcmul lerp mH searchsorted bucketize isinf
nn.functional.elu nn.functional.hardtanh nn.functional.leaky_relu nn.functional.selu
""".split()
BY_NAME = {(i.name, i.variant_test_name): i for i in op_db}
CASES = [
    key for key in BY_NAME
    if key[0] in OPS
    and not (key[0] == "round" and key[1])
    and not (key[0] == "nn.functional.pad" and key[1] != "constant")
]  # fmt: skip
FLOATS_ONLY = ("argsort", "topk")  # equal elements come in any order
# Quotients are made integers: in half precision PyTorch rounds them before, compiled code doesn't.
NOT_HALF = ("div", "floor_divide")
# What lowerings refuse, of the samples.
REFUSALS = {
    "index_put": "values of a mask that aren't one number",
    "nn.functional.scaled_dot_product_attention": "batches of different shapes|dropout",
    "pow": "integers to a power",
    "searchsorted": "a sorter",
}


@dataclass
class Case:
    """A call of an op: its tensors are inputs of a model, the rest is part of it."""

    op: object
    leaves: list
    spec: object
    label: str

    def tensors(self) -> list[torch.Tensor]:
        return [x for x in self.leaves if isinstance(x, torch.Tensor)]

    def call(self, tensors: list[torch.Tensor]):
        given = iter(tensors)
        leaves = [next(given) if isinstance(x, torch.Tensor) else x for x in self.leaves]
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return self.op(*args, **kwargs)


class Model(torch.nn.Module):
    def __init__(self, cases: list[Case]) -> None:
        super().__init__()
        self.cases = cases

    def forward(self, *tensors: torch.Tensor):
        given = iter(tensors)
        return [
            [x for x in pytree.tree_leaves(c.call([next(given) for _ in c.tensors()]))]
            for c in self.cases
        ]


def cases_of(info, dtype: torch.dtype) -> list[Case]:
    cases = []
    samples = info.sample_inputs("cpu", dtype, requires_grad=False)
    for sample in itertools.islice(samples, 40):
        if sample.kwargs.get("max_norm"):
            continue  # writes to the table
        args = (sample.input, *sample.args)
        leaves, spec = pytree.tree_flatten((args, dict(sample.kwargs)))
        leaves = [x.clone() if isinstance(x, torch.Tensor) else x for x in leaves]
        if any(isinstance(x, torch.Tensor) and x.is_complex() for x in leaves):
            continue
        if any(isinstance(x, torch.Tensor) and x.numel() > 1000 for x in leaves):
            continue  # equal elements of long ones are sorted in any order
        cases.append(Case(info.op, leaves, spec, f"{dtype} {sample.summary()}"[:300]))
    step = max(len(cases) // SAMPLES, 1)
    return cases[::step][:SAMPLES]


def refused(case: Case, why: str) -> bool:
    try:
        capstan.export(Model([case]), tuple(case.tensors()))
    except capstan.UnsupportedOps as error:
        assert all(re.search(why, m.reason) for m in error.missing), error
        return True
    return False


def compare(result, expected, label: str) -> None:
    for got, want in zip(result, expected, strict=True):
        if not isinstance(want, torch.Tensor):
            assert got == want, label
            continue
        assert got.shape == want.shape and got.dtype == want.dtype, (label, got.shape, want.shape)
        if not want.dtype.is_floating_point:
            assert torch.equal(got, want), (label, got, want)
            continue
        odd = ~want.isfinite()
        assert torch.equal(got[odd].nan_to_num(0.5), want[odd].nan_to_num(0.5)), (label, got, want)
        got, want = got[~odd].double(), want[~odd].double()
        error = (got - want).norm() / want.norm().clamp(min=1e-6)
        assert (
            error <= TOLERANCE.get(want.dtype, 0)
            or error
            <= TOLERANCE[expected[0].dtype if expected[0].dtype in TOLERANCE else torch.float32]
        ), (label, error.item())


@pytest.mark.parametrize("name,variant", CASES, ids=["-".join(k).strip("-") for k in CASES])
def test_op(name: str, variant: str) -> None:
    info = BY_NAME[name, variant]
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    dtypes = info.supported_dtypes("cpu")
    wanted = DTYPES[:1] if name in FLOATS_ONLY else DTYPES
    if name in NOT_HALF and variant != "no_rounding_mode":
        wanted = [d for d in wanted if d != torch.bfloat16]
    cases = [c for d in wanted if d in dtypes for c in cases_of(info, d)]
    if name in REFUSALS:
        cases = [c for c in cases if not refused(c, REFUSALS[name])]
        assert cases
    model = Model(cases)
    inputs = tuple(x for c in cases for x in c.tensors())
    expected = model(*[x.clone() for x in inputs])
    module = capstan.export(model, inputs)
    results = module.run(inputs)
    for case, result, want in zip(cases, results, expected, strict=True):
        compare(result, want, case.label)


@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16, torch.float64))
def test_numbers_are_not_rounded(dtype: torch.dtype) -> None:
    """Scalars that are chosen, not computed with: -inf and fractions were made integers."""

    class Choices(torch.nn.Module):
        def forward(self, x, mask):
            return (
                x.masked_fill(mask, -torch.inf),
                x.masked_fill(~mask, 0.3),
                torch.where(mask, x, -0.7),
                torch.where(mask, 2.5, x),
                torch.where(mask, 1.25, -torch.inf),
                torch.full_like(x, 0.1).masked_fill_(mask, torch.nan),
            )

    given = torch.randn(5).to(dtype), torch.tensor([True, False, True, True, False])
    for result, want in zip(
        capstan.export(Choices(), given).run(given), Choices()(*given), strict=True
    ):
        torch.testing.assert_close(result, want, rtol=0, atol=0, equal_nan=True)


def test_infinities() -> None:
    """A row of -inf alone, and the largest of a row infinite."""
    inf, nan = torch.inf, torch.nan
    x = torch.tensor([[-inf, -inf], [0, -inf], [inf, 0], [inf, -inf], [nan, inf], [1, 2]])

    def infinite(x: torch.Tensor) -> list[torch.Tensor]:
        return [x.logsumexp(1), x.logsumexp((0, 1)), x[:4].logsumexp(0), x.softmax(1), x.isinf()]

    model = Model([Case(infinite, [x], pytree.tree_structure(((x,), {})), "")])
    for result, want in zip(capstan.export(model, (x,)).run((x,))[0], infinite(x), strict=True):
        torch.testing.assert_close(result, want, equal_nan=True)


DIVISIONS = {
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "fmod": torch.fmod,
    "trunc": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
}


@pytest.mark.parametrize("dtype", (torch.int64, torch.int32, torch.int8, torch.uint8))
@pytest.mark.parametrize("op", DIVISIONS)
def test_integer_division(op: str, dtype: torch.dtype) -> None:
    """By 0 it fails, in a bucket with elements that aren't there, too; the least number by -1
    wraps. Both would end the process."""
    divide, n = DIVISIONS[op], torch.export.Dim("N", min=2, max=9)
    model = Model([Case(divide, [X, X], pytree.tree_structure(((X, X), {})), "")])
    least = torch.iinfo(dtype).min

    def pair(a: list[int], b: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        return tuple(torch.tensor(x).to(dtype) for x in (a, b))

    module = capstan.export(model, pair([7, 9, 3], [2, 3, 5]), dynamic_shapes=(({0: n}, {0: n}),))
    buckets = capstan.Options(pipeline="capstan-static-shape-pipeline{buckets=N=8 poison=true}")
    for options in (None, buckets):
        for given in (pair([7, -7, -8, 9], [-1, 2, -3, 4]), pair([least, 5], [-1, 5])):
            if op in ("fmod", "trunc") and given[0][0] == least:
                continue  # ends PyTorch's process
            ((result,),) = module.run(given, options=options)
            assert torch.equal(result, divide(*given))
        with pytest.raises(capstan.runtime.Error, match="integer division by zero"):
            module.run(pair([7, -7, 3], [2, 0, 5]), options=options)

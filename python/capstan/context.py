"""What a lowering is given: the result's type, and ways to emit operations on tensors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy
import torch

from .mlir_text import Function, Size, Value, quoted
from .scalars import Scalars, accumulator, is_float
from .symbols import Sizes, as_size, equal, product

ELEMENTS = {
    torch.bool: "i1",
    torch.uint8: "i8",
    torch.uint64: "i64",
    torch.int8: "i8",
    torch.int16: "i16",
    torch.int32: "i32",
    torch.int64: "i64",
    torch.float8_e4m3fn: "f8E4M3FN",
    torch.float16: "f16",
    torch.bfloat16: "bf16",
    torch.float32: "f32",
    torch.float64: "f64",
}
UNSIGNED = (torch.uint8, torch.uint64)
DTYPES = {element: dtype for dtype, element in ELEMENTS.items() if dtype not in UNSIGNED}

Scalar = int | float | bool | torch.SymInt | torch.SymFloat | torch.SymBool


class Refused(Exception):
    """A use of an op that its lowering doesn't cover."""


@dataclass(frozen=True)
class TensorType:
    """The type of a tensor, with sizes as expressions."""

    shape: tuple[Size, ...]
    element: str
    unsigned: bool = False

    @staticmethod
    def of(tensor: torch.Tensor) -> TensorType:
        if tensor.dtype not in ELEMENTS:
            raise Refused(f"tensors of {tensor.dtype}")
        shape = tuple(as_size(s) for s in tensor.shape)
        return TensorType(shape, ELEMENTS[tensor.dtype], tensor.dtype in UNSIGNED)


class Context:
    """Emits the operations of one op after the other.

    out: the TensorType of the op's result, or a list of them if it has several.
    op, node: the op's name, and the node of the graph.
    names: the user's names of symbols of sizes.
    f: the Function, for operations that nothing here emits.
    s: arithmetic on elements.
    """

    def __init__(self, function: Function) -> None:
        self.f = function
        self.s = Scalars(function)
        self.sizes = Sizes(function)
        self.out: TensorType | list[TensorType]
        self.op: str
        self.node: torch.fx.Node
        self.names: dict[str, str] = {}

    def refuse(self, why: str) -> Refused:
        """To raise where a lowering doesn't cover a use of its op."""
        return Refused(why)

    # -- scalars -------------------------------------------------------------

    def scalar(self, value: Scalar | Value, element: str) -> Value:
        """A host value, a number or an element as a value of the element type."""
        if isinstance(value, Value):
            return self.s.cast(value, element)
        if isinstance(value, (torch.SymInt, torch.SymFloat, torch.SymBool)):
            return self.s.cast(self.sizes.value(value.node.expr), element)
        return self.s.constant(value, element)

    def is_new(self, size: Size) -> bool:
        """Whether a size is a symbol that the current op has to define."""
        return isinstance(size, sympy.Symbol) and size not in self.f.known

    def new_size(self, value: Value) -> Size:
        """A size that the host computes and no expression of torch.export says."""
        size = sympy.Dummy("n", integer=True)
        self.sizes.define(size, value)
        return size

    # -- elementwise ---------------------------------------------------------

    def loops_of(self, shape: Sequence[Size], loops: Sequence[Size]) -> list[int | str]:
        """How the last loops index a tensor that is broadcast over them."""
        first = len(loops) - len(shape)
        return [
            "0" if equal(size, 1) and not equal(loops[first + i], 1) else first + i
            for i, size in enumerate(shape)
        ]

    def elementwise(
        self,
        inputs: Sequence[Value | Scalar],
        body: Callable[..., Value],
        compute: str | None = None,
        out: TensorType | None = None,
    ) -> Value:
        """One linalg.generic. `body` gets `s` and the elements, all of type `compute` (that of
        the result, f32 for half precision); "" leaves them as they are.
        """
        out = out or self.out
        if compute is None:
            compute = accumulator(out.element)
        tensors = [v for v in inputs if isinstance(v, Value) and v.shape is not None]
        # What the body doesn't compute is computed once, before it.
        scalars = {
            i: self.scalar(v, compute or (v.element if isinstance(v, Value) else out.element))
            for i, v in enumerate(inputs)
            if not (isinstance(v, Value) and v.shape is not None)
        }
        init = self.f.empty(out.shape, out.element, unsigned=out.unsigned)

        def whole(*elements: Value) -> list[Value]:
            of_tensors = iter(elements)
            values = [
                scalars[i]
                if i in scalars
                else self.s.cast(e := next(of_tensors), compute or e.element, e.unsigned)
                for i in range(len(inputs))
            ]
            result = body(self.s, *values)
            return [self.s.cast(result, out.element, out.unsigned)]

        operands = [(t, self.loops_of(t.shape, out.shape)) for t in tensors]
        everything = (init, list(range(len(out.shape))))
        return self.f.generic(operands, [everything], out.shape, whole)[0]

    def cast(self, x: Value, element: str, unsigned: bool = False) -> Value:
        if x.element == element and x.unsigned == unsigned:
            return x
        out = TensorType(x.shape, element, unsigned)
        return self.elementwise([x], lambda s, a: a, "", out)

    def broadcast(self, x: Value, shape: Sequence[Size]) -> Value:
        if len(shape) == x.rank and all(map(equal, shape, x.shape)):
            return x
        out = TensorType(tuple(shape), x.element, x.unsigned)
        return self.elementwise([x], lambda s, a: a, "", out)

    def indices(self, shape: Sequence[Size], element: str, body: Callable[..., Value]) -> Value:
        """A tensor whose elements `body` computes from their indices."""
        init = self.f.empty(shape, element)

        def whole(_: Value) -> list[Value]:
            at = [self.f.emit(f"linalg.index {i} : index", "index") for i in range(len(shape))]
            return [self.s.cast(body(self.s, *at), element)]

        return self.f.generic([], [(init, list(range(len(shape))))], shape, whole)[0]

    def splat(self, value: Scalar | Value, type: TensorType) -> Value:
        return self.f.filled(type.shape, self.scalar(value, type.element), unsigned=type.unsigned)

    # -- reductions ----------------------------------------------------------

    def reduce(
        self,
        x: Value,
        dims: Sequence[int],
        start: float | int | bool,
        combine: Callable[..., Value],
        compute: str | None = None,
        keepdim: bool = False,
    ) -> Value:
        """Reduces dimensions; the result has the element type `compute`."""
        dims = {d % max(x.rank, 1) for d in dims} if x.rank else set()
        compute = compute or accumulator(x.element)
        kept = [i for i in range(x.rank) if i not in dims]
        shape = [x.shape[i] for i in kept]
        init = self.f.filled(shape, self.f.constant(start, compute), unsigned=x.unsigned)

        def body(element: Value, partial: Value) -> list[Value]:
            return [combine(self.s, partial, self.s.cast(element, compute, x.unsigned))]

        loops = list(range(x.rank))
        result = self.f.generic([(x, loops)], [(init, kept)], x.shape, body, sorted(dims))[0]
        if keepdim:
            result = self.reshape(result, [1 if i in dims else s for i, s in enumerate(x.shape)])
        return result

    # -- shapes --------------------------------------------------------------

    def reshape(self, x: Value, shape: Sequence[Size]) -> Value:
        """The same elements in row-major order, as few collapsed as the sizes allow."""
        shape = tuple(shape)
        if len(shape) == x.rank and all(map(equal, shape, x.shape)):
            return x
        if not shape:
            return self._collapse(x, shape, [])
        if not x.rank:
            return self._expand(x, shape, [])
        groups = _common_groups(x.shape, shape)
        middle = [product(x.shape[i] for i in source) for source, _ in groups]
        if any(len(source) != 1 for source, _ in groups):
            x = self._collapse(x, middle, [list(source) for source, _ in groups])
        if any(len(target) != 1 for _, target in groups):
            x = self._expand(x, shape, [list(target) for _, target in groups])
        return x

    def _collapse(self, x: Value, shape: Sequence[Size], groups: list[list[int]]) -> Value:
        result = self.f.fresh(x.element, shape, unsigned=x.unsigned)
        return self.f.emit(
            f"tensor.collapse_shape {x} {groups} : {x.type} into {result.type}", result
        )

    def _expand(self, x: Value, shape: Sequence[Size], groups: list[list[int]]) -> Value:
        sizes = ", ".join(self.f.index(s) for s in shape)
        result = self.f.fresh(x.element, shape, unsigned=x.unsigned)
        return self.f.emit(
            f"tensor.expand_shape {x} {groups} output_shape [{sizes}] : {x.type} into "
            f"{result.type}",
            result,
        )

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        order = [d % x.rank for d in order]
        if order == list(range(x.rank)):
            return x
        init = self.f.empty([x.shape[d] for d in order], x.element, unsigned=x.unsigned)
        return self.f.into("linalg.transpose", [x], init, f" permutation = {order}")

    def slice(
        self,
        x: Value,
        offsets: Sequence[Size | Value],
        sizes: Sequence[Size],
        strides: Sequence[Size] | None = None,
    ) -> Value:
        def write(values: Sequence[Size | Value]) -> str:
            return ", ".join(str(v) if isinstance(v, Value) else self.f.index(v) for v in values)

        if 0 in sizes:  # which no offset is good enough for
            return self.splat(0, TensorType(tuple(sizes), x.element, x.unsigned))
        strides = strides or [1] * x.rank
        result = self.f.fresh(x.element, sizes, unsigned=x.unsigned)
        return self.f.emit(
            f"tensor.extract_slice {x}[{write(offsets)}] [{write(sizes)}] [{write(strides)}] : "
            f"{x.type} to {result.type}",
            result,
        )

    def slice_dim(self, x: Value, dim: int, start: Size, size: Size, step: Size = 1) -> Value:
        offsets, sizes, strides = [0] * x.rank, list(x.shape), [1] * x.rank
        offsets[dim], sizes[dim], strides[dim] = start, size, step
        return self.slice(x, offsets, sizes, strides)

    def concat(self, values: Sequence[Value], dim: int, shape: Sequence[Size]) -> Value:
        names, types = ", ".join(map(str, values)), ", ".join(v.type for v in values)
        result = self.f.fresh(values[0].element, shape, unsigned=values[0].unsigned)
        return self.f.emit(f"tensor.concat dim({dim}) {names} : ({types}) -> {result.type}", result)

    # -- elements ------------------------------------------------------------

    def check(self, condition: Value, message: str) -> None:
        self.f.emit(f"cf.assert {condition}, {quoted(message)}")

    def checked_index(self, index: Value, size: Size | Value, op: str) -> Value:
        """An index of PyTorch (negative: from the end) as one of MLIR, in the body of a kernel."""
        s = self.s
        size = size if isinstance(size, Value) else self.f.size(size)
        index = s.cast(index, "index")
        zero = s.constant(0, "index")
        negative = s.compare("lt", index, zero)
        index = s.select(negative, s.add(index, size), index)
        low, high = s.compare("ge", index, zero), s.compare("lt", index, size)
        self.check(s.both(low, high), f"{op}: index out of range")
        return index

    def extract(self, x: Value, at: Sequence[Value]) -> Value:
        result = self.f.fresh(x.element, unsigned=x.unsigned)
        places = ", ".join(map(str, at))
        return self.f.emit(f"tensor.extract {x}[{places}] : {x.type}", result)


def _common_groups(source: Sequence[Size], target: Sequence[Size]) -> list[tuple[range, range]]:
    """Splits two shapes of equally many elements into as many groups of equal products."""
    groups: list[tuple[range, range]] = []
    i = j = 0
    while i < len(source) and j < len(target):
        pairs = itertools.product(range(i + 1, len(source) + 1), range(j + 1, len(target) + 1))
        for p, q in sorted(pairs, key=sum):
            if equal(product(source[i:p]), product(target[j:q])):
                break
        else:
            p, q = len(source), len(target)
        groups.append((range(i, p), range(j, q)))
        i, j = p, q
    # What is left are sizes of 1.
    if i < len(source) or j < len(target):
        last_source, last_target = groups[-1]
        groups[-1] = (
            range(last_source.start, len(source)),
            range(last_target.start, len(target)),
        )
    return groups


__all__ = ["Context", "Refused", "TensorType", "is_float"]

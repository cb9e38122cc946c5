"""The registry of lowerings: one decorated function for an op of PyTorch.

    @capstan.lowering("mylib.scale.default")
    def scale(ctx, x, factor):
        return ctx.elementwise([x, factor], lambda s, x, factor: s.mul(x, factor))

The arguments are those of the op's schema, in its order, with its defaults: tensors are
`Value`s, sizes that are not constant are `torch.SymInt`s. `ctx` says what the result is
(`ctx.out`) and emits operations; see `capstan.context.Context`.
"""

from __future__ import annotations

from collections.abc import Callable

LOWERINGS: dict[str, Callable] = {}


def lowering(*ops: str) -> Callable[[Callable], Callable]:
    """Registers a function for ops, named as torch.export prints them. A later one replaces."""

    def register(function: Callable) -> Callable:
        for op in ops:
            if op.count(".") != 2:
                raise ValueError(f"not namespace.name.overload: {op!r}")
            LOWERINGS[op] = function
        return function

    return register


def load_all() -> None:
    """Registers the lowerings that Capstan has."""
    from . import (  # noqa: F401
        attention,
        convolution,
        elementwise,
        indexing,
        mamba,
        matmul,
        reductions,
        shapes,
        sorting,
        syncs,
    )

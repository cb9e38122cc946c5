"""Between PyTorch's tensors and the runtime's."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import torch

from . import runtime

PREPARE = "main.prepare"

DTYPES = {
    (0, 8): torch.int8, (0, 16): torch.int16, (0, 32): torch.int32, (0, 64): torch.int64,
    (1, 8): torch.uint8, (2, 16): torch.float16, (2, 32): torch.float32, (2, 64): torch.float64,
    (4, 16): torch.bfloat16, (6, 8): torch.bool, (10, 8): torch.float8_e4m3fn,
}  # fmt: skip


def signless(tensor: torch.Tensor) -> torch.Tensor:
    """As the compiled function takes it: without gaps, and MLIR's integers have no sign."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    tensor = tensor.contiguous()
    return tensor.view(torch.int8) if tensor.dtype == torch.uint8 else tensor


def aligned(tensor: torch.Tensor) -> torch.Tensor:
    """Kernels of GPUs read 16 bytes at once; a slice may begin anywhere."""
    return tensor.clone() if tensor.is_cuda and tensor.data_ptr() % 16 else tensor


make_capsule = ctypes.pythonapi.PyCapsule_New
make_capsule.restype = ctypes.py_object
make_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
CAPSULE = b"dltensor_versioned"  # kept as long as capsules are


def adopt(pointer: ctypes._Pointer) -> torch.Tensor:
    """A tensor of PyTorch's with the memory of a result, which it gives back."""
    return torch.from_dlpack(make_capsule(ctypes.addressof(pointer.contents), CAPSULE, None))


def prepare(
    module: runtime.Module, weights: Mapping[str, torch.Tensor], stream: ctypes.c_void_p
) -> dict[str, torch.Tensor]:
    """What a module computes of its weights once, by names of further arguments of `main`."""
    if not module.has(PREPARE):
        return {}
    entry = module.entry(PREPARE)
    taken = module.launch(PREPARE, [weights[name] for name in entry.argument_names], stream)
    results = dict(zip(entry.result_names, map(adopt, taken), strict=True))
    module.synchronize(stream)
    return results


def empty(tensor: runtime.Tensor) -> torch.Tensor:
    return torch.empty(tensor.shape[: tensor.rank], dtype=DTYPES[tensor.code, tensor.bits])

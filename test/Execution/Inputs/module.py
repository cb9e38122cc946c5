"""Compiles modules and calls them on the runtime, with NumPy arrays."""

import ctypes as C
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

LIBRARY = os.environ["CAPSTAN_RT"]
rt = C.CDLL(LIBRARY, mode=C.RTLD_GLOBAL)
rt.capstan_rt_last_message.restype = C.c_char_p


class DType(C.Structure):
    _fields_ = [("code", C.c_uint8), ("bits", C.c_uint8), ("lanes", C.c_uint16)]


class ValueInfo(C.Structure):
    _fields_ = [
        ("name", C.c_char_p),
        ("kind", C.c_int32),
        ("space", C.c_int32),
        ("dtype", DType),
        ("rank", C.c_int32),
        ("dims", C.POINTER(C.c_int64)),
    ]


class EntryInfo(C.Structure):
    _fields_ = [
        ("name", C.c_char_p),
        ("entry", C.c_void_p),
        ("num_arguments", C.c_int32),
        ("num_results", C.c_int32),
        ("arguments", C.POINTER(ValueInfo)),
        ("results", C.POINTER(ValueInfo)),
    ]


class ModuleInfo(C.Structure):
    _fields_ = [
        ("size", C.c_uint32),
        ("abi_version", C.c_uint32),
        ("target", C.c_char_p),
        ("producer", C.c_char_p),
        ("num_entries", C.c_int64),
        ("entries", C.POINTER(EntryInfo)),
    ]


class DLDevice(C.Structure):
    _fields_ = [("type", C.c_int32), ("id", C.c_int32)]


class DLTensor(C.Structure):
    _fields_ = [
        ("data", C.c_void_p),
        ("device", DLDevice),
        ("ndim", C.c_int32),
        ("dtype", DType),
        ("shape", C.POINTER(C.c_int64)),
        ("strides", C.POINTER(C.c_int64)),
        ("byte_offset", C.c_uint64),
    ]


class DLManaged(C.Structure):
    pass


DLManaged._fields_ = [
    ("major", C.c_uint32),
    ("minor", C.c_uint32),
    ("context", C.c_void_p),
    ("deleter", C.CFUNCTYPE(None, C.POINTER(DLManaged))),
    ("flags", C.c_uint64),
    ("tensor", DLTensor),
]

CODES = {"f": 2, "i": 0, "u": 1, "b": 6}
DTYPES = {
    (2, 32): np.float32,
    (2, 64): np.float64,
    (0, 64): np.int64,
    (0, 32): np.int32,
    (0, 8): np.int8,
    (6, 8): np.bool_,
}


class CallError(Exception):
    """What the runtime said."""


def check(status: int) -> None:
    if status:
        raise CallError(rt.capstan_rt_last_message().decode())


class DeviceConfig(C.Structure):
    _fields_ = [
        ("size", C.c_uint32),
        ("version", C.c_uint32),
        ("threads", C.c_int32),
        ("poison_memory", C.c_int32),
        ("delay_seed", C.c_uint64),
        ("max_delay_us", C.c_int64),
        ("memory_limit", C.c_int64),
        ("blas_library", C.c_char_p),
    ]


class Module:
    """A compiled module on a device with poisoned memory and random delays."""

    def __init__(self, text: str, *flags: str, seed: int = 1):
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder) / "module.mlir", Path(folder) / "module.so"
            source.write_text(text)
            command = ["capstan-compile", source, "-o", library, "--target=host", *flags]
            subprocess.run(command, check=True)
            config = DeviceConfig()
            rt.capstan_rt_device_config_init(C.byref(config))
            config.poison_memory, config.delay_seed, config.max_delay_us = 1, seed, 50
            self.device, self.module, self.stream = C.c_void_p(), C.c_void_p(), C.c_void_p()
            check(rt.capstan_rt_device_create(b"host", C.byref(config), C.byref(self.device)))
            check(
                rt.capstan_rt_module_open(self.device, str(library).encode(), C.byref(self.module))
            )
        check(rt.capstan_rt_stream_create(self.device, C.byref(self.stream)))
        rt.capstan_rt_module_get_info.restype = C.POINTER(ModuleInfo)
        info = rt.capstan_rt_module_get_info(self.module).contents
        self.entries = {
            info.entries[i].name.decode(): info.entries[i] for i in range(info.num_entries)
        }

    def __call__(self, name: str, *arrays):
        entry, function = self.entries[name], C.c_void_p()
        check(rt.capstan_rt_module_lookup(self.module, name.encode(), C.byref(function)))
        arrays = [np.asarray(array, order="C") for array in arrays]
        tensors = [self._export(array) for array in arrays]
        arguments = (C.POINTER(DLManaged) * max(1, len(arrays)))(*map(C.pointer, tensors))
        results = (C.POINTER(DLManaged) * max(1, entry.num_results))()
        check(
            rt.capstan_rt_call(
                function, self.stream, len(arrays), arguments, entry.num_results, results
            )
        )
        status = rt.capstan_rt_stream_synchronize(self.stream)
        outputs = [self._take(results[i]) for i in range(entry.num_results)]
        check(status)
        return outputs

    def _export(self, array: np.ndarray) -> DLManaged:
        managed = DLManaged(major=1)
        tensor = managed.tensor
        tensor.data, tensor.ndim = array.ctypes.data, array.ndim
        tensor.device = DLDevice(1, 0)
        tensor.dtype = DType(CODES[array.dtype.kind], array.dtype.itemsize * 8, 1)
        tensor.shape = (C.c_int64 * max(1, array.ndim))(*array.shape)
        return managed

    def _take(self, managed) -> np.ndarray:
        tensor = managed.contents.tensor
        dtype = np.dtype(DTYPES[tensor.dtype.code, tensor.dtype.bits])
        shape = [tensor.shape[i] for i in range(tensor.ndim)]
        size = int(np.prod(shape)) * dtype.itemsize
        memory = C.string_at(tensor.data, size) if size else b""
        managed.contents.deleter(managed)
        return np.frombuffer(memory, dtype).reshape(shape)


def close(a, b, bound: float = 1e-5) -> None:
    """The norm of the difference over the norm is below the bound."""
    error = np.linalg.norm(np.subtract(a, b, dtype=np.float64)) / max(np.linalg.norm(b), 1e-30)
    assert np.shape(a) == np.shape(b) and error <= bound, (np.shape(a), np.shape(b), error)

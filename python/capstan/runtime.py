"""Capstan's runtime from Python, with nothing but ctypes and NumPy.

    runtime = Runtime("build/lib/libcapstan_rt.so.0")
    device = Device(runtime, threads=2)
    module = Module(device, "model.so")
    logits, = module.call("forward", [ids, lens])
    print(module.counters()["blocking_syncs"])

Arguments are contiguous arrays, or tensors of PyTorch on the device, neither copied nor consumed: a
program that writes to an argument writes to the array. Results are new arrays.

With Device(runtime, "cuda") and Module.launch, tensors stay on the GPU, and work is in the order
of a stream of PyTorch's.
"""

from __future__ import annotations

import ctypes as c
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

CHECK_FAILED = 1  # the other codes are in capstan_rt/status.h
DEVICES = {"cpu": 1, "cuda": 2}  # PyTorch's type of device: DLDeviceType
CPU = DEVICES["cpu"]
CODES = {"i": 0, "u": 1, "f": 2, "b": 6}  # NumPy's kind of type: DLDataTypeCode
KINDS = {code: kind for kind, code in CODES.items()}
TORCH_CODES = {"bfloat": 4, "bool": 6, "float": 2, "float8_e4m3fn": 10, "int": 0, "uint": 1}


@functools.cache
def element_of(kind: np.dtype | torch.dtype) -> tuple[int, int]:
    """DLDataTypeCode and bits."""
    if isinstance(kind, np.dtype):
        code = CODES.get(kind.kind)
    else:  # as PyTorch writes them: torch.bfloat16
        code = TORCH_CODES.get(str(kind).removeprefix("torch.").rstrip("0123456789"))
    if code is None:
        raise TypeError(f"not an array of numbers: {kind}")
    return code, 8 * kind.itemsize


class Tensor(c.Structure):
    """DLManagedTensorVersioned."""

    _fields_ = (
        ("major", c.c_uint32),
        ("minor", c.c_uint32),
        ("context", c.c_void_p),
        ("deleter", c.CFUNCTYPE(None, c.c_void_p)),
        ("flags", c.c_uint64),
        ("data", c.c_void_p),
        ("device_type", c.c_int32),
        ("device_id", c.c_int32),
        ("rank", c.c_int32),
        ("code", c.c_uint8),
        ("bits", c.c_uint8),
        ("lanes", c.c_uint16),
        ("shape", c.POINTER(c.c_int64)),
        ("strides", c.POINTER(c.c_int64)),
        ("offset", c.c_uint64),
    )

    @staticmethod
    def of(array: np.ndarray | torch.Tensor) -> Tensor:
        """A view of the array, which has to outlive it."""
        device, number = CPU, 0
        if isinstance(array, np.ndarray):
            data, contiguous = array.ctypes.data, array.flags.c_contiguous
        else:
            data, contiguous, place = array.data_ptr(), array.is_contiguous(), array.device
            if place.type not in DEVICES:
                raise TypeError(f"a tensor on {place}; there are {', '.join(DEVICES)}")
            device, number = DEVICES[place.type], place.index or 0
        if not contiguous:
            raise TypeError("not a contiguous array")
        code, bits = element_of(array.dtype)
        tensor = Tensor(1, 0, None, Tensor._no_deleter, 0, data, device, number)
        tensor.rank, tensor.code, tensor.bits, tensor.lanes = array.ndim, code, bits, 1
        tensor.shape = (c.c_int64 * array.ndim)(*array.shape)
        return tensor


Tensor._no_deleter = dict(Tensor._fields_)["deleter"]()


def empty_array(tensor: Tensor) -> np.ndarray:
    kind = np.dtype(f"{KINDS[tensor.code]}{tensor.bits // 8}")
    return np.empty(tensor.shape[: tensor.rank], kind)


class Allocator(c.Structure):
    """capstan_rt_allocator."""

    _fields_ = (
        ("size", c.c_uint32),
        ("context", c.c_void_p),
        ("allocate", c.c_void_p),
        ("release", c.c_void_p),
        ("empty_cache", c.CFUNCTYPE(None, c.c_void_p)),
    )


@functools.cache
def emptying(empty_cache: Callable[[], object]) -> Allocator:
    """An allocator that only empties a framework's cache. Kept for ever: devices may use it after
    Python has let go of them.
    """
    allocator = Allocator(c.sizeof(Allocator))
    allocator.empty_cache = dict(Allocator._fields_)["empty_cache"](lambda _: empty_cache())
    return allocator


class DeviceConfig(c.Structure):
    """capstan_rt_device_config."""

    _fields_ = (
        ("size", c.c_uint32),
        ("version", c.c_uint32),
        ("threads", c.c_int32),
        ("poison_memory", c.c_int32),
        ("delay_seed", c.c_uint64),
        ("max_delay_us", c.c_int64),
        ("memory_limit", c.c_int64),
        ("blas_library", c.c_char_p),
        ("max_graphs", c.c_int32),
        ("max_graph_bytes", c.c_int64),
        ("cuda_driver", c.c_char_p),
        ("release_threshold", c.c_int64),
        ("gemm_cache", c.c_char_p),
        ("allocator", c.POINTER(Allocator)),
        ("cudnn_library", c.c_char_p),
        ("devices", c.c_void_p),
        ("num_devices", c.c_int64),
        ("attention", c.c_int32),
    )


class ValueInfo(c.Structure):
    """capstan_rt_value_info."""

    _fields_ = (
        ("name", c.c_char_p),
        ("kind", c.c_int32),
        ("space", c.c_int32),
        ("code", c.c_uint8),
        ("bits", c.c_uint8),
        ("lanes", c.c_uint16),
        ("rank", c.c_int32),
        ("dims", c.POINTER(c.c_int64)),
    )


class EntryInfo(c.Structure):
    """capstan_rt_entry_info."""

    _fields_ = (
        ("name", c.c_char_p),
        ("entry", c.c_void_p),
        ("num_arguments", c.c_int32),
        ("num_results", c.c_int32),
        ("arguments", c.POINTER(ValueInfo)),
        ("results", c.POINTER(ValueInfo)),
    )


class ModuleInfo(c.Structure):
    """capstan_rt_module_info."""

    _fields_ = (
        ("size", c.c_uint32),
        ("abi_version", c.c_uint32),
        ("target", c.c_char_p),
        ("producer", c.c_char_p),
        ("num_entries", c.c_int64),
        ("entries", c.POINTER(EntryInfo)),
    )


class Error(Exception):
    """What the runtime says when a call fails."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Runtime:
    """The loaded library."""

    def __init__(self, library: str) -> None:
        self.lib = c.CDLL(library)
        self.lib.capstan_rt_last_message.restype = c.c_char_p
        self.lib.capstan_rt_counter_name.restype = c.c_char_p
        self.lib.capstan_rt_module_get_info.restype = c.POINTER(ModuleInfo)
        self.counters: list[str] = []
        while name := self.lib.capstan_rt_counter_name(len(self.counters), None):
            self.counters.append(name.decode())

    def check(self, status: int) -> None:
        if status:
            raise Error(status, self.lib.capstan_rt_last_message().decode())


class Device:
    """A device and a stream. Options are the fields of capstan_rt_device_config. `empty_cache` of
    a framework is called before an allocation that found no memory on a GPU is tried again.
    """

    def __init__(
        self,
        runtime: Runtime,
        name: str = "host",
        empty_cache: Callable[[], object] | None = None,
        **options: int,
    ) -> None:
        config = DeviceConfig()
        runtime.lib.capstan_rt_device_config_init(c.byref(config))
        known = [key for key, _ in DeviceConfig._fields_[2:]]
        for key, value in options.items():
            if key not in known:
                raise TypeError(f"no option {key!r} of a device; there are {', '.join(known)}")
            setattr(config, key, value)
        if empty_cache:
            config.allocator = c.pointer(emptying(empty_cache))
        self.runtime, self.handle, self.stream = runtime, c.c_void_p(), c.c_void_p()
        self._wrapped: dict[int, c.c_void_p] = {}
        create = runtime.lib.capstan_rt_device_create
        runtime.check(create(name.encode(), c.byref(config), c.byref(self.handle)))
        create = runtime.lib.capstan_rt_stream_create
        runtime.check(create(self.handle, c.byref(self.stream)))

    def wrap(self, native: int) -> c.c_void_p:
        """The stream around a CUstream, such as torch.cuda.current_stream().cuda_stream, which has
        to outlive the device.
        """
        if native not in self._wrapped:
            stream = c.c_void_p()
            wrap = self.runtime.lib.capstan_rt_stream_wrap
            self.runtime.check(wrap(self.handle, c.c_void_p(native), c.byref(stream)))
            self._wrapped[native] = stream
        return self._wrapped[native]

    def __del__(self) -> None:
        if not hasattr(self, "_wrapped"):  # it wasn't made
            return
        for stream in self._wrapped.values():
            self.runtime.lib.capstan_rt_stream_release(stream)
        self.runtime.lib.capstan_rt_stream_release(self.stream)
        self.runtime.lib.capstan_rt_device_release(self.handle)


class Entry:
    """A function of a module."""

    def __init__(self, function: c.c_void_p, info: EntryInfo) -> None:
        self.function = function
        self.num_results = info.num_results
        self.argument_names = [a.name.decode() for a in info.arguments[: info.num_arguments]]
        self.result_names = [r.name.decode() for r in info.results[: info.num_results]]


class Module:
    """A module that capstan-compile made."""

    def __init__(self, device: Device, path: str) -> None:
        self.device, self.lib, self.handle = device, device.runtime.lib, c.c_void_p()
        self.check = device.runtime.check
        self.check(
            self.lib.capstan_rt_module_open(device.handle, path.encode(), c.byref(self.handle))
        )
        info = self.lib.capstan_rt_module_get_info(self.handle).contents
        entries = info.entries[: info.num_entries]
        self._infos = {entry.name.decode(): entry for entry in entries}
        self._entries: dict[str, Entry] = {}

    def __del__(self) -> None:
        if hasattr(self, "handle"):  # else it wasn't made
            self.lib.capstan_rt_module_release(self.handle)

    def call(
        self,
        entry: str,
        arguments: Sequence[np.ndarray | torch.Tensor],
        new: Callable[[Tensor], np.ndarray | torch.Tensor] = empty_array,
    ) -> list[np.ndarray | torch.Tensor]:
        """Runs an entry and waits for its results. Scalars are arrays of rank 0. `new` makes the
        array that a result is copied to.
        """
        taken: list[c._Pointer] = []
        try:
            try:
                taken = self.launch(entry, arguments, self.device.stream)
            finally:
                # Work on the device may still use the arguments, and may still fail.
                self.synchronize(self.device.stream)
            return [self.read(t, new(t.contents)) for t in taken]
        finally:
            for tensor in taken:
                tensor.contents.deleter(c.cast(tensor, c.c_void_p))

    def launch(
        self,
        entry: str,
        arguments: Sequence[np.ndarray | torch.Tensor],
        stream: c.c_void_p,
    ) -> list[c._Pointer]:
        """Starts an entry on a stream. The results are DLManagedTensorVersioned, each of which has
        to be deleted once. The arguments have to live until the stream has done the work.
        """
        tensors = [Tensor.of(a) for a in arguments]
        given = (c.POINTER(Tensor) * len(tensors))(*(c.pointer(t) for t in tensors))
        return self.start(self.entry(entry), given, stream)

    def has(self, entry: str) -> bool:
        return entry in self._infos

    def entry(self, name: str) -> Entry:
        if name not in self._entries:
            function = c.c_void_p()
            lookup = self.lib.capstan_rt_module_lookup
            self.check(lookup(self.handle, name.encode(), c.byref(function)))
            self._entries[name] = Entry(function, self._infos[name])
        return self._entries[name]

    def start(self, entry: Entry, given: c.Array, stream: c.c_void_p) -> list[c._Pointer]:
        """`launch` of pointers to tensors that have been made before."""
        taken = (c.POINTER(Tensor) * entry.num_results)()
        self.check(
            self.lib.capstan_rt_call(
                entry.function, stream, len(given), given, entry.num_results, taken
            )
        )
        return list(taken)

    def synchronize(self, stream: c.c_void_p) -> None:
        self.check(self.lib.capstan_rt_stream_synchronize(stream))

    def read(self, pointer: c._Pointer, array: np.ndarray | torch.Tensor):
        view = Tensor.of(array)
        read = self.lib.capstan_rt_tensor_read
        self.check(read(pointer, self.device.stream, c.c_void_p(view.data), array.nbytes))
        return array

    def profile(self, run: Callable[[], object]) -> str:
        """A table of the kernels that `run` starts and waits for: calls, time, and how near each
        is to what the device can do. Graphs are not replayed meanwhile.
        """
        device = self.device.handle
        self.check(self.lib.capstan_rt_profile_start(device))
        table = c.c_char_p()
        try:
            run()
        finally:
            status = self.lib.capstan_rt_profile_stop(device, c.byref(table))
        self.check(status)
        return table.value.decode()

    def counters(self, total: bool = False) -> dict[str, int]:
        """What the last call did; or all calls, and what the module holds."""
        names = self.device.runtime.counters
        values = (c.c_int64 * (1 + len(names)))()  # size and version in the first
        values[0] = c.sizeof(values)
        get = self.lib.capstan_rt_module_last_forward
        if total:
            get = self.lib.capstan_rt_module_counters
        self.check(get(self.handle, values))
        return dict(zip(names, values[1:], strict=True))

"""Capstan's compiler from Python, with nothing but ctypes: the C API of capstan-c/Compiler.h.

module = compiler.Module(text, "model.mlir")
module.run_passes("capstan-host-sync-pipeline")
module.compile("model.so")
"""

from __future__ import annotations

import ctypes as c
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import libraries

API_VERSION = 1
LOCATIONS = REMARKS = 1  # CAPSTAN_PRINT_LOCATIONS, CAPSTAN_PASSES_REMARKS
FORMATS = ("text", "json", "html")  # capstan_report_format


class CompilerError(Exception):
    """What the compiler said; each line has its place in the IR, or in Python if that is known."""


@dataclass(frozen=True)
class Options:
    """How a module is compiled."""

    pipeline: str = ""  # passes that run first, such as capstan-static-shape-pipeline{...}
    keep_host_syncs: bool = False  # without the host-sync pipeline
    memory_plan: bool = True  # buffers have places in arenas
    chip: str = ""  # as in -mcpu, of this machine; with cuda sm_90
    # What is computed of weights alone is computed once, and products of one tensor with several
    # weights are one product: that takes a copy of these weights. None: for GPUs.
    prepare_weights: bool | None = None


class _Options(c.Structure):
    """capstan_compile_options"""

    _fields_ = (
        ("struct_size", c.c_size_t),
        ("target", c.c_char_p),
        ("chip", c.c_char_p),
        ("linker", c.c_char_p),
        ("less_optimization", c.c_int32),
        ("keep_host_syncs", c.c_int32),
        ("no_memory_plan", c.c_int32),
    )


@functools.cache
def _library() -> c.CDLL:
    library = c.CDLL(str(libraries.find(libraries.COMPILER)))
    pointer, out = c.c_void_p, c.POINTER(c.c_void_p)
    for name, result, arguments in (
        ("compiler_api_version", c.c_uint32, ()),
        ("compiler_version", c.c_char_p, ()),
        ("text_data", pointer, (pointer,)),
        ("text_size", c.c_size_t, (pointer,)),
        ("text_destroy", None, (pointer,)),
        ("add_op_models", c.c_int, (c.c_char_p,)),
        ("module_parse", c.c_int, (c.c_char_p, c.c_size_t, c.c_char_p, out, out)),
        ("module_destroy", None, (pointer,)),
        ("module_print", c.c_int, (pointer, c.c_uint32, out)),
        ("module_run_passes", c.c_int, (pointer, c.c_char_p, c.c_uint32, out)),
        ("module_report", c.c_int, (pointer, c.c_char_p, c.c_int, out, out)),
        ("module_compile", c.c_int, (pointer, c.POINTER(_Options), c.c_char_p, out)),
    ):
        function = getattr(library, f"capstan_{name}")
        function.restype, function.argtypes = result, arguments
    version = library.capstan_compiler_api_version()
    if version != API_VERSION:
        raise CompilerError(f"{library._name} has version {version} of the API, not {API_VERSION}")
    return library


def version() -> str:
    return _library().capstan_compiler_version().decode()


def add_op_models(path: str | Path) -> None:
    """A model file of foreign ops, for modules that are made from now on."""
    _library().capstan_add_op_models(str(path).encode())


def _take(text: c.c_void_p) -> str:
    library = _library()
    data = c.string_at(library.capstan_text_data(text), library.capstan_text_size(text))
    library.capstan_text_destroy(text)
    return data.decode(errors="replace")


class Module:
    """A module of IR, of MLIR's text or bytecode. What fails leaves it as it is."""

    def __init__(self, ir: str | bytes, name: str = "<memory>") -> None:
        self._handle = c.c_void_p()
        data = ir.encode() if isinstance(ir, str) else ir
        parse = _library().capstan_module_parse
        self._said(lambda out: parse(data, len(data), name.encode(), c.byref(self._handle), out))

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            _library().capstan_module_destroy(self._handle)

    def __str__(self) -> str:
        return self.print()

    def print(self, locations: bool = False) -> str:
        text = c.c_void_p()
        flags = LOCATIONS if locations else 0
        _library().capstan_module_print(self._handle, flags, c.byref(text))
        return _take(text)

    def run_passes(self, pipeline: str, remarks: bool = False) -> str:
        """Runs passes, in the syntax of --pass-pipeline; gives what they say."""
        run = _library().capstan_module_run_passes
        flags = REMARKS if remarks else 0
        return self._said(lambda out: run(self._handle, pipeline.encode(), flags, out))

    def report(self, pipeline: str | None = None, format: str = "text") -> str:
        """Host syncs before and after passes, as capstan-report prints them."""
        text = c.c_void_p()
        passes = pipeline.encode() if pipeline is not None else None
        report = _library().capstan_module_report
        wanted = FORMATS.index(format)
        self._said(lambda out: report(self._handle, passes, wanted, c.byref(text), out))
        return _take(text)

    def compile(
        self, path: str | Path, options: Options | None = None, target: str = "host"
    ) -> None:
        """Writes a shared library for capstan.runtime, for the target host or cuda; runs the passes
        of the options first.
        """
        options = options or Options()
        prepares = options.prepare_weights
        if prepares or (prepares is None and target == "cuda"):
            self.run_passes("cse,capstan-pack-projections,capstan-prepare-weights")
        if options.pipeline:
            self.run_passes(options.pipeline)
        flags = _Options(c.sizeof(_Options))
        flags.target = target.encode()
        flags.chip = options.chip.encode() or None
        flags.keep_host_syncs = options.keep_host_syncs
        flags.no_memory_plan = not options.memory_plan
        compile_ = _library().capstan_module_compile
        self._said(lambda out: compile_(self._handle, c.byref(flags), str(path).encode(), out))

    def _said(self, call: Callable[..., int]) -> str:
        messages = c.c_void_p()
        result = call(c.byref(messages))
        text = _take(messages)
        if result:
            raise CompilerError(text.strip())
        return text

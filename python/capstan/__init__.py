"""Capstan from Python: models of PyTorch as Capstan IR, compiled and run.

    module = capstan.export(model, (), {"input_ids": ids}, dynamic_shapes={"input_ids": {1: T}})
    logits = module.run({"input_ids": ids}).logits

`capstan.compiler` and `capstan.buckets` need nothing, `capstan.runtime` NumPy; the rest needs
PyTorch.
"""

from __future__ import annotations

from importlib import import_module

_WHERE = {
    "Artifact": "artifact",
    "CompilerError": "compiler",
    "ExportError": "errors",
    "InputError": "module",
    "Module": "module",
    "Options": "compiler",
    "UnsupportedOps": "errors",
    "explain": "explanation",
    "export": "exporter",
    "lowering": "lowerings",
    "register_attention": "attention",
    "varlen_attention": "attention",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'capstan' has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value

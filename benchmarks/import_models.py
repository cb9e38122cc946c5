#!/usr/bin/env python3
"""Whole models of Hugging Face, from Python to a forward on the host: what each step takes.

    build/torch-venv/bin/python benchmarks/import_models.py [--models Qwen3-0.6B Llama-3.2-1B]

Sizes are those of the models, weights are random with a seed, attention is packed. Prints the
seconds of torch.export, of the import after it, of the compilation and of one forward beside
PyTorch eager's, the size of the IR with operations in each layer, host syncs, and the error
against eager (norm of the difference over norm); then the same for two static buckets, of which
one holds the batch, whose work is captured once and replayed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "utils"))

import capstan
import torch
import transformers
from torch.export import Dim
from torch_reference import CONFIGS

# Family, and what differs from the configuration of the corpus's models.
MODELS = {
    "Qwen3-0.6B": ("qwen3", {"rms_norm_eps": 1e-6}),
    "Llama-3.2-1B": ("llama3", {"rms_norm_eps": 1e-5}),
}


def timed(what: Callable[[], object]) -> tuple[object, float]:
    start = time.perf_counter()
    return what(), time.perf_counter() - start


def measure(name: str, lengths: list[int]) -> None:
    corpus_name, differs = MODELS[name]
    family, sizes = CONFIGS[corpus_name]
    config = getattr(transformers, f"{family}Config")(**sizes, **differs, tie_word_embeddings=True)
    config._attn_implementation = "capstan"
    torch.manual_seed(0)
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    cu = torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)
    batch = {
        "input_ids": torch.randint(config.vocab_size, (1, sum(lengths))),
        "position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
        "cu_seq_lens_q": cu,
        "use_cache": False,
    }
    tokens, documents = Dim("T", min=2, max=8192), Dim("B", min=2, max=65)
    shapes = {"input_ids": {1: tokens}, "position_ids": {1: tokens}}
    shapes |= {"cu_seq_lens_q": {0: documents}, "use_cache": None}
    with torch.no_grad():
        module, exporting = timed(lambda: capstan.export(model, (), batch, dynamic_shapes=shapes))
        _, importing = timed(lambda: capstan.export(module.program))
        exporting -= importing
        _, compiling = timed(module.load)
        module.run(batch)  # the first one maps libraries and starts threads
        result, ours = timed(lambda: module.run(batch).logits)
        model(**batch)
        expected, eager = timed(lambda: model(**batch).logits)
    text = module.mlir()
    operations = sum(" = " in line or "cf.assert" in line for line in text.splitlines())
    syncs = module.report()
    error = float((result - expected).norm() / expected.norm())
    print(
        f"{name}: export {exporting:.1f} s, import {importing:.2f} s, compile {compiling:.1f} s; "
        f"forward of {sum(lengths)} tokens {ours:.2f} s, eager {eager:.2f} s; "
        f"IR {len(text) / 1e6:.2f} MB, {operations / config.num_hidden_layers:.0f} operations a "
        f"layer; host syncs {syncs['before']['per_forward']} before, "
        f"{syncs['after']['per_forward']} after; error {error:.1e}"
    )
    t, b = sum(lengths), len(lengths)
    buckets = ",".join(f"T={k * t + 32}/B={k * b + 4}" for k in (1, 2))
    options = capstan.Options(
        f"capstan-host-sync-pipeline,capstan-static-shape-pipeline{{buckets={buckets}}}"
    )
    _, compiling = timed(lambda: module.load(options))
    with torch.no_grad():
        _, capturing = timed(lambda: module.run(batch, options=options))
        result, ours = timed(lambda: module.run(batch, options=options).logits)
    error = float((result - expected).norm() / expected.norm())
    counters = module.counters
    print(
        f"  in buckets {buckets}: compile {compiling:.1f} s, first forward {capturing:.2f} s, "
        f"next {ours:.2f} s; host syncs {counters['blocking_syncs']}, replays "
        f"{counters['graph_replays']}; error {error:.1e}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--lengths", default="100,28,120,8", help="tokens of each document")
    args = parser.parse_args()
    capstan.register_attention()
    for name in args.models:
        measure(name, [int(n) for n in args.lengths.split(",")])
    return 0


if __name__ == "__main__":
    sys.exit(main())

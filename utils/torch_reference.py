#!/usr/bin/env python3
"""What PyTorch computes for a model of the corpus: weights, inputs and logits as files.

    torch_reference.py llama3_2_1b_linalg_scf_for.mlir --out DIR --lengths 20,44

Writes DIR/weights.safetensors (random weights, named as the arguments of @main: arg3,
arg4, ...), DIR/inputs.npz (token ids, positions, lengths) and DIR/expected.npz (the
logits of the Hugging Face model on the CPU in float32, with each document attending to
itself only). Then

    capstan-run FILE.mlir --input DIR/weights.safetensors --input DIR/inputs.npz \\
        --compare DIR/expected.npz --tolerance 1e-5

--small makes the references of test/Execution: the sizes of shrink_model.py, and weights
that `capstan-run --input '*=random:1:-0.2:0.2'` makes too, which need no file.

Needs the Python packages torch, transformers, safetensors and numpy.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from shrink_model import INTERMEDIATE, LAYERS, VOCABULARY
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

# The sizes of the corpus, by the first word of the file's name.
CONFIGS = {
    "llama3": (
        "Llama",
        {
            "vocab_size": 128256,
            "hidden_size": 2048,
            "intermediate_size": 8192,
            "num_hidden_layers": 16,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 64,
        },
    ),
    "qwen3": (
        "Qwen3",
        {
            "vocab_size": 151936,
            "hidden_size": 1024,
            "intermediate_size": 3072,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
        },
    ),
}
SMALL = {
    "llama3": {"vocab_size": VOCABULARY, "num_hidden_layers": LAYERS},
    "qwen3": {
        "vocab_size": VOCABULARY,
        "num_hidden_layers": LAYERS,
        "intermediate_size": INTERMEDIATE,
    },
}
HEAD = 6  # ids, positions, lengths, embedding, inv_freq, final norm


def packed(module, q, k, v, mask, scaling=None, seq_lengths=None, **kwargs):
    """Attention of each document to itself: q is [1, heads, tokens, head_dim]."""
    parts = []
    sizes = seq_lengths.tolist()
    for qd, kd, vd in zip(*(x.split(sizes, dim=2) for x in (q, k, v)), strict=True):
        parts.append(
            scaled_dot_product_attention(
                qd, kd, vd, is_causal=True, scale=scaling, enable_gqa=q.shape[1] != k.shape[1]
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2), None


def arguments_of(path: Path) -> int:
    """The number of arguments of @main, in generic form."""
    for line in path.read_text().splitlines():
        if 'sym_name = "main"' in line:
            found = re.search(r"function_type = \((.*?)\) -> ", line)
            return len(re.findall(r"tensor<", found[1])) if found else 0
    sys.exit(f"{path}: no @main in generic form")


def split_mix(seed: int, i: np.ndarray) -> np.ndarray:
    """capstan-run's random numbers (tools/capstan-run/Inputs.cpp), in uint64."""
    z = np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    z = z + (i.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random_argument(name: str, shape: torch.Size, seed: int, low: float, high: float):
    """What `--input *=random:SEED:LOW:HIGH` gives for argument `name`."""
    for c in name.encode():
        seed = int(split_mix(seed, np.array(c)))
    unit = (split_mix(seed, np.arange(shape.numel())) >> np.uint64(11)) * 2.0**-53
    return torch.from_numpy((low + unit * (high - low)).astype(np.float32)).reshape(shape)


def make_model(kind: str, changed: dict[str, int], seed: int) -> nn.Module:
    name, sizes = CONFIGS[kind]
    sizes = sizes | changed
    config = getattr(transformers, f"{name}Config")(tie_word_embeddings=True, **sizes)
    config._attn_implementation = "packed"
    torch.manual_seed(seed)
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("norm.weight"):
                parameter.copy_(1 + 0.1 * torch.randn_like(parameter))
    return model


def weights_of(model: nn.Module, count: int) -> dict[str, list[torch.Tensor]]:
    """The weights by @main's arguments, which stack those in a list."""
    state = dict(model.named_parameters()) | dict(model.named_buffers())
    inner = model.model
    layers = len(inner.layers)
    prefix = "model.layers.0."
    keys = [k.removeprefix(prefix) for k in state if k.startswith(prefix)]
    values = [
        [state["model.embed_tokens.weight"]],
        [state["model.rotary_emb.inv_freq"]],
        [state["model.norm.weight"]],
    ]
    if count == HEAD + len(keys):
        values += [[state[f"model.layers.{i}.{key}"] for i in range(layers)] for key in keys]
    elif count == HEAD + layers * len(keys):
        values += [[state[f"model.layers.{i}.{key}"]] for i in range(layers) for key in keys]
    else:
        sys.exit(f"@main has {count} arguments, which is neither form of {layers} layers")
    return {f"arg{i + 3}": v for i, v in enumerate(values)}


def stacked(tensors: list[torch.Tensor]) -> torch.Tensor:
    return (tensors[0] if len(tensors) == 1 else torch.stack(tensors)).detach().contiguous()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="IR, for its name and number of arguments")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lengths", default="20,44", help="tokens of each document")
    parser.add_argument("--layers", type=int, help="if the file has fewer than the model")
    parser.add_argument("--small", action="store_true", help="the sizes of shrink_model.py")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="of PyTorch")
    parser.add_argument("--json", action="store_true", help="print times and memory as JSON")
    parser.add_argument("--repeat", type=int, default=1, help="forwards, to measure the time")
    args = parser.parse_args()

    if args.threads:
        torch.set_num_threads(args.threads)
    kind = args.file.name.split("_")[0]
    if kind not in CONFIGS:
        parser.error(f"{args.file.name}: not one of {', '.join(CONFIGS)}")
    ALL_ATTENTION_FUNCTIONS.register("packed", packed)
    changed = SMALL[kind] if args.small else {}
    if args.layers:
        changed = {"num_hidden_layers": args.layers}
    model = make_model(kind, changed, args.seed)
    lengths = torch.tensor([int(n) for n in args.lengths.split(",")], dtype=torch.int32)
    total = int(lengths.sum())
    generator = torch.Generator().manual_seed(args.seed)
    ids = torch.randint(model.config.vocab_size, (1, total), generator=generator)
    positions = torch.cat([torch.arange(int(n)) for n in lengths])[None]

    args.out.mkdir(parents=True, exist_ok=True)
    weights = weights_of(model, arguments_of(args.file))
    if args.small:
        with torch.no_grad():
            for name, tensors in weights.items():
                whole = stacked(tensors)
                made = random_argument(name, whole.shape, 1, -0.2, 0.2)
                for tensor, part in zip(
                    tensors, made.unbind() if len(tensors) > 1 else [made], strict=True
                ):
                    tensor.copy_(part)
    elif not (args.out / "weights.safetensors").exists():
        save_file({k: stacked(v) for k, v in weights.items()}, args.out / "weights.safetensors")
    np.savez(
        args.out / "inputs.npz", arg0=ids.numpy(), arg1=positions.numpy(), arg2=lengths.numpy()
    )
    times = []
    with torch.no_grad():
        for _ in range(args.repeat):
            start = time.perf_counter()
            logits = model(
                input_ids=ids, position_ids=positions, use_cache=False, seq_lengths=lengths
            ).logits
            times.append(time.perf_counter() - start)
    np.savez(args.out / "expected.npz", result0=logits.float().numpy())
    if args.json:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        figures = {"torch": torch.__version__, "seconds": times, "peak_resident_bytes": peak}
        print(json.dumps(figures))
        return 0
    print(f"torch {torch.__version__}: {min(times) * 1e3:.1f} ms, {total} tokens")
    return 0


if __name__ == "__main__":
    sys.exit(main())

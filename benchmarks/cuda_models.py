"""Models of the benchmarks on a GPU: sizes, weights, batches, artifacts, the peers' decoder."""

from __future__ import annotations

import itertools
import math
import time
from pathlib import Path

import capstan
import torch

# Sizes as in the models' config.json; layers, hidden, inner, heads, key heads, head size, theta.
SIZES = {
    "qwen3-0.6b": ("Qwen3", 28, 1024, 3072, 16, 8, 128, 1e6),
    "llama-3.2-1b": ("Llama", 16, 2048, 8192, 32, 8, 64, 5e5),
    "qwen3-14b-4l": ("Qwen3", 4, 5120, 17408, 40, 8, 128, 1e6),
}
MOST = {"T": 8192, "B": 65}


def make_config(name: str):
    import transformers

    kind, layers, hidden, inner, heads, key_heads, dim, theta = SIZES[name]
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=256,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        head_dim=dim,
        rms_norm_eps=1e-6,
        rope_theta=theta,
        max_position_embeddings=MOST["T"],
    )
    return kind, config


def compile_model(name: str, buckets: str, path: Path, label: str) -> None:
    import transformers

    capstan.register_attention()
    kind, config = make_config(name)
    config._attn_implementation = "capstan"
    with torch.device("meta"):
        model = getattr(transformers, f"{kind}Model")(config).eval()
    for key, parameter in model.named_parameters():
        set_parameter(model, key, torch.empty(parameter.shape, dtype=torch.bfloat16))
    model.rotary_emb = type(model.rotary_emb)(config)  # its buffer isn't a weight
    inputs = example(config.hidden_size, [3, 5, 8])
    dims = {k: torch.export.Dim(k, min=2, max=most) for k, most in MOST.items()}
    shapes = {
        "inputs_embeds": {1: dims["T"]},
        "position_ids": {1: dims["T"]},
        "cu_seq_lens_q": {0: dims["B"]},
        "cu_seq_lens_k": {0: dims["B"]},
        "use_cache": None,
    }
    begin = time.perf_counter()
    module = capstan.export(model, (), inputs | {"use_cache": False}, dynamic_shapes=shapes)
    exported = time.perf_counter()
    options = capstan.Options(pipeline=f"capstan-static-shape-pipeline{{buckets={buckets}}}")
    library = module.compile(options, "cuda")
    path.write_bytes(library.read_bytes())
    compiled = time.perf_counter() - exported
    print(f"{label}: export {exported - begin:.1f} s, compile {compiled:.1f} s", flush=True)


def set_parameter(model: torch.nn.Module, key: str, value: torch.Tensor) -> None:
    path, _, last = key.rpartition(".")
    parameter = torch.nn.Parameter(value, requires_grad=False)
    setattr(model.get_submodule(path), last, parameter)


def split(tokens: int, documents: int) -> list[int]:
    """Documents of different lengths that add up."""
    share = [1 + i % 4 for i in range(documents)]
    ends = [sum(share[: i + 1]) * tokens // sum(share) for i in range(documents)]
    return [b - a for a, b in itertools.pairwise([0, *ends])]


def example(hidden: int, lengths: list[int], device: str = "cpu") -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(sum(lengths))
    states = torch.randn(1, sum(lengths), hidden, generator=generator).bfloat16()
    positions = torch.cat([torch.arange(n) for n in lengths])[None]
    offsets = torch.tensor([0, *lengths]).cumsum(0).int()
    batch = {"inputs_embeds": states, "position_ids": positions}
    batch |= {"cu_seq_lens_q": offsets, "cu_seq_lens_k": offsets}
    return {k: v.to(device) for k, v in batch.items()}


def make_weights(name: str) -> dict[str, torch.Tensor]:
    kind, layers, hidden, inner, heads, key_heads, dim, _ = SIZES[name]
    generator = torch.Generator("cuda").manual_seed(1)

    def matrix(rows: int, columns: int) -> torch.Tensor:
        values = torch.randn(rows, columns, device="cuda", generator=generator)
        return (values / math.sqrt(columns)).bfloat16()

    def norm(size: int) -> torch.Tensor:
        return (1 + 0.1 * torch.randn(size, device="cuda", generator=generator)).bfloat16()

    weights = {"norm.weight": norm(hidden)}
    for i in range(layers):
        at = f"layers.{i}."
        for proj, rows in (("q", heads), ("k", key_heads), ("v", key_heads)):
            weights[f"{at}self_attn.{proj}_proj.weight"] = matrix(rows * dim, hidden)
        weights[f"{at}self_attn.o_proj.weight"] = matrix(hidden, heads * dim)
        if kind == "Qwen3":
            weights |= {f"{at}self_attn.{x}_norm.weight": norm(dim) for x in "qk"}
        for proj, rows, columns in (
            ("gate", inner, hidden),
            ("up", inner, hidden),
            ("down", hidden, inner),
        ):
            weights[f"{at}mlp.{proj}_proj.weight"] = matrix(rows, columns)
        for which in ("input", "post_attention"):
            weights[f"{at}{which}_layernorm.weight"] = norm(hidden)
    return weights


class Decoder(torch.nn.Module):
    """The model as people write it for packed batches."""

    def __init__(self, name: str, weights: dict[str, torch.Tensor], packed: bool = False) -> None:
        super().__init__()
        kind, self.layers, _, _, self.heads, self.key_heads, self.dim, theta = SIZES[name]
        self.norms_heads = kind == "Qwen3"
        self.packed = packed
        inverse = theta ** -(torch.arange(0, self.dim, 2, device="cuda") / self.dim)
        self.inverse = inverse
        self.w = dict(weights)
        if packed:
            for i in range(self.layers):
                for part, names in (("self_attn.qkv", "qkv"), ("mlp.gate_up", ("gate", "up"))):
                    at = f"layers.{i}." + part.split(".")[0]
                    self.w[f"layers.{i}.{part}"] = torch.cat(
                        [weights[f"{at}.{x}_proj.weight"] for x in names]
                    )

    def norm(self, x: torch.Tensor, weight: str) -> torch.Tensor:
        f = x.float()
        f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.w[weight] * f.to(x.dtype)

    def attention(self, q, k, v, offsets, longest):
        from torch.nn.attention.varlen import varlen_attn

        if q.dtype != torch.bfloat16:  # the reference
            parts = []
            for a, b in itertools.pairwise(offsets.tolist()):
                heads = [t[a:b].transpose(0, 1)[None] for t in (q, k, v)]
                o = torch.nn.functional.scaled_dot_product_attention(
                    *heads, is_causal=True, enable_gqa=True
                )
                parts.append(o[0].transpose(0, 1))
            return torch.cat(parts)
        group = self.heads // self.key_heads
        if VARLEN_EXPANDS:
            k, v = (t.repeat_interleave(group, 1) for t in (k, v))
        return varlen_attn(q, k, v, offsets, offsets, longest, longest, **CAUSAL)

    def forward(
        self,
        hidden: torch.Tensor,
        positions: torch.Tensor,
        offsets: torch.Tensor,
        longest: int | None,
    ) -> torch.Tensor:
        F = torch.nn.functional.linear
        w, d = self.w, self.dim
        angles = positions[:, None].float() * self.inverse
        angles = torch.cat([angles, angles], -1)
        cos, sin = (f(angles).to(hidden.dtype)[:, None] for f in (torch.cos, torch.sin))

        def rotate(x: torch.Tensor) -> torch.Tensor:
            half = torch.cat([-x[..., d // 2 :], x[..., : d // 2]], -1)
            return x * cos + half * sin

        for i in range(self.layers):
            at = f"layers.{i}."
            x = self.norm(hidden, f"{at}input_layernorm.weight")
            sizes = [self.heads * d, self.key_heads * d, self.key_heads * d]
            if self.packed:
                q, k, v = F(x, w[f"{at}self_attn.qkv"]).split(sizes, -1)
            else:
                q, k, v = (F(x, w[f"{at}self_attn.{p}_proj.weight"]) for p in "qkv")
            q, k, v = (t.unflatten(-1, (-1, d)) for t in (q, k, v))
            if self.norms_heads:
                q = self.norm(q, f"{at}self_attn.q_norm.weight")
                k = self.norm(k, f"{at}self_attn.k_norm.weight")
            q, k = rotate(q), rotate(k)
            most = longest
            if most is None:  # as the model in eager does it, for each layer
                most = int((offsets[1:] - offsets[:-1]).max())
            x = self.attention(q, k, v, offsets, most).flatten(-2)
            hidden = hidden + F(x, w[f"{at}self_attn.o_proj.weight"])
            x = self.norm(hidden, f"{at}post_attention_layernorm.weight")
            if self.packed:
                gate, up = F(x, w[f"{at}mlp.gate_up"]).chunk(2, -1)
            else:
                gate, up = (F(x, w[f"{at}mlp.{p}_proj.weight"]) for p in ("gate", "up"))
            x = torch.nn.functional.silu(gate) * up
            hidden = hidden + F(x, w[f"{at}mlp.down_proj.weight"])
        return self.norm(hidden, "norm.weight")


VARLEN_EXPANDS = False
CAUSAL: dict[str, object] = {}


def find_out_varlen() -> None:
    """How this PyTorch spells causal, and whether it takes groups of heads."""
    global VARLEN_EXPANDS, CAUSAL
    import inspect

    from torch.nn.attention.varlen import varlen_attn

    names = inspect.signature(varlen_attn).parameters
    CAUSAL = {"is_causal": True} if "is_causal" in names else {"window_size": (-1, 0)}
    if "enable_gqa" in names:
        CAUSAL["enable_gqa"] = True
    q = torch.randn(8, 4, 64, device="cuda", dtype=torch.bfloat16)
    offsets = torch.tensor([0, 8], device="cuda", dtype=torch.int32)
    try:
        varlen_attn(
            q, q[:, :2].contiguous(), q[:, :2].contiguous(), offsets, offsets, 8, 8, **CAUSAL
        )
    except Exception:
        VARLEN_EXPANDS = True

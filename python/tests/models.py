"""Hugging Face models of two layers, and packed batches for them."""

from __future__ import annotations

import torch
import transformers

TORCH = torch.torch_version.TorchVersion(torch.__version__)
SIZES = {
    "vocab_size": 256,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
# Name: class and what differs from SIZES.
MODELS: dict[str, tuple[str, dict[str, object]]] = {
    "Qwen2": ("Qwen2ForCausalLM", {}),
    "Qwen3": ("Qwen3ForCausalLM", {"head_dim": 16}),
    "Qwen3Moe": (
        "Qwen3MoeForCausalLM",
        {"head_dim": 16, "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    ),
    "Llama": ("LlamaForCausalLM", {}),
    "Mistral": ("MistralForCausalLM", {"sliding_window": 5}),
    "Gemma": ("GemmaForCausalLM", {"head_dim": 16}),
    "Gemma3Text": ("Gemma3ForCausalLM", {"head_dim": 16, "sliding_window": 5}),
    "Olmo": ("OlmoForCausalLM", {}),
    "Olmo2": ("Olmo2ForCausalLM", {}),
    "Bert": ("BertModel", {"num_key_value_heads": None}),
    "Bamba": (
        "BambaForCausalLM",
        {"attn_layer_indices": [1], "mamba_n_heads": 8, "mamba_d_head": 16, "mamba_d_state": 16},
    ),
}


def make(name: str, attention: str = "sdpa", **changed: object) -> torch.nn.Module:
    architecture, differs = MODELS[name]
    sizes = {k: v for k, v in (SIZES | differs | changed).items() if v is not None}
    config = getattr(transformers, f"{name}Config")(**sizes)
    config._attn_implementation = attention
    torch.manual_seed(0)
    model = getattr(transformers, architecture)(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.copy_(1 + 0.1 * torch.randn_like(parameter))
    return model


def batch(lengths: list[int], **more: object) -> dict[str, object]:
    """Documents of random tokens in one row, with their positions."""
    generator = torch.Generator().manual_seed(sum(lengths))
    ids = torch.randint(3, SIZES["vocab_size"], (1, sum(lengths)), generator=generator)
    positions = torch.cat([torch.arange(n) for n in lengths])[None]
    return {"input_ids": ids, "position_ids": positions, **more}


def offsets(lengths: list[int]) -> torch.Tensor:
    return torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)


def error(result: torch.Tensor, expected: torch.Tensor) -> float:
    """The norm of the difference over the norm."""
    assert result.shape == expected.shape and result.dtype == expected.dtype
    return float((result - expected).norm() / expected.norm())


def first_output(outputs: object) -> torch.Tensor:
    return next(iter(outputs.values()))

"""Models of Hugging Face, exported once and run on several batches, against eager."""

import subprocess

import capstan
import numpy as np
import pytest
import torch
from capstan import libraries
from models import MODELS, batch, error, first_output, make, offsets
from torch.export import Dim

T, B = Dim("T", min=2, max=4096), Dim("B", min=2, max=64)
LENGTHS = ([7, 5], [3, 9, 6], [1, 1], [20], [70, 50], [2, 3, 1, 5, 4, 1, 8])


def export(name: str, attention: str = "sdpa", sizes: dict | None = None, **more: object):
    model = make(name, attention, **(sizes or {}))
    inputs = batch([7, 5], **more)
    shapes = {k: None for k in inputs} | {"input_ids": {1: T}, "position_ids": {1: T}}
    shapes |= {k: {0: B} for k in inputs if k.startswith("cu_")}
    return model, capstan.export(model, (), inputs, dynamic_shapes=shapes)


def check(model: torch.nn.Module, module: capstan.Module, inputs: dict[str, object]) -> None:
    with torch.no_grad():
        expected = model(**inputs)
    result = module.run(inputs)
    assert type(result) is type(expected)
    assert error(first_output(result), first_output(expected)) < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_model_equals_eager(name: str) -> None:
    """With Hugging Face's own attention, whose masks come of the positions."""
    more = {} if name == "Bert" else {"use_cache": False}
    model, module = export(name, **more)
    for lengths in LENGTHS:
        check(model, module, batch(lengths, **more))


@pytest.mark.parametrize("name", MODELS)
def test_packed_attention_equals_eager(name: str) -> None:
    """attn_implementation="capstan" with lengths, against eager with masks."""
    capstan.register_attention()
    if name == "Bert":
        pytest.skip("its masks don't tell documents apart: test_attention.py")
    cu = {"cu_seq_lens_q": offsets([7, 5]), "cu_seq_lens_k": offsets([7, 5])}
    _, module = export(name, "capstan", use_cache=False, **cu)
    assert "capstan.varlen_attention" in module.mlir()
    reference = make(name)
    for lengths in LENGTHS:
        inputs = batch(lengths, use_cache=False)
        with torch.no_grad():
            expected = reference(**inputs).logits
        cu = {"cu_seq_lens_q": offsets(lengths), "cu_seq_lens_k": offsets(lengths)}
        assert error(module.run(inputs | cu).logits, expected) < 1e-5


def run_in_buckets(name: str, attention: str, buckets: str, packed: bool) -> None:
    """Batches that fit a bucket, with NaN and -1 in every padded slot, don't wait for the device.
    Beyond all buckets, the original runs.
    """
    more = {} if name == "Bert" else {"use_cache": False}

    def documents(lengths: list[int]) -> dict[str, object]:
        return {f"cu_seq_lens_{x}": offsets(lengths) for x in "qk"} if packed else {}

    _, module = export(name, attention, **more, **documents([7, 5]))
    static = f"capstan-static-shape-pipeline{{buckets={buckets} poison=true}}"
    options = capstan.Options(pipeline=f"capstan-host-sync-pipeline,{static}")
    reference = make(name)
    # Two batches after each other in a bucket are a capture and a replay.
    for lengths in ([7, 5], [20], [1, 1], [3, 2, 4, 1, 5, 6, 2], [40, 30], [64], [90, 7, 1], [100]):
        inputs = batch(lengths, **more)
        with torch.no_grad():
            expected = first_output(reference(**inputs))
        result = module.run(inputs | documents(lengths), options=options)
        assert error(first_output(result), expected) < 1e-5
        counters = module.counters
        fits = sum(lengths) <= 98
        assert counters["fallbacks_no_bucket"] == (not fits)
        if fits:
            assert counters["blocking_syncs"] == counters["overlapped_syncs"] == 0


@pytest.mark.parametrize("name", MODELS)
def test_static_shapes_equal_eager(name: str) -> None:
    """Packed documents. In the larger bucket, Mamba's tokens are two chunks."""
    capstan.register_attention()
    if name == "Bert":
        pytest.skip("its masks don't tell documents apart: test_attention.py")
    run_in_buckets(name, "capstan", "T=32/B=8,T=98/B=8", True)


@pytest.mark.parametrize("name", MODELS)
def test_static_shapes_of_masks_equal_eager(name: str) -> None:
    """With Hugging Face's own attention."""
    run_in_buckets(name, "sdpa", "T=32,T=98", False)


@pytest.mark.parametrize("name", ("Qwen3", "Qwen3Moe", "Bamba"))
def test_static_shapes_of_positions_equal_eager(name: str) -> None:
    """How many documents there are stays on the device."""
    capstan.register_attention()
    run_in_buckets(name, "capstan", "T=32,T=98", False)


@pytest.mark.parametrize("name", MODELS)
def test_half_precision(name: str) -> None:
    """In bf16, at most 1.2 times as far from f32 as eager is; in a bucket, too."""
    more = {} if name == "Bert" else {"use_cache": False}
    half, full = make(name).to(torch.bfloat16), make(name)
    full.load_state_dict({k: v.float() for k, v in half.state_dict().items()})
    inputs = batch([7, 5], **more)
    shapes = {k: None for k in inputs} | {"input_ids": {1: T}, "position_ids": {1: T}}
    module = capstan.export(half, (), inputs, dynamic_shapes=shapes)
    static = "capstan-static-shape-pipeline{buckets=T=32,T=128 poison=true}"
    in_buckets = capstan.Options(pipeline=f"capstan-host-sync-pipeline,{static}")
    for lengths in ([7, 5], [70, 50]):
        inputs = batch(lengths, **more)
        with torch.no_grad():
            expected, eager = first_output(full(**inputs)), first_output(half(**inputs)).float()
        for options in (None, in_buckets):
            result = first_output(module.run(inputs, options=options)).float()
            assert error(result, expected) <= 1.2 * error(eager, expected)
        assert module.counters["fallbacks_no_bucket"] == 0


def test_positions_tell_documents_apart() -> None:
    """Each layer reads how many there are: one sync is left."""
    capstan.register_attention()
    _, module = export("Qwen3", "capstan", use_cache=False)
    counts = module.report()
    assert (counts["before"]["per_forward"], counts["after"]["per_forward"]) == (2, 1)
    reference = make("Qwen3")
    for lengths in LENGTHS:
        inputs = batch(lengths, use_cache=False)
        check(reference, module, inputs)
        assert module.counters["blocking_syncs"] == 1


def test_longest_length_is_an_argument() -> None:
    """As an integer of the collator, and as a tensor, which models read."""
    capstan.register_attention()
    for longest in (int, torch.tensor):
        cu = {
            "cu_seq_lens_q": offsets([7, 5]),
            "max_length_q": longest(7),
            "max_length_k": longest(7),
        }
        _, module = export("Qwen3", "capstan", use_cache=False, **cu)
        reference = make("Qwen3")
        for lengths in ([7, 5], [3, 9, 6]):
            inputs = batch(lengths, use_cache=False)
            with torch.no_grad():
                expected = reference(**inputs).logits
            cu = {"cu_seq_lens_q": offsets(lengths)}
            cu |= {f"max_length_{x}": longest(max(lengths)) for x in "qk"}
            assert error(module.run(inputs | cu).logits, expected) < 1e-5


def test_names_and_dims() -> None:
    _, module = export("Qwen3", use_cache=False)
    text = module.mlir()
    assert 'capstan.name = "model.layers.1.self_attn.q_proj.weight"' in text
    assert '#capstan.dim<"T", min = 2, max = 4096>' in text
    assert "linalg.transpose ins(%arg" not in text  # weights as they are stored
    assert "modeling_qwen3.py" in module.mlir(locations=True)


def test_28_layers() -> None:
    capstan.register_attention()
    cu = {"cu_seq_lens_q": offsets([7, 5])}
    _, module = export("Qwen3", "capstan", {"num_hidden_layers": 28}, use_cache=False, **cu)
    assert module.mlir().count("capstan.varlen_attention") == 28


def test_save_for_capstan_run(tmp_path) -> None:
    model, module = export("Llama", use_cache=False)
    path, weights = module.save(tmp_path / "model.mlir")
    inputs = batch([4, 6], use_cache=False)
    with torch.no_grad():
        expected = model(**inputs).logits
    arrays = {k: v.numpy() for k, v in inputs.items() if isinstance(v, torch.Tensor)}
    np.savez(tmp_path / "inputs.npz", **arrays)
    np.savez(tmp_path / "expected.npz", result0=expected.numpy())
    command = [
        libraries.FOLDERS[-1].parent / "bin" / "capstan-run",
        path,
        "--input",
        weights,
        "--tolerance",
        "1e-5",
    ]
    command += ["--input", tmp_path / "inputs.npz", "--compare", tmp_path / "expected.npz"]
    subprocess.run(command, check=True, capture_output=True)

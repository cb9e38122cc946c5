"""The op of packed attention, and attn_implementation="capstan", in eager and imported."""

import capstan
import pytest
import torch
from capstan import runtime
from capstan.attention import Unsupported, attention_forward
from models import TORCH, batch, error, first_output, make, offsets
from torch.export import Dim

B, L = Dim("B", min=1, max=8), Dim("L", min=2, max=64)


def packed(lens_q, lens_k, heads=4, heads_k=2, kind=torch.float64):
    q, k, v = (
        torch.randn(sum(n), h, d, dtype=kind, requires_grad=True)
        for n, h, d in ((lens_q, heads, 8), (lens_k, heads_k, 8), (lens_k, heads_k, 6))
    )
    return q, k, v, offsets(lens_q), offsets(lens_k), max(lens_q), max(lens_k)


MASKS = ((False, -1, -1), (True, -1, -1), (True, 2, -1), (False, 1, 3))


def test_op_is_registered_as_pytorch_wants_it() -> None:
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    inputs = (*packed([3, 0, 2], [4, 1, 2]), 0.3, True)
    op = torch.ops.capstan.varlen_attention.default
    torch.library.opcheck(op, inputs, test_utils=checks)


@pytest.mark.parametrize("mask", MASKS)
def test_op_in_eager(mask) -> None:
    """Outputs and gradients are those of the formula."""
    inputs = packed([3, 0, 2], [4, 1, 2])
    q, k, v, *rest = (
        x.float() if isinstance(x, torch.Tensor) and x.dim() == 3 else x for x in inputs
    )

    def by_formula(q, k, v):
        return capstan.varlen_attention(q, k, v, *rest, 0.3, *mask)[0]

    def by_autograd(q, k, v):
        outs = []
        for i, j in zip(
            *(zip(c.tolist(), c.tolist()[1:], strict=False) for c in rest[:2]), strict=True
        ):
            queries, keys = torch.arange(*i), torch.arange(*j)
            scores = torch.einsum("qhd,khd->hqk", q[queries], k[keys].repeat_interleave(2, 1)) * 0.3
            at, to = torch.meshgrid(
                torch.arange(len(queries)), torch.arange(len(keys)), indexing="ij"
            )
            at = at + len(keys) - len(queries)
            causal, left, right = mask
            hidden = (
                (to > at) & causal
                | (to < at - left) & (left >= 0)
                | (to > at + right) & (right >= 0)
            )
            weights = scores.masked_fill(hidden, -torch.inf).softmax(-1)
            outs.append(torch.einsum("hqk,khd->qhd", weights, v[keys].repeat_interleave(2, 1)))
        return torch.cat(outs)

    results = []
    for function in (by_formula, by_autograd):
        given = [x.detach().clone().requires_grad_() for x in (q, k, v)]
        out = function(*given)
        out.square().sum().backward()
        results.append([out.detach(), *(x.grad for x in given)])
    for result, expected in zip(*results, strict=True):
        assert error(result, expected) < 1e-5


@pytest.mark.parametrize("mask", MASKS)
def test_op_imported(mask) -> None:
    class Attention(torch.nn.Module):
        def forward(self, q, k, v, cu_q, cu_k, max_q, max_k):
            return torch.ops.capstan.varlen_attention(q, k, v, cu_q, cu_k, max_q, max_k, 0.3, *mask)

    def inputs(lens_q, lens_k):
        made = packed(lens_q, lens_k, kind=torch.float32)
        return tuple(x.detach() if isinstance(x, torch.Tensor) else x for x in made)

    q, k, d = Dim("Q", max=64), Dim("K", max=64), Dim("D", max=16)
    shapes = ({0: q}, {0: k}, {0: k}, {0: d}, {0: d}, Dim.DYNAMIC, Dim.DYNAMIC)
    module = capstan.export(Attention(), inputs([3, 4], [4, 5]), dynamic_shapes=shapes)
    for lens in (([3, 4], [4, 5]), ([1, 0, 6], [2, 3, 6]), ([9], [9])):
        given = inputs(*lens)
        for result, expected in zip(module.run(given), Attention()(*given), strict=True):
            torch.testing.assert_close(result, expected)


def test_entries_of_libraries() -> None:
    """PyTorch's varlen_attn and op of flash-attn, and flash-attn's own entry, which run on GPUs."""
    from torch.nn.attention import varlen  # noqa: F401

    library = torch.library.Library("flash_attn", "FRAGMENT")
    library.define(
        "_flash_attn_varlen_forward(Tensor q, Tensor k, Tensor v, Tensor cu_q, Tensor cu_k, "
        "int max_q, int max_k, float dropout_p, float softmax_scale, bool causal, "
        "int window_left=-1, int window_right=-1, float softcap=0.0) -> (Tensor, Tensor)"
    )

    @torch.library.register_fake("flash_attn::_flash_attn_varlen_forward", lib=library)
    def _(q, k, v, *_rest):
        return torch.empty_like(q), q.new_empty(q.shape[1], q.shape[0], dtype=torch.float32)

    class Attention(torch.nn.Module):
        def forward(self, q, k, v, cu):
            ops, n = torch.ops, q.shape[0]
            grouped = () if TORCH < (2, 12) else (True,)  # whether heads may be of groups
            given = (q, k, v, cu, cu, n, n, True, None, [2, 0], *grouped)
            return (
                ops.torch_attn._varlen_attn(*given)[:2],
                ops.aten._flash_attention_forward(q, k, v, cu, cu, n, n, 0.0, False, False)[:2],
                ops.flash_attn._flash_attn_varlen_forward(q, k, v, cu, cu, n, n, 0.0, 0.5, True),
            )

    q, k, v = (torch.randn(9, h, 8) for h in (4, 2, 2))
    cu = offsets([4, 5])
    module = capstan.export(Attention(), (q, k, v, cu))
    wanted = ((8**-0.5, True, 2, -1), (8**-0.5, False, -1, -1), (0.5, True, -1, -1))
    for result, mask in zip(module.run((q, k, v, cu)), wanted, strict=True):
        want = capstan.varlen_attention(q, k, v, cu, cu, 9, 9, *mask)
        torch.testing.assert_close(result[0], want[0])
        torch.testing.assert_close(result[1], want[1])


WINDOWS = {
    (-1, -1): MASKS[0],
    (-1, 0): (False, -1, 0),
    (2, 0): (True, 2, -1),
    (1, 3): MASKS[3],
    (-2, -3): MASKS[0],
}


@pytest.mark.parametrize("window", WINDOWS)
def test_varlen_attn(window: tuple[int, int]) -> None:
    """PyTorch's function with its keywords; windows below 0 are all keys."""
    from torch.nn.attention.varlen import varlen_attn

    class Attention(torch.nn.Module):
        def forward(self, q, k, v, cu_q, cu_k):
            longest = q.shape[0], k.shape[0]
            return varlen_attn(q, k, v, cu_q, cu_k, *longest, scale=0.3, window_size=window)

    def inputs(lens_q, lens_k):
        return tuple(x.detach() for x in packed(lens_q, lens_k, 4, 4, torch.float32)[:5])

    q, k, d = Dim("Q", max=64), Dim("K", max=64), Dim("D", max=16)
    shapes = ({0: q}, {0: k}, {0: k}, {0: d}, {0: d})
    module = capstan.export(Attention(), inputs([3, 4], [4, 5]), dynamic_shapes=shapes)
    for lens in (([3, 4], [4, 5]), ([1, 0, 6], [2, 3, 6]), ([1, 1, 1], [4, 5, 1]), ([5], [2])):
        given = inputs(*lens)
        want, _ = capstan.varlen_attention(*given, 9, 9, 0.3, *WINDOWS[window])
        torch.testing.assert_close(module.run(given), want)


def test_offsets_of_different_documents() -> None:
    class Attention(torch.nn.Module):
        def forward(self, q, k, v, cu_q, cu_k):
            return capstan.varlen_attention(q, k, v, cu_q, cu_k, 7, 7, 0.3)[0]

    q, k, v, cu_q, cu_k = (x.detach() for x in packed([3, 4], [3, 4])[:5])
    shapes = (None, None, None, {0: Dim("D", max=8)}, {0: Dim("E", max=8)})
    module = capstan.export(Attention(), (q, k, v, cu_q, cu_k), dynamic_shapes=shapes)
    with pytest.raises(runtime.Error, match="offsets of queries and of keys for different"):
        module.run((q, k, v, cu_q, offsets([1, 2, 4])))


@pytest.mark.parametrize("causal", (True, False))
@pytest.mark.parametrize("added", (True, False))
def test_masks_of_documents_are_raised(causal: bool, added: bool) -> None:
    """scaled_dot_product_attention with a block-diagonal mask that is made of lengths."""

    class Attention(torch.nn.Module):
        def forward(self, q, k, v, lens):
            place = torch.arange(q.shape[2])
            document = (place[:, None] >= lens.cumsum(0)).sum(1)
            mask = document[:, None] == document
            if causal:
                mask = mask & (place[:, None] >= place)
            if added:
                mask = torch.zeros(mask.shape).masked_fill(~mask, float("-inf"))
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)

    def inputs(lens: list[int]) -> tuple[torch.Tensor, ...]:
        return *(torch.randn(1, 4, sum(lens), 8) for _ in range(3)), torch.tensor(lens)

    tokens = {2: Dim("T", min=2, max=512)}
    shapes = (tokens, tokens, tokens, {0: B})
    module = capstan.export(Attention(), inputs([7, 5]), dynamic_shapes=shapes)
    assert "capstan.varlen_attention" in module.mlir("capstan-raise-attention")
    options = capstan.Options(pipeline="capstan-raise-attention")
    for lens in ([7, 5], [1, 1, 9], [3, 0, 4], [64]):
        given = inputs(lens)
        torch.testing.assert_close(module.run(given, options=options), Attention()(*given))


def rows(lengths: list[int], side: str) -> dict[str, torch.Tensor]:
    """A padded batch with its mask."""
    longest = max(lengths)
    ids = torch.randint(3, 256, (len(lengths), longest))
    place = torch.arange(longest)
    lens = torch.tensor(lengths)[:, None]
    mask = place >= longest - lens if side == "left" else place < lens
    return {"input_ids": ids, "attention_mask": mask.long()}


@pytest.mark.parametrize("name", ("Bert", "Llama", "Mistral"))
@pytest.mark.parametrize("side", ("left", "right"))
def test_padded_batches(name: str, side: str) -> None:
    """Live outputs are those of Hugging Face's masks, eager and imported, without a sync."""
    capstan.register_attention()
    model, reference = make(name, "capstan"), make(name)
    more = {} if name == "Bert" else {"use_cache": False}
    shapes = {"input_ids": {0: B, 1: L}, "attention_mask": {0: B, 1: L}} | {k: None for k in more}
    module = capstan.export(model, (), rows([4, 7], side) | more, dynamic_shapes=shapes)
    for lengths in ([4, 7], [3, 9, 1], [6, 6]):
        inputs = rows(lengths, side) | more
        live = inputs["attention_mask"].bool()
        with torch.no_grad():
            expected = first_output(reference(**inputs))[live]
            assert error(first_output(model(**inputs))[live], expected) < 1e-5
        assert error(first_output(module.run(inputs))[live], expected) < 1e-5
        assert module.counters["blocking_syncs"] + module.counters["overlapped_syncs"] == 0


@pytest.mark.parametrize("name", ("Bert", "Llama"))
@pytest.mark.parametrize("attention", ("capstan", "sdpa"))
@pytest.mark.parametrize("side", ("left", "right"))
def test_padded_batches_in_buckets(name: str, attention: str, side: str) -> None:
    """At static sizes: rows of a batch, and padding of its own in each."""
    capstan.register_attention()
    model, reference = make(name, attention), make(name)
    more = {} if name == "Bert" else {"use_cache": False}
    shapes = {"input_ids": {0: B, 1: L}, "attention_mask": {0: B, 1: L}} | {k: None for k in more}
    module = capstan.export(model, (), rows([4, 7], side) | more, dynamic_shapes=shapes)
    static = "capstan-static-shape-pipeline{buckets=B=4/L=12 poison=true}"
    options = capstan.Options(pipeline=f"capstan-host-sync-pipeline,{static}")
    for lengths in ([4, 7], [3, 9, 1], [6, 6], [1, 2, 12, 4]):
        inputs = rows(lengths, side) | more
        live = inputs["attention_mask"].bool()
        with torch.no_grad():
            expected = first_output(reference(**inputs))[live]
        result = first_output(module.run(inputs, options=options))[live]
        assert error(result, expected) < 1e-5
        counters = module.counters
        assert counters["blocking_syncs"] + counters["overlapped_syncs"] == 0
        assert counters["fallbacks_no_bucket"] == 0


def test_gaps_between_tokens_fail() -> None:
    capstan.register_attention()
    model = make("Llama", "capstan")
    inputs = rows([4, 7], "right") | {"use_cache": False}
    shapes = {"input_ids": {0: B, 1: L}, "attention_mask": {0: B, 1: L}, "use_cache": None}
    module = capstan.export(model, (), inputs, dynamic_shapes=shapes)
    inputs["attention_mask"][1, 3] = 0
    with pytest.raises(runtime.Error, match="tokens of a row must be in one piece"):
        module.run(inputs)
    with pytest.raises(RuntimeError, match="tokens of a row must be in one piece"):
        model(**inputs)


class Layer(torch.nn.Module):
    is_causal = True


def attend(positions=None, batch_size=1, **kwargs):
    q, k, v = torch.randn(3, batch_size, 2, 6, 8)
    out = attention_forward(Layer(), q, k, v, None, position_ids=positions, **kwargs)[0]
    return out, (q, k, v)


def expected(q, k, v, cuts):
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            *(x[:, :, a:b] for x in (q, k, v)), is_causal=True
        )
        for a, b in zip([0, *cuts], [*cuts, 6], strict=True)
    ]
    return torch.cat(parts, 2).transpose(1, 2)


def test_three_dimensional_positions() -> None:
    """Time, height and width of an image repeat (transformers issue 44911): not packed. With a row
    of the text first, that one counts."""
    image = torch.tensor([[0, 1, 1, 1, 1, 2], [0, 1, 1, 2, 2, 3], [0, 1, 2, 1, 2, 3]])[:, None]
    out, qkv = attend(image)
    assert error(out, expected(*qkv, [])) < 1e-5
    text = torch.cat([torch.tensor([[[0, 1, 2, 3, 0, 1]]]), image])
    out, qkv = attend(text)
    assert error(out, expected(*qkv, [4])) < 1e-5
    out, qkv = attend(image, cu_seq_lens_q=torch.tensor([0, 2, 6]))
    assert error(out, expected(*qkv, [2])) < 1e-5


def test_batches_that_are_not_packed() -> None:
    for positions in (None, torch.arange(6)[None], torch.arange(6), torch.arange(6).expand(3, -1)):
        out, qkv = attend(positions, 3)
        assert error(out, expected(*qkv, [])) < 1e-5
    # Rows of which each is packed.
    out, qkv = attend(torch.tensor([[0, 1, 0, 1, 2, 3]]), 3)
    assert error(out, expected(*qkv, [2])) < 1e-5


def test_decoding() -> None:
    """Fewer queries than keys: the last keys are those of the queries."""
    q, k, v = torch.randn(2, 2, 1, 8), *torch.randn(2, 2, 2, 6, 8)
    out, _ = attention_forward(Layer(), q, k, v, None, position_ids=torch.tensor([[5]]))
    want = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    assert error(out, want) < 1e-5


@pytest.mark.parametrize(
    "kwargs,message",
    (
        ({"softcap": 30.0}, "no softcap"),
        ({"s_aux": torch.zeros(2)}, "no attention sinks"),
        ({"dropout": 0.1}, "no dropout"),
        ({"cu_seq_lens_q": torch.tensor([0, 6]), "batch_size": 2}, "a batch of 2 rows"),
    ),
)
def test_refused(kwargs, message) -> None:
    with pytest.raises(Unsupported, match=message):
        attend(**kwargs)


def test_refused_masks() -> None:
    from capstan.attention import attention_mask
    from transformers.masking_utils import chunked_causal_mask_function

    overlay = chunked_causal_mask_function(4, torch.zeros(1))
    with pytest.raises(Unsupported, match="chunked_overlay"):
        attention_mask(1, 6, 6, mask_function=overlay)
    with pytest.raises(Unsupported, match="function of the model"):
        attention_mask(1, 6, 6, use_vmap=True)
    q = torch.randn(1, 2, 6, 8)
    with pytest.raises(Unsupported, match="masks"):
        attention_forward(Layer(), q, q, q, torch.ones(1, 1, 6, 6))


def test_gradients_through_a_model() -> None:
    """Training in eager gives the gradients of masks."""
    capstan.register_attention()
    grads = []
    for attention in ("capstan", "sdpa"):
        model = make("Qwen3", attention)
        model(**batch([4, 3], use_cache=False)).logits.square().mean().backward()
        grads.append(model.model.layers[0].self_attn.q_proj.weight.grad)
    assert error(*grads) < 1e-4

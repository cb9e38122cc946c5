"""The least time of a packed forward: matrix products, attention, and what rows must move.

Products and attention are replayed alone, all of the model's in one graph each, with weights of
their own for each layer, by the runtime's own choice of algorithms. Kernels of rows count for the
bytes that they have to read and write, at the speed of a copy in the same run, and for two
microseconds at least; residuals are part of products.
"""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable
from dataclasses import dataclass

import torch
from capstan import libraries, runtime
from cuda_rows import copy_bandwidth
from cuda_timing import median_ms

LEAST_KERNEL_MS = 0.002


class Dtype(c.Structure):
    """capstan_rt_dtype."""

    _fields_ = (("code", c.c_uint8), ("bits", c.c_uint8), ("lanes", c.c_uint16))


BF16 = Dtype(*runtime.element_of(torch.bfloat16), 1)


class Gemm(c.Structure):
    """capstan_rt_gemm_desc."""

    _fields_ = (
        ("size", c.c_uint32),
        ("dtype", Dtype),
        *((name, c.c_int32) for name in ("transpose_a", "transpose_b", "accumulate")),
        ("dtype_c", Dtype),
        *((name, c.c_int64) for name in ("batch", "m", "n", "k", "lda", "ldb", "ldc")),
        *((f"stride_{name}", c.c_int64) for name in "abc"),
        ("location", c.c_char_p),
    )


class Attention(c.Structure):
    """capstan_rt_attention_desc."""

    _fields_ = (
        ("size", c.c_uint32),
        ("dtype", Dtype),
        *((name, c.c_int64) for name in ("documents", "tokens_q", "tokens_k", "max_q", "max_k")),
        *((name, c.c_int64) for name in ("heads_q", "heads_k", "head_dim", "head_dim_v")),
        *((f"stride_{name}", c.c_int64) for name in "qkv"),
        ("scale", c.c_double),
        ("causal", c.c_int32),
        ("lengths", c.c_int32),
        *((f"window_{name}", c.c_int64) for name in ("left", "right")),
        ("location", c.c_char_p),
    )


# CAPSTAN_RT_ATTENTION_BY_LIBRARY: the limit has the attention of cuDNN.
BY_LIBRARY = 1


@dataclass
class Limit:
    """Milliseconds."""

    products: float
    attention: float
    rows: float
    bandwidth: float  # bytes a second, read and written

    @property
    def libraries(self) -> float:
        return self.products + self.attention


class Stream:
    """Work without a module: in the order of PyTorch's current stream, or captured."""

    def __init__(self, gemm_cache: bytes) -> None:
        loaded = runtime.Runtime(str(libraries.find(libraries.RUNTIME)))
        self.device = runtime.Device(loaded, "cuda", gemm_cache=gemm_cache, attention=BY_LIBRARY)
        self.lib, self.check = loaded.lib, loaded.check

    def product(self, a: torch.Tensor, weight: torch.Tensor, out: torch.Tensor, add: bool) -> None:
        """out = a weight^T, or out += that."""
        (m, k), n = a.shape, weight.shape[0]
        desc = Gemm(c.sizeof(Gemm), BF16, 0, 1, add, Dtype(), 1, m, n, k)
        desc.lda, desc.ldb, desc.ldc = a.stride(0), weight.stride(0), out.stride(0)
        enqueue = self.lib.capstan_rt_gemm_enqueue
        self.check(enqueue(self.device.stream, c.byref(desc), *map(pointer, (a, weight, out))))

    def attention(
        self,
        tensors: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
        offsets: torch.Tensor,
        longest: int,
        out: torch.Tensor,
    ) -> None:
        """Of the same documents as all others."""
        q, k, v = tensors
        desc = Attention(c.sizeof(Attention), BF16, offsets.shape[0] - 1)
        desc.tokens_q, desc.heads_q, desc.head_dim = q.shape
        desc.tokens_k, desc.heads_k, desc.head_dim_v = k.shape
        desc.max_q = desc.max_k = longest
        desc.stride_q, desc.stride_k, desc.stride_v = (t.stride(0) for t in (q, k, v))
        desc.scale, desc.causal, desc.lengths = desc.head_dim**-0.5, 1, 1
        desc.window_left = desc.window_right = -1
        enqueue = self.lib.capstan_rt_varlen_attention_enqueue
        given = map(pointer, (q, k, v, offsets, offsets, out))
        self.check(enqueue(self.device.stream, c.byref(desc), *given, None))

    def replay_ms(self, work: Callable[[], None]) -> float:
        """Of one replay of all that `work` enqueues."""
        stream, graph = self.device.stream, c.c_void_p()
        synchronize = self.lib.capstan_rt_stream_synchronize
        torch.cuda.synchronize()
        work()  # algorithms are timed
        self.check(synchronize(stream))
        self.check(self.lib.capstan_rt_capture_begin(stream))
        work()
        self.check(self.lib.capstan_rt_capture_end(stream, c.byref(graph)))
        current = self.device.wrap(torch.cuda.current_stream().cuda_stream)
        ms = median_ms(lambda: self.check(self.lib.capstan_rt_graph_launch(graph, current)))
        self.lib.capstan_rt_graph_release(graph)
        return ms


def pointer(tensor: torch.Tensor) -> c.c_void_p:
    return c.c_void_p(tensor.data_ptr())


def row_kernels(sizes: tuple, tokens: int) -> list[int]:
    """Bytes of each, in bf16. Their smaller inputs, such as weights of norms, don't count."""
    _, layers, hidden, inner, heads, key_heads, dim, _ = sizes
    token = 2 * tokens
    norm = token * 2 * hidden
    rotation = token * 2 * (heads + key_heads) * dim
    gate = token * 3 * inner
    tables = token * 2 * dim
    return [norm, rotation, norm, gate] * layers + [tables, norm]


def measure(
    sizes: tuple, weights: dict[str, torch.Tensor], lengths: list[int], gemm_cache: bytes
) -> Limit:
    """Weights by the names of Hugging Face, as `cuda_forward.make_weights` makes them."""
    _, layers, hidden, inner, heads, key_heads, dim, _ = sizes
    tokens, stream = sum(lengths), Stream(gemm_cache)

    def values(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, device="cuda").bfloat16()

    def matrix(i: int, *names: str) -> torch.Tensor:
        each = [weights[f"layers.{i}.{name}_proj.weight"] for name in names]
        return each[0] if len(each) == 1 else torch.cat(each)

    packed = [
        (
            matrix(i, *(f"self_attn.{p}" for p in "qkv")),
            matrix(i, "self_attn.o"),
            matrix(i, "mlp.gate", "mlp.up"),
            matrix(i, "mlp.down"),
        )
        for i in range(layers)
    ]
    x, h, mixed, gated = (values(tokens, n) for n in (hidden, hidden, heads * dim, inner))
    qkv, both = values(tokens, (heads + 2 * key_heads) * dim), values(tokens, 2 * inner)

    def products() -> None:
        for to_qkv, to_hidden, to_inner, down in packed:
            stream.product(x, to_qkv, qkv, add=False)
            stream.product(mixed, to_hidden, h, add=True)
            stream.product(x, to_inner, both, add=False)
            stream.product(gated, down, h, add=True)

    q, k = values(tokens, heads, dim), values(tokens, key_heads, dim)
    v = values(tokens, heads + 2 * key_heads, dim)[:, -key_heads:]
    offsets = torch.tensor([0, *lengths], device="cuda").cumsum(0).int()
    out = torch.empty_like(q)

    def attention() -> None:
        for _ in range(layers):
            stream.attention((q, k, v), offsets, max(lengths), out)

    bandwidth = copy_bandwidth(4 << 30)
    rows = sum(max(LEAST_KERNEL_MS, each / bandwidth * 1e3) for each in row_kernels(sizes, tokens))
    return Limit(stream.replay_ms(products), stream.replay_ms(attention), rows, bandwidth)

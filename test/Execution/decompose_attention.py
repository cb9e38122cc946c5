# REQUIRES: runtime, numpy
# RUN: %python %s %t
# ruff: noqa: E501
"""The decomposition of capstan.varlen_attention computes what the runtime's entry does."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np

TEXT = """
func.func @main(%q: tensor<?xHQx8xT> {capstan.name = "q"}, %k: tensor<?xHKx8xT> {capstan.name = "k"},
                %v: tensor<?xHKx6xT> {capstan.name = "v"}, %cuq: tensor<?xi32> {capstan.name = "cuq"},
                %cuk: tensor<?xi32> {capstan.name = "cuk"}, %max: index {capstan.name = "max"})
    -> (tensor<?xHQx6xT>, tensor<HQx?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %q, %c0 : tensor<?xHQx8xT>
  %e = tensor.empty(%n) : tensor<?xHQx6xT>
  %s = tensor.empty(%n) : tensor<HQx?xf32>
  %0:2 = capstan.varlen_attention
      ins(%q, %k, %v, %cuq, %cuk, %max, %max : tensor<?xHQx8xT>, tensor<?xHKx8xT>,
          tensor<?xHKx6xT>, tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%e, %s : tensor<?xHQx6xT>, tensor<HQx?xf32>) {ATTRIBUTES}
      -> tensor<?xHQx6xT>, tensor<HQx?xf32>
  return %0#0, %0#1 : tensor<?xHQx6xT>, tensor<HQx?xf32>
}
"""
MASKS = (
    "scale = 0.25 : f64",
    "causal, scale = 1.0 : f64",
    "causal, window_left = 2 : i64, scale = -0.5 : f64",
    "window_left = 0 : i64, window_right = 3 : i64, scale = 0.3 : f64",
)
# Lengths of documents in queries and keys.
DOCUMENTS = {
    "one": ([7], [7]),
    "mixed": ([5, 0, 9, 1], [5, 0, 9, 1]),
    "cross": ([2, 3, 0, 1, 4], [6, 1, 3, 0, 4]),
    "empty": ([0, 0], [0, 0]),
    "none": ([], []),
}

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
for number, (documents, (lens_q, lens_k)) in enumerate(DOCUMENTS.items()):
    # Every mask and every pair of heads, with both types in turn.
    for (i, mask), (heads_q, heads_k) in itertools.product(enumerate(MASKS), ((4, 2), (3, 3))):
        kind, tolerance = (("f32", 1e-6), ("f64", 1e-12))[(i + number + heads_q) % 2]
        text = TEXT.replace("HQ", str(heads_q)).replace("HK", str(heads_k))
        text = text.replace("xT", f"x{kind}").replace("ATTRIBUTES", mask)
        fused, decomposed = folder / "fused.mlir", folder / "decomposed.mlir"
        fused.write_text(text)
        subprocess.run(
            ["capstan-opt", fused, "--capstan-decompose-attention", "-o", decomposed], check=True
        )
        assert "varlen_attention" not in decomposed.read_text()
        shapes = {"q": (sum(lens_q), heads_q, 8), "k": (sum(lens_k), heads_k, 8)}
        shapes["v"] = (sum(lens_k), heads_k, 6)
        dtype = np.float32 if kind == "f32" else np.float64
        arrays = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
        for name, lens in (("cuq", lens_q), ("cuk", lens_k)):
            arrays[name] = np.concatenate([[0], np.cumsum(lens)]).astype(np.int32)
        np.savez(folder / "inputs.npz", **arrays)
        longest = max(lens_q + lens_k, default=0)
        command = ["capstan-run", decomposed, f"--compare={fused}", f"--tolerance={tolerance}"]
        command += [f"--input={folder / 'inputs.npz'}", f"--input=max={longest}", "--poison"]
        subprocess.run(command, check=True)
    print("passed", documents)

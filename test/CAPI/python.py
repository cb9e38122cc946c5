"""The compiler and the runtime in one process with another LLVM, from several threads.

REQUIRES: c-api, runtime, numpy
RUN: %python %s %t.so
"""

import ctypes
import glob
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from capstan import compiler, libraries, runtime

# The shared LLVM and MLIR, with all their symbols for everybody.
for name in ("libLLVM.so.22.1", "libMLIR.so.22.1"):
    for path in glob.glob(f"/usr/lib/llvm-22/lib/{name}"):
        ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)

IR = """
func.func @main(%x: tensor<?xf32> {capstan.name = "x"}, %t: tensor<i32>, %u: tensor<i32>)
    -> (tensor<?xf32>, i32) {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%d) : tensor<?xf32>
  %s = linalg.exp ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %a = tensor.extract %t[] : tensor<i32>
  %b = tensor.extract %u[] : tensor<i32>
  %n = arith.addi %a, %b : i32
  return %s, %n : tensor<?xf32>, i32
}
"""
WRONG = IR.replace("arith.addi", "my.op")


def fails(call, *said: str) -> None:
    try:
        call()
    except compiler.CompilerError as error:
        assert all(text in str(error) for text in said), error
    else:
        raise AssertionError(f"no error that says {said}")


def use(i: int) -> str:
    module = compiler.Module(IR, f"model{i}.mlir")
    fails(lambda: compiler.Module(WRONG, "wrong.mlir"), "wrong.mlir:", "my.op")
    fails(lambda: module.run_passes("no-such-pass"), "no-such-pass")
    path = Path(f"{sys.argv[1]}.{i}")
    module.compile(path, compiler.Options(keep_host_syncs=i % 2 == 0, memory_plan=i % 3 == 0))
    loaded = runtime.Module(runtime.Device(runtime.Runtime(RUNTIME), threads=1), str(path))
    x = np.linspace(-1, 1, 5 + i, dtype=np.float32)
    y, n = loaded.call("main", [x, np.array(20, np.int32), np.array(22, np.int32)])
    assert np.allclose(y, np.exp(x), 1e-6) and n == 42
    counters = loaded.counters()
    assert counters["blocking_syncs"] + counters["overlapped_syncs"] == (2 if i % 2 == 0 else 1)
    said = module.run_passes("capstan-host-sync-pipeline", remarks=True)
    assert f"model{i}.mlir" in said and "coalesced" in said, said
    return str(module)


RUNTIME = str(libraries.find(libraries.RUNTIME))
with ThreadPoolExecutor(4) as pool:
    texts = set(pool.map(use, range(8)))
module = compiler.Module(IR)
module.run_passes("capstan-raise-host-syncs,capstan-coalesce-host-syncs,func.func(canonicalize)")
assert str(module).count("capstan.fetch") == 1  # one of modules, one of functions, one nested
fails(lambda: module.run_passes("canonicalize,capstan-merge-host-syncs{no-such=1}"), "no-such")
fails(lambda: module.run_passes("canonicalize,,cse"), "wrong pipeline")
assert len(texts) == 1 and texts.pop().count("capstan.fetch.start") == 1
assert '"version": 1' in compiler.Module(IR).report(format="json")
assert "<!DOCTYPE html>" in compiler.Module(IR).report(format="html")
assert compiler.Module(compiler.Module(IR).print(locations=True)).print().count("linalg.exp") == 1
fails(lambda: compiler.Module(IR).compile("/nowhere/x.so"), "/nowhere/x.so")

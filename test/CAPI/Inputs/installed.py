"""installed.py FOLDER: uses the package below FOLDER, and nothing else of Capstan."""

import sys
from pathlib import Path

import numpy as np
from capstan import compiler, libraries, runtime

folder = Path(sys.argv[1]).resolve()
IR = """
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
"""
compiler.Module(IR).compile(folder / "model.so")
library = libraries.find(libraries.RUNTIME)
assert {library.parent, libraries.find(libraries.COMPILER).parent} == {folder / "capstan" / "lib"}
device = runtime.Device(runtime.Runtime(str(library)), threads=1)
(y,) = runtime.Module(device, str(folder / "model.so")).call("main", [np.ones(4, np.float32)])
assert np.allclose(y, np.e)

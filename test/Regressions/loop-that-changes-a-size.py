# RUN: %python %s %S/../Execution/Inputs | FileCheck %s
# REQUIRES: runtime, numpy
"""A loop carries a tensor whose first size is static, and whose later ones are others. Upstream's
canonicalizer casts all of them to the first."""

import sys

sys.path.insert(0, sys.argv[1])
import numpy as np
from module import Module

IR = """
func.func @main(%x: tensor<?xf32>, %init: tensor<1xf32>, %n: tensor<index>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %trips = tensor.extract %n[] : tensor<index>
  %cast = tensor.cast %init : tensor<1xf32> to tensor<?xf32>
  %r = scf.for %i = %c0 to %trips step %c1 iter_args(%a = %cast) -> tensor<?xf32> {
    scf.yield %x : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}
"""
module = Module(IR)
for trips in (0, 1, 2):
    x, init = np.arange(5, 8, dtype=np.float32), np.array([1], np.float32)
    (r,) = module("main", x, init, np.array(trips, np.int64))
    print(trips, r.tolist())
# CHECK: 0 [1.0]
# CHECK: 1 [5.0, 6.0, 7.0]
# CHECK: 2 [5.0, 6.0, 7.0]

#!/usr/bin/env python3
"""call_module.py LIBRARY MODULE.so: calls its forward(x: f32[?, 4], lens: i32[?])."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from capstan.runtime import Device, Error, Module, Runtime

library, path = sys.argv[1:]
module = Module(Device(Runtime(library)), path)
x = np.arange(1, 9, dtype=np.float32).reshape(2, 4)
lens = np.ones(2, np.int32)
try:
    for result in module.call("forward", [x, lens]):
        print(result)
except Error as error:
    sys.exit(f"error {error.status}: {error}")
syncs = module.counters()
print(syncs["blocking_syncs"], "blocking,", syncs["overlapped_syncs"], "overlapped")

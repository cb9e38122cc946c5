//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The current device, and what devices can do.
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"

using namespace mlir;
using namespace capstan;

void capstan::lower(RuntimeBuilder &b, SetDeviceOp op) {
  b.call(RuntimeEntry::set_device, b.toI64(op.getDevice()));
}

void capstan::lower(RuntimeBuilder &b, CurrentDeviceOp op) {
  Value slot = b.slot(b.rt.i64);
  b.call(RuntimeEntry::current_device, slot);
  op.replaceAllUsesWith(b.toIndex(LLVM::LoadOp::create(b, b.rt.i64, slot)));
}

void capstan::lower(RuntimeBuilder &b, DeviceCapabilityOp op) {
  Value slot = b.slot(b.rt.i64);
  b.call(RuntimeEntry::device_capability,
         {b.toI64(op.getDevice()), b.i32(static_cast<int64_t>(op.getName())),
          slot});
  Value value = LLVM::LoadOp::create(b, b.rt.i64, slot);
  op.replaceAllUsesWith(value);
}

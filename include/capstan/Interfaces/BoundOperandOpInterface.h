//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_BOUNDOPERANDOPINTERFACE_H
#define CAPSTAN_INTERFACES_BOUNDOPERANDOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include <optional>

namespace capstan {

/// Operand `operand` is an upper bound only. `atMost`, where given, is an
/// operand and one of its dimensions whose size is always large enough.
struct BoundOperand {
  unsigned operand;
  std::optional<std::pair<unsigned, unsigned>> atMost;
};

} // namespace capstan

#include "capstan/Interfaces/BoundOperandOpInterface.h.inc"

#endif // CAPSTAN_INTERFACES_BOUNDOPERANDOPINTERFACE_H

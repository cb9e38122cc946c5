//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which host syncs may go when nothing uses what they give.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_DEADREADS_H
#define CAPSTAN_ANALYSIS_DEADREADS_H

#include "capstan/Interfaces/Semantics.h"

namespace capstan {

/// `!torch.vtensor<[2,?],si64>` in parts: sizes ("2", "?") and element type.
struct ForeignShape {
  llvm::SmallVector<llvm::StringRef> sizes;
  llvm::StringRef element;

  /// Width of an element type such as `si32`, `ui8` or `i1`; 0 for others.
  unsigned integerWidth() const;
};

/// None if the type says nothing about its sizes.
std::optional<ForeignShape> foreignShape(mlir::Type type);

/// Whether the sync gives its values whatever the device data is. A sync that
/// may fail, as `item` of a tensor whose size isn't known, is also a check.
bool readCannotFail(Semantics &semantics, mlir::Operation *sync);

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_DEADREADS_H

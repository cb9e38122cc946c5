//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Places of buffers in an arena. Sizes may not be known yet: what is decided is
// which buffers lie below which. Each one's offset is then the largest end of
// those directly below it, whatever the sizes are.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_BUFFERPLACES_H
#define CAPSTAN_CONVERSION_BUFFERPLACES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace capstan {

struct BufferPlace {
  unsigned begin, end; ///< first and last moment of its life
  /// Its size in each case that the plan is made for.
  llvm::SmallVector<int64_t> bytes;
};

struct BufferPlan {
  llvm::SmallVector<unsigned> order;              ///< from the lowest place up
  std::vector<llvm::SmallVector<unsigned>> below; ///< directly below each
  /// In the case where the plan is worst: bytes of the arena, and the least
  /// that any plan needs, which is the most alive at one moment.
  int64_t bytes = 0, least = 0;
};

/// Finds places such that buffers that are alive together don't overlap. Of the
/// plans that are good for one case, takes the one that is best in its worst.
BufferPlan planPlaces(llvm::ArrayRef<BufferPlace> buffers);

} // namespace capstan

#endif // CAPSTAN_CONVERSION_BUFFERPLACES_H

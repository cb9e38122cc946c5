//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/DeadReads.h"

using namespace mlir;
using namespace capstan;

unsigned ForeignShape::integerWidth() const {
  StringRef text = element;
  if (text != "i1" && !text.consume_front("s") && !text.consume_front("u"))
    return 0;
  unsigned width;
  if (!text.consume_front("i") || text.getAsInteger(10, width))
    return 0;
  return width;
}

std::optional<ForeignShape> capstan::foreignShape(Type type) {
  auto opaque = dyn_cast<OpaqueType>(type);
  if (!opaque)
    return std::nullopt;
  ForeignShape shape;
  StringRef text = opaque.getTypeData().split('<').second;
  if (!text.consume_front("[") || !text.consume_back(">"))
    return std::nullopt;
  auto [sizes, rest] = text.split(']');
  if (!rest.consume_front(","))
    return std::nullopt;
  sizes.split(shape.sizes, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  shape.element = rest;
  return shape;
}

bool capstan::readCannotFail(Semantics &semantics, Operation *sync) {
  // Upstream erases the syncs of dialects that are linked in, too.
  if (sync->isRegistered() || semantics.isTotal(sync))
    return true;
  std::optional<SyncInfo> info = semantics.syncInfo(sync);
  if (!info || !info->hostKnownSizes || !semantics.isDeterministic(sync))
    return false;
  if (llvm::is_contained(info->conversions, "copy"))
    return true;
  std::optional<ForeignShape> shape =
      foreignShape(info->sources[0]->get().getType());
  return shape && shape->integerWidth() &&
         llvm::all_of(shape->sizes, [](StringRef size) { return size == "1"; });
}

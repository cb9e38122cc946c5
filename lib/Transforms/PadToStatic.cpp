//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Clones a function with every dimension at a bucket's size. Walks the original
// in program order, into calls, and has each operation made anew on padded
// tensors (PaddingOpInterface). Host integers disappear: sizes are static, and
// where a body needs a live value, the device has it.
//
//   func.func @main(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max =
//   64>]})
//   // becomes, beside it
//   func.func @main_T64(%x: tensor<64xf32>, %T: tensor<i64>)
//
//===----------------------------------------------------------------------===//

#include "StaticPrefix.h"
#include "capstan/Dialect/Dims.h"
#include "capstan/Transforms/Passes.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPADTOSTATIC
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

/// "T=512/B=8"
static LogicalResult parseBucket(Operation *op, StringRef text,
                                 Bucket &bucket) {
  SmallVector<StringRef> parts;
  text.split(parts, '/');
  for (StringRef part : parts) {
    auto [name, number] = part.split('=');
    int64_t size;
    if (name.empty() || number.getAsInteger(10, size))
      return op->emitError("a bucket is written as T=512/B=8, not '")
             << text << "'";
    bucket.push_back({name, size});
  }
  return success();
}

namespace {
struct PadToStatic : public capstan::impl::CapstanPadToStaticBase<PadToStatic> {
  using Base = capstan::impl::CapstanPadToStaticBase<PadToStatic>;
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SizeSymbols symbols;
      declareDimSymbols(function, symbols);
      if (function.isPublic() && !function.isExternal() && symbols.size())
        functions.push_back(function);
    }
    for (func::FuncOp function : functions)
      if (failed(run(function)))
        return signalPassFailure();
  }

  LogicalResult run(func::FuncOp function) {
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitError("can't be padded: it has several blocks");
    SmallVector<Bucket> parsed;
    for (const std::string &text : buckets)
      if (failed(parseBucket(function, text, parsed.emplace_back())))
        return failure();
    SplitFunction split;
    if (partial && !parsed.empty()) {
      auto found = splitFunction(function, parsed, poison);
      if (failed(found))
        return failure();
      split = *found;
    }
    for (const Bucket &bucket : parsed) {
      PaddedFunction clone(function, bucket, memoryLimit, poison);
      func::FuncOp made = split.rest ? clone.run(split.part) : clone.run();
      if (!made)
        return failure();
      if (split.rest)
        made->setAttr(kRestAttr, FlatSymbolRefAttr::get(split.rest));
      ++numFunctions;
      numMasks += clone.numMasks;
    }
    return success();
  }
};
} // namespace

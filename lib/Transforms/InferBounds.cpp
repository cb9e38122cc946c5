//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Writes down what SizeAnalysis finds: the sizes of dynamic results, and the
// ranges of symbols; a remark for every size without a bound.
//
//   %y = tensor.concat dim(0) %x, %x : (...) -> tensor<?x4xf32>
//   // becomes
//   %y = tensor.concat dim(0) %x, %x {capstan.sizes = ["2 * T, 4"]} : ...
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/SizeAnalysis.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANINFERBOUNDS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

static std::string rangeText(SizeRange range) {
  std::string text = range.hasMin() ? std::to_string(range.min) : "?";
  return text + " to " + (range.hasMax() ? std::to_string(range.max) : "?");
}

static void remarkUnbounded(Location loc, StringRef function,
                            const Twine &reason) {
  auto remark = remark::missed(loc, remark::RemarkOpts::name("unbounded")
                                        .category("capstan")
                                        .function(function));
  if (remark)
    remark << remark::reason("{0}", reason.str());
}

namespace {
struct InferBounds : public capstan::impl::CapstanInferBoundsBase<InferBounds> {
  void runOnOperation() override {
    DenseSet<Operation *> seen;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isPrivate() || function.isExternal())
        continue;
      SizeSymbols symbols;
      SizeAnalysis sizes(symbols);
      sizes.run(function);
      for (auto other : getOperation().getOps<func::FuncOp>()) {
        if (!sizes.wasVisited(other))
          continue;
        if (sizes.isAmbiguous(other) || !seen.insert(other).second) {
          remarkUnbounded(
              other.getLoc(), other.getName(),
              "calls with different sizes: those of one call are written");
        }
        annotate(other, sizes, symbols);
      }
    }
  }

  void annotate(func::FuncOp function, SizeAnalysis &sizes,
                SizeSymbols &symbols) {
    Builder b(&getContext());
    DenseSet<SymbolId> used;
    // One remark for each symbol that has no bound.
    DenseSet<SymbolId> reported;
    walkHostCode(function, [&](Operation *op) {
      bool isDynamic = false;
      SmallVector<Attribute> texts;
      for (Value result : op->getResults()) {
        auto type = dyn_cast<RankedTensorType>(result.getType());
        if (!type)
          continue;
        std::string text;
        llvm::raw_string_ostream os(text);
        llvm::interleaveComma(sizes.dims(result), os,
                              [&](auto &size) { os << symbols.str(size); });
        texts.push_back(b.getStringAttr(text));
        for (auto [i, size] : llvm::enumerate(sizes.dims(result))) {
          if (!type.isDynamicDim(i))
            continue;
          isDynamic = true;
          ++numDims;
          for (auto &term : size.getTerms())
            used.insert(term.first.begin(), term.first.end());
          if (symbols.range(size).hasMax()) {
            ++numBounded;
            continue;
          }
          const SizeSymbol *symbol = symbols.unbounded(size);
          if (symbol && reported.insert(symbol - &symbols[0]).second)
            remarkUnbounded(op->getLoc(), function.getName(),
                            "dimension " + Twine(i) + ", " + symbols.str(size) +
                                ", has no bound: none is known of " +
                                symbol->origin +
                                (symbol->origin.empty() ? symbol->name : ""));
        }
      }
      if (isDynamic)
        op->setAttr("capstan.sizes", b.getArrayAttr(texts));
    });
    for (BlockArgument argument : function.getArguments())
      if (isa<RankedTensorType>(argument.getType()))
        for (const SizeExpr &size : sizes.dims(argument))
          for (auto &term : size.getTerms())
            used.insert(term.first.begin(), term.first.end());
    NamedAttrList ranges;
    for (SymbolId id : used) {
      const SizeSymbol &symbol = symbols[id];
      if (symbol.kind == SizeSymbol::Derived)
        continue; // its name says what it is
      std::string text =
          rangeText(symbols.range(SizeExpr::symbol(id, symbol.unit)));
      if (symbol.atMost)
        text += ", at most " + symbols.str(*symbol.atMost);
      if (symbol.kind == SizeSymbol::Read)
        text += ", read from the device";
      ranges.set(symbol.name, b.getStringAttr(text));
    }
    function->setAttr("capstan.symbols", ranges.getDictionary(&getContext()));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What arguments say about their sizes: `#capstan.dim`, `capstan.dims` and
// `capstan.lengths`, verified and read.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Dims.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// One dimension
//===----------------------------------------------------------------------===//

static bool isSymbolName(StringRef text) {
  return !text.empty() && !llvm::isDigit(text.front()) &&
         llvm::all_of(text,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

bool DimAttr::isSymbol() const { return isSymbolName(getSize()); }

LogicalResult DimAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              StringRef size, std::optional<int64_t> min,
                              std::optional<int64_t> max,
                              std::optional<int64_t> multipleOf) {
  if ((min || max || multipleOf) && !isSymbolName(size))
    return emitError() << "only a symbol that stands alone has bounds, not '"
                       << size << "'";
  if (min && *min < 0)
    return emitError() << "a size is at least 0, not " << *min;
  if (max && *max < min.value_or(0))
    return emitError() << "no size is at least " << min.value_or(0)
                       << " and at most " << *max;
  if (multipleOf && *multipleOf < 1)
    return emitError() << "a size is no multiple of " << *multipleOf;
  return success();
}

static SizeRange rangeOf(DimAttr dim) {
  SizeRange range;
  range.min = dim.getMin().value_or(0);
  if (dim.getMax())
    range.max = *dim.getMax();
  return range;
}

static ArrayAttr dimsOf(FunctionOpInterface function, unsigned argument) {
  return function.getArgAttrOfType<ArrayAttr>(argument, kDimsAttr);
}

/// Runs `visit` for each place where an argument declares a symbol.
static void
forDeclarations(FunctionOpInterface function,
                llvm::function_ref<void(unsigned argument, DimAttr)> visit) {
  for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i) {
    if (ArrayAttr dims = dimsOf(function, i))
      for (Attribute entry : dims)
        if (auto dim = dyn_cast<DimAttr>(entry); dim && dim.isSymbol())
          visit(i, dim);
    if (auto size = function.getArgAttrOfType<DimAttr>(i, kSizeAttr))
      visit(i, size);
  }
}

void capstan::declareDimSymbols(FunctionOpInterface function,
                                SizeSymbols &symbols) {
  forDeclarations(function, [&](unsigned, DimAttr dim) {
    symbols.declare(dim.getSize(), rangeOf(dim),
                    dim.getMultipleOf().value_or(1), function.getLoc());
  });
}

std::optional<SizeExpr> capstan::declaredSize(ArrayAttr dims, unsigned i,
                                              SizeSymbols &symbols,
                                              Location loc) {
  if (auto number = dyn_cast<IntegerAttr>(dims[i]))
    return SizeExpr(number.getInt());
  auto dim = cast<DimAttr>(dims[i]);
  std::string error;
  return dim.isUnknown() ? std::nullopt
                         : symbols.parse(dim.getSize(), error, loc);
}

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

/// Each declaration of a symbol must give the bounds of the others, or none.
static LogicalResult verifySymbols(FunctionOpInterface function) {
  llvm::StringMap<DimAttr> seen;
  LogicalResult result = success();
  forDeclarations(function, [&](unsigned argument, DimAttr dim) {
    DimAttr &first = seen[dim.getSize()];
    if (!first)
      first = dim;
    auto differ = [](auto a, auto b) { return a && b && *a != *b; };
    if (succeeded(result) &&
        (differ(first.getMin(), dim.getMin()) ||
         differ(first.getMax(), dim.getMax()) ||
         differ(first.getMultipleOf(), dim.getMultipleOf())))
      result = function.emitOpError("declares symbol '")
               << dim.getSize() << "' with different bounds: " << first
               << " and " << dim << " (argument " << argument << ")";
    first = DimAttr::get(function.getContext(), dim.getSize(),
                         first.getMin() ? first.getMin() : dim.getMin(),
                         first.getMax() ? first.getMax() : dim.getMax(),
                         first.getMultipleOf() ? first.getMultipleOf()
                                               : dim.getMultipleOf());
  });
  return result;
}

/// `what` is "argument 3".
static LogicalResult verifyDims(FunctionOpInterface function, Type type,
                                Attribute attribute, const Twine &what) {
  auto error = [&]() {
    return function.emitOpError() << "'" << kDimsAttr << "' of " << what << " ";
  };
  // A memref after bufferization.
  auto tensor = dyn_cast<ShapedType>(type);
  if (!tensor || !tensor.hasRank())
    return error() << "stands at no ranked tensor: " << type;
  auto dims = dyn_cast<ArrayAttr>(attribute);
  if (!dims || !llvm::all_of(dims, [](Attribute entry) {
        return isa<DimAttr, IntegerAttr>(entry);
      }))
    return error() << "is a list of #capstan.dim and numbers";
  if (static_cast<int64_t>(dims.size()) != tensor.getRank())
    return error() << "has " << dims.size() << " entries for "
                   << tensor.getRank() << " dimensions";
  SizeSymbols symbols;
  declareDimSymbols(function, symbols);
  for (auto [i, entry] : llvm::enumerate(dims)) {
    auto dim = dyn_cast<DimAttr>(entry);
    if (dim && dim.isUnknown())
      continue;
    std::string message;
    auto size = dim ? symbols.parse(dim.getSize(), message, function.getLoc())
                    : SizeExpr(cast<IntegerAttr>(entry).getInt());
    if (!size)
      return error() << "is wrong: " << message << " in '" << dim.getSize()
                     << "'";
    if (tensor.isDynamicDim(i) && size->constant())
      return error() << "gives a number for dimension " << i
                     << ", which is dynamic";
    SizeRange range = symbols.range(*size);
    if (range.max < 0)
      return error() << "gives dimension " << i << " a negative size";
    if (!tensor.isDynamicDim(i) &&
        (tensor.getDimSize(i) < range.min || tensor.getDimSize(i) > range.max))
      return error() << "doesn't allow the size " << tensor.getDimSize(i)
                     << " of dimension " << i;
  }
  return success();
}

LogicalResult CapstanDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                       unsigned argument,
                                                       NamedAttribute named) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return success();
  Type type = function.getArgumentTypes()[argument];
  if (named.getName() == kSizeAttr) {
    auto dim = dyn_cast<DimAttr>(named.getValue());
    if (!dim || !dim.isSymbol() || !type.isSignlessIntOrIndex() ||
        type.isInteger(1))
      return function.emitOpError()
             << "'" << kSizeAttr << "' of argument " << argument
             << " is a #capstan.dim with a symbol, at a host integer";
  }
  if (named.getName() == kDimsAttr || named.getName() == kSizeAttr) {
    if (named.getName() == kDimsAttr &&
        failed(verifyDims(function, type, named.getValue(),
                          "argument " + Twine(argument))))
      return failure();
    // Once for all arguments: at the first that declares something.
    for (unsigned i = 0; i < argument; ++i)
      if (dimsOf(function, i) || function.getArgAttr(i, kSizeAttr))
        return success();
    return verifySymbols(function);
  }
  if (named.getName() == kLengthsAttr) {
    auto symbol = dyn_cast<StringAttr>(named.getValue());
    auto tensor = dyn_cast<ShapedType>(type);
    if (!symbol || !tensor || !tensor.hasRank() || tensor.getRank() != 1 ||
        !tensor.getElementType().isSignlessInteger())
      return function.emitOpError()
             << "'" << kLengthsAttr << "' names a symbol, at an argument of "
             << "integers of rank 1";
    SizeSymbols symbols;
    declareDimSymbols(function, symbols);
    if (!symbols.lookup(symbol))
      return function.emitOpError()
             << "'" << kLengthsAttr << "' of argument " << argument
             << " names a symbol that is not declared: " << symbol;
  }
  return success();
}

LogicalResult CapstanDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute named) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || named.getName() != kDimsAttr)
    return success();
  return verifyDims(function, function.getResultTypes()[result],
                    named.getValue(), "result " + Twine(result));
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Sizes as operations: computes expressions of dim symbols from the symbols.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_SIZEVALUES_H
#define CAPSTAN_LIB_TRANSFORMS_SIZEVALUES_H

#include "capstan/Interfaces/SizeExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace capstan {

/// All values are i64. Each symbol is computed once, so all that is asked for
/// has to be built in one block.
class SizeValues {
public:
  /// `source` builds the value of a symbol that isn't derived from others; null
  /// if it can't be had.
  SizeValues(SizeSymbols &symbols, mlir::OpBuilder &builder, mlir::Location loc,
             std::function<mlir::Value(SymbolId)> source)
      : symbols(symbols), b(builder), loc(loc), source(std::move(source)) {}

  /// The value of `expr`; null if a symbol of it can't be had.
  mlir::Value get(const SizeExpr &expr);
  mlir::Value constant(int64_t value);

private:
  mlir::Value get(SymbolId id);

  SizeSymbols &symbols;
  mlir::OpBuilder &b;
  mlir::Location loc;
  std::function<mlir::Value(SymbolId)> source;
  llvm::DenseMap<SymbolId, mlir::Value> known;
};

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_SIZEVALUES_H

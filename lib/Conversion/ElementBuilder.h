//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Arithmetic that takes an operation's place, on scalars or on vectors of them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_ELEMENTBUILDER_H
#define CAPSTAN_CONVERSION_ELEMENTBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

namespace capstan {

struct ElementBuilder : mlir::ImplicitLocOpBuilder {
  ElementBuilder(mlir::Operation *op, mlir::PatternRewriter &rewriter)
      : ImplicitLocOpBuilder(op->getLoc(), rewriter),
        type(op->getResult(0).getType()) {}

  /// The type with as many elements as the result.
  mlir::Type like(mlir::Type element) const {
    auto shaped = mlir::dyn_cast<mlir::ShapedType>(type);
    return shaped ? mlir::Type(shaped.clone(element)) : element;
  }
  /// A number, or a vector of it.
  mlir::Value constant(mlir::TypedAttr value) {
    if (auto shaped = mlir::dyn_cast<mlir::ShapedType>(like(value.getType())))
      value = mlir::DenseElementsAttr::get(shaped, mlir::Attribute(value));
    return mlir::arith::ConstantOp::create(*this, value);
  }

private:
  mlir::Type type;
};

} // namespace capstan

#endif // CAPSTAN_CONVERSION_ELEMENTBUILDER_H

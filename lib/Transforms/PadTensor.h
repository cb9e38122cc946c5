//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the models of tensor operations share.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_PADTENSOR_H
#define CAPSTAN_LIB_TRANSFORMS_PADTENSOR_H

#include "PaddedGeneric.h"

namespace capstan {

mlir::RankedTensorType paddedType(llvm::ArrayRef<DimLayout> layouts,
                                  mlir::Type element);

/// Gives the tensor that stands for `original` a value, if it has none.
void materialize(Padder &padder, PaddedTensor &tensor, mlir::Value original);

// PadJoins.cpp
void attachJoinModels(mlir::MLIRContext &context);

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_PADTENSOR_H

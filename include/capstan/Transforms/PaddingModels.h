//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_PADDINGMODELS_H
#define CAPSTAN_TRANSFORMS_PADDINGMODELS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace capstan {

// Attach PaddingOpInterface to operations of these dialects.
void registerLinalgPaddingModels(mlir::DialectRegistry &registry);
void registerTensorPaddingModels(mlir::DialectRegistry &registry);
void registerCapstanPaddingModels(mlir::DialectRegistry &registry);

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_PADDINGMODELS_H

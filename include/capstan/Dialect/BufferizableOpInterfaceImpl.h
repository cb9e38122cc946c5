//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT_BUFFERIZABLEOPINTERFACEIMPL_H
#define CAPSTAN_DIALECT_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace capstan {

/// Attaches what says how Capstan's operations bufferize.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace capstan

#endif // CAPSTAN_DIALECT_BUFFERIZABLEOPINTERFACEIMPL_H

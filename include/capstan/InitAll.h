//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INITALL_H
#define CAPSTAN_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace capstan {

/// Adds the Capstan dialect and every upstream dialect that its passes create.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers Capstan's passes and pipelines with the global pass registry, and
/// the command-line option `--capstan-op-models`.
void registerAllPasses();

} // namespace capstan

#endif // CAPSTAN_INITALL_H

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Checks of kernels, which can't end a program.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_KERNELCHECKS_H
#define CAPSTAN_LIB_CONVERSION_KERNELCHECKS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace capstan {

/// Makes the checks of a kernel branches. Its first arguments are the failure
/// record and the code of its first check; see capstan_rt_gpu_kernel_info. Its
/// work begins at `body`, and `done` is the end of a thread.
mlir::LogicalResult lowerKernelChecks(mlir::OpBuilder &b,
                                      mlir::gpu::GPUFuncOp kernel,
                                      mlir::Block &body, mlir::Block *done);

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_KERNELCHECKS_H

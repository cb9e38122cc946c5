//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which operations are host code: they run on the host and may block it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_HOSTCODE_H
#define CAPSTAN_ANALYSIS_HOSTCODE_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Visitors.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace capstan {

/// Whether the regions of `op` are host code if `op` itself is: functions,
/// modules, structured and foreign control flow. Bodies of linalg operations,
/// `tensor.generate`, mapped `scf.forall`, scans and kernels are device code.
bool holdsHostCode(mlir::Operation *op);

/// Whether `op` is host code: so is all around it in its function.
bool isHostCode(mlir::Operation *op);

/// Calls `fn` for every operation of host code under `root`, in program order,
/// an operation before those of its regions. `fn` must not erase operations.
void walkHostCode(mlir::Operation *root,
                  llvm::function_ref<void(mlir::Operation *)> fn);

/// A read of device data that no pass has made a host sync yet:
/// `tensor.extract` of a device tensor or `memref.load` of device memory whose
/// elements are not known on the host. `op` must be host code.
bool isUnraisedSync(mlir::Operation *op);

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_HOSTCODE_H

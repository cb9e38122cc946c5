//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_PASSES_H
#define CAPSTAN_CONVERSION_PASSES_H

#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace capstan {

/// The checks of a GPU's kernel, in the order of their table: dictionaries of
/// `message`, a string, and `location`.
inline constexpr llvm::StringLiteral kChecksAttr = "capstan.checks";

/// On a loop over rows: the elements of a row, i64.
inline constexpr llvm::StringLiteral kRowsAttr = "capstan.rows";

/// On a kernel: the threads of a block in x and y. Those in x have a row, and a
/// block has as many rows as threads in y.
inline constexpr llvm::StringLiteral kBlockAttr = "capstan.block";

/// On a kernel, and on launches of it on a GPU: bytes that it has to move, a
/// fixed number and those of an iteration; see capstan_rt_kernel_bytes.
inline constexpr llvm::StringLiteral kBytesAttr = "capstan.bytes";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "capstan/Conversion/Passes.h.inc"

} // namespace capstan

#endif // CAPSTAN_CONVERSION_PASSES_H

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Files of tensors: .npy and .npz of numpy, and safetensors.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_FILES_H
#define CAPSTAN_TOOLS_RUN_FILES_H

#include "Tensor.h"
#include "llvm/Support/MemoryBuffer.h"

namespace capstan::run {

/// Reads a .npy file, mapped into memory. Big-endian, Fortran-ordered and
/// structured arrays are errors that say so.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);
/// Parses the contents of a .npy file; `owner` keeps them alive.
llvm::Expected<Tensor> parseNpy(llvm::StringRef name, llvm::StringRef bytes,
                                std::shared_ptr<void> owner);
/// The header of a .npy file that holds `tensor`. bf16 and FP8 are written as f32 (see
/// `widen`), since numpy has none.
std::string npyHeader(const Tensor &tensor);
llvm::Expected<Tensor> widen(const Tensor &tensor);

/// All arrays of a .npz file.
llvm::Expected<Tensors> readNpz(llvm::StringRef path);
/// Writes uncompressed, in the order given.
llvm::Error writeNpz(llvm::StringRef path,
                     llvm::ArrayRef<std::pair<std::string, Tensor>> tensors);

/// Maps a safetensors file into memory; nothing is copied unless a tensor is
/// not aligned to its elements.
llvm::Expected<Tensors> readSafetensors(llvm::StringRef path);

/// By the name's ending: .npy (one tensor, named ""), .npz or .safetensors.
llvm::Expected<Tensors> readTensors(llvm::StringRef path);

/// A file's bytes, mapped; the error names the file.
llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
mapFile(llvm::StringRef path);

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_FILES_H

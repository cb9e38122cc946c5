//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Arguments of an entry, from files, numbers on the command line and seeds.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_INPUTS_H
#define CAPSTAN_TOOLS_RUN_INPUTS_H

#include "Tensor.h"

namespace capstan::run {

class Inputs {
public:
  /// `FILE` (.npz or .safetensors: all its tensors, by name) or `NAME=VALUE`;
  /// VALUE is a .npy file, numbers as `5` or `[3, 4]`, `zeros`, or
  /// `random:SEED[:LOW:HIGH]`. The name `*` stands for all arguments that
  /// nothing else gives. What comes later wins.
  llvm::Error add(llvm::StringRef spec);
  /// `NAME=2x64`: the sizes of an argument that has dynamic ones.
  llvm::Error addShape(llvm::StringRef spec);

  /// The tensor for an argument, of its type and shape if it is made here; the
  /// runtime checks what a file gives.
  llvm::Expected<Tensor> get(const capstan_rt_value_info &argument) const;

private:
  llvm::Expected<Tensor> make(const capstan_rt_value_info &argument,
                              llvm::StringRef value) const;
  llvm::Expected<llvm::SmallVector<int64_t, 4>>
  shapeOf(const capstan_rt_value_info &argument) const;

  Tensors tensors;
  std::map<std::string, std::string> values;
  std::map<std::string, llvm::SmallVector<int64_t, 4>> shapes;
};

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_INPUTS_H

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What an entry is called with: tensors where it takes them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_ARGUMENT_H
#define CAPSTAN_TOOLS_RUN_ARGUMENT_H

#include "Tensor.h"
#include "capstan_rt/capstan_rt.h"
#include "dlpack/dlpack.h"

namespace capstan::run {

class Argument {
public:
  /// A tensor of the host for the place, which may be on a GPU: then it is
  /// copied there, in the order of the stream.
  static llvm::Expected<Argument> make(const Tensor &tensor,
                                       const capstan_rt_value_info &place,
                                       capstan_rt_stream *stream, bool onGpu);
  /// Takes a result of a call over.
  explicit Argument(DLManagedTensorVersioned *result);

  /// Valid as long as this, or a copy of it.
  DLManagedTensorVersioned *get() const { return managed.get(); }

private:
  Argument(const Tensor &tensor, std::shared_ptr<void> memory, void *data,
           DLDevice device);

  std::shared_ptr<DLManagedTensorVersioned> managed;
};

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_ARGUMENT_H

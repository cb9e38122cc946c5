//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ATTRS
#define CAPSTAN_ATTRS

include "capstan/Dialect/CapstanDialect.td"

def Capstan_HostAttr : AttrDef<Capstan_Dialect, "Host"> {
  let mnemonic = "host";
  let summary = "encoding of a tensor, or memory space of a memref, on the host";
  let description = [{
    A tensor with this encoding holds its elements in host memory. Reading it is
    no host sync. Bufferization keeps the encoding as the memory space.

    ```mlir
    tensor<4xi32, #capstan.host>
    memref<4xi32, #capstan.host>
    ```
  }];
}

#endif // CAPSTAN_ATTRS

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TYPES
#define CAPSTAN_TYPES

include "capstan/Dialect/CapstanDialect.td"

def Capstan_FutureType : TypeDef<Capstan_Dialect, "Future"> {
  let mnemonic = "future";
  let summary = "a packed device-to-host transfer that is under way";
  let description = [{
    What `capstan.fetch.start` gives: a token for the values that
    `capstan.fetch.wait` hands to the host. It is waited for at most once on
    every path, never returned, passed to a call, or carried by a loop.

    ```mlir
    !capstan.future<i32, tensor<4xi32, #capstan.host>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Type", "types of the fetched values">:$types);
  let assemblyFormat = "`<` $types `>`";
}

#endif // CAPSTAN_TYPES

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT
#define CAPSTAN_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Capstan_Dialect : Dialect {
  let name = "capstan";
  let cppNamespace = "::capstan";
  let summary = "Host synchronization made visible in device programs";
  let description = [{
    Capstan's dialect says where a program waits for its device. A builtin
    `tensor` without encoding is data on the device; a tensor with encoding
    `#capstan.host` is on the host; a scalar in host code is a host value. Only
    Capstan's own operations cross from one space to the other, and each such
    crossing is a *host sync*.

    ```mlir
    %longest = capstan.item %max[] : tensor<i32>
    %copy = capstan.to_host %lens : tensor<4xi32> -> tensor<4xi32, #capstan.host>
    ```

    `capstan.foreign_op` and `capstan.foreign_type` describe operations and
    types of dialects that are not linked in; see `docs/op-models.md`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttrs();
  }];
}

#endif // CAPSTAN_DIALECT

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

def Capstan_DimAttr : AttrDef<Capstan_Dialect, "Dim"> {
  let mnemonic = "dim";
  let summary = "what is known of one dimension";
  let description = [{
    An entry of `capstan.dims`, a list on an argument or result of a function
    with one entry for each dimension: what the size is, as an expression of dim
    symbols that all arguments share. A symbol is declared where it stands alone;
    there it may have bounds, and it may be known to be a multiple. Expressions
    are sums, products, and divisions by numbers (rounded down) of declared
    symbols. A number is a static size, `"?"` says nothing.

    ```mlir
    func.func @main(
        %ids: tensor<1x?xi64> {capstan.dims = [1, #capstan.dim<"T", max = 8192>]},
        %lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", min = 1, max = 64>],
                              capstan.lengths = "T"},
        %cu: tensor<?xi32> {capstan.dims = [#capstan.dim<"B + 1">]})
    ```

    Constraints:

    - one entry for each dimension of a ranked tensor: `#capstan.dim`, or an
      integer, the size of a static dimension;
    - bounds stand at a symbol that is alone, `min` is at least 0 and at most
      `max`, and two declarations of a symbol don't give different bounds;
    - every symbol in an expression is declared by some argument;
    - `capstan.size = #capstan.dim<"longest", max = 8192>`, on a host integer,
      declares a symbol that the argument is;
    - a static dimension has a size that the entry allows;
    - `capstan.lengths = "T"`, on an argument of integers of rank 1, says that the
      elements are not negative and that their sum is at most the symbol `T`.
  }];
  let parameters = (ins StringRefParameter<"expression of dim symbols">:$size,
                        OptionalParameter<"std::optional<int64_t>">:$min,
                        OptionalParameter<"std::optional<int64_t>">:$max,
                        OptionalParameter<"std::optional<int64_t>">:$multiple_of);
  let assemblyFormat =
      "`<` $size (`,` struct($min, $max, $multiple_of)^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether the entry is a symbol alone, which declares it.
    bool isSymbol() const;
    /// Whether the entry says nothing.
    bool isUnknown() const { return getSize() == "?"; }
  }];
}

#endif // CAPSTAN_ATTRS

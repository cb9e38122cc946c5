//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_OPS
#define CAPSTAN_OPS

include "capstan/Dialect/CapstanAttrs.td"
include "capstan/Dialect/CapstanDialect.td"
include "capstan/Dialect/CapstanTypes.td"
include "capstan/Interfaces/BoundOperandOpInterface.td"
include "capstan/Interfaces/HostSyncOpInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Capstan_Op<string mnemonic, list<Trait> traits = []>
    : Op<Capstan_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Host syncs
//===----------------------------------------------------------------------===//

def Capstan_ItemOp : Capstan_Op<"item", [
    DeclareOpInterfaceMethods<HostSyncOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    TypesMatchWith<"result type matches element type of source", "source",
                   "result",
                   "::llvm::cast<::mlir::ShapedType>($_self).getElementType()">]> {
  let summary = "reads one element of device data to the host (blocks)";
  let description = [{
    Waits until the device has produced `source` and gives one element of it as
    a host value. The number of indices equals the rank. The source is a tensor
    or memref on the device; an element of a host tensor is read with
    `tensor.extract`, which is no sync.

    ```mlir
    %longest = capstan.item %max[] : tensor<i32>
    %first = capstan.item %lens[%c0] : tensor<?xi32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$source,
                       Variadic<Index>:$indices);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$source `[` $indices `]` attr-dict `:` type($source)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Capstan_ToHostOp : Capstan_Op<"to_host", [
    DeclareOpInterfaceMethods<HostSyncOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "copies a device tensor to the host (blocks)";
  let description = [{
    Waits until the device has produced `source` and gives its contents as a
    host tensor of the same shape and element type.

    ```mlir
    %h = capstan.to_host %lens : tensor<?xi32> -> tensor<?xi32, #capstan.host>
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$source);
  let results = (outs AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Capstan_FetchOp : Capstan_Op<"fetch", [
    DeclareOpInterfaceMethods<HostSyncOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "reads any number of device values in one packed copy (blocks)";
  let description = [{
    One packed device-to-host copy and one wait for all sources. Result `i` is
    source `i` under conversion `i`:

    - `"item"`: the only element of a tensor of rank 0 (or of one element) as a
      scalar of its element type;
    - `"copy"`: the whole tensor as a `#capstan.host` tensor of the same shape;
    - any other name: the conversion of the foreign host sync that this result
      replaces (`"int"`, `"bool"`, ...; see `docs/op-models.md`). Source and
      result then have types of the foreign dialect.

    All sizes are known on the host before the op.

    ```mlir
    %n, %h = capstan.fetch %max, %lens ["item", "copy"]
      : (tensor<i32>, tensor<4xi32>) -> (i32, tensor<4xi32, #capstan.host>)
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$sources, StrArrayAttr:$conversions);
  let results = (outs Variadic<AnyType>:$results);
  let assemblyFormat =
      "$sources $conversions attr-dict `:` functional-type($sources, $results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Capstan_FetchStartOp : Capstan_Op<"fetch.start", [
    DeclareOpInterfaceMethods<HostSyncOpInterface, ["isBlocking"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "starts a packed device-to-host copy (does not block)";
  let description = [{
    Takes a snapshot of its sources: what `capstan.fetch.wait` gives is their
    contents at this op. Conversions are those of `capstan.fetch`.

    ```mlir
    %f = capstan.fetch.start %max ["item"] : (tensor<i32>) -> !capstan.future<i32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$sources, StrArrayAttr:$conversions);
  let results = (outs Capstan_FutureType:$future);
  let assemblyFormat =
      "$sources $conversions attr-dict `:` functional-type($sources, $future)";
  let hasVerifier = 1;
}

def Capstan_FetchWaitOp : Capstan_Op<"fetch.wait", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "waits for a packed copy (blocks)";
  let description = [{
    Blocks until the copy that `future` stands for is complete and gives its
    values. At most one wait for a future runs on any path.

    ```mlir
    %n = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    ```
  }];
  let arguments = (ins Capstan_FutureType:$future);
  let results = (outs Variadic<AnyType>:$results);
  let assemblyFormat = [{
    $future attr-dict `:` qualified(type($future)) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Capstan_DeviceCheckOp : Capstan_Op<"device_check", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a check on device data that doesn't block";
  let description = [{
    Sets the forward's status word on the device if `condition` is false. The
    failure is reported, with op and location, at the caller's next
    synchronization; nothing waits here.

    ```mlir
    capstan.device_check %ok, "longest sequence exceeds the bound" : tensor<i1>
    ```
  }];
  let arguments = (ins AnyType:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict `:` type($condition)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Device work
//===----------------------------------------------------------------------===//

def Capstan_GemmOp : Capstan_Op<"gemm", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<DestinationStyleOpInterface, ["getDpsInitsMutable"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "matrix product by the runtime's library";
  let description = [{
    `c = a * b`, or `c + a * b` with `accumulate`. All operands have rank 2, or
    rank 3 with a batch dimension first. `transpose_a` says that a matrix of `a`
    is k x m, `transpose_b` that one of `b` is n x k. All operands live on the
    device and have one floating-point element type; of f16 and bf16, `c` may be
    f32. Sums are in f32 at least.

    `bias` is added to each row of the result, which is rounded once, at the end.
    It is `[n]`, of the type of `c`, and not f64.

    With `scales`, `a` and `b` are f8E4M3FN and `c` is f32, f16 or bf16. They
    stand for their products with `scale_a` and `scale_b`, both f32: one number
    each, of rank 0, or `[m]` and `[n]`, a number for each row of `a` and column
    of `b`. With an f32 result there is no bias. GPUs take them with
    `transpose_b`, without `transpose_a`, and with multiples of 16 as k and n.

    ```mlir
    %c = capstan.gemm ins(%x, %w : tensor<?x2048xf32>, tensor<512x2048xf32>)
        outs(%init : tensor<?x512xf32>) {transpose_b} -> tensor<?x512xf32>
    %d = capstan.gemm ins(%x8, %w8 : tensor<?x2048xf8E4M3FN>, tensor<512x2048xf8E4M3FN>)
        bias(%b : tensor<512xbf16>) scales(%sx, %sw : tensor<?xf32>, tensor<512xf32>)
        outs(%half : tensor<?x512xbf16>) {transpose_b} -> tensor<?x512xbf16>
    ```
  }];
  let arguments = (ins AnyShaped:$a, AnyShaped:$b, Optional<AnyShaped>:$bias,
                       Optional<AnyShaped>:$scale_a, Optional<AnyShaped>:$scale_b,
                       AnyShaped:$c,
                       UnitAttr:$transpose_a, UnitAttr:$transpose_b,
                       UnitAttr:$accumulate);
  let results = (outs Variadic<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b `:` type($a) `,` type($b) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`scales` `(` $scale_a^ `,` $scale_b `:` type($scale_a) `,` type($scale_b) `)`)?
    `outs` `(` $c `:` type($c) `)` attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    /// Whether such products add a bias.
    static bool takesBias(::mlir::Type factors, ::mlir::Type result);
  }];
  let hasVerifier = 1;
}

def Capstan_GroupedGemmOp : Capstan_Op<"grouped_gemm", [
    DeclareOpInterfaceMethods<DestinationStyleOpInterface, ["getDpsInitsMutable"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "matrix products of groups of rows, each by its own matrix";
  let description = [{
    What a layer of experts computes of tokens that are sorted by expert. The
    rows of `a` from `offsets[i - 1]` (0 for the first) to `offsets[i]` are
    multiplied by matrix `i` of `b`, which is k x n, or n x k with
    `transpose_b`. Rows behind the last group give zeros. Offsets are i32 on the
    device: nobody waits for them. If they go down, or beyond the rows of `a`,
    the forward fails.

    ```mlir
    %c = capstan.grouped_gemm ins(%x, %w, %ends : tensor<?x2048xf32>,
        tensor<128x768x2048xf32>, tensor<128xi32>)
        outs(%init : tensor<?x768xf32>) {transpose_b} -> tensor<?x768xf32>
    ```
  }];
  let arguments = (ins AnyShaped:$a, AnyShaped:$b, AnyShaped:$offsets,
                       AnyShaped:$c, UnitAttr:$transpose_b);
  let results = (outs Variadic<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b `,` $offsets `:` type($a) `,` type($b) `,` type($offsets) `)`
    `outs` `(` $c `:` type($c) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}

def Capstan_VarlenAttentionOp : Capstan_Op<"varlen_attention", [
    DeclareOpInterfaceMethods<BoundOperandOpInterface>,
    DeclareOpInterfaceMethods<DestinationStyleOpInterface, ["getDpsInitsMutable"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "attention over packed documents";
  let description = [{
    `q` is `[tokens_q, heads_q, head_dim]`, `k` is `[tokens_k, heads_k, head_dim]`,
    `v` is `[tokens_k, heads_k, head_dim_v]`, the init of the output is
    `[tokens_q, heads_q, head_dim_v]`; all have one element type. `heads_q` is a
    multiple of `heads_k`: each head of keys serves a group of queries.

    Document `d` holds the queries `cu_seqlens_q[d]` to `cu_seqlens_q[d + 1]` and
    the keys `cu_seqlens_k[d]` to `cu_seqlens_k[d + 1]`: i32 on the device, one
    more than there are documents. What is behind the last document is padding:
    its results are undefined. `max_q` and `max_k` are upper bounds of the
    longest document (`BoundOperandOpInterface`): any larger value, up to the
    number of tokens, gives the same results.

    Query `i` of a document attends to the key `j` with `j <= i + (keys -
    queries)` if `causal`, and to the `window_left` keys before that diagonal and
    the `window_right` after it (-1: all). Scores are multiplied by `scale`. A
    query without any key gives zeros. With a second init, `[heads_q,
    tokens_q]` of f32, the second result is the logarithm of the sum of the
    exponentials of the scores, -inf for such a query.

    Operations that a forward runs with the same `lengths`, unless that is 0, have
    equal numbers in `cu_seqlens_*`: `--capstan-share-lengths` sets it.

    ```mlir
    %o = capstan.varlen_attention
        ins(%q, %k, %v, %cu, %cu, %max, %max : tensor<?x32x64xf32>, tensor<?x8x64xf32>,
            tensor<?x8x64xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
        outs(%init : tensor<?x32x64xf32>) {causal, scale = 0.125 : f64}
        -> tensor<?x32x64xf32>
    ```
  }];
  let arguments = (ins AnyShaped:$q, AnyShaped:$k, AnyShaped:$v,
                       AnyShaped:$cu_seqlens_q, AnyShaped:$cu_seqlens_k,
                       Index:$max_q, Index:$max_k,
                       AnyShaped:$out, Optional<AnyShaped>:$logsumexp,
                       F64Attr:$scale, UnitAttr:$causal,
                       DefaultValuedAttr<I64Attr, "-1">:$window_left,
                       DefaultValuedAttr<I64Attr, "-1">:$window_right,
                       DefaultValuedAttr<I32Attr, "0">:$lengths);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `,` $v `,` $cu_seqlens_q `,` $cu_seqlens_k `,` $max_q `,` $max_k
    `:` type($q) `,` type($k) `,` type($v) `,` type($cu_seqlens_q) `,`
    type($cu_seqlens_k) `,` type($max_q) `,` type($max_k) `)`
    `outs` `(` $out (`,` $logsumexp^)? `:` type($out) (`,` type($logsumexp)^)? `)`
    attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Capstan_LaunchOp : Capstan_Op<"launch", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on the device (does not block)";
  let description = [{
    Enqueues the iterations `[0, extent)` of a kernel: a private function with
    the attribute `capstan.kernel`, whose arguments are the operands and then
    `begin, end : index`. It does the iterations `[begin, end)` of its outermost
    parallel loop; disjoint ranges run on several threads at once. Operands are
    buffers on the device and host values.

    ```mlir
    capstan.launch @kernel(%x, %scale) extent %n : (memref<?x64xf32>, f32)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyType>:$inputs,
                       Index:$extent);
  let assemblyFormat = [{
    $kernel `(` $inputs `)` `extent` $extent attr-dict `:` `(` type($inputs) `)`
  }];
}

//===----------------------------------------------------------------------===//
// Models of foreign dialects
//===----------------------------------------------------------------------===//

def Capstan_ForeignOpOp : Capstan_Op<"foreign_op"> {
  let summary = "says what an operation of a foreign dialect does";
  let description = [{
    An entry of a model file. The keys are described in `docs/op-models.md`.

    ```mlir
    capstan.foreign_op "torch.aten.cos", "torch.aten.sin" {deterministic, total}
    capstan.foreign_op "torch.aten.Int.Tensor" {kind = host_sync,
        deterministic, sync = {source = 0, conversion = "int"}}
    ```
  }];
  let arguments = (ins StrArrayAttr:$names, DictionaryAttr:$spec);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Capstan_ForeignTypeOp : Capstan_Op<"foreign_type"> {
  let summary = "says what a type of a foreign dialect is";
  let description = [{
    An entry of a model file. The keys are described in `docs/op-models.md`.

    ```mlir
    capstan.foreign_type "torch.vtensor" {kind = tensor}
    capstan.foreign_type "torch.int" {kind = host,
        default = {op = "torch.constant.int", attrs = {value = 0 : i64}}}
    ```
  }];
  let arguments = (ins StrArrayAttr:$names, DictionaryAttr:$spec);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

#endif // CAPSTAN_OPS

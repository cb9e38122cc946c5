//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_PASSES
#define CAPSTAN_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def CapstanVerifySpaces : Pass<"capstan-verify-spaces", "::mlir::ModuleOp"> {
  let summary = "rejects operations that mix host and device tensors";
  let description = [{
    Only Capstan's own operations cross from device to host. Any other operation
    that has both a device tensor and a `#capstan.host` tensor among its operands
    and results is an error: a cast would hide a host sync. Control flow, calls
    and operations of foreign dialects may carry both. Runs first in every
    pipeline, before a canonicalization could fold the mistake away.

    ```mlir
    // error: 'tensor.cast' op mixes host and device tensors
    %0 = tensor.cast %t : tensor<4xi32> to tensor<4xi32, #capstan.host>
    ```
  }];
}

def CapstanRaiseHostSyncs : Pass<"capstan-raise-host-syncs", "::mlir::ModuleOp"> {
  let summary = "makes reads of device data in host code visible";
  let description = [{
    `tensor.extract` of a device tensor, and `memref.load` of device memory, in
    host code become `capstan.item`. Bodies of `linalg.generic`,
    `tensor.generate`, mapped `scf.forall`, scans and kernels are device code and
    stay. An element of a constant or of `tensor.from_elements` is known on the
    host and is no sync. Must run before any upstream pass: those may hoist a
    bare `tensor.extract` out of a loop that never runs.

    ```mlir
    %n = tensor.extract %max[] : tensor<i32>
    // becomes
    %n = capstan.item %max[] : tensor<i32>
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
  let options = [
    Option<"eraseDead", "erase-dead", "bool", "false",
           "erase what nothing uses, reads included">,
  ];
  let statistics = [Statistic<"numRaised", "raised", "reads made host syncs">];
}

def CapstanAnnotateHostSyncs : Pass<"capstan-annotate-host-syncs", "::mlir::ModuleOp"> {
  let summary = "marks every host sync with kind, location and weight";
  let description = [{
    Sets `capstan.sync` on every host sync: its kind (the conversion), where it
    stands, and its weight: how often it runs in a forward, the product of known
    trip counts and of calls. A factor that is not known counts as 1 and is named
    in `unknown`. Operations of foreign dialects get the attribute too; it has no
    meaning for them.

    ```mlir
    %n = capstan.item %max[] {capstan.sync = {function = "layer", kind = "item",
                              weight = 16 : i64}} : tensor<i32>
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
  let statistics = [Statistic<"numSyncs", "syncs", "host syncs in the module">];
}

def CapstanMergeHostSyncs : Pass<"capstan-merge-host-syncs", "::mlir::func::FuncOp"> {
  let summary = "makes equal host syncs of a function one";
  let description = [{
    Two syncs are equal if they apply the same conversion to the same
    deterministic computation of the same values, with no write in between that
    may alias what it reads. A sync that an equal one dominates takes its result;
    one under the same condition takes it through an additional result of the
    first branch; where no equal sync dominates but every path needs one, it
    moves up. A check dominated by one on the same condition is erased.

    ```mlir
    %a = capstan.item %max0[] : tensor<i32>   // %max0 = max(%lens)
    %b = capstan.item %max1[] : tensor<i32>   // %max1 = max(%lens)
    // becomes
    %a = capstan.item %max0[] : tensor<i32>   // %b is %a
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
  let statistics = [
    Statistic<"numMerged", "merged", "host syncs replaced by an equal one">,
    Statistic<"numChecks", "checks", "checks erased under an equal one">,
  ];
}

def CapstanHoistHostSyncs : Pass<"capstan-hoist-host-syncs", "::mlir::func::FuncOp"> {
  let summary = "moves host syncs out of loops and above branches";
  let description = [{
    Moves a sync, with the slice that feeds it, to the outermost level where its
    value is invariant. Out of a loop only if the loop certainly runs, or under
    the loop's own first condition. Out of a branch under its condition, or, if
    both sides need the value, above it.

    ```mlir
    scf.for %i = %c0 to %c16 step %c1 {
      %n = capstan.item %max[] : tensor<i32>
    // becomes
    %n = capstan.item %max[] : tensor<i32>
    scf.for %i = %c0 to %c16 step %c1 {
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
  let options = [
    Option<"speculate", "speculate", "bool", "false",
           "move reads out of loops and branches that may not run">,
    Option<"merge", "merge", "bool", "false",
           "merge equal reads that stand side by side afterwards">,
  ];
  let statistics = [
    Statistic<"numHoisted", "hoisted", "host syncs moved to an outer level">,
    Statistic<"numGuarded", "guarded", "of these, moved under a guard">,
  ];
}

def CapstanPromoteHostSyncs : Pass<"capstan-promote-host-syncs", "::mlir::ModuleOp"> {
  let summary = "moves reads that depend on arguments only to the callers";
  let description = [{
    A read in a private function that depends only on the function's arguments
    becomes a parameter; every caller reads before its call. It must run on every
    path of the callee, before any write that may alias what it reads, or under a
    condition that the caller can evaluate, which then guards it there. Every use
    of the symbol must be a direct call. Public signatures stay.

    ```mlir
    func.func private @layer(%x: tensor<?xf32>, %lens: tensor<?xi32>) {
      %n = capstan.item ...
    // becomes
    func.func private @layer(%x: tensor<?xf32>, %lens: tensor<?xi32>, %n: i32) {
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
  let options = [
    Option<"merge", "merge", "bool", "false",
           "merge equal reads in functions that received some">,
    Option<"hoist", "hoist", "bool", "false",
           "hoist reads in functions that received some, so that they can move "
           "on to the next caller">,
    Option<"speculate", "speculate", "bool", "false", "as of the hoist pass">,
  ];
  let statistics = [
    Statistic<"numPromoted", "promoted", "host syncs that became parameters">,
  ];
}

def CapstanCoalesceHostSyncs : Pass<"capstan-coalesce-host-syncs", "::mlir::func::FuncOp"> {
  let summary = "makes several syncs one packed transfer";
  let description = [{
    Syncs of a block that can happen at one point become one `capstan.fetch`: one
    packed device-to-host copy, one wait. A result whose size is not known on the
    host beforehand (`nonzero`) stays alone. Each result keeps the conversion of
    its source op.

    ```mlir
    %a = capstan.item %max[] : tensor<i32>
    %b = capstan.item %sum[] : tensor<i64>
    // becomes
    %a, %b = capstan.fetch %max, %sum ["item", "item"]
      : (tensor<i32>, tensor<i64>) -> (i32, i64)
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numFetches", "fetches", "packed transfers created">,
    Statistic<"numCoalesced", "coalesced", "host syncs that joined one">,
  ];
}

def CapstanOverlapHostSyncs : Pass<"capstan-overlap-host-syncs", "::mlir::func::FuncOp"> {
  let summary = "starts transfers early and waits late";
  let description = [{
    Splits a sync into `capstan.fetch.start`, as early in its block as its
    operands exist (not above a write that the read follows), and
    `capstan.fetch.wait`, just before the first use. A sync with nothing between
    the two stays as it is; one that nobody uses and that can't fail is erased.

    ```mlir
    %n = capstan.fetch %max ["item"] : (tensor<i32>) -> i32
    // becomes
    %f = capstan.fetch.start %max ["item"] : (tensor<i32>) -> !capstan.future<i32>
    ...
    %n = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numOverlapped", "overlapped", "syncs split">,
    Statistic<"numErased", "erased", "syncs without uses erased">,
  ];
}

def CapstanEliminateHostSyncs : Pass<"capstan-eliminate-host-syncs", "::mlir::func::FuncOp"> {
  let summary = "replaces reads by what is known, or by work on the device";
  let description = [{
    A host value whose every use is a bound operand (the longest length of a
    packed attention) becomes the bound that the operation's model proves, read
    from a shape. Checks on it become checks on the device; a check that holds
    for certain goes. Where kernels use it, what is read becomes an operand, and
    host arithmetic on it part of their bodies. An element that no data decides
    (of a tensor filled with a host value, a sum of ones) is computed instead of
    read.

    ```mlir
    %n = "torch.aten.Int.Tensor"(%max)
    %o = "torch.operator"(%q, ..., %n) <{name = "torch.varlen.attention"}>
    // becomes
    %t = "torch.aten.size.int"(%q, %c0)
    %o = "torch.operator"(%q, ..., %t) <{name = "torch.varlen.attention"}>
    ```

    ```mlir
    %n = capstan.item %count[] : tensor<i32>
    %scale = arith.sitofp %n : i32 to f32
    %r = linalg.generic {indexing_maps = [#id, #id], ...} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%a: f32, %out: f32):
      %q = arith.divf %a, %scale : f32
    // becomes
    %r = linalg.generic {indexing_maps = [#id, #none, #id], ...} ins(%x, %count : tensor<?xf32>, tensor<i32>) outs(%e : tensor<?xf32>) {
    ^bb0(%a: f32, %n: i32, %out: f32):
      %scale = arith.sitofp %n : i32 to f32
      %q = arith.divf %a, %scale : f32
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
  let options = [
    Option<"quiet", "quiet", "bool", "false", "say nothing of what stays">,
  ];
  let statistics = [
    Statistic<"numEliminated", "eliminated", "syncs removed">,
    Statistic<"numBounds", "bounds", "bound operands that became a size">,
    Statistic<"numChecks", "checks", "checks moved to the device">,
    Statistic<"numOperands", "operands", "kernels that read a value themselves">,
  ];
}

def CapstanVerifyFutures : Pass<"capstan-verify-futures", "::mlir::ModuleOp"> {
  let summary = "checks that futures are waited for at most once and stay local";
  let description = [{
    A `!capstan.future` is waited for at most once on each path, never returned,
    passed to a call or carried by a loop or branch. One that nobody waits for is
    fine.

    ```mlir
    // error: future may be waited for more than once
    %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    %b = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    ```
  }];
}

def CapstanFormGraphs : Pass<"capstan-form-graphs", "::mlir::func::FuncOp"> {
  let summary = "groups work on the device into as few graphs as possible";
  let description = [{
    Work that may be captured (`CaptureSafeOpInterface`) and doesn't depend on
    host code in between moves together into one `capstan.graph`, also past host
    code: as late as its users allow, so that only what the host waits for falls
    into an earlier graph. What may fail stays below the checks above it. A remark
    says what each graph holds, and one why an operation is in none.

    ```mlir
    %a = linalg.exp ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    // becomes
    %a = capstan.graph(%x : tensor<64xf32>) -> tensor<64xf32> {
    ^bb0(%0: tensor<64xf32>):
      %1 = tensor.empty() : tensor<64xf32>
      %2 = linalg.exp ins(%0 : tensor<64xf32>) outs(%1 : tensor<64xf32>) -> tensor<64xf32>
      capstan.yield %2 : tensor<64xf32>
    }
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
  let options = [
    Option<"bucketsOnly", "buckets-only", "bool", "false",
           "only in functions that --capstan-pad-to-static made">,
  ];
  let statistics = [
    Statistic<"numGraphs", "graphs", "graphs made">,
    Statistic<"numCaptured", "captured", "pieces of work in them">,
  ];
}

def CapstanInferBounds : Pass<"capstan-infer-bounds", "::mlir::ModuleOp"> {
  let summary = "finds a symbol and a bound for every dynamic dimension";
  let description = [{
    From what public functions declare of their arguments (`capstan.dims`,
    `capstan.lengths`), gives every dynamic dimension of host code an expression
    of dim symbols, and a bound. Operations with dynamic results get the
    expressions as `capstan.sizes`, functions the symbols with their ranges as
    `capstan.symbols`; nothing else changes. A dimension without a bound is a
    remark that names the operation that hides it.

    ```mlir
    func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]})
    %y = tensor.concat dim(0) %x, %x : (...) -> tensor<?x4xf32>
    // becomes
    func.func @main(...) attributes {capstan.symbols = {T = "0 to 64"}}
    %y = tensor.concat dim(0) %x, %x {capstan.sizes = ["2 * T, 4"]} : (...) -> tensor<?x4xf32>
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
  let statistics = [
    Statistic<"numDims", "dims", "dynamic dimensions">,
    Statistic<"numBounded", "bounded", "dynamic dimensions with a bound">,
  ];
}

def CapstanRaiseAttention : Pass<"capstan-raise-attention", "::mlir::ModuleOp"> {
  let summary = "makes attention over padded or masked documents packed";
  let description = [{
    Finds attention of packed documents that is written with a softmax over
    scores of all pairs: of documents padded to the longest one, or of all tokens
    with a mask. Where each element is proven to be what
    `capstan.varlen_attention` computes, that takes its place, and no memory for
    scores is needed. The proof holds if no length is negative and lengths add up
    to the number of tokens, which a `capstan.device_check` makes sure of.
    Anything else is left alone, with a remark that says which part is not
    attention.

    ```mlir
    // queries, keys and values, gathered: tensor<?x?x32x64xf32>
    %scores = linalg.batch_matmul ins(%qp, %kp : ...) outs(...) -> tensor<?x?x?xf32>
    // ... scale, mask, softmax ...
    %op = linalg.batch_matmul ins(%weights, %vp : ...) outs(...) -> tensor<?x?x64xf32>
    %o = linalg.generic ... { tensor.extract %op[...] } -> tensor<?x32x64xf32>
    // becomes
    %cu = linalg.generic ins(%lengths : tensor<?xi32>) ... -> tensor<?xi32>
    capstan.device_check %ok, "raised attention: ..." : tensor<i1>
    %o = capstan.varlen_attention
        ins(%q, %k, %v, %cu, %cu, %tokens, %tokens : tensor<?x32x64xf32>, ...)
        outs(%init : tensor<?x32x64xf32>) {causal, scale = 0.125 : f64}
        -> tensor<?x32x64xf32>
    ```
  }];
  let dependentDialects = [
    "::capstan::CapstanDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numRaised", "raised", "attentions raised">,
    Statistic<"numKept", "kept", "softmax-weighted sums left alone">,
  ];
}

def CapstanPadToStatic : Pass<"capstan-pad-to-static", "::mlir::ModuleOp"> {
  let summary = "clones functions with static shapes, padded, for each bucket";
  let description = [{
    For each public function that declares its dim symbols, and each bucket, adds
    a function with all dimensions at the bucket's size. Arguments are padded;
    each declared symbol is an argument more, `tensor<i64>`, the live extent.
    What live results would take from padded slots is masked by `select`, and so
    is what could fail or fault there; the rest is left alone, because it is
    proven not to matter (`PaddingOpInterface`). An operation for which there is
    no proof is an error that names it, or, with `partial`, the first of another
    function, `capstan.rest`: that takes the live part of what clones compute of
    the operations before it. The original function stays.

    ```mlir
    // buckets=T=64
    func.func @main(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]})
        -> tensor<f32> {
      %s = linalg.reduce { arith.addf } ins(%x : tensor<?xf32>) outs(...) dimensions = [0]
    // becomes, beside it
    func.func @main_T64(%x: tensor<64xf32>, %T: tensor<i64>) -> tensor<f32> {
      %s = linalg.generic {iterator_types = ["reduction"]} ins(%x, %T : ...) outs(...) {
      ^bb0(%in: f32, %live: i64, %acc: f32):
        %i = linalg.index 0
        %isLive = arith.cmpi slt, %i, %live
        %sum = arith.addf %in, %acc : f32
        %next = arith.select %isLive, %sum, %acc : f32
    ```
  }];
  let dependentDialects = [
    "::capstan::CapstanDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    ListOption<"buckets", "buckets", "std::string",
               "sizes of the declared symbols, such as T=512/B=8">,
    Option<"memoryLimit", "memory-limit", "int64_t", "0",
           "refuse a bucket that needs more bytes at one moment (0: no limit)">,
    Option<"partial", "partial", "bool", "false",
           "an operation that can't be padded ends the static part">,
    Option<"poison", "poison", "bool", "false",
           "for tests: overwrite padded slots wherever nothing is promised of "
           "them, floats by NaN and integers by -1">,
  ];
  let statistics = [
    Statistic<"numFunctions", "functions", "static functions made">,
    Statistic<"numMasks", "masks", "selects inserted">,
  ];
}

def CapstanDispatchBuckets : Pass<"capstan-dispatch-buckets", "::mlir::ModuleOp"> {
  let summary = "takes the cheapest bucket that holds a batch, or the original";
  let description = [{
    For each function that `--capstan-pad-to-static` cloned, adds a public one of
    its name and type in front, which decides by shapes of arguments and by
    `capstan.size` arguments, so without a sync. A bucket gets its inputs in
    padded memory; the live part of its results is copied to memory of the
    caller. A batch that no bucket holds, or whose sizes don't keep what is
    declared, runs the original and is counted by reason. Buckets are tried in
    the order of their cost, the iterations of all their loops.

    With an attribute `capstan.agree = @f`, the function `@f: (index) -> index`
    is called with the number of the bucket, or the number of buckets for none,
    and returns the one to take: that all ranks agree on.

    ```mlir
    func.func @main(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T">]}) -> tensor<?xf32>
    func.func @main_T64(%x: tensor<64xf32>, %T: tensor<i64>) -> tensor<64xf32>
    // becomes
    func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
      %y = scf.index_switch %bucket -> tensor<?xf32>
      case 0 {
        %padded = tensor.insert_slice %x into %empty[0] [%n] [1]
        %0 = func.call @main_T64(%padded, %extent)
        %1 = tensor.extract_slice %0[0] [%n] [1]
        %2 = bufferization.alloc_tensor() copy(%1)
        scf.yield %2
      }
      default {
        capstan.count_fallback too_large
        %0 = func.call @main_dynamic(%x)
    ```
  }];
  let dependentDialects = [
    "::capstan::CapstanDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"fallback", "fallback", "bool", "true",
           "run the original where no bucket fits; else that is an error">,
    Option<"poison", "poison", "bool", "false",
           "for tests: fill the padding of inputs with NaN and -1">,
  ];
  let statistics = [
    Statistic<"numDispatchers", "dispatchers", "functions put in front">,
  ];
}

def CapstanShareLengths : Pass<"capstan-share-lengths", "::mlir::ModuleOp"> {
  let summary = "says which attention of a forward has the same documents";
  let description = [{
    Gives `capstan.varlen_attention` a number, `lengths`, that others of the
    module have too if a forward runs them with the same numbers in `cu_seqlens_*`:
    what the target computes of these is then computed once for all layers. The
    values are the same ones and are computed once in a forward: outside of
    loops, in a function that is called at one place, which is as often
    reached, or by the forward's caller.

    ```mlir
    %a = capstan.varlen_attention ins(%q, %k, %v, %cu, %cu, ...) outs(%init : ...) {scale = 0.125 : f64}
    %b = capstan.varlen_attention ins(%r, %s, %t, %cu, %cu, ...) outs(%init : ...) {scale = 0.125 : f64}
    // become
    %a = capstan.varlen_attention ins(%q, %k, %v, %cu, %cu, ...) outs(%init : ...) {lengths = 1 : i32, ...}
    %b = capstan.varlen_attention ins(%r, %s, %t, %cu, %cu, ...) outs(%init : ...) {lengths = 1 : i32, ...}
    ```
  }];
}

def CapstanPackProjections : Pass<"capstan-pack-projections", "::mlir::ModuleOp"> {
  let summary = "makes products of one tensor with several frozen weights one product";
  let description = [{
    Products that have the same left factor, and frozen arguments
    (`capstan.frozen`) on the right that agree in all but their columns, become one
    product with these weights side by side: queries, keys and values, or gate
    and up. The products are rounded once, too, and frozen biases are added side
    by side, with -0.0 for products without one. Each gets its part of the result.
    `--capstan-prepare-weights` lets the weights be put side by side once.

    ```mlir
    %q = linalg.matmul ins(%x, %wq : tensor<?x64xf32>, tensor<64x32xf32>) outs(%zq : tensor<?x32xf32>) -> tensor<?x32xf32>
    %k = linalg.matmul ins(%x, %wk : tensor<?x64xf32>, tensor<64x16xf32>) outs(%zk : tensor<?x16xf32>) -> tensor<?x16xf32>
    // become
    %w = tensor.concat dim(1) %wq, %wk : (tensor<64x32xf32>, tensor<64x16xf32>) -> tensor<64x48xf32>
    %qk = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x48xf32>) outs(%z : tensor<?x48xf32>) -> tensor<?x48xf32>
    %q = tensor.extract_slice %qk[0, 0] [%n, 32] [1, 1] : tensor<?x48xf32> to tensor<?x32xf32>
    %k = tensor.extract_slice %qk[0, 32] [%n, 16] [1, 1] : tensor<?x48xf32> to tensor<?x16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def CapstanPrepareWeights : Pass<"capstan-prepare-weights", "::mlir::ModuleOp"> {
  let summary = "moves what is computed of frozen weights to a function that runs once";
  let description = [{
    Arguments with `capstan.frozen` have the same values in all calls. What a public
    function that nobody in the module calls computes of them alone becomes the
    public function `NAME.prepare` of these arguments. Its results are named
    `prepared.0`, `prepared.1` and so on (`capstan.name`), and the function has
    frozen arguments of the same names behind its others. Frozen arguments that
    it doesn't read any more go. The caller runs `NAME.prepare` first, and again
    when a weight has changed.

    ```mlir
    func.func @main(%x: tensor<?x64xf32>, %wq: tensor<64x32xf32> {capstan.frozen},
                    %wk: tensor<64x16xf32> {capstan.frozen}) -> tensor<?x48xf32> {
      %w = tensor.concat dim(1) %wq, %wk : (tensor<64x32xf32>, tensor<64x16xf32>) -> tensor<64x48xf32>
      ...
    // becomes
    func.func @main.prepare(%wq: tensor<64x32xf32> {capstan.frozen}, %wk: tensor<64x16xf32> {capstan.frozen})
        -> (tensor<64x48xf32> {capstan.name = "prepared.0"})
    func.func @main(%x: tensor<?x64xf32>, %w: tensor<64x48xf32> {capstan.frozen, capstan.name = "prepared.0"})
        -> tensor<?x48xf32>
    ```
  }];
}

def CapstanHoistDeviceContext : Pass<"capstan-hoist-device-context", "::mlir::ModuleOp"> {
  let summary = "takes changes of the current device, and questions to devices, off the hot path";
  let description = [{
    Follows the current device through branches, loops and calls. A change to the
    device that is current already goes, and so does the question which one that
    is. `capstan.with_device` of the current device is its body, neighbours of one
    device become one, one in a loop moves around the loop. Equal questions about
    what a device can do become one, outside of loops. With `chip`, such questions
    are answered, and branches on the answers are taken: the module then has the
    attribute `capstan.chip`, and loads only where all devices are that chip.

    The current device belongs to the thread. It is unknown where a public
    function starts and after a call of unknown code, and questions for devices that
    are not proven equal never become one. Each operation that depends on
    the current device runs under the one that it ran under, and where a function
    returns, that device is current that was so before.

    ```mlir
    scf.for %i = %c0 to %c16 step %c1 {
      capstan.with_device %d {
        capstan.launch @kernel(%x) extent %n : (memref<?xf32>)
      }
    }
    // becomes
    capstan.with_device %d {
      scf.for %i = %c0 to %c16 step %c1 {
        capstan.launch @kernel(%x) extent %n : (memref<?xf32>)
      }
    }
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::arith::ArithDialect"];
  let options = [
    Option<"chip", "chip", "std::string", "\"\"",
           "the chip of all devices, such as sm_90 (default: any)">,
  ];
  let statistics = [
    Statistic<"numSets", "sets", "changes of the current device removed">,
    Statistic<"numGets", "gets", "questions for the current device removed">,
    Statistic<"numRegions", "regions", "regions of a device removed, merged or moved">,
    Statistic<"numQueries", "queries", "questions about devices removed">,
    Statistic<"numHoisted", "hoisted", "questions about devices moved out of loops">,
    Statistic<"numFolded", "folded", "questions about devices answered for the chip">,
  ];
}

#endif // CAPSTAN_TRANSFORMS_PASSES

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_PASSES
#define CAPSTAN_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// On tensors
//===----------------------------------------------------------------------===//

def CapstanLowerScans : Pass<"capstan-lower-scans", "::mlir::ModuleOp"> {
  let summary = "lowers cumulative operations of torch-mlir to linalg";
  let description = [{
    `tm_tensor.scan` (a foreign operation: its dialect is not linked in) becomes
    a `linalg.generic` with the scanned dimension as a reduction that also
    writes every partial result. Capstan lowers reductions to loops in order.

    ```mlir
    %sum:2 = "tm_tensor.scan"(%x, %init, %acc) <{dimension = 0 : i64, inclusive = true}> ({...})
    // becomes
    %sum:2 = linalg.generic {indexing_maps = [(i) -> (i), (i) -> (i), (i) -> ()],
                             iterator_types = ["reduction"]}
        ins(%x : tensor<?xi64>) outs(%init, %acc : tensor<?xi64>, tensor<i64>) {...}
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numLowered", "lowered", "scans lowered">];
}

def CapstanExpandDeviceRegions : Pass<"capstan-expand-device-regions", "::mlir::ModuleOp"> {
  let summary = "makes regions of a device changes of the current device";
  let description = [{
    `capstan.with_device` becomes two changes of the current device around its
    body, so that passes which know nothing of it see straight code. A forward
    that fails inside needs no way out: the runtime makes the device current
    again that was so at its start.

    ```mlir
    %y = capstan.with_device %d -> f32 { %0 = ...  capstan.yield %0 : f32 }
    // becomes
    %before = capstan.current_device
    capstan.set_device %d
    %0 = ...
    capstan.set_device %before
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
}

def CapstanVerifyLowerable : Pass<"capstan-verify-lowerable", "::mlir::ModuleOp"> {
  let summary = "rejects operations that have no lowering, all of them";
  let description = [{
    Names every operation that the host target can't lower: those of foreign
    dialects, calls of functions without a definition, unranked tensors, mapped
    `scf.forall`, `scf.parallel` that reduces, vectors from or to the device. Runs
    before anything is lowered, so that people see their own program's
    operations at their own places.

    ```mlir
    // error: 'torch.aten.mm' op has no lowering for the host target
    %0 = "torch.aten.mm"(%a, %b) : (!torch.vtensor, !torch.vtensor) -> !torch.vtensor
    ```
  }];
}

def CapstanProtectArguments : Pass<"capstan-protect-arguments", "::mlir::func::FuncOp"> {
  let summary = "keeps callers' tensors from being written";
  let description = [{
    Tensors are values: what a public function makes of one must not be written
    into the memory that the caller brought. Upstream's bufferization takes all
    arguments to be writable; this marks those of public functions.

    ```mlir
    func.func @main(%x: tensor<4xf32>)
    // becomes
    func.func @main(%x: tensor<4xf32> {bufferization.writable = false})
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def CapstanDecomposeAttention : Pass<"capstan-decompose-attention", "::mlir::ModuleOp"> {
  let summary = "makes attention over packed documents linalg";
  let description = [{
    The reference of `capstan.varlen_attention` on tensors, with all its
    features: groups of heads, causal, windows, scale, logsumexp, empty documents.
    It computes the scores of all pairs of tokens, f16 and bf16 in f32, so it
    is for comparison and for targets without an entry for attention, not
    for speed; the bounds `max_q` and `max_k` are not used. `keep-library=true`
    leaves alone what cuDNN has on a GPU: f16 and bf16, heads of a multiple of 8
    elements up to 256, or up to 128 if those of keys and values differ.

    ```mlir
    %o = capstan.varlen_attention
        ins(%q, %k, %v, %cu, %cu, %max, %max : tensor<?x4x8xf32>, tensor<?x2x8xf32>,
            tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
        outs(%init : tensor<?x4x8xf32>) {causal, scale = 0.25 : f64} -> tensor<?x4x8xf32>
    // becomes
    %keys:2 = linalg.generic {...} ins(%begin_q, %end_q, %begin_k, %end_k) outs(%none, %none)
    %scores = linalg.generic {...} ins(%grouped_q, %k) outs(%zeros)
    %max = linalg.generic {...} ins(%scores, %keys#0, %keys#1) outs(%least)
    %total = linalg.generic {...} ins(%scores, %keys#0, %keys#1, %max) outs(%zeros)
    %sum = linalg.generic {...} ins(%scores, %keys#0, %keys#1, %max, %v) outs(%zeros)
    %grouped = linalg.generic {...} ins(%sum, %total) outs(%empty)
    %o = tensor.collapse_shape %grouped [[0], [1, 2], [3]]
        : tensor<?x2x2x8xf32> into tensor<?x4x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"keepLibrary", "keep-library", "bool", "false",
           "leave alone what the library for GPUs has">,
  ];
  let statistics = [Statistic<"numDecomposed", "decomposed", "operations decomposed">];
}

def CapstanReshapesToViews : Pass<"capstan-reshapes-to-views", "::mlir::ModuleOp"> {
  let summary = "makes reshapes to computed shapes views";
  let description = [{
    `tensor.reshape` whose shape is made by `tensor.from_elements` becomes
    `tensor.collapse_shape` and `tensor.expand_shape`: no shape travels through
    memory. Leading and trailing sizes that are equal stay dimensions of their
    own, so that what follows can look through the view. A check that the
    numbers of elements are equal stays where it isn't known.

    ```mlir
    %s = tensor.from_elements %c1, %t, %c32, %c64 : tensor<4xi64>
    %r = tensor.reshape %x(%s) : (tensor<1x?x2048xf32>, tensor<4xi64>) -> tensor<1x?x32x64xf32>
    // becomes
    %r = tensor.expand_shape %x [[0], [1], [2, 3]] output_shape [1, %t, 32, 64]
        : tensor<1x?x2048xf32> into tensor<1x?x32x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numViews", "views", "reshapes made views">];
}

def CapstanToLibraryCalls : Pass<"capstan-to-library-calls", "::mlir::ModuleOp"> {
  let summary = "gives matrix products to the runtime's library";
  let description = [{
    Contractions of floats with one loop that is summed, and at most one each of
    rows, columns and batch, become `capstan.gemm`: `linalg.matmul`,
    `batch_matmul`, `matvec`, `vecmat`, `dot`, with any maps, and generics like them.
    A transpose of an operand becomes a flag of the product, so that no transposed
    weight is ever written; a product into zeros doesn't accumulate. A product of
    f16 or bf16 has f32 results. One to whose rows a vector of the same type is
    added, and nothing else, adds it as its bias.

    With `add-residuals`, a product whose results are only rounded to the type of
    the factors does that itself, with a bias too, and one that is only added to a
    tensor starts from that: of f16 and bf16, a sum is then rounded once and not
    twice.

    ```mlir
    %wt = linalg.transpose ins(%w : tensor<512x2048xf32>) outs(%e : tensor<2048x512xf32>) permutation = [1, 0]
    %z = linalg.fill ins(%zero : f32) outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
    %y = linalg.matmul ins(%x, %wt : tensor<?x2048xf32>, tensor<2048x512xf32>) outs(%z : tensor<?x512xf32>) -> tensor<?x512xf32>
    // becomes
    %y = capstan.gemm ins(%x, %w : tensor<?x2048xf32>, tensor<512x2048xf32>)
        outs(%init : tensor<?x512xf32>) {transpose_b} -> tensor<?x512xf32>

    %s = linalg.generic {...} ins(%y, %b : tensor<?x512xf32>, tensor<512xf32>) {addf} -> tensor<?x512xf32>
    // becomes
    %s = capstan.gemm ins(%x, %w : tensor<?x2048xf32>, tensor<512x2048xf32>)
        bias(%b : tensor<512xf32>) outs(%init : tensor<?x512xf32>) {transpose_b} -> tensor<?x512xf32>
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect"];
  let options = [
    Option<"addResiduals", "add-residuals", "bool", "false",
           "start products from what they are added to">,
  ];
  let statistics = [
    Statistic<"numGemms", "gemms", "products given to the library">,
    Statistic<"numTransposes", "transposes", "transposes made flags of products">,
  ];
}

def CapstanFuseKernels : Pass<"capstan-fuse-kernels", "::mlir::ModuleOp"> {
  let summary = "fuses elementwise work into fewer kernels";
  let description = [{
    Upstream patterns under Capstan's control: named linalg operations become
    generic, dimensions of size 1 fold away, and an elementwise operation with
    one user moves into it. What reads a value once for every row stays apart if
    it is costly to compute again, and so do an operation with a check in its
    body and what a product reads. Slices and concatenations lose dimensions of
    size 1. Concatenations become slices that are written, unless they stay for
    `--capstan-fuse-rows`.

    ```mlir
    %a = linalg.map { arith.negf } ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>)
    %b = linalg.map { math.exp } ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>)
    // becomes
    %b = linalg.generic {...} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.negf %in : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<?xf32>
    ```
  }];
  let options = [Option<"keepConcats", "keep-concats", "bool", "false",
                        "leave concatenations">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// On memrefs
//===----------------------------------------------------------------------===//

def CapstanSplitDeallocations : Pass<"capstan-split-deallocations", "::mlir::func::FuncOp"> {
  let summary = "makes each deallocation one of a single buffer";
  let description = [{
    `bufferization.dealloc` of several buffers becomes one of each, under
    conditions that compare pointers. Upstream lowers the operation with several
    buffers to a helper with tables in memory, which would be device memory here.

    ```mlir
    bufferization.dealloc (%a, %b : memref<?xf32>, memref<?xf32>) if (%ca, %cb)
    // becomes
    bufferization.dealloc (%a : memref<?xf32>) if (%ca)
    bufferization.dealloc (%b : memref<?xf32>) if (%cb_and_not_a)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::bufferization::BufferizationDialect"];
}

def CapstanElementwiseToLinalg : Pass<"capstan-elementwise-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "makes arithmetic on whole tensors linalg operations";
  let description = [{
    Upstream's patterns, but not for `arith.select` with one condition for all: its
    tensors may differ in size, and upstream would read both at every index.

    ```mlir
    %c = arith.cmpi sgt, %a, %b : tensor<?xi32>
    // becomes
    %c = linalg.generic {...} ins(%a, %b : tensor<?xi32>, tensor<?xi32>) ...
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def CapstanOutlineGraphs : Pass<"capstan-outline-graphs", "::mlir::ModuleOp"> {
  let summary = "makes the bodies of graphs functions";
  let description = [{
    The call has the attribute `capstan.graph`, the function doesn't write its
    arguments. `--capstan-stage-graph-inputs` makes it a `capstan.call_graph`.

    ```mlir
    %y = capstan.graph(%x : tensor<64xf32>) -> tensor<64xf32> { ... }
    // becomes
    %y = call @main_graph(%x) {capstan.graph} : (tensor<64xf32>) -> tensor<64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def CapstanStageGraphInputs : Pass<"capstan-stage-graph-inputs", "::mlir::ModuleOp"> {
  let summary = "lets graphs copy batches into their own memory, and results out of it";
  let description = [{
    Calls of graphs become `capstan.call_graph`. A buffer that is made only to hold
    a batch and its padding, or a number of the host, is not needed then, nor is
    one for a result's padding: the runtime copies all inputs of a graph at once,
    to where the graph reads them. Functions that only call a graph are inlined
    before, so that the padding is seen.

    ```mlir
    %p = memref.alloc() : memref<16x8xf32>
    %s = memref.subview %p[0, 0] [%n, 8] [1, 1] : ...
    memref.copy %x, %s : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1]>>
    %y = func.call @main_graph(%p) {capstan.graph} : (memref<16x8xf32>) -> memref<16x4xf32>
    // becomes
    %y = capstan.call_graph @main_graph(%x) : (memref<?x8xf32>) -> memref<16x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [
    Statistic<"numInputs", "inputs", "inputs that graphs copy">,
    Statistic<"numResults", "results", "results without padding">];
}

def CapstanContiguousOperands : Pass<"capstan-contiguous-operands", "::mlir::ModuleOp"> {
  let summary = "copies operands of library calls whose layout they can't take";
  let description = [{
    The library takes matrices with contiguous rows, at any distance, and attention
    row-major memory. Where a type doesn't say that, the operand is copied, and
    what is written into is copied back. So is a slice that a public function
    returns, if its strides are only known at run time.

    ```mlir
    capstan.gemm ins(%a, %b : memref<?x8xf32, strided<[?, ?]>>, memref<8x4xf32>) outs(%c : memref<?x4xf32>)
    // becomes
    %copy = memref.alloc(%n) : memref<?x8xf32>
    memref.copy %a, %copy : memref<?x8xf32, strided<[?, ?]>> to memref<?x8xf32>
    capstan.gemm ins(%copy, %b : memref<?x8xf32>, memref<8x4xf32>) outs(%c : memref<?x4xf32>)
    memref.dealloc %copy : memref<?x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numCopies", "copies", "operands and results copied">];
}

def CapstanOutlineKernels : Pass<"capstan-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "makes device computations functions that the runtime launches";
  let description = [{
    Every linalg operation on device buffers in host code becomes a launch of a
    kernel: a private function of loops, whose outermost parallel loop runs from
    `begin` to `end`, so that the runtime can split it over threads. Equal
    kernels are one function. A copy that isn't contiguous is a kernel as well.
    Arguments get `llvm.noalias` where the buffers are known to be distinct.
    With `split-all`, all parallel loops are joined and split, not only the outer
    ones: a GPU has threads for each.

    ```mlir
    linalg.generic {...} ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {...}
    // becomes
    capstan.launch @kernel_exp(%x, %y) extent %n : (memref<?xf32>, memref<?xf32>)

    func.func private @kernel_exp(%x: memref<?xf32>, %y: memref<?xf32>, %begin: index,
                                  %end: index) attributes {capstan.kernel} {
      scf.for %i = %begin to %end step %c1 {...}
    ```
  }];
  let options = [
    Option<"splitAll", "split-all", "bool", /*default=*/"false", "split all parallel loops">,
  ];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::func::FuncDialect",
                           "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::affine::AffineDialect"];
  let statistics = [
    Statistic<"numLaunches", "launches", "launches made">,
    Statistic<"numKernels", "kernels", "different kernels">,
  ];
}

def CapstanPlanMemory : Pass<"capstan-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "gives buffers places in one allocation";
  let description = [{
    Device buffers that a block makes and frees become views of an arena. One is
    alive from its allocation to the last operation that may use it, through
    views, loops, branches and calls, in the order of the stream; two that are
    not alive together may have the same place.

    Which buffers lie below which is decided here. Offsets are computed where the
    arena is allocated, each as the largest end of those directly below: they are
    right whatever the sizes are. The plan is the one of several, each by best
    fit over one set of sizes, that is best in its worst set.

    Sizes are sums of products of what is known early: sizes of arguments, values
    that were read; one that a check before the allocation is going to refuse
    counts as a small one. Where a size becomes known only later, a new arena begins; a
    buffer that is alive there stays. Buffers of a loop whose sizes don't change
    in it are in the arena around it. A buffer of a branch, or of a loop that may
    have no trip, leaves it only if its size is one of existing buffers, since
    other sizes may be wrong where it doesn't run.

    What is returned, handed on by a loop or freed under a condition stays, with
    a remark. Remarks of category `capstan` give, for each arena, its bytes and
    the least that any plan needs, which is the most alive at one moment, both at
    the set of sizes where the plan is worst.

    ```mlir
    %a = memref.alloc(%n) : memref<?x64xf32>
    capstan.launch @f(%x, %a) extent %n : (memref<?x64xf32>, memref<?x64xf32>)
    %b = memref.alloc(%n) : memref<?x64xf32>
    capstan.launch @f(%a, %b) extent %n : (memref<?x64xf32>, memref<?x64xf32>)
    memref.dealloc %a : memref<?x64xf32>
    %c = memref.alloc(%n) : memref<?x64xf32>
    capstan.launch @f(%b, %c) extent %n : (memref<?x64xf32>, memref<?x64xf32>)
    // becomes, with %unit = 256 * %n, rounded up
    %arena = memref.alloc(%two_units) {alignment = 256 : i64} : memref<?xi8>
    %a = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?x64xf32>
    capstan.launch @f(%x, %a) extent %n : (memref<?x64xf32>, memref<?x64xf32>)
    %b = memref.view %arena[%unit][%n] : memref<?xi8> to memref<?x64xf32>
    capstan.launch @f(%a, %b) extent %n : (memref<?x64xf32>, memref<?x64xf32>)
    %c = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?x64xf32>
    capstan.launch @f(%b, %c) extent %n : (memref<?x64xf32>, memref<?x64xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
  let statistics = [
    Statistic<"numPlanned", "planned", "allocations that became views">,
    Statistic<"numArenas", "arenas", "arenas made">,
    Statistic<"numKept", "kept", "allocations that stay">,
  ];
}

def CapstanLowerExpandShapes : Pass<"capstan-lower-expand-shapes", "::mlir::func::FuncOp"> {
  let summary = "lowers expansions with several computed sizes in one group";
  let description = [{
    `memref.expand_shape` with more than one dynamic size in a group becomes
    `memref.reinterpret_cast`; upstream's expansion of strided metadata expects
    at most one, and does the rest.

    ```mlir
    %r = memref.expand_shape %m [[0, 1]] output_shape [%a, %b]
        : memref<?xf32> into memref<?x?xf32>
    // becomes
    %r = memref.reinterpret_cast %base to offset: [0], sizes: [%a, %b], strides: [%b, 1]
        : memref<f32> to memref<?x?xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def CapstanExpandKernelMath : Pass<"capstan-expand-kernel-math", "::mlir::func::FuncOp"> {
  let summary = "expands math functions in kernels to code that vectorizes";
  let description = [{
    In kernels, exponentials, logarithms, tanh and erf become polynomials
    (upstream's, within 3 units in the last place of f32), and integer powers
    products. Floating-point operations may be contracted to fused multiply-adds,
    and the sums of reductions may be reassociated, since linalg leaves their
    order open; nothing else is relaxed.

    ```mlir
    %p = math.fpowi %x, %c2 : f32, i64
    // becomes
    %p = arith.mulf %x, %x fastmath<contract> : f32
    ```

    For a GPU, which has no C library, so do sine and cosine of f32 (within 1.6
    units in the last place), functions of f16 and bf16 are computed in f32, and
    what still has no instruction is an error. Exponentials use the GPU's: a
    `math.exp2` with `afn`, of a small number. Quotients that are rounded to 16
    bits, with nothing but arithmetic in between, may be approximate: `afn`, or
    `arcp` if the divisor is a constant.

    ```mlir
    %q = arith.divf %x, %y : f32
    %h = arith.truncf %q : f32 to bf16
    // becomes
    %q = arith.divf %x, %y fastmath<contract,afn> : f32
    %h = arith.truncf %q fastmath<contract> : f32 to bf16
    ```
  }];
  let options = [
    Option<"gpu", "gpu", "bool", /*default=*/"false", "expand all that a GPU has no instruction for">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def CapstanFuseRows : Pass<"capstan-fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "joins what is computed row by row, and makes vectors of rows";
  let description = [{
    A chain of arithmetic on rows, sums and maxima of rows included, becomes one
    loop over the rows, in vectors of a row. Parts of rows, rows side by side
    (`tensor.concat`), and rows that an index tensor picks belong to it. A result
    that others use as well is written once. Arithmetic on the same rows, as
    cosines and sines of angles, is one loop with several results. Rows are those that 16-byte accesses
    can do: of a length that is known, without a rest. Rows with sums, and rows
    side by side, must fit the registers of a block: up to 16384 elements. Other
    rows that don't are done in parts.

    ```mlir
    %s = linalg.generic {sum of squares} ins(%x) outs(%zero) -> tensor<?xf32>
    %y = linalg.generic {x / sqrt(s)} ins(%x, %s) outs(%e) -> tensor<?x1024xf32>
    // becomes
    %y = scf.forall (%i) in (%n) shared_outs(%o = %e) -> tensor<?x1024xf32> {
      %row = vector.transfer_read %x[%i, %c0] : vector<1024xf32>
      %sum = vector.reduction <add>, %squares : vector<1024xf32> into f32
      ...
    } {capstan.rows}
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"numRows", "rows", "loops over rows made">];
}

def CapstanDistributeRows : Pass<"capstan-distribute-rows", "::mlir::ModuleOp"> {
  let summary = "spreads rows over the threads of a GPU";
  let description = [{
    A loop over rows that `--capstan-fuse-rows` made becomes a kernel. A row has a
    part of a warp, a warp or a block; each thread has some pieces of 16 bytes of
    it, and reductions go over the threads by shuffles. What is read behind a
    reduction is read before it, if nothing else writes it. Two short rows side by
    side, as heads of a token, have the same threads. A thread has the same
    places of parts of a row as of the row, so that parts side by side need no
    other thread.

    ```mlir
    scf.forall (%i) in (%n) {
      %row = vector.transfer_read %x[%i, %c0] : memref<?x256xf32>, vector<256xf32>
      ...
    } {capstan.rows}
    // becomes
    capstan.launch @kernel_rows(%x) extent %n : (memref<?x256xf32>)
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def CapstanCountKernelBytes : Pass<"capstan-count-kernel-bytes", "::mlir::ModuleOp"> {
  let summary = "says how many bytes a kernel has to move";
  let description = [{
    Finds for each kernel what it reads and writes at least: a fixed number of
    bytes, and some for each iteration. Places that several iterations or threads
    share count once, and so do two reads of the same place; a place that a
    loaded index picks counts for each index. A kernel with loops of unknown
    length, or whose accesses depend on a branch with two sides, gets no number.
    Profiles compare it with what a copy moves in the time of the kernel.

    ```mlir
    func.func private @scale(%x: memref<?x64xf32>, %w: memref<64xf32>, %y: memref<?x64xf32>, %begin: index, %end: index)
        attributes {capstan.kernel}
    // becomes
    func.func private @scale(...) attributes {capstan.bytes = array<f64: 256.0, 8.0>, capstan.kernel}
    ```

    There, an iteration is an element of x: it reads 4 bytes and writes 4, and w has
    256 bytes.
  }];
  let statistics = [Statistic<"numUnknown", "unknown", "kernels without a number">];
}

def CapstanMergeLaunches : Pass<"capstan-merge-launches", "::mlir::ModuleOp"> {
  let summary = "makes two launches of row kernels one";
  let description = [{
    Two launches in one block whose kernels have equal blocks of threads, and
    neither of which writes what the other one reads or writes, become one launch
    of a kernel of both: the first blocks have the rows of one, the others those
    of the other. It stands where the second one was, so nothing in between may
    write what the first one reads or writes, or read what it writes. Their
    numbers of rows must be known, and the smaller launch have at most 4096
    blocks: of more, what a launch costs is a small part.

    ```mlir
    capstan.launch @norm_q(%qkv, %q) extent %c8192 : (memref<512x4096xbf16>, memref<512x16x128xbf16>)
    capstan.launch @norm_k(%qkv, %k) extent %c4096 : (memref<512x4096xbf16>, memref<512x8x128xbf16>)
    // becomes
    capstan.launch @norm_q_and_norm_k(%qkv, %q, %k) extent %c12288
        : (memref<512x4096xbf16>, memref<512x16x128xbf16>, memref<512x8x128xbf16>)

    func.func private @norm_q_and_norm_k(...) attributes {capstan.kernel, capstan.block = array<i64: 8, 32>} {
      %block = gpu.block_id x
      %is_first = arith.cmpi ult, %block, %c256 : index
      scf.if %is_first {
        ...
    ```
  }];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::scf::SCFDialect"];
  let statistics = [Statistic<"numMerged", "merged", "pairs of launches that became one">];
}

def CapstanLowerReductions : Pass<"capstan-lower-reductions", "::mlir::gpu::GPUModuleOp"> {
  let summary = "makes reductions over threads shuffles, with upstream's patterns";
  let description = [{
    ```mlir
    %sum = gpu.subgroup_reduce add %x : (f32) -> f32
    // becomes
    %y, %valid = gpu.shuffle xor %x, %c1, %c32 : f32
    %a = arith.addf %x, %y : f32
    ...
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::gpu::GPUDialect", "::mlir::vector::VectorDialect"];
}

def CapstanKernelsToGpu : Pass<"capstan-kernels-to-gpu", "::mlir::ModuleOp"> {
  let summary = "makes kernels functions of a GPU, a thread for each iteration";
  let description = [{
    Kernels without regions (after `--convert-scf-to-cf`) become functions of one
    `gpu.module`, and launches `gpu.launch_func`. A buffer is passed as a bare
    pointer and those of its sizes and strides that its type doesn't say, as i64.
    A kernel with checks, listed in `capstan.checks`, first takes the failure
    record of the forward, and the code of its first check; the runtime knows
    both, so a launch passes zeros.

    ```mlir
    capstan.launch @kernel(%x) extent %n : (memref<?xf32>)
    // becomes
    gpu.launch_func @kernels::@kernel blocks in (%blocks, %c1, %c1)
        threads in (%c256, %c1, %c1) args(%p : !llvm.ptr, %size : i64, %n : i64)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numKernels", "kernels", "kernels made">];
}

def CapstanDeviceIntrinsics : Pass<"capstan-device-intrinsics", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lets LLVM's intrinsics through upstream's conversion to NVVM";
  let description = [{
    Upstream's conversion to NVVM makes calls of CUDA's libdevice of math
    operations, and refuses LLVM's intrinsics of the same functions. Those that a
    GPU has instructions for become `llvm.call_intrinsic`, which it lets through:
    no libdevice is needed. So do powers of two, quotients and reciprocal square
    roots of f32 that may be approximate (`afn`); the GPU's are within 2 units in
    the last place. Pairs of bf16 become f32 in two operations on their 32 bits,
    where instructions that convert need three.

    ```mlir
    %y = llvm.intr.sqrt(%x) : (f32) -> f32
    // becomes
    %y = llvm.call_intrinsic "llvm.sqrt.f32"(%x) : (f32) -> f32

    %q = llvm.fdiv %x, %y {fastmathFlags = #llvm.fastmath<afn>} : f32
    // becomes
    %q = llvm.call_intrinsic "llvm.nvvm.div.full"(%x, %y) : (f32, f32) -> f32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertCapstanToRuntime : Pass<"convert-capstan-to-runtime", "::mlir::ModuleOp"> {
  let summary = "makes host code calls of the runtime";
  let description = [{
    In host code, memory, copies, launches, products, reads and checks become
    calls of the `capstan_rt_*` entries of `capstan_rt/entry_points.def`. A host
    function takes the forward first and gives a status first; each status is
    checked, and one that is not 0 returns at once. Checks in kernels become
    their return code. Public functions become entries of the global
    `capstan_module`. Runs after control flow is lowered to `cf`; upstream
    conversions to the LLVM dialect do the rest.

    With `gpu`, the module is for the target `cuda`: its kernels are those of a
    `gpu.binary`, launched by `gpu.launch_func`.

    ```mlir
    %m = memref.alloc(%n) {alignment = 64 : i64} : memref<?xf32>
    // becomes
    %status = llvm.call @capstan_rt_alloc(%forward, %bytes, %c64, %slot) : (...) -> i32
    %ok = arith.cmpi eq, %status, %c0 : i32
    cf.cond_br %ok, ^next, ^fail(%status : i32)
    ```
  }];
  let options = [
    Option<"gpu", "gpu", "bool", /*default=*/"false", "the module is for the target cuda">,
  ];
  let dependentDialects = ["::capstan::CapstanDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect"];
}

#endif // CAPSTAN_CONVERSION_PASSES

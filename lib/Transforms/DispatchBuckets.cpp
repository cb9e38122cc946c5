//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Puts a function before the clones of another that takes the cheapest bucket
// which holds the batch, by sizes that the host knows, or the original.
//
//   func.func @main(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T">]}) ->
//       tensor<?xf32>
//   func.func @main_T64(%x: tensor<64xf32>, %T: tensor<i64>) -> tensor<64xf32>
//   // becomes
//   func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
//     %n = tensor.dim %x, %c0
//     %bucket = arith.select (%n <= 64), 0, 1
//     %y = scf.index_switch %bucket
//     case 0 { pad %x; call @main_T64; slice the result }
//     default { call @main_dynamic(%x) }
//
//===----------------------------------------------------------------------===//

#include "BucketDispatcher.h"
#include "capstan/Dialect/Dims.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANDISPATCHBUCKETS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

/// Iterations of all loops of the work in a bucket: which of two costs more.
static double bucketCost(func::FuncOp clone) {
  double cost = 0;
  clone.walk([&](Operation *op) {
    double iterations = 1;
    if (auto work = dyn_cast<linalg::LinalgOp>(op)) {
      for (int64_t range : work.getStaticLoopRanges())
        iterations *= range;
    } else if (auto attention = dyn_cast<VarlenAttentionOp>(op)) {
      for (Value tensor : {attention.getQ(), attention.getK()})
        iterations *= cast<ShapedType>(tensor.getType()).getNumElements();
    } else if (auto grouped = dyn_cast<GroupedGemmOp>(op)) {
      auto a = cast<ShapedType>(grouped.getA().getType());
      auto c = cast<ShapedType>(grouped.getC().getType());
      iterations = double(a.getNumElements()) * c.getDimSize(1);
    } else {
      return;
    }
    for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
         loop = loop->getParentOfType<scf::ForOp>())
      if (std::optional<APInt> trips = loop.getStaticTripCount())
        iterations *= trips->getZExtValue();
    cost += iterations;
  });
  return cost;
}

namespace {
struct DispatchBuckets
    : public capstan::impl::CapstanDispatchBucketsBase<DispatchBuckets> {
  using Base = capstan::impl::CapstanDispatchBucketsBase<DispatchBuckets>;
  using Base::Base;

  LogicalResult verifyAgreement(func::FuncOp function, SymbolTable &symbols) {
    auto agree = function->getAttrOfType<FlatSymbolRefAttr>(kAgreeAttr);
    if (!agree)
      return success();
    auto hook = symbols.lookup<func::FuncOp>(agree.getValue());
    Type index = IndexType::get(&getContext());
    if (hook && hook.getFunctionType() ==
                    FunctionType::get(&getContext(), index, index))
      return success();
    return function.emitError("'")
           << kAgreeAttr << "' names a function from index to index";
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::MapVector<func::FuncOp, SmallVector<func::FuncOp>> buckets;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (auto of = function->getAttrOfType<FlatSymbolRefAttr>(kBucketOfAttr))
        if (auto original = symbols.lookup<func::FuncOp>(of.getValue());
            original && original.isPublic())
          buckets[original].push_back(function);
    for (auto &[original, clones] : buckets) {
      // The cheapest first.
      llvm::SmallDenseMap<func::FuncOp, double> costs;
      for (func::FuncOp clone : clones)
        costs[clone] = bucketCost(clone);
      llvm::stable_sort(clones, [&](func::FuncOp x, func::FuncOp y) {
        return costs[x] < costs[y];
      });
      for (auto [i, clone] : llvm::enumerate(clones))
        remark::analysis(clone.getLoc(),
                         remark::RemarkOpts::name("bucket").category("capstan"))
            << remark::add("{0} is number {1}", clone.getName(), i)
            << remark::metric("Iterations", costs[clone]);
      if (failed(verifyAgreement(original, symbols)) ||
          failed(BucketDispatcher(original, clones, symbols, fallback, poison)
                     .run()))
        return signalPassFailure();
      ++numDispatchers;
    }
  }
};
} // namespace

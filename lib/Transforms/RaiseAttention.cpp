//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Replaces attention of packed documents that is written as padded math, or
// over a mask of all pairs of tokens. AttentionMatch.cpp has the proof.
//
//   %qp, %kp, %vp = gather %q, %k, %v     : [documents, longest, heads,
//   numbers] %scores = %qp * %kp * scale + mask    : [documents, heads,
//   longest, longest] %o = gather (softmax(%scores) * %vp)  : [tokens, heads,
//   numbers]
//   // becomes
//   %cu = linalg.generic ins(%lengths)
//   capstan.device_check %ok, "lengths ..."
//   %o = capstan.varlen_attention ins(%q, %k, %v, %cu, %cu, %tokens, %tokens)
//
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANRAISEATTENTION
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

/// The dimensions in the order: those of size 1, tokens, heads, numbers.
static SmallVector<int64_t> orderOf(const AttentionLayout &layout) {
  SmallVector<int64_t> order;
  int64_t rank = cast<RankedTensorType>(layout.tensor.getType()).getRank();
  for (int64_t i = 0; i < rank; ++i)
    if (i != layout.token && i != layout.head && i != layout.number)
      order.push_back(i);
  order.push_back(*layout.token);
  if (layout.head)
    order.push_back(*layout.head);
  order.push_back(*layout.number);
  return order;
}

/// Dimensions of size 1 belong to the tokens.
static SmallVector<ReassociationIndices> groupsOf(const AttentionLayout &layout,
                                                  size_t rank) {
  SmallVector<ReassociationIndices> groups(1);
  size_t others = layout.head ? 2 : 1;
  for (size_t i = 0; i < rank - others; ++i)
    groups[0].push_back(i);
  for (size_t i = rank - others; i < rank; ++i)
    groups.push_back({static_cast<int64_t>(i)});
  return groups;
}

static Value transpose(ImplicitLocOpBuilder &b, Value tensor,
                       ArrayRef<int64_t> permutation) {
  if (isIdentityPermutation(permutation))
    return tensor;
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), tensor);
  applyPermutationToVector(sizes, permutation);
  Value init =
      tensor::EmptyOp::create(b, sizes, getElementTypeOrSelf(tensor.getType()));
  return linalg::TransposeOp::create(b, tensor, init, permutation)
      ->getResult(0);
}

static Value expand(ImplicitLocOpBuilder &b, Value tensor,
                    ArrayRef<OpFoldResult> sizes,
                    ArrayRef<ReassociationIndices> groups) {
  SmallVector<int64_t> shape = decomposeMixedValues(sizes).first;
  auto type =
      RankedTensorType::get(shape, getElementTypeOrSelf(tensor.getType()));
  return tensor::ExpandShapeOp::create(b, type, tensor, groups, sizes);
}

/// As [tokens, heads, numbers].
static Value toPacked(ImplicitLocOpBuilder &b, const AttentionLayout &layout) {
  SmallVector<int64_t> order = orderOf(layout);
  Value tensor = transpose(b, layout.tensor, order);
  size_t packed = layout.head ? 3 : 2;
  if (order.size() > packed)
    tensor = tensor::CollapseShapeOp::create(b, tensor,
                                             groupsOf(layout, order.size()));
  if (layout.head)
    return tensor;
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), tensor);
  sizes.insert(sizes.begin() + 1, b.getIndexAttr(1));
  return expand(b, tensor, sizes, {{0, 1}, {2}});
}

/// [tokens, heads, numbers] in the layout and type of the result.
static Value fromPacked(ImplicitLocOpBuilder &b, Value tensor,
                        const AttentionLayout &layout) {
  SmallVector<int64_t> order = orderOf(layout);
  if (!layout.head)
    tensor = tensor::CollapseShapeOp::create(
        b, tensor, ArrayRef<ReassociationIndices>{{0, 1}, {2}});
  size_t packed = layout.head ? 3 : 2;
  if (order.size() > packed) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(b, b.getLoc(), tensor);
    sizes.insert(sizes.begin(), order.size() - packed, b.getIndexAttr(1));
    tensor = expand(b, tensor, sizes, groupsOf(layout, order.size()));
  }
  tensor = transpose(b, tensor, invertPermutationVector(order));
  if (tensor.getType() == layout.tensor.getType())
    return tensor;
  return tensor::CastOp::create(b, layout.tensor.getType(), tensor);
}

//===----------------------------------------------------------------------===//
// Documents
//===----------------------------------------------------------------------===//

using Body =
    llvm::function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, ValueRange)>;

/// `inits` of rank `rank`, or less if the last loop reduces.
static linalg::GenericOp generic(ImplicitLocOpBuilder &b, Value input,
                                 AffineMap inputMap, ValueRange inits,
                                 AffineMap initMap, Body body) {
  SmallVector<AffineMap> maps{inputMap};
  maps.append(inits.size(), initMap);
  SmallVector<utils::IteratorType> iterators(inputMap.getNumDims(),
                                             utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  return linalg::GenericOp::create(
      b, inits.getTypes(), input, inits, maps, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder builder(loc, inner);
        SmallVector<Value> results = body(builder, arguments);
        linalg::YieldOp::create(builder, results);
      });
}

static Value filled(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                    TypedAttr value) {
  Value empty = tensor::EmptyOp::create(b, sizes, value.getType());
  Value number = arith::ConstantOp::create(b, value);
  return linalg::FillOp::create(b, number, empty).getResult(0);
}

/// The first token of each document, and behind the last one.
static Value buildOffsets(ImplicitLocOpBuilder &b, Value lengths) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value documents = tensor::DimOp::create(b, lengths, zero);
  OpFoldResult count = Value(arith::AddIOp::create(b, documents, one));
  AffineExpr i = b.getAffineDimExpr(0), d = b.getAffineDimExpr(1);
  return generic(
             b, lengths, AffineMap::get(2, 0, d),
             filled(b, count, b.getI32IntegerAttr(0)), AffineMap::get(2, 0, i),
             [](ImplicitLocOpBuilder &b, ValueRange args) {
               Value length = convertScalarToDtype(b, b.getLoc(), args[0],
                                                   b.getI32Type(), false);
               Value isBefore = arith::CmpIOp::create(
                   b, arith::CmpIPredicate::ult, linalg::IndexOp::create(b, 1),
                   linalg::IndexOp::create(b, 0));
               Value none =
                   arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
               Value part = arith::SelectOp::create(b, isBefore, length, none);
               return SmallVector<Value>{
                   arith::AddIOp::create(b, args[1], part)};
             })
      .getResult(0);
}

/// No length is negative and they add up to the tokens, which i32 can count.
static void buildCheck(ImplicitLocOpBuilder &b, Value lengths, Value tokens) {
  Value count = arith::IndexCastOp::create(b, b.getI64Type(), tokens);
  AffineExpr d = b.getAffineDimExpr(0);
  Value sum = filled(b, {}, b.getI64IntegerAttr(0));
  Value valid = filled(b, {}, b.getBoolAttr(true));
  using P = arith::CmpIPredicate;
  auto number = [](ImplicitLocOpBuilder &b, int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  auto sums = generic(
      b, lengths, AffineMap::get(1, 0, d), {sum, valid},
      AffineMap::get(1, 0, {}, b.getContext()),
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value length =
            convertScalarToDtype(b, b.getLoc(), args[0], b.getI64Type(), false);
        Value isPositive =
            arith::CmpIOp::create(b, P::sge, length, number(b, 0));
        Value isBelow = arith::CmpIOp::create(b, P::sle, length, count);
        Value both = arith::AndIOp::create(b, isPositive, isBelow);
        return SmallVector<Value>{arith::AddIOp::create(b, args[1], length),
                                  arith::AndIOp::create(b, args[2], both)};
      });
  AffineMap scalar = AffineMap::get(0, 0, {}, b.getContext());
  Value init = tensor::EmptyOp::create(b, ArrayRef<int64_t>{}, b.getI1Type());
  auto ok = linalg::GenericOp::create(
      b, init.getType(), sums.getResults(), init,
      ArrayRef<AffineMap>{scalar, scalar, scalar},
      ArrayRef<utils::IteratorType>{},
      [&](OpBuilder &inner, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, inner);
        Value isSum = arith::CmpIOp::create(b, P::eq, args[0], count);
        Value fits = arith::CmpIOp::create(
            b, P::sle, count, number(b, std::numeric_limits<int32_t>::max()));
        Value both = arith::AndIOp::create(b, args[1], isSum);
        linalg::YieldOp::create(
            b, ValueRange{arith::AndIOp::create(b, both, fits)});
      });
  DeviceCheckOp::create(b, ok.getResult(0),
                        "raised attention: a length is negative, or lengths "
                        "don't add up to the number of tokens");
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// The results that `product` is moved to: those of gathers first, then its
/// own. Attention is one of them.
static SmallVector<Value> rootsOf(Value product) {
  SmallVector<Value> gathers, reached{product};
  DenseSet<Value> seen{product};
  for (size_t i = 0; i < reached.size(); ++i)
    for (Operation *user : reached[i].getUsers()) {
      bool isGather = isa<tensor::ExtractOp>(user);
      if (isGather)
        user = user->getParentOp();
      auto linalgOp = dyn_cast<linalg::LinalgOp>(user);
      bool isMove =
          isGather || isa<linalg::TransposeOp>(user) ||
          isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ReshapeOp,
              tensor::CastOp, tensor::ExtractSliceOp>(user);
      if (!isMove || user->getNumResults() != 1 ||
          (isGather && (!linalgOp || linalgOp.getNumReductionLoops())) ||
          !seen.insert(user->getResult(0)).second)
        continue;
      reached.push_back(user->getResult(0));
      if (isGather)
        gathers.push_back(user->getResult(0));
    }
  gathers.push_back(product);
  return gathers;
}

namespace {
struct RaiseAttention
    : public capstan::impl::CapstanRaiseAttentionBase<RaiseAttention> {
  void runOnOperation() override {
    CallSites calls(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        runOnFunction(function, calls);
  }

private:
  /// The offsets of documents, where they are in scope already.
  struct Offsets {
    Value lengths, cu;
    SizeExpr tokens;
  };

  void runOnFunction(func::FuncOp function, const CallSites &calls) {
    SmallVector<linalg::LinalgOp> products;
    function.walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() == 1 && op->getNumResults() == 1 &&
          op.getNumDpsInputs() == 2)
        products.push_back(op);
    });
    if (products.empty())
      return;
    SizeSymbols symbols;
    SizeAnalysis sizes(symbols, /*exact=*/true);
    sizes.run(function);
    ElementAnalysis elements(sizes, symbols, function.getLoc());
    DominanceInfo dominance(function);
    SmallVector<Offsets> offsets;
    bool changed = false;
    for (linalg::LinalgOp product : products) {
      if (!isWeightedSum(product, elements))
        continue;
      std::string reason, first;
      bool raised = false;
      for (Value root : rootsOf(product->getResult(0))) {
        if (raised && root == product->getResult(0))
          break;
        if (auto match = findMatch(root, sizes, symbols, calls, reason)) {
          build(*match, sizes, dominance, offsets);
          raised = true;
        } else if (first.empty()) {
          first = reason;
        }
      }
      changed |= raised;
      if (raised) {
        ++numRaised;
        remark::passed(
            product.getLoc(),
            remark::RemarkOpts::name("raised").category("capstan").function(
                function.getName()))
            << remark::add("raised to capstan.varlen_attention");
      } else {
        ++numKept;
        remark::missed(
            product.getLoc(),
            remark::RemarkOpts::name("kept").category("capstan").function(
                function.getName()))
            << remark::reason("attention is left as it is: {0}", first);
      }
    }
    if (changed)
      function.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
        if (isOpTriviallyDead(op))
          op->erase();
      });
  }

  /// Any dynamic dimension may have the tokens; without one, any.
  static std::optional<AttentionMatch>
  findMatch(Value root, SizeAnalysis &sizes, SizeSymbols &symbols,
            const CallSites &calls, std::string &reason) {
    SmallVector<SizeExpr, 4> dims(sizes.dims(root));
    bool isStatic =
        llvm::all_of(dims, [](const SizeExpr &dim) { return dim.constant(); });
    for (auto [i, dim] : llvm::enumerate(dims))
      if (dim != SizeExpr(1) && (isStatic || !dim.constant()))
        if (auto match = matchAttention(root, i, sizes, symbols, calls, reason))
          return match;
    return std::nullopt;
  }

  static void build(const AttentionMatch &match, SizeAnalysis &sizes,
                    DominanceInfo &dominance, SmallVector<Offsets> &offsets) {
    Value root = match.out.tensor;
    ImplicitLocOpBuilder b(root.getLoc(), root.getDefiningOp());
    Value q = toPacked(b, match.q), k = toPacked(b, match.k),
          v = toPacked(b, match.v);
    SmallVector<OpFoldResult> size = tensor::getMixedSizes(b, b.getLoc(), q);
    size[2] = tensor::getMixedSize(b, b.getLoc(), v, 2);
    Value tokens = getValueOrCreateConstantIndexOp(b, b.getLoc(), size[0]);
    SizeExpr count = sizes.dims(root)[*match.out.token];
    auto known = llvm::find_if(offsets, [&](const Offsets &other) {
      return other.lengths == match.lengths && other.tokens == count &&
             dominance.dominates(other.cu, root.getDefiningOp());
    });
    Value cu;
    if (known == offsets.end()) {
      cu = buildOffsets(b, match.lengths);
      buildCheck(b, match.lengths, tokens);
      offsets.push_back({match.lengths, cu, count});
    } else {
      cu = known->cu;
    }
    Value init =
        tensor::EmptyOp::create(b, size, getElementTypeOrSelf(q.getType()));
    auto op = VarlenAttentionOp::create(
        b, TypeRange{init.getType()}, q, k, v, cu, cu, tokens, tokens, init,
        /*logsumexp=*/Value(), APFloat(match.scale), match.causal,
        /*window_left=*/-1, /*window_right=*/-1);
    Value result = fromPacked(b, op->getResult(0), match.out);
    sizes.bind(root, result);
    root.replaceAllUsesWith(result);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Says how many bytes a kernel has to move: a fixed number, and those of an
// iteration.
//
//   func.func private @scale(%x: memref<?x64xf32>, %w: memref<64xf32>, ...)
//   // becomes
//   func.func private @scale(...)
//       attributes {capstan.bytes = array<f64: 256.0, 8.0>, ...}
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANCOUNTKERNELBYTES
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// A number, and one for each iteration.
struct Count {
  double fixed = 0, each = 0;
};

/// What an index depends on: values that are there in a certain number.
/// Iterations of the kernel are a source without a value.
using Sources = llvm::SetVector<Value>;

/// What a load or a store touches.
struct Access {
  Value buffer;
  ValueRange indices;
  double bytes;
  bool writes;
};

/// Of elements of a shaped type, or of a scalar.
double bytesOf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  Type element = shaped ? shaped.getElementType() : type;
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  int64_t count = shaped ? shaped.getNumElements() : 1;
  return static_cast<double>(count) *
         static_cast<double>(llvm::divideCeil(bits, 8));
}

/// Nothing for an operation that touches no buffer; a failure if what it
/// touches isn't known.
FailureOr<std::optional<Access>> accessOf(Operation *op) {
  using Found = std::optional<Access>;
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return Found({load.getMemRef(), load.getIndices(), bytesOf(load.getType()),
                  /*writes=*/false});
  if (auto store = dyn_cast<memref::StoreOp>(op))
    return Found({store.getMemRef(), store.getIndices(),
                  bytesOf(store.getValueToStore().getType()), true});
  if (auto load = dyn_cast<vector::LoadOp>(op))
    return Found({load.getBase(), load.getIndices(), bytesOf(load.getType()),
                  /*writes=*/false});
  if (auto store = dyn_cast<vector::StoreOp>(op))
    return Found({store.getBase(), store.getIndices(),
                  bytesOf(store.getValueToStore().getType()), true});
  if (isMemoryEffectFree(op) ||
      llvm::none_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>))
    return Found();
  return failure();
}

/// Whether only one of two sides touches memory.
bool choosesAccess(Operation *op) {
  auto branch = dyn_cast<scf::IfOp>(op);
  return branch && !branch.getElseRegion().empty() &&
         branch.getElseRegion()
             .walk([](Operation *inner) {
               FailureOr<std::optional<Access>> access = accessOf(inner);
               return failed(access) || *access ? WalkResult::interrupt()
                                                : WalkResult::advance();
             })
             .wasInterrupted();
}

/// What is done with a buffer.
struct Use {
  Count bytes;
  double rows = 0; ///< places in the first dimension, for each iteration

  /// No more than there are.
  Count limited(MemRefType type) const {
    Count result = bytes;
    if (type.hasStaticShape())
      result.fixed = std::min(result.fixed, bytesOf(type));
    if (type.getRank() < 2 ||
        ShapedType::isDynamicShape(type.getShape().drop_front()))
      return result;
    auto row =
        MemRefType::get(type.getShape().drop_front(), type.getElementType());
    if (rows)
      result.each = std::min(result.each, rows * bytesOf(row));
    return result;
  }
};

class Counter {
public:
  explicit Counter(func::FuncOp kernel) : kernel(kernel) {
    auto block = kernel->getAttrOfType<DenseI64ArrayAttr>(kBlockAttr);
    threads = block ? block[0] : 1;
  }

  /// Bytes of all accesses.
  FailureOr<Count> run();

private:
  LogicalResult collect(Value index, Sources &sources);
  LogicalResult collectArgument(BlockArgument argument, Sources &sources);
  /// How many values a source has; those that come from iterations of the
  /// kernel are at most so many.
  Count numberOf(Value source) const;
  FailureOr<Count> placesOf(ValueRange indices);

  func::FuncOp kernel;
  int64_t threads; ///< of a block, in x
  /// Numbers of quotients and remainders of the kernel's iterations.
  llvm::DenseMap<Value, Count> parts;
};
} // namespace

/// The constant trip count of a loop.
static std::optional<int64_t> tripCount(scf::ForOp loop) {
  std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                         end = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (!begin || !end || !step || *step <= 0)
    return std::nullopt;
  return std::max<int64_t>(0, llvm::divideCeil(*end - *begin, *step));
}

LogicalResult Counter::collectArgument(BlockArgument argument,
                                       Sources &sources) {
  if (argument.getOwner() == &kernel.front()) {
    // The others are the same for all iterations.
    if (argument == kernel.front().getArguments().end()[-2])
      sources.insert(Value());
    return success();
  }
  auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
  if (!loop || argument != loop.getInductionVar())
    return failure();
  if (tripCount(loop)) {
    sources.insert(argument);
    return collect(loop.getLowerBound(), sources);
  }
  // The kernel's own loop.
  if (loop.getUpperBound() != kernel.front().getArguments().back())
    return failure();
  sources.insert(Value());
  return success();
}

LogicalResult Counter::collect(Value index, Sources &sources) {
  if (auto argument = dyn_cast<BlockArgument>(index))
    return collectArgument(argument, sources);
  Operation *op = index.getDefiningOp();
  if (auto id = dyn_cast<gpu::ThreadIdOp>(op);
      id && id.getDimension() == gpu::Dimension::x) {
    sources.insert(index);
    return success();
  }
  if (isa<gpu::BlockIdOp, gpu::ThreadIdOp>(op)) {
    sources.insert(Value());
    return success();
  }
  if (op->getNumRegions())
    return failure();
  Sources own;
  for (Value operand : op->getOperands())
    if (!isa<MemRefType>(operand.getType()) && failed(collect(operand, own)))
      return failure();
  APInt divisor;
  bool divides = isa<arith::DivUIOp, arith::DivSIOp>(op),
       remains = isa<arith::RemUIOp, arith::RemSIOp>(op);
  if ((divides || remains) && own.size() == 1 &&
      matchPattern(op->getOperand(1), m_ConstantInt(&divisor)) &&
      divisor.isStrictlyPositive()) {
    auto by = static_cast<double>(divisor.getSExtValue());
    Count number = numberOf(own.front());
    if (divides)
      number = {number.fixed / by, number.each / by};
    else
      number = {number.each ? by : std::min(by, number.fixed), 0};
    parts[index] = number;
    sources.insert(index);
    return success();
  }
  sources.insert(own.begin(), own.end());
  return success();
}

Count Counter::numberOf(Value source) const {
  if (!source)
    return {0, 1};
  if (auto part = parts.find(source); part != parts.end())
    return part->second;
  if (auto argument = dyn_cast<BlockArgument>(source))
    return {static_cast<double>(*tripCount(
                cast<scf::ForOp>(argument.getOwner()->getParentOp()))),
            0};
  return {static_cast<double>(threads), 0};
}

FailureOr<Count> Counter::placesOf(ValueRange indices) {
  Sources sources;
  for (Value index : indices)
    if (failed(collect(index, sources)))
      return failure();
  // Of iterations, and of the rest.
  Count iterations{1, 0};
  double others = 1;
  for (Value source : sources) {
    Count number = numberOf(source);
    if (source && !parts.count(source))
      others *= number.fixed;
    else if (number.each && iterations.each)
      iterations = {0, 1};
    else if (number.each)
      iterations = {0, iterations.fixed * number.each};
    else
      iterations = {iterations.fixed * number.fixed,
                    iterations.each * number.fixed};
  }
  // No more than there are.
  iterations.each = std::min(iterations.each, 1.0);
  if (iterations.each)
    iterations.fixed = 0;
  return Count{iterations.fixed * others, iterations.each * others};
}

FailureOr<Count> Counter::run() {
  /// Of a buffer, what is read, and what is written.
  llvm::MapVector<Value, std::array<Use, 2>> uses;
  llvm::DenseMap<Value, SmallVector<ValueRange>> read;
  WalkResult walked = kernel.getBody().walk([&](Operation *op) {
    FailureOr<std::optional<Access>> access = accessOf(op);
    if (failed(access) || choosesAccess(op))
      return WalkResult::interrupt();
    if (!*access)
      return WalkResult::advance();
    const Access &touched = **access;
    if (!touched.writes) {
      SmallVector<ValueRange> &known = read[touched.buffer];
      if (llvm::any_of(known, [&](ValueRange indices) {
            return llvm::equal(indices, touched.indices);
          }))
        return WalkResult::advance();
      known.push_back(touched.indices);
    }
    FailureOr<Count> places = placesOf(touched.indices),
                     rows = placesOf(touched.indices.take_front());
    if (failed(places) || failed(rows))
      return WalkResult::interrupt();
    Use &use = uses[touched.buffer][touched.writes];
    use.bytes.fixed += places->fixed * touched.bytes;
    use.bytes.each += places->each * touched.bytes;
    use.rows = std::max(use.rows, rows->each);
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  Count all;
  for (auto &[buffer, each] : uses)
    for (const Use &use : each) {
      Count bytes = use.limited(cast<MemRefType>(buffer.getType()));
      all.fixed += bytes.fixed;
      all.each += bytes.each;
    }
  return all;
}

namespace {
struct CountKernelBytes
    : public capstan::impl::CapstanCountKernelBytesBase<CountKernelBytes> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr("capstan.kernel"))
        continue;
      FailureOr<Count> count = Counter(kernel).run();
      if (failed(count))
        ++numUnknown;
      else
        kernel->setAttr(
            kBytesAttr,
            DenseF64ArrayAttr::get(&getContext(), {count->fixed, count->each}));
    }
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes two launches of row kernels one.
//
//   capstan.launch @f(%x, %y) extent %c64 : (memref<64x8xf32>,
//   memref<64x8xf32>)
//   capstan.launch @g(%x, %z) extent %c32 : (memref<64x8xf32>,
//   memref<32x8xf32>)
//   // becomes
//   capstan.launch @f_and_g(%x, %y, %z) extent %c96 : (memref<64x8xf32>,
//   memref<64x8xf32>, memref<32x8xf32>)
//
//===----------------------------------------------------------------------===//

#include "KernelFunction.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Analysis/AliasAnalysis.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANMERGELAUNCHES
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Of more blocks of threads, what a launch costs is a small part.
constexpr int64_t mostBlocks = 4096;
/// Operations between two launches: the search stays linear.
constexpr unsigned mostBetween = 64;

/// What an operation does to a buffer.
struct Access {
  Value buffer;
  bool writes;
};
using Accesses = SmallVector<Access>;

/// Whether all that is done with a buffer is reading it.
bool isOnlyRead(Value buffer) {
  return llvm::all_of(buffer.getUsers(), [&](Operation *user) {
    if (isMemoryEffectFree(user))
      return llvm::all_of(user->getResults(), [](Value result) {
        return !isa<BaseMemRefType>(result.getType()) || isOnlyRead(result);
      });
    return hasSingleEffect<MemoryEffects::Read>(user, buffer);
  });
}

/// A launch whose kernel is one of rows, of a number that is known.
struct Launch {
  LaunchOp op;
  func::FuncOp kernel;
  ValueRange inputs;
  int64_t rows;   ///< of a block
  int64_t extent; ///< rows of all
  Accesses accesses;

  int64_t blocks() const { return llvm::divideCeil(extent, rows); }
};

class Merger {
public:
  Merger(ModuleOp module, AliasAnalysis &aliases)
      : module(module), kernels(module), aliases(aliases) {}

  unsigned run(Block &block);
  /// Erases the kernels that nobody launches any more.
  void eraseUnused();

private:
  std::optional<Launch> launchOf(Operation *op);
  std::optional<Accesses> accessesOf(Operation *op);
  bool conflict(ArrayRef<Access> a, ArrayRef<Access> b);
  std::optional<Launch> partnerOf(const Launch &second);
  void merge(const Launch &first, const Launch &second);

  ModuleOp module;
  KernelTable kernels;
  AliasAnalysis &aliases;
  llvm::SetVector<func::FuncOp> replaced;
};

/// What an operation that may be between two launches does; nullopt for others.
std::optional<Accesses> Merger::accessesOf(Operation *op) {
  if (isa<memref::AllocOp>(op) || isMemoryEffectFree(op))
    return Accesses();
  if (auto copy = dyn_cast<memref::CopyOp>(op))
    return Accesses{{copy.getSource(), false}, {copy.getTarget(), true}};
  if (auto dealloc = dyn_cast<memref::DeallocOp>(op))
    return Accesses{{dealloc.getMemref(), true}};
  auto launch = dyn_cast<LaunchOp>(op);
  if (!launch)
    return std::nullopt;
  auto kernel = kernels.find(launch.getKernel());
  Accesses result;
  for (auto [input, argument] :
       llvm::zip(launch.getInputs(), kernel.getArguments()))
    if (isa<BaseMemRefType>(input.getType()))
      result.push_back({input, !isOnlyRead(argument)});
  return result;
}

std::optional<Launch> Merger::launchOf(Operation *op) {
  auto launch = dyn_cast<LaunchOp>(op);
  if (!launch)
    return std::nullopt;
  auto kernel = kernels.find(launch.getKernel());
  auto block = kernel->getAttrOfType<DenseI64ArrayAttr>(kBlockAttr);
  std::optional<int64_t> extent = getConstantIntValue(launch.getExtent());
  if (!block || !extent || *extent <= 0)
    return std::nullopt;
  return Launch{launch,   kernel,  launch.getInputs(),
                block[1], *extent, *accessesOf(op)};
}

bool Merger::conflict(ArrayRef<Access> a, ArrayRef<Access> b) {
  for (const Access &x : a)
    for (const Access &y : b)
      if ((x.writes || y.writes) && !aliases.alias(x.buffer, y.buffer).isNo())
        return true;
  return false;
}

/// The last launch before this one that may as well be here, beside it.
std::optional<Launch> Merger::partnerOf(const Launch &second) {
  Accesses between;
  unsigned count = 0;
  for (Operation *op = second.op->getPrevNode(); op && ++count <= mostBetween;
       op = op->getPrevNode()) {
    std::optional<Accesses> accesses = accessesOf(op);
    if (!accesses)
      break;
    std::optional<Launch> first = launchOf(op);
    if (first &&
        first->kernel->getAttr(kBlockAttr) ==
            second.kernel->getAttr(kBlockAttr) &&
        std::min(first->blocks(), second.blocks()) <= mostBlocks &&
        !conflict(first->accesses, second.accesses) &&
        !conflict(first->accesses, between))
      return first;
    between.append(*accesses);
  }
  return std::nullopt;
}

/// Writes the work of a launch, with `block` as the number of its block.
/// `inner` says what its inputs are here.
void fill(ImplicitLocOpBuilder &b, const Launch &launch, Value block,
          const IRMapping &inner) {
  IRMapping map;
  func::FuncOp kernel = launch.kernel;
  for (auto [argument, input] : llvm::zip(kernel.getArguments(), launch.inputs))
    map.map(argument, inner.lookup(input));
  map.map(kernel.getArguments().end()[-2],
          arith::ConstantIndexOp::create(b, 0));
  map.map(kernel.getArguments().back(),
          arith::ConstantIndexOp::create(b, launch.extent));
  for (Operation &op : kernel.front().without_terminator())
    if (auto id = dyn_cast<gpu::BlockIdOp>(op);
        id && id.getDimension() == gpu::Dimension::x)
      map.map(id.getResult(), block);
    else
      b.clone(op, map);
}

/// Marks the arguments that are distinct in each kernel that takes them.
void markDistinct(KernelFunction &kernel, ArrayRef<Launch> launches) {
  StringRef name = LLVM::LLVMDialect::getNoAliasAttrName();
  llvm::DenseSet<Value> others;
  for (Launch launch : launches)
    for (auto [i, input] : llvm::enumerate(launch.inputs))
      if (!launch.kernel.getArgAttr(i, name))
        others.insert(input);
  for (auto [i, value] : llvm::enumerate(kernel.arguments))
    if (!others.contains(value))
      kernel.function.setArgAttr(i, name, UnitAttr::get(value.getContext()));
}

/// Bytes that launches have to move, if that is known of each.
std::optional<double> bytesOf(ArrayRef<Launch> launches) {
  double sum = 0;
  for (const Launch &launch : launches) {
    func::FuncOp kernel = launch.kernel;
    auto bytes = kernel->getAttrOfType<DenseF64ArrayAttr>(kBytesAttr);
    if (!bytes)
      return std::nullopt;
    sum += bytes[0] + bytes[1] * static_cast<double>(launch.extent);
  }
  return sum;
}

void Merger::merge(const Launch &first, const Launch &second) {
  LaunchOp op = second.op;
  Location loc =
      FusedLoc::get(module.getContext(), {first.op->getLoc(), op.getLoc()});
  llvm::SetVector<Value> captured(first.inputs.begin(), first.inputs.end());
  captured.insert(second.inputs.begin(), second.inputs.end());
  KernelFunction kernel(module, loc, captured);
  kernel.function->setAttr(kBlockAttr, first.kernel->getAttr(kBlockAttr));
  markDistinct(kernel, {first, second});
  if (std::optional<double> bytes = bytesOf({first, second}))
    kernel.function->setAttr(
        kBytesAttr, DenseF64ArrayAttr::get(module.getContext(), {*bytes, 0}));

  auto b = ImplicitLocOpBuilder::atBlockEnd(loc, &kernel.body());
  Value block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value blocks = arith::ConstantIndexOp::create(b, first.blocks());
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, block, blocks);
  auto branch = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
  func::ReturnOp::create(b);
  b.setInsertionPointToStart(branch.thenBlock());
  fill(b, first, block, kernel.map);
  b.setInsertionPointToStart(branch.elseBlock());
  block = arith::SubIOp::create(b, block, blocks);
  fill(b, second, block, kernel.map);

  func::FuncOp one = first.kernel, other = second.kernel;
  func::FuncOp known = kernels.add(
      kernel.function, (one.getSymName() + "_and_" + other.getSymName()).str());
  b.setInsertionPoint(op);
  Value extent = arith::ConstantIndexOp::create(b, first.blocks() * first.rows +
                                                       second.extent);
  LaunchOp::create(b, known.getSymName(), kernel.arguments, extent);
  replaced.insert(one);
  replaced.insert(other);
  first.op->erase();
  op.erase();
}

unsigned Merger::run(Block &block) {
  unsigned count = 0;
  for (Operation &op : llvm::make_early_inc_range(block))
    if (std::optional<Launch> second = launchOf(&op))
      if (std::optional<Launch> first = partnerOf(*second)) {
        merge(*first, *second);
        ++count;
      }
  return count;
}

void Merger::eraseUnused() {
  module.walk([&](LaunchOp launch) {
    replaced.remove(kernels.find(launch.getKernel()));
  });
  for (func::FuncOp kernel : replaced)
    kernel.erase();
}

struct MergeLaunches
    : public capstan::impl::CapstanMergeLaunchesBase<MergeLaunches> {
  void runOnOperation() override {
    Merger merger(getOperation(), getAnalysis<AliasAnalysis>());
    SmallVector<Block *> blocks;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function->hasAttr("capstan.kernel"))
        function.walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      numMerged += merger.run(*block);
    merger.eraseUnused();
  }
};
} // namespace

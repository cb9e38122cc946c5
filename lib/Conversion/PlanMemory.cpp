//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Gives buffers places in one allocation.
//
//   %a = memref.alloc(%n) : memref<?x64xf32>
//   ...
//   memref.dealloc %a : memref<?x64xf32>
//   // becomes
//   %arena = memref.alloc(%bytes) : memref<?xi8>
//   %a = memref.view %arena[%offset][%n] : memref<?xi8> to memref<?x64xf32>
//   ...
//   memref.dealloc %arena : memref<?xi8>
//
//===----------------------------------------------------------------------===//

#include "BufferLives.h"
#include "BufferPlaces.h"
#include "BufferSizes.h"
#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPLANMEMORY
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
/// Where buffers begin in an arena: as allocators of GPUs have it, since a tile
/// of a matrix that begins inside a line of the cache costs products a tenth.
constexpr int64_t alignment = 256;
/// Arenas of more buffers would make the plan's time quadratic.
constexpr size_t maxBuffers = 1024;
/// More than there is, and not too much for sums of that many.
constexpr int64_t mostBytes = int64_t(1) << 50;
/// Sets of sizes that a plan is made for.
constexpr unsigned numCases = 16;

struct Buffer : BufferLife {
  Buffer(const BufferLife &life, const Size &bytes)
      : BufferLife(life), bytes(bytes) {}
  Size bytes;
};

/// Whether an operation runs at least once if its loop is reached.
bool runsAlways(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    auto lower = getConstantIntValue(loop.getLowerBound());
    auto upper = getConstantIntValue(loop.getUpperBound());
    return lower && upper && *lower < *upper && !loop.getUnsignedCmp();
  }
  return isa<scf::ExecuteRegionOp>(op);
}

/// Plans one function.
class Planner {
public:
  explicit Planner(func::FuncOp function)
      : function(function), sizes(function), lives(function) {}

  void run();

  unsigned numPlanned = 0, numArenas = 0, numKept = 0;

private:
  void find(memref::AllocOp alloc);
  void keep(memref::AllocOp alloc, StringRef reason);
  Block *scopeOf(memref::AllocOp alloc, const Size &bytes);
  void plan(Block *scope, SmallVector<Buffer> buffers);
  void makeArena(Block *scope, ArrayRef<Buffer> buffers);
  Value roundedUp(OpBuilder &b, Location loc, const Size &bytes);
  SmallVector<int64_t> examples(const Size &bytes);
  void report(Location loc, size_t count, const BufferPlan &plan);

  func::FuncOp function;
  BufferSizes sizes;
  BufferLives lives;
  /// By the block where the arena may be.
  llvm::MapVector<Block *, SmallVector<Buffer>> scopes;
};

void Planner::keep(memref::AllocOp alloc, StringRef reason) {
  ++numKept;
  if (auto remark = remark::missed(
          alloc.getLoc(),
          remark::RemarkOpts::name("kept").category("capstan").function(
              function.getSymName())))
    remark << remark::add("{0}", alloc->getName().getStringRef())
           << remark::reason("{0}", reason.str());
}

//===----------------------------------------------------------------------===//
// Which buffers
//===----------------------------------------------------------------------===//

/// The outermost block with all that the size needs.
Block *Planner::scopeOf(memref::AllocOp alloc, const Size &bytes) {
  Block *scope = alloc->getBlock();
  while (true) {
    Operation *parent = scope->getParentOp();
    if (!isa<scf::SCFDialect>(parent->getDialect()) ||
        !sizes.isKnownAt(bytes, parent) ||
        (!runsAlways(parent) && !sizes.isOfBuffers(bytes)))
      return scope;
    scope = parent->getBlock();
  }
}

void Planner::find(memref::AllocOp alloc) {
  if (!isDeviceType(alloc.getType()))
    return;
  StringRef reason;
  std::optional<BufferLife> life = lives.find(alloc, reason);
  if (!life)
    return keep(alloc, reason);
  if (!alloc.getType().getLayout().isIdentity() ||
      alloc.getAlignment().value_or(1) > uint64_t(alignment))
    return keep(alloc, "its layout or alignment is not the arena's");
  // Nested only in structured control flow.
  for (Operation *op = alloc->getParentOp(); op != function;
       op = op->getParentOp())
    if (!isa<scf::ForOp, scf::IfOp, scf::WhileOp, scf::IndexSwitchOp,
             scf::ExecuteRegionOp>(op))
      return keep(alloc, "its region is not one of a loop or a branch");
  std::optional<Size> bytes = sizes.bytesOf(alloc);
  if (!bytes || !sizes.isKnownAt(*bytes, alloc))
    return keep(alloc, "its size is not known");
  scopes[scopeOf(alloc, *bytes)].emplace_back(*life, *bytes);
}

/// Arenas of a block, one after the other. Each is as early as its first buffer
/// and ends where nothing in it is alive, or before the first buffer whose size
/// is not known at its beginning: what it holds there, the next one can't use.
void Planner::plan(Block *scope, SmallVector<Buffer> buffers) {
  auto topOf = [&](Operation *op) { return scope->findAncestorOpInBlock(*op); };
  while (!buffers.empty()) {
    Operation *first = topOf(buffers[0].alloc);
    auto isKnown = [&](const Buffer &buffer) {
      return sizes.isKnownAt(buffer.bytes, first);
    };
    unsigned end = lives.beginOf(first);
    auto next = buffers.begin(),
         limit = next + std::min(buffers.size(), maxBuffers);
    while (next != limit && isKnown(*next) &&
           lives.beginOf(topOf(next->alloc)) <= end) {
      end = std::max(end, lives.endOf(topOf(next->last)));
      ++next;
    }
    unsigned cut = -1;
    if (next != buffers.end() && !isKnown(*next)) {
      cut = lives.beginOf(topOf(next->alloc));
      next = llvm::partition_point(
          buffers, [&](const Buffer &buffer) { return buffer.begin < cut; });
    }
    SmallVector<Buffer> now;
    for (const Buffer &buffer : llvm::make_range(buffers.begin(), next))
      if (buffer.end < cut)
        now.push_back(buffer);
      else
        keep(buffer.alloc, "it is alive where the next arena begins");
    // One buffer is its own arena.
    if (now.size() > 1 ||
        (now.size() == 1 && now[0].alloc->getBlock() != scope))
      makeArena(scope, now);
    else if (now.size() == 1)
      keep(now[0].alloc, "no other buffer is in its arena");
    buffers.erase(buffers.begin(), next);
  }
}

//===----------------------------------------------------------------------===//
// Arenas
//===----------------------------------------------------------------------===//

/// What is not known may be anything: each case gives every unknown size one
/// of several powers of two.
SmallVector<int64_t> Planner::examples(const Size &bytes) {
  SmallVector<int64_t> result;
  for (unsigned i = 0; i < numCases; ++i) {
    double size = sizes.evaluate(bytes, [&](unsigned symbol) {
      // A simple hash: the same cases in every run.
      return 4 << (((symbol + 1) * 2654435761u * (i + 1)) >> 29);
    });
    result.push_back(
        llvm::alignTo(int64_t(std::clamp(size, 1.0, 1e12)), alignment));
  }
  return result;
}

/// Not empty, so that addresses differ; and what can't be allocated stays so in
/// a sum.
Value Planner::roundedUp(OpBuilder &b, Location loc, const Size &bytes) {
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value result = sizes.materialize(b, loc, bytes);
  result = b.createOrFold<arith::MaxUIOp>(loc, result, number(1));
  result = b.createOrFold<arith::MinUIOp>(loc, result, number(mostBytes));
  result = b.createOrFold<arith::AddIOp>(loc, result, number(alignment - 1));
  return b.createOrFold<arith::AndIOp>(loc, result, number(-alignment));
}

void Planner::makeArena(Block *scope, ArrayRef<Buffer> buffers) {
  SmallVector<BufferPlace> places;
  for (const Buffer &buffer : buffers)
    places.push_back({buffer.begin, buffer.end, examples(buffer.bytes)});
  BufferPlan plan = planPlaces(places);

  Operation *first = scope->findAncestorOpInBlock(*buffers[0].alloc);
  Location loc = first->getLoc();
  OpBuilder b(first);
  auto larger = [&](Value x, Value y) -> Value {
    return !x || x == y ? y : b.createOrFold<arith::MaxUIOp>(loc, x, y);
  };
  std::map<Size, Value> known;
  SmallVector<Value> offsets(buffers.size()), ends(buffers.size());
  Value total;
  for (unsigned i : plan.order) {
    for (unsigned below : plan.below[i])
      offsets[i] = larger(offsets[i], ends[below]);
    Value &bytes = known[buffers[i].bytes];
    if (!bytes)
      bytes = roundedUp(b, loc, buffers[i].bytes);
    if (!offsets[i])
      offsets[i] = arith::ConstantIndexOp::create(b, loc, 0);
    ends[i] = b.createOrFold<arith::AddIOp>(loc, bytes, offsets[i]);
  }
  // The highest are below nothing.
  llvm::BitVector isBelow(buffers.size());
  for (const auto &places : plan.below)
    for (unsigned below : places)
      isBelow.set(below);
  for (auto [i, end] : llvm::enumerate(ends))
    if (!isBelow[i])
      total = larger(total, end);

  std::optional<int64_t> fixed = getConstantIntValue(total);
  auto type =
      MemRefType::get({fixed.value_or(ShapedType::kDynamic)}, b.getI8Type());
  Value arena =
      memref::AllocOp::create(b, loc, type, fixed ? ValueRange() : total,
                              b.getI64IntegerAttr(alignment));
  Operation *last = first;
  for (const Buffer &buffer : buffers) {
    Operation *end = scope->findAncestorOpInBlock(*buffer.last);
    if (last->isBeforeInBlock(end))
      last = end;
  }
  b.setInsertionPointAfter(last);
  memref::DeallocOp::create(b, last->getLoc(), arena);
  for (auto [buffer, offset] : llvm::zip(buffers, offsets)) {
    memref::AllocOp alloc = buffer.alloc;
    b.setInsertionPoint(alloc);
    Value view = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(),
                                        arena, offset, alloc.getDynamicSizes());
    alloc.replaceAllUsesWith(view);
  }
  ++numArenas;
  numPlanned += buffers.size();
  report(loc, buffers.size(), plan);
}

void Planner::report(Location loc, size_t count, const BufferPlan &plan) {
  auto remark = remark::passed(
      loc, remark::RemarkOpts::name("planned").category("capstan").function(
               function.getSymName()));
  if (remark)
    remark << remark::add("an arena, at the worst sizes tried")
           << remark::metric("Allocations", int64_t(count))
           << remark::metric("Bytes", plan.bytes)
           << remark::metric("LeastPossible", plan.least);
}

void Planner::run() {
  function.walk<WalkOrder::PreOrder>(
      [&](memref::AllocOp alloc) { find(alloc); });
  for (auto &[scope, buffers] : scopes)
    plan(scope, buffers);
  for (auto &[scope, buffers] : scopes)
    for (Buffer &buffer : buffers)
      if (buffer.alloc.use_empty()) {
        buffer.dealloc.erase();
        buffer.alloc.erase();
      }
}

struct PlanMemory : public capstan::impl::CapstanPlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || function->hasAttr("capstan.kernel"))
      return;
    Planner planner(function);
    planner.run();
    numPlanned += planner.numPlanned;
    numArenas += planner.numArenas;
    numKept += planner.numKept;
  }
};
} // namespace

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

#include "BufferSizes.h"
#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPLANMEMORY
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
constexpr int64_t alignment = 64;

/// A buffer that a block makes and frees.
struct Buffer {
  memref::AllocOp alloc;
  memref::DeallocOp dealloc;
  Operation *last;        ///< use, in the block of `alloc`
  unsigned begin, end;    ///< numbers of `alloc`, and of what is in `last`
  Size size = {};         ///< in bytes
  Block *scope = nullptr; ///< where its arena may be
  int64_t units = 0;      ///< of its class
  int64_t offset = 0;     ///< in its class, in units
};

/// Buffers whose sizes are multiples of one.
struct SizeClass {
  Size base;
  int64_t factor = 0; ///< a unit is `factor * base` bytes, aligned
  int64_t total = 0, bound = 0;
  SmallVector<Buffer *> buffers;
};

/// The greatest divisor of the coefficients.
int64_t contentOf(const Size &size) {
  int64_t result = 0;
  for (auto &[product, c] : size)
    result = std::gcd(result, c);
  return std::max<int64_t>(result, 1);
}

/// The buffer that a view is of.
Value rootOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// Whether an operation runs at least once if its loop is reached.
bool runsAlways(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    auto lower = getConstantIntValue(loop.getLowerBound());
    auto upper = getConstantIntValue(loop.getUpperBound());
    return lower && upper && *lower < *upper && !loop.getUnsignedCmp();
  }
  return isa<scf::ExecuteRegionOp>(op);
}

/// Offsets in units: the largest first, each in the smallest gap that fits.
void place(SizeClass &sizes) {
  SmallVector<Buffer *> order(sizes.buffers);
  llvm::stable_sort(order,
                    [](Buffer *x, Buffer *y) { return x->units > y->units; });
  SmallVector<Buffer *> placed; // by offset
  for (Buffer *buffer : order) {
    int64_t top = 0, best = -1, bestGap = 0;
    for (Buffer *other : placed) {
      if (other->end < buffer->begin || buffer->end < other->begin)
        continue;
      int64_t gap = other->offset - top;
      if (gap >= buffer->units && (best < 0 || gap < bestGap)) {
        best = top;
        bestGap = gap;
      }
      top = std::max(top, other->offset + other->units);
    }
    buffer->offset = best < 0 ? top : best;
    sizes.total = std::max(sizes.total, buffer->offset + buffer->units);
    placed.insert(llvm::upper_bound(placed, buffer,
                                    [](Buffer *x, Buffer *y) {
                                      return x->offset < y->offset;
                                    }),
                  buffer);
  }
  for (Buffer *now : sizes.buffers) {
    int64_t alive = 0;
    for (Buffer *other : sizes.buffers)
      if (other->begin <= now->begin && now->begin <= other->end)
        alive += other->units;
    sizes.bound = std::max(sizes.bound, alive);
  }
}

/// Plans one function.
class Planner {
public:
  explicit Planner(func::FuncOp function)
      : function(function), sizes(function), aliases(function) {}

  void run();

  unsigned numPlanned = 0, numArenas = 0, numKept = 0;

private:
  void find(memref::AllocOp alloc);
  void keep(memref::AllocOp alloc, StringRef reason);
  Operation *lastUse(memref::AllocOp alloc, memref::DeallocOp dealloc);
  Block *scopeOf(const Buffer &buffer);
  void plan(Block *scope, SmallVector<Buffer *> buffers);
  void makeArena(Block *scope, ArrayRef<Buffer *> buffers);
  std::vector<SizeClass> classify(ArrayRef<Buffer *> buffers);
  void report(Location loc, ArrayRef<SizeClass> classes, size_t count);

  func::FuncOp function;
  BufferSizes sizes;
  BufferViewFlowAnalysis aliases;
  /// Order of the stream; an operation's regions come after it.
  llvm::DenseMap<Operation *, unsigned> number, lastNumber;
  std::vector<Buffer> found;
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

/// The last operation in the block of `alloc` that may use its memory.
Operation *Planner::lastUse(memref::AllocOp alloc, memref::DeallocOp dealloc) {
  Operation *last = alloc;
  for (Value alias : aliases.resolve(alloc))
    for (Operation *user : alias.getUsers()) {
      if (user == dealloc)
        continue;
      Operation *op = alloc->getBlock()->findAncestorOpInBlock(*user);
      // An address as a number may be compared as long as it is taken.
      if (!op || op->hasTrait<OpTrait::IsTerminator>() ||
          isa<memref::ExtractAlignedPointerAsIndexOp>(user))
        return dealloc;
      if (last->isBeforeInBlock(op))
        last = op;
    }
  return last->isBeforeInBlock(dealloc) ? last : dealloc;
}

/// The outermost block with all that the size needs.
Block *Planner::scopeOf(const Buffer &buffer) {
  Block *scope = buffer.alloc->getBlock();
  while (true) {
    Operation *parent = scope->getParentOp();
    if (!isa<scf::SCFDialect>(parent->getDialect()) ||
        !sizes.isKnownAt(buffer.size, parent) ||
        (!runsAlways(parent) && !sizes.isOfBuffers(buffer.size)))
      return scope;
    scope = parent->getBlock();
  }
}

void Planner::find(memref::AllocOp alloc) {
  if (!isDeviceType(alloc.getType()))
    return;
  if (!alloc.getType().getLayout().isIdentity() ||
      alloc.getAlignment().value_or(1) > uint64_t(alignment))
    return keep(alloc, "its layout or alignment is not the arena's");
  // Nested only in structured control flow.
  for (Operation *op = alloc->getParentOp(); op != function;
       op = op->getParentOp())
    if (!isa<scf::ForOp, scf::IfOp, scf::WhileOp, scf::IndexSwitchOp,
             scf::ExecuteRegionOp>(op))
      return keep(alloc, "its region is not one of a loop or a branch");
  SmallVector<memref::DeallocOp> deallocs;
  for (Value alias : aliases.resolve(alloc))
    for (Operation *user : alias.getUsers())
      if (auto dealloc = dyn_cast<memref::DeallocOp>(user))
        if (rootOf(dealloc.getMemref()) == alloc.getResult())
          deallocs.push_back(dealloc);
  if (deallocs.empty())
    return keep(alloc, "it outlives its block");
  if (deallocs.size() > 1 || deallocs[0]->getBlock() != alloc->getBlock())
    return keep(alloc, "it is freed in another block");
  std::optional<Size> size = sizes.bytesOf(alloc);
  if (!size || !sizes.isKnownAt(*size, alloc))
    return keep(alloc, "its size is not known");
  Operation *last = lastUse(alloc, deallocs[0]);
  Buffer buffer{alloc,         deallocs[0],      last,
                number[alloc], lastNumber[last], *size};
  buffer.scope = scopeOf(buffer);
  found.push_back(buffer);
}

/// Arenas of a block: each as early as its first buffer, with all whose sizes
/// are known there.
void Planner::plan(Block *scope, SmallVector<Buffer *> buffers) {
  while (!buffers.empty()) {
    Operation *first = scope->findAncestorOpInBlock(*buffers[0]->alloc);
    SmallVector<Buffer *> now, later;
    for (Buffer *buffer : buffers)
      (sizes.isKnownAt(buffer->size, first) ? now : later).push_back(buffer);
    // One buffer is its own arena.
    if (now.size() > 1 || now[0]->alloc->getBlock() != scope)
      makeArena(scope, now);
    else
      keep(now[0]->alloc, "no other buffer's size is known where its is");
    buffers = std::move(later);
  }
}

std::vector<SizeClass> Planner::classify(ArrayRef<Buffer *> buffers) {
  // Small multiples apart, so that large ones need no padding.
  std::map<std::pair<Size, bool>, SizeClass> classes;
  for (Buffer *buffer : buffers) {
    Size base = buffer->size;
    int64_t content = contentOf(base);
    for (auto &[product, c] : base)
      c /= content;
    // Known sizes are aligned, and none is empty: addresses differ.
    bool isStatic =
        base.empty() || (base.size() == 1 && base.begin()->first.empty());
    if (isStatic) {
      content = base.empty() ? 1 : buffer->size.begin()->second;
      content = llvm::alignTo(std::max<int64_t>(content, 1), alignment);
      base = {{{}, 1}};
    }
    buffer->units = content;
    SizeClass &sizeClass = classes[{base, content % alignment == 0}];
    sizeClass.base = base;
    sizeClass.factor = std::gcd(sizeClass.factor, content);
    sizeClass.buffers.push_back(buffer);
  }
  std::vector<SizeClass> result;
  for (auto &[key, sizeClass] : classes) {
    for (Buffer *buffer : sizeClass.buffers)
      buffer->units /= sizeClass.factor;
    place(sizeClass);
    result.push_back(std::move(sizeClass));
  }
  return result;
}

void Planner::makeArena(Block *scope, ArrayRef<Buffer *> buffers) {
  std::vector<SizeClass> classes = classify(buffers);
  Operation *first = scope->findAncestorOpInBlock(*buffers[0]->alloc);
  Location loc = first->getLoc();
  OpBuilder b(first);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };

  llvm::DenseMap<Buffer *, Value> offsets;
  Value total = number(0);
  int64_t totalBytes = 0;
  bool isStatic = true;
  for (SizeClass &sizeClass : classes) {
    Value unit;
    if (sizeClass.base.begin()->first.empty() && sizeClass.base.size() == 1) {
      unit = number(sizeClass.factor);
      totalBytes += sizeClass.total * sizeClass.factor;
    } else {
      isStatic = false;
      Size size = sizeClass.base;
      for (auto &[product, c] : size)
        c *= sizeClass.factor;
      unit = sizes.materialize(b, loc, size);
      // Not empty; and what is too large must stay so in the sum.
      int64_t limit = (int64_t(1) << 60) / sizeClass.total / classes.size();
      unit = arith::MaxUIOp::create(b, loc, unit, number(1));
      unit = arith::MinUIOp::create(b, loc, unit,
                                    number(limit & -int64_t(alignment)));
      if (!llvm::all_of(
              size, [](auto &term) { return term.second % alignment == 0; })) {
        unit = arith::AddIOp::create(b, loc, unit, number(alignment - 1));
        unit = arith::AndIOp::create(b, loc, unit, number(-alignment));
      } else {
        unit = arith::MaxUIOp::create(b, loc, unit, number(alignment));
      }
    }
    llvm::DenseMap<int64_t, Value> known;
    for (Buffer *buffer : sizeClass.buffers) {
      Value &offset = known[buffer->offset];
      if (!offset) {
        offset =
            b.createOrFold<arith::MulIOp>(loc, unit, number(buffer->offset));
        offset = b.createOrFold<arith::AddIOp>(loc, total, offset);
      }
      offsets[buffer] = offset;
    }
    Value bytes =
        b.createOrFold<arith::MulIOp>(loc, unit, number(sizeClass.total));
    total = b.createOrFold<arith::AddIOp>(loc, total, bytes);
  }

  auto type = MemRefType::get({isStatic ? totalBytes : ShapedType::kDynamic},
                              b.getI8Type());
  Value arena = memref::AllocOp::create(
      b, loc, type, isStatic ? ValueRange() : ValueRange(total),
      b.getI64IntegerAttr(alignment));

  Operation *last = first;
  for (Buffer *buffer : buffers) {
    Operation *end = scope->findAncestorOpInBlock(*buffer->last);
    if (last->isBeforeInBlock(end))
      last = end;
  }
  b.setInsertionPointAfter(last);
  memref::DeallocOp::create(b, last->getLoc(), arena);
  for (Buffer *buffer : buffers) {
    b.setInsertionPoint(buffer->alloc);
    Value view = memref::ViewOp::create(
        b, buffer->alloc.getLoc(), buffer->alloc.getType(), arena,
        offsets[buffer], buffer->alloc.getDynamicSizes());
    buffer->alloc.replaceAllUsesWith(view);
  }
  ++numArenas;
  numPlanned += buffers.size();
  report(loc, classes, buffers.size());
}

void Planner::report(Location loc, ArrayRef<SizeClass> classes, size_t count) {
  auto remark = remark::passed(
      loc, remark::RemarkOpts::name("planned").category("capstan").function(
               function.getSymName()));
  if (!remark)
    return;
  remark << remark::add("an arena")
         << remark::metric("Allocations", int64_t(count));
  for (const SizeClass &sizeClass : classes) {
    auto multiple = [&](int64_t units) {
      Size size = sizeClass.base;
      for (auto &[product, c] : size)
        c *= sizeClass.factor * units;
      return sizes.show(size);
    };
    llvm::DenseSet<int64_t> places;
    for (Buffer *buffer : sizeClass.buffers)
      places.insert(buffer->offset);
    std::string text = std::to_string(sizeClass.buffers.size()) + " at " +
                       std::to_string(places.size()) +
                       " places: " + multiple(sizeClass.total) + ", at least " +
                       multiple(sizeClass.bound);
    remark << remark::metric("Bytes", StringRef(text));
  }
}

void Planner::run() {
  unsigned count = 0;
  function.walk<WalkOrder::PreOrder>(
      [&](Operation *op) { number[op] = count++; });
  function.walk<WalkOrder::PostOrder>([&](Operation *op) {
    unsigned last = number[op];
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        last = std::max(last, lastNumber[&inner]);
    lastNumber[op] = last;
  });
  function.walk([&](memref::AllocOp alloc) { find(alloc); });
  llvm::stable_sort(found, [](const Buffer &x, const Buffer &y) {
    return x.begin < y.begin;
  });
  llvm::MapVector<Block *, SmallVector<Buffer *>> scopes;
  for (Buffer &buffer : found)
    scopes[buffer.scope].push_back(&buffer);
  for (auto &[scope, buffers] : scopes)
    plan(scope, buffers);
  for (Buffer &buffer : found)
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

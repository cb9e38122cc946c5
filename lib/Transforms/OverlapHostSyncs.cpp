//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Splits a sync in the start of its copy, as early in its block as the operands
// exist, and the wait, just before the first use. Both stay in the block of the
// sync, so that each runs exactly when the sync ran.
//
//   %n = capstan.item %max[] : tensor<i32>
//   %y = linalg.matmul ...
//   call @use(%n)
//   // becomes
//   %f = capstan.fetch.start %max ["item"] : (tensor<i32>) ->
//   !capstan.future<i32> %y = linalg.matmul ... %n = capstan.fetch.wait %f :
//   !capstan.future<i32> -> i32 call @use(%n)
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/DeadReads.h"
#include "capstan/Analysis/MemoryClasses.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANOVERLAPHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
class Splitter {
public:
  Splitter(const OpModels &models, func::FuncOp function)
      : semantics(models), placement(semantics, function),
        memory(semantics, function) {}

  /// True: split; the sync is erased.
  bool split(Operation *sync);

private:
  std::optional<SmallVector<StringRef, 2>> conversions(Operation *sync);
  Operation *lastBefore(Operation *sync);
  Operation *firstUse(Operation *sync);
  bool isFree(Operation *op);

  Semantics semantics;
  Placement placement;
  MemoryClasses memory;
};
} // namespace

/// The conversions that make the sync a fetch, or none.
std::optional<SmallVector<StringRef, 2>>
Splitter::conversions(Operation *sync) {
  if (auto fetch = dyn_cast<FetchOp>(sync))
    return llvm::map_to_vector<2>(fetch.getConversions(), [](Attribute a) {
      return cast<StringAttr>(a).getValue();
    });
  return fetchConversions(semantics, sync);
}

/// The last op of the block after which all operands exist and hold what the
/// sync reads; null: they do at the start of the block.
Operation *Splitter::lastBefore(Operation *sync) {
  if (semantics.mayFault(sync))
    return sync->getPrevNode();
  Operation *last = nullptr;
  auto after = [&](Operation *op) {
    if (!last || last->isBeforeInBlock(op))
      last = op;
  };
  MemoryClasses::Set read;
  for (Value operand : sync->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (def && def->getBlock() == sync->getBlock())
      after(def);
    if (semantics.isMemory(operand.getType()))
      read.insert(memory.classOf(operand));
  }
  if (read.empty())
    return last;
  for (Operation *op = sync->getPrevNode(); op && op != last;
       op = op->getPrevNode())
    if (llvm::any_of(read, [&](MemoryClass id) {
          return memory.written(op).contains(id);
        }))
      return op;
  return last;
}

/// The first op of the block that uses a result, itself or in its regions, or
/// the terminator.
Operation *Splitter::firstUse(Operation *sync) {
  Block *block = sync->getBlock();
  Operation *first = &block->back();
  for (Operation *user : sync->getUsers())
    if (Operation *op = block->findAncestorOpInBlock(*user))
      if (op->isBeforeInBlock(first))
        first = op;
  return first;
}

/// Takes the host no time worth hiding a copy behind, and the device none.
bool Splitter::isFree(Operation *op) {
  switch (semantics.kind(op)) {
  case OpKind::Constant:
  case OpKind::Yield:
  case OpKind::Check:
    return true;
  case OpKind::HostSync:
    return !isa<FetchWaitOp>(op) && !placement.isSync(op);
  case OpKind::Compute:
    break;
  default:
    return false;
  }
  // Arithmetic and sizes, lists of values.
  return op->getNumRegions() == 0 && memory.written(op).empty() &&
         llvm::all_of(op->getResultTypes(), [&](Type type) {
           const ForeignTypeModel *m = semantics.typeModel(type);
           return semantics.isHostScalar(type) ||
                  (m && m->kind == TypeKind::List);
         });
}

bool Splitter::split(Operation *sync) {
  if (!placement.isSync(sync))
    return false;
  std::optional<SmallVector<StringRef, 2>> names = conversions(sync);
  if (!names) {
    remarkKept(sync, "no packed transfer can do it");
    return false;
  }
  Operation *before = lastBefore(sync), *after = firstUse(sync);
  Operation *from = before ? before->getNextNode() : &sync->getBlock()->front();
  bool useful = false;
  for (Operation *op = from; op != after && !useful; op = op->getNextNode())
    useful = op != sync && !isFree(op);
  if (!useful) {
    remarkKept(sync, "nothing to overlap with");
    return false;
  }
  Location loc = sync->getLoc();
  remarkDone(sync, "overlapped", loc, after->getLoc());
  OpBuilder b(from);
  SmallVector<Type> types(sync->getResultTypes());
  SmallVector<Value> sources = buildFetchSources(b, sync);
  auto start =
      FetchStartOp::create(b, loc, FutureType::get(b.getContext(), types),
                           sources, b.getStrArrayAttr(*names));
  b.setInsertionPoint(after);
  auto wait = FetchWaitOp::create(b, loc, types, start.getFuture());
  sync->replaceAllUsesWith(wait.getResults());
  sync->erase();
  return true;
}

namespace {
struct OverlapHostSyncs
    : public capstan::impl::CapstanOverlapHostSyncsBase<OverlapHostSyncs> {
  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    Semantics semantics(*models);
    SmallVector<Operation *> syncs = hostSyncsOf(semantics, getOperation());
    if (syncs.empty())
      return markAllAnalysesPreserved();
    Splitter splitter(*models, getOperation());
    for (Operation *sync : syncs) {
      if (sync->use_empty() && readCannotFail(semantics, sync)) {
        sync->erase();
        ++numErased;
      } else if (!sync->use_empty() && splitter.split(sync)) {
        ++numOverlapped;
      }
    }
  }
};
} // namespace

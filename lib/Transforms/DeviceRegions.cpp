//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Regions of a device: fewer, and outside of loops.
//
//===----------------------------------------------------------------------===//

#include "DeviceContext.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Dialect/GraphOps.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace capstan;

namespace {
class Regions {
public:
  Regions(Semantics &semantics, CurrentDevice &devices, MLIRContext *context)
      : semantics(semantics), devices(devices), rewriter(context) {}
  ~Regions() {
    for (Operation *op : removed)
      op->destroy();
  }

  /// True if something changed. States of what is left stay right; what is new
  /// has none.
  bool simplify(WithDeviceOp op);

private:
  bool restoresNothing(WithDeviceOp op);
  void inlineBody(WithDeviceOp op);
  Operation *merge(WithDeviceOp op);
  Operation *takeLoop(WithDeviceOp op);
  Operation *sink(WithDeviceOp op);
  Operation *onlyDependent(Block &block);

  Semantics &semantics;
  CurrentDevice &devices;
  IRRewriter rewriter;
  /// What has been removed. It lives as long as the states do, so that nothing
  /// new is taken for it.
  llvm::SetVector<Operation *> removed;
};
} // namespace

static Block &bodyOf(WithDeviceOp op) { return op.getBody().front(); }

/// Whether the body leaves the device current under which it began.
bool Regions::restoresNothing(WithDeviceOp op) {
  const DeviceState &end = devices.before(bodyOf(op).getTerminator());
  return end.isCurrent(devices.name(op.getDevice()));
}

void Regions::inlineBody(WithDeviceOp op) {
  Operation *yield = bodyOf(op).getTerminator();
  SmallVector<Value> results(yield->getOperands());
  yield->dropAllReferences();
  yield->remove();
  removed.insert(yield);
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         bodyOf(op).getOperations());
  op->replaceAllUsesWith(results);
  op->dropAllReferences();
  op->remove();
  removed.insert(op);
}

/// The only operation of `block` that depends on the current device, or null.
Operation *Regions::onlyDependent(Block &block) {
  Operation *only = nullptr;
  for (Operation &op : block.without_terminator()) {
    if (!devices.dependsOnDevice(&op))
      continue;
    if (only)
      return nullptr;
    only = &op;
  }
  return only;
}

/// Makes one region of `op`, the next ones of the same device in its block, and
/// what stands between them.
Operation *Regions::merge(WithDeviceOp op) {
  SmallVector<Operation *> chain{op}, between;
  WithDeviceOp last = op;
  for (Operation *next = op->getNextNode(); next && restoresNothing(last);
       next = next->getNextNode()) {
    if (auto region = dyn_cast<WithDeviceOp>(next);
        region &&
        devices.name(region.getDevice()) == devices.name(op.getDevice())) {
      chain.append(between);
      between.clear();
      chain.push_back(last = region);
    } else if (devices.dependsOnDevice(next) ||
               next->hasTrait<OpTrait::IsTerminator>()) {
      break;
    } else {
      between.push_back(next);
    }
  }
  if (last == op)
    return nullptr;
  // What is used behind the region is a result of it.
  SmallVector<Value> outer;
  for (Operation *part : chain)
    for (Value result : part->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return llvm::none_of(chain, [&](Operation *other) {
              return other->isAncestor(user);
            });
          }))
        outer.push_back(result);
  rewriter.setInsertionPoint(op);
  auto merged = WithDeviceOp::create(rewriter, op.getLoc(), op.getDevice(),
                                     ValueRange(outer).getTypes());
  Block &body = bodyOf(merged);
  rewriter.setInsertionPointToEnd(&body);
  Operation *yield = YieldOp::create(rewriter, op.getLoc(), outer);
  for (auto [value, result] : llvm::zip(outer, merged.getResults()))
    value.replaceUsesWithIf(result, [&](OpOperand &use) {
      return use.getOwner() != yield &&
             llvm::none_of(chain, [&](Operation *part) {
               return part->isAncestor(use.getOwner());
             });
    });
  for (Operation *part : chain) {
    part->moveBefore(yield);
    if (auto region = dyn_cast<WithDeviceOp>(part))
      inlineBody(region);
  }
  return merged;
}

/// Puts the loop around `op` into a region of the device, if nothing else in
/// the loop depends on which one is current.
Operation *Regions::takeLoop(WithDeviceOp op) {
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (!loop || !loop.isDefinedOutsideOfLoop(op.getDevice()) ||
      onlyDependent(*loop.getBody()) != op || !restoresNothing(op) ||
      !(semantics.runsAtLeastOnce(loop) || devices.isValid(op.getDevice())))
    return nullptr;
  rewriter.setInsertionPoint(loop);
  auto outer = WithDeviceOp::create(rewriter, op.getLoc(), op.getDevice(),
                                    loop.getResultTypes());
  rewriter.replaceAllUsesWith(loop.getResults(), outer.getResults());
  rewriter.moveOpBefore(loop, &bodyOf(outer), bodyOf(outer).end());
  rewriter.setInsertionPointToEnd(&bodyOf(outer));
  YieldOp::create(rewriter, op.getLoc(), loop.getResults());
  inlineBody(op);
  return outer;
}

/// Moves the region into the branch that is all of it. The device has to exist
/// on the paths that don't need it any more.
Operation *Regions::sink(WithDeviceOp op) {
  auto branch = dyn_cast_if_present<scf::IfOp>(onlyDependent(bodyOf(op)));
  if (!branch || !devices.isValid(op.getDevice()) || !restoresNothing(op))
    return nullptr;
  bool all = true;
  for (Region &region : branch->getRegions())
    all &= !region.empty() &&
           llvm::any_of(region.front().without_terminator(), [&](Operation &n) {
             return devices.dependsOnDevice(&n);
           });
  if (all)
    return nullptr; // it would only be twice in the program
  Operation *made = nullptr;
  for (Region &region : branch->getRegions()) {
    if (region.empty())
      continue;
    Block &block = region.front();
    if (llvm::none_of(block.without_terminator(), [&](Operation &n) {
          return devices.dependsOnDevice(&n);
        }))
      continue;
    Operation *yield = block.getTerminator();
    rewriter.setInsertionPoint(yield);
    auto inner = WithDeviceOp::create(rewriter, op.getLoc(), op.getDevice(),
                                      yield->getOperandTypes());
    made = inner;
    Block &body = bodyOf(inner);
    body.getOperations().splice(body.end(), block.getOperations(),
                                block.begin(), inner->getIterator());
    rewriter.setInsertionPointToEnd(&body);
    YieldOp::create(rewriter, op.getLoc(), yield->getOperands());
    yield->setOperands(inner.getResults());
  }
  inlineBody(op);
  return made;
}

bool Regions::simplify(WithDeviceOp op) {
  if (removed.contains(op) || !devices.before(op).reached)
    return false;
  Location loc = op.getLoc();
  bool exists = devices.isValid(op.getDevice());
  bool needed =
      llvm::any_of(bodyOf(op).without_terminator(), [&](Operation &nested) {
        return devices.dependsOnDevice(&nested);
      });
  bool current = devices.before(op).isCurrent(devices.name(op.getDevice()));
  if (restoresNothing(op) && (current || (exists && !needed))) {
    remarkDone(op, "removed", loc, loc);
    inlineBody(op);
    return true;
  }
  for (auto [what, change] : {std::pair("merged", &Regions::merge),
                              std::pair("hoisted", &Regions::takeLoop),
                              std::pair("sunk", &Regions::sink)})
    if (Operation *made = (this->*change)(op)) {
      remarkDone(made, what, loc, made->getLoc());
      return true;
    }
  return false;
}

unsigned capstan::simplifyDeviceRegions(ModuleOp module, Semantics &semantics,
                                        CurrentDevice &devices) {
  SmallVector<WithDeviceOp> regions;
  module.walk([&](WithDeviceOp op) { regions.push_back(op); });
  Regions all(semantics, devices, module.getContext());
  unsigned count = 0;
  for (WithDeviceOp op : regions)
    count += all.simplify(op);
  return count;
}

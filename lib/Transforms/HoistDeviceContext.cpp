//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Takes changes of the current device, and questions to devices, off the hot
// path.
//
//   capstan.set_device %d          capstan.set_device %d
//   scf.for ... {                  scf.for ... {
//     capstan.set_device %d   ->
//     capstan.launch @k(%x)          capstan.launch @k(%x)
//   }                              }
//
//===----------------------------------------------------------------------===//

#include "DeviceContext.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANHOISTDEVICECONTEXT
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

/// Rounds that make place for each other; nesting is seldom as deep.
static constexpr unsigned kMaxRounds = 16;

namespace {

/// Changes of the current device and questions for it, of one module.
class Changes {
public:
  Changes(Semantics &semantics, CurrentDevice &devices)
      : semantics(semantics), devices(devices) {}
  ~Changes() {
    for (Operation *op : removed)
      op->destroy();
  }

  /// Takes what does nothing out of `module`, or out of loops.
  void run(ModuleOp module);
  unsigned sets = 0, gets = 0;

private:
  bool isRedundant(Operation *op, const DeviceContext &context);
  bool isOverwritten(Operation *op, const DeviceContext &context);
  bool hoist(Operation *op, const DeviceContext &context);
  Value known(Operation *op, OpResult get);
  bool replaceStatus(Operation *op, const DeviceContext &context);
  void remove(Operation *op, StringRef why);

  Semantics &semantics;
  CurrentDevice &devices;
  DominanceInfo dominance;
  SmallVector<std::pair<Operation *, DeviceContext>> kept; ///< with a status
  /// The states name what has been removed: it lives as long as they do.
  SmallVector<Operation *> removed;
  llvm::DenseMap<Value, Value> replaced;
};
} // namespace

/// The status of a change that does nothing: 0, or, if it may fail, what the
/// same change gave before.
bool Changes::replaceStatus(Operation *op, const DeviceContext &context) {
  if (!context.status || context.status.use_empty())
    return true;
  Value status = context.status;
  Type type = status.getType();
  for (auto &[other, its] : kept)
    if (its.status && its.status.getType() == type &&
        devices.name(its.set) == devices.name(context.set) &&
        dominance.properlyDominates(other, op)) {
      status.replaceAllUsesWith(its.status);
      return true;
    }
  if (devices.before(op).tentative || !type.isIntOrIndex())
    return false;
  OpBuilder b(op);
  status.replaceAllUsesWith(
      arith::ConstantOp::create(b, op->getLoc(), b.getZeroAttr(type)));
  return true;
}

bool Changes::isRedundant(Operation *op, const DeviceContext &context) {
  const DeviceState &state = devices.before(op);
  DeviceName device = devices.name(context.set);
  return state.isCurrent(device) || (context.status && state.holds(device));
}

/// Whether another change follows before it matters. One that may fail has to
/// stay.
bool Changes::isOverwritten(Operation *op, const DeviceContext &context) {
  if (context.get || context.status || !devices.isValid(context.set))
    return false;
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    std::optional<DeviceContext> other = semantics.deviceContext(next);
    if (other && other->set && !other->get && !other->status)
      return !isRedundant(next, *other);
    if (devices.dependsOnDevice(next) ||
        next->hasTrait<OpTrait::IsTerminator>())
      return false;
  }
  return false;
}

/// Moves a change that every trip of a loop begins with in front of the loop,
/// if each trip leaves that device current.
bool Changes::hoist(Operation *op, const DeviceContext &context) {
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (!loop || context.get || context.status ||
      !loop.isDefinedOutsideOfLoop(context.set) ||
      !semantics.runsAtLeastOnce(loop) ||
      !devices.before(loop.getBody()->getTerminator())
           .isCurrent(devices.name(context.set)))
    return false;
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode())
    if (devices.dependsOnDevice(before))
      return false;
  op->moveBefore(loop);
  return true;
}

/// A value that is the current device before `op`, of the type of its result.
Value Changes::known(Operation *op, OpResult get) {
  const DeviceState &state = devices.before(op);
  if (state.tentative)
    return {};
  Type type = get.getType();
  for (DeviceName name : state.names)
    if (auto value = dyn_cast<Value>(name); value && value.getType() == type) {
      for (auto it = replaced.find(value); it != replaced.end();
           it = replaced.find(value))
        value = it->second;
      return value;
    }
  for (DeviceName name : state.names) {
    auto number = dyn_cast<Attribute>(name);
    if (!number || !type.isIntOrIndex())
      continue;
    OpBuilder b(op);
    return arith::ConstantOp::create(
        b, op->getLoc(),
        b.getIntegerAttr(type, cast<IntegerAttr>(number).getInt()));
  }
  return {};
}

void Changes::remove(Operation *op, StringRef why) {
  remarkDone(op, why, op->getLoc(), op->getLoc());
  op->remove();
  removed.push_back(op);
}

void Changes::run(ModuleOp module) {
  SmallVector<Operation *> ops, unused;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (semantics.deviceContext(op))
      ops.push_back(op);
  });
  // All that is decided here is decided on the same states: what goes does
  // nothing, so that they stay right.
  for (Operation *op : ops) {
    DeviceContext context = *semantics.deviceContext(op);
    if (context.query || !devices.before(op).reached)
      continue;
    if (context.set && !isRedundant(op, context)) {
      if (isOverwritten(op, context)) {
        remove(op, "overwritten");
        ++sets;
      } else if (hoist(op, context)) {
        remarkDone(op, "hoisted", op->getLoc(), op->getLoc());
        ++sets;
        return; // states around the loop are others now
      } else {
        kept.push_back({op, context});
      }
      continue;
    }
    if (!context.set && context.get && op->use_empty()) {
      unused.push_back(op); // unless it replaces another
      continue;
    }
    if (context.get && !context.get.use_empty()) {
      Value value = known(op, context.get);
      if (!value)
        continue;
      Value(context.get).replaceAllUsesWith(value);
      replaced[context.get] = value;
    }
    if (context.set && !replaceStatus(op, context))
      continue;
    if (!op->use_empty() || (!context.set && !context.get))
      continue;
    remove(op, "removed");
    ++(context.set ? sets : gets);
  }
  for (Operation *op : unused)
    if (op->use_empty()) {
      remove(op, "removed");
      ++gets;
    }
}

namespace {
struct HoistDeviceContext
    : public capstan::impl::CapstanHoistDeviceContextBase<HoistDeviceContext> {
  using CapstanHoistDeviceContextBase::CapstanHoistDeviceContextBase;

  void runOnOperation() override;

private:
  bool hasWork(Semantics &semantics);
  void explain(Semantics &semantics);
};
} // namespace

bool HoistDeviceContext::hasWork(Semantics &semantics) {
  return getOperation()
      ->walk([&](Operation *op) {
        return isa<WithDeviceOp>(op) || semantics.deviceContext(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Why what is left is left.
void HoistDeviceContext::explain(Semantics &semantics) {
  CurrentDevice devices(getOperation(), semantics);
  getOperation()->walk([&](Operation *op) {
    std::optional<DeviceContext> context = semantics.deviceContext(op);
    Value wanted = context ? context->set : Value();
    if (auto with = dyn_cast<WithDeviceOp>(op))
      wanted = with.getDevice();
    if (!wanted)
      return;
    const DeviceState &state = devices.before(op);
    remarkKept(op, !state.reached        ? "nothing gets here"
                   : state.names.empty() ? "the current device is not known"
                   : state.tentative ? "the change before it may have failed"
                   : state.holds(devices.name(wanted))
                       ? "its results are used"
                       : "another device is current");
  });
}

void HoistDeviceContext::runOnOperation() {
  ModuleOp module = getOperation();
  const OpModels *models = OpModels::get(&getContext());
  if (!models)
    return signalPassFailure();
  Semantics semantics(*models);
  if (!chip.empty() && chipName(chip).empty()) {
    module.emitError("chip '") << chip << "' is none; one is named as sm_90";
    return signalPassFailure();
  }
  if (!hasWork(semantics))
    return markAllAnalysesPreserved();
  for (unsigned round = 0; round < kMaxRounds; ++round) {
    CurrentDevice devices(module, semantics);
    Changes changes(semantics, devices);
    changes.run(module);
    numSets += changes.sets;
    numGets += changes.gets;
    unsigned regions = 0;
    if (!changes.sets && !changes.gets) // states are those of this program
      regions = simplifyDeviceRegions(module, semantics, devices);
    numRegions += regions;
    if (!changes.sets && !changes.gets && !regions)
      break;
  }
  CurrentDevice devices(module, semantics);
  QueryCounts queries = mergeCapabilityQueries(module, semantics, devices);
  numQueries += queries.removed;
  numHoisted += queries.hoisted;
  if (!chip.empty()) {
    FailureOr<unsigned> folded = foldCapabilities(module, chip);
    if (failed(folded))
      return signalPassFailure();
    numFolded += *folded;
  }
  explain(semantics);
}

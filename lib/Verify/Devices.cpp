//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The current device of the thread. What the device computes is another value
// under another current device, so that equal results and effects are computed
// under equal ones.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// The current device as a value of a foreign type.
static constexpr const char *kAs = "capstan.current_device as";

/// What `device` says which device it is: whatever type it has.
Expr *Executor::ordinalOf(Value device) {
  Expr *e = value(device);
  if (!e)
    return nullptr;
  e = contents(e);
  if (e->kind == Kind::Op && e->key == ctx.keys.intern(kAs))
    return resolve(e->kids[0]);
  return e->isConst()
             ? exprs.constant(IndexType::get(device.getContext()), e->value)
             : e;
}

/// Whether `device` is what AFTER has been told is current: it is there,
/// whatever the path. In BEFORE it is a device like others, so that what asks
/// for it there allows AFTER to ask for the same by another name.
bool Executor::wasCurrent(Value device) {
  Operation *op = device.getDefiningOp();
  std::optional<DeviceContext> context =
      op && side == After ? sem.deviceContext(op) : std::nullopt;
  return context && context->get == device;
}

/// What asks for a device, or makes it current, fails if there is none. One
/// that has been current is there, and so is the first.
void Executor::mustExist(Value device, Expr *ordinal, Operation *op) {
  if (wasCurrent(device) || ordinal->kind == Kind::State ||
      (ordinal->isConst() && !ordinal->value))
    return;
  addPartial(
      exprs.get(Kind::Op, ctx.keys.intern("a device exists"), {}, {ordinal}),
      op);
}

/// Whether it matters to `op` which device is current.
static bool isDeviceWork(Semantics &sem, Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() ||
      isa<tensor::DimOp, memref::DimOp>(op) || sem.isUndefined(op))
    return false;
  // What a device can do is the same whichever is current.
  std::optional<DeviceContext> context = sem.deviceContext(op);
  bool isQuestion = context && context->query && !context->set && !context->get;
  auto onDevice = [&](Type type) {
    return isDeviceType(type) ||
           (isa<OpaqueType>(type) && sem.isTensorLike(type));
  };
  return sem.kind(op) == OpKind::Barrier || sem.kind(op) == OpKind::Call ||
         llvm::any_of(op->getOperandTypes(), onDevice) ||
         (!isQuestion && llvm::any_of(op->getResultTypes(), onDevice));
}

/// `made`, the work of `op`, under the current device.
Expr *Executor::onDevice(Operation *op, Expr *made) {
  if (!state.device || !isDeviceWork(sem, op))
    return made;
  Expr *current = resolve(state.device);
  if (current->kind == Kind::State && current->key == DeviceStart)
    return made;
  Expr *e = make(op, Kind::On, 0, made->type, {made, current});
  e->onCpu = made->onCpu;
  e->holdsMemory = made->holdsMemory;
  e->base = made->base;
  return e;
}

/// Unknown code may have made any device current.
void Executor::forgetDevice(Expr *barrier) {
  if (state.device)
    state.device =
        exprs.get(Kind::State, DeviceForgotten, state.device->type, {barrier});
}

/// Whether `function`, or what it calls, may: unknown code counts.
bool Executor::mayChangeDevice(func::FuncOp function) {
  llvm::SetVector<Operation *> reached;
  reached.insert(function);
  for (unsigned i = 0; i < reached.size(); ++i)
    if (reached[i]
            ->walk([&](Operation *op) {
              if (std::optional<DeviceContext> context = sem.deviceContext(op))
                return context->set ? WalkResult::interrupt()
                                    : WalkResult::advance();
              if (auto c = dyn_cast<func::CallOp>(op)) {
                auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(
                    op, c.getCalleeAttr());
                if (!callee || callee.isDeclaration())
                  return WalkResult::interrupt();
                reached.insert(callee);
                return WalkResult::advance();
              }
              OpKind kind = sem.kind(op);
              return op != reached[i] &&
                             (kind == OpKind::Barrier || kind == OpKind::Call)
                         ? WalkResult::interrupt()
                         : WalkResult::advance();
            })
            .wasInterrupted())
      return true;
  return false;
}

void Executor::setDevice(Value device, Operation *op, Expr *status) {
  ++counts.setDevices;
  Expr *ordinal = ordinalOf(device);
  if (!status || ordinal->kind == Kind::State) {
    mustExist(device, ordinal, op);
    state.device = ordinal;
    return;
  }
  Expr *good = exprs.compare(Expr::Eq, IntegerType::get(op->getContext(), 1),
                             status, exprs.constant(status->type, 0));
  Expr *before = state.device;
  // The same once more fails again.
  if (before->kind == Kind::Gamma && before->kids[0] == good &&
      before->kids[1] == ordinal)
    return;
  state.device = exprs.gamma(good, ordinal, before);
}

bool Executor::withDevice(Operation *op) {
  auto with = cast<WithDeviceOp>(op);
  Expr *before = state.device;
  if (!value(with.getDevice()))
    return fail(op, "operand that is not known here");
  setDevice(with.getDevice(), op, nullptr);
  Exprs values;
  if (!region(op, with.getBody(), values))
    return false;
  ++counts.setDevices;
  state.device = before;
  for (auto [result, e] : llvm::zip(op->getResults(), values))
    set(result, e);
  return true;
}

/// A question to a device.
bool Executor::answer(Operation *op) {
  auto query = cast<DeviceCapabilityOp>(op);
  Expr *ordinal = ordinalOf(query.getDevice());
  if (!ordinal)
    return fail(op, "operand that is not known here");
  if (auto known = capabilityOf(ctx.chip, query.getName())) {
    set(query.getResult(), exprs.constant(query.getType(), *known));
    return true;
  }
  ++counts.queries;
  mustExist(query.getDevice(), ordinal, op);
  set(query.getResult(),
      make(op, Kind::Op, ctx.keys.get(op).key, query.getType(), {ordinal}));
  return true;
}

std::optional<bool> Executor::device(Operation *op) {
  if (isa<WithDeviceOp>(op))
    return withDevice(op);
  if (isa<DeviceCapabilityOp>(op))
    return answer(op);
  std::optional<DeviceContext> context = sem.deviceContext(op);
  if (!context)
    return std::nullopt;
  counts.queries += bool(context->query);
  Expr *before = state.device;
  Exprs operands;
  for (Value operand : op->getOperands()) {
    Expr *e = value(operand);
    if (!e)
      return fail(op, "operand that is not known here");
    operands.push_back(contents(e));
  }
  if (!context->set && !context->get) {
    if (!isa<func::CallOp>(op))
      return generic(op);
    bool good = barrier(op, operands, ctx.keys.get(op).key);
    state.device = before; // all but that may have changed
    return good;
  }
  // What it gives depends on the operands alone.
  for (OpResult result : op->getResults())
    set(result, exprs.get(Kind::Op,
                          ctx.keys.intern({uint64_t(-12), ctx.keys.get(op).key,
                                           result.getResultNumber()}),
                          result.getType(), operands));
  if (context->get) {
    Type type = context->get.getType();
    set(context->get,
        type == before->type
            ? before
            : exprs.get(Kind::Op, ctx.keys.intern(kAs), type, {before}));
  }
  if (context->set)
    setDevice(context->set, op,
              context->status ? value(context->status) : nullptr);
  return true;
}

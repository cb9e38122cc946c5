//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Interfaces/OpModels.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace capstan;

bool capstan::holdsHostCode(Operation *op) {
  if (isa<ModuleOp, scf::IfOp, scf::ForOp, scf::WhileOp, scf::IndexSwitchOp,
          scf::ExecuteRegionOp, WithDeviceOp>(op))
    return true;
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    return op->getName().getDialectNamespace() == "func";
  if (auto forall = dyn_cast<scf::ForallOp>(op))
    return !forall.getMapping();
  if (op->isRegistered())
    return false;
  // Foreign: only what a model calls control flow.
  const OpModels *models = OpModels::get(op->getContext());
  const ForeignOpModel *model = models ? models->lookup(op) : nullptr;
  return model &&
         (model->kind == OpKind::Loop || model->kind == OpKind::Branch);
}

bool capstan::isHostCode(Operation *op) {
  for (op = op->getParentOp(); op && !isa<FunctionOpInterface>(op);
       op = op->getParentOp())
    if (!holdsHostCode(op))
      return false;
  return true;
}

void capstan::walkHostCode(Operation *root,
                           llvm::function_ref<void(Operation *)> fn) {
  // An explicit stack: nesting is as deep as the input makes it.
  SmallVector<std::pair<Block *, Block::iterator>> stack;
  bool inFunction = isa<FunctionOpInterface>(root);
  auto push = [&](Operation *op) {
    if (op->getNumRegions() == 0 || !holdsHostCode(op))
      return;
    // Functions of a module nested in a function run by themselves.
    if (inFunction && op != root &&
        op->hasTrait<OpTrait::IsIsolatedFromAbove>())
      return;
    for (Region &region : llvm::reverse(op->getRegions()))
      for (Block &block : llvm::reverse(region))
        stack.push_back({&block, block.begin()});
  };
  push(root);
  while (!stack.empty()) {
    auto &[block, it] = stack.back();
    if (it == block->end()) {
      stack.pop_back();
      continue;
    }
    Operation *op = &*it++;
    fn(op);
    push(op);
  }
}

/// The elements are known on the host without reading the device.
static bool isHostKnown(Value source) {
  return isHostType(source.getType()) || matchPattern(source, m_Constant()) ||
         source.getDefiningOp<tensor::FromElementsOp>();
}

bool capstan::isUnraisedSync(Operation *op) {
  return isa<tensor::ExtractOp, memref::LoadOp>(op) &&
         !isa<BaseMemRefType>(op->getResult(0).getType()) &&
         !isHostKnown(op->getOperand(0));
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Short text for what a sync reads, such as "max(lens).int". Syncs of repeated
// layers get the same text.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Report/Report.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::report;

static constexpr unsigned kMaxDepth = 4;
static constexpr size_t kMaxLength = 96;

/// The SSA name that the text has at an argument's place, without `%`.
static StringRef nameInSource(Location loc, const llvm::SourceMgr &source) {
  auto place = dyn_cast<FileLineColLoc>(loc);
  if (!place || !source.getNumBuffers() || !place.getLine())
    return {};
  unsigned main = source.getMainFileID();
  if (place.getFilename() !=
      source.getMemoryBuffer(main)->getBufferIdentifier())
    return {};
  llvm::SMLoc at =
      const_cast<llvm::SourceMgr &>(source).FindLocForLineAndColumn(
          main, place.getLine(), place.getColumn());
  if (!at.isValid())
    return {};
  const char *end = source.getMemoryBuffer(main)->getBufferEnd();
  StringRef text(at.getPointer(), end - at.getPointer());
  if (!text.consume_front("%"))
    return {};
  return text.take_while(
      [](char c) { return llvm::isAlnum(c) || StringRef("_$.-").contains(c); });
}

static std::string argumentName(BlockArgument arg,
                                const llvm::SourceMgr &source) {
  bool ofFunction = arg.getOwner()->isEntryBlock() &&
                    isa<FunctionOpInterface>(arg.getOwner()->getParentOp());
  if (auto name = dyn_cast<NameLoc>(arg.getLoc()))
    return name.getName().str();
  if (StringRef name = nameInSource(arg.getLoc(), source); !name.empty())
    return name.str();
  return (ofFunction ? "arg" : "carried") + std::to_string(arg.getArgNumber());
}

/// "torch.aten.slice.Tensor" is "slice"; a reduction is what it combines with.
static StringRef shortName(Operation *op) {
  if (!op->isRegistered())
    if (auto custom = op->getAttrOfType<StringAttr>("name"))
      return custom.getValue().rsplit('.').second.empty()
                 ? custom.getValue()
                 : custom.getValue().rsplit('.').second;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
    if (linalg.getNumReductionLoops())
      for (Operation &inner : llvm::reverse(*linalg.getBlock()))
        if (!inner.hasTrait<OpTrait::IsTerminator>())
          return inner.getName().stripDialect();
  StringRef name = op->getName().stripDialect();
  for (StringRef prefix : {"aten.", "prims.", "prim."})
    if (name.consume_front(prefix))
      break;
  return name.split('.').first;
}

static void describe(Value value, unsigned depth, Semantics &semantics,
                     const llvm::SourceMgr &source, std::string &text);

/// Constants say which element is read, or what is compared with; elsewhere
/// they are sizes, dimensions and types that make the text long.
static bool showsConstant(StringRef name, unsigned operand) {
  if (name.contains("slice") || name == "select" ||
      name.starts_with("unbind") || name.starts_with("index"))
    return true;
  return operand == 1 && llvm::is_contained({"eq", "ne", "lt", "le", "gt", "ge",
                                             "add", "sub", "mul", "div"},
                                            name);
}

/// Constants, and lists of nothing else.
static bool isConstant(Value value, Semantics &semantics) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return false;
  if (semantics.kind(def) == OpKind::Constant || semantics.constant(value))
    return true;
  return shortName(def) == "ListConstruct" &&
         llvm::all_of(def->getOperands(), [&](Value element) {
           Operation *inner = element.getDefiningOp();
           return inner && semantics.kind(inner) == OpKind::Constant;
         });
}

/// Appends the operands worth showing, with commas; false if there are none.
static bool describeOperands(Operation *op, ValueRange operands, unsigned depth,
                             Semantics &semantics,
                             const llvm::SourceMgr &source, bool constants,
                             std::string &text) {
  bool any = false;
  StringRef name = shortName(op);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (text.size() > kMaxLength) {
      text += any ? ", .." : "..";
      return true;
    }
    Operation *def = operand.getDefiningOp();
    if (def && semantics.isUndefined(def))
      continue;
    if (isConstant(operand, semantics) &&
        !(semantics.constant(operand) && (constants || showsConstant(name, i))))
      continue;
    if (any)
      text += ", ";
    any = true;
    describe(operand, depth, semantics, source, text);
  }
  return any;
}

static void describe(Value value, unsigned depth, Semantics &semantics,
                     const llvm::SourceMgr &source, std::string &text) {
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    text += argumentName(arg, source);
    return;
  }
  Operation *op = value.getDefiningOp();
  if (std::optional<int64_t> constant = semantics.constant(value)) {
    text += *constant == std::numeric_limits<int64_t>::max()
                ? "end"
                : std::to_string(*constant);
    return;
  }
  StringRef name = shortName(op);
  bool isList = name == "ListConstruct";
  if (!isList)
    text += name;
  size_t start = text.size();
  text += isList ? "[" : "(";
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  ValueRange operands = op->getOperands();
  if (linalg)
    operands = operands.take_front(linalg.getNumDpsInputs());
  bool any = true;
  if (depth == 0 || text.size() > kMaxLength ||
      (op->getNumRegions() && !linalg))
    text += "..";
  else
    any = describeOperands(op, operands, depth - 1, semantics, source, isList,
                           text);
  text += isList ? "]" : ")";
  if (!any && !isList)
    text.resize(start);
}

std::string report::describe(Operation *op, StringRef kind,
                             Semantics &semantics,
                             const llvm::SourceMgr &source) {
  std::string text;
  // A wait reads what its start reads.
  if (auto wait = dyn_cast<FetchWaitOp>(op))
    if (Operation *start = wait.getFuture().getDefiningOp())
      op = start;
  bool packed = isa<FetchOp, FetchStartOp>(op);
  ValueRange operands = op->getOperands();
  if (std::optional<SyncInfo> info = semantics.syncInfo(op))
    if (!packed && info->sources.size() == 1)
      operands = operands.slice(info->sources.front()->getOperandNumber(), 1);
  if (packed)
    text = "fetch of " + std::to_string(operands.size()) + ": ";
  describeOperands(op, operands.take_front(packed ? operands.size() : 1),
                   kMaxDepth, semantics, source, /*constants=*/true, text);
  if (isa<ItemOp, tensor::ExtractOp, memref::LoadOp>(op) &&
      op->getNumOperands() > 1) {
    text += "[";
    describeOperands(op, op->getOperands().drop_front(), 1, semantics, source,
                     /*constants=*/true, text);
    text += "]";
  }
  return packed ? text : text + "." + kind.str();
}

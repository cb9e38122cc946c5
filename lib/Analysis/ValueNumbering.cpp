//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/ValueNumbering.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/Slice.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/RegionGraphTraits.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/PostOrderIterator.h"

using namespace mlir;
using namespace capstan;

ValueNumbering::ValueNumbering(Semantics &semantics, Operation *function,
                               ArrayRef<Operation *> roots)
    : semantics(semantics), classes(semantics, function) {
  markRelevant(roots);
  State state;
  for (Region &region : function->getRegions())
    visitRegion(region, state);
}

void ValueNumbering::markRelevant(ArrayRef<Operation *> roots) {
  SmallVector<Operation *> worklist(roots);
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    if (!relevant.insert(op).second)
      continue;
    for (Value value : sliceInputs(op))
      if (Operation *def = value.getDefiningOp())
        worklist.push_back(def);
  }
}

ValueNumbering::Number ValueNumbering::operator[](Value value) {
  auto [it, inserted] = numbers.try_emplace(value, nextNumber);
  if (inserted)
    ++nextNumber;
  return it->second;
}

void ValueNumbering::setEqual(Value value, Value known) {
  Number number = (*this)[known];
  numbers[value] = number;
}

void ValueNumbering::forget(Operation *op) {
  op->walk([&](Operation *nested) {
    for (Value result : nested->getResults()) {
      numbers.erase(result);
      shapes.erase(result);
    }
    leaders.erase(nested);
    readVersions.erase(nested);
  });
}

Operation *ValueNumbering::leader(Operation *op) {
  auto it = leaders.find(op);
  return it == leaders.end() ? op : it->second;
}

bool ValueNumbering::readsEntryMemory(Operation *op) const {
  auto it = readVersions.find(op);
  return it == readVersions.end() ||
         llvm::all_of(it->second, [](auto entry) { return entry.second == 0; });
}

ValueNumbering::Number ValueNumbering::operandNumber(OpOperand &operand) {
  if (semantics.readsShapeOnly(operand)) {
    auto it = shapes.find(operand.get());
    if (it != shapes.end())
      return it->second;
  }
  return (*this)[operand.get()];
}

//===----------------------------------------------------------------------===//
// Equal operations
//===----------------------------------------------------------------------===//

/// Capstan's own annotations say nothing about the value.
static bool isSignificant(NamedAttribute attr) {
  return !attr.getName().strref().starts_with("capstan.");
}

static bool equalAttributes(Operation *a, Operation *b) {
  if (!a->getName().compareOpProperties(a->getPropertiesStorage(),
                                        b->getPropertiesStorage()))
    return false;
  if (a->getDiscardableAttrDictionary() == b->getDiscardableAttrDictionary())
    return true;
  auto significant = [](Operation *op) {
    NamedAttrList list;
    for (NamedAttribute attr : op->getDiscardableAttrs())
      if (isSignificant(attr))
        list.push_back(attr);
    return list.getDictionary(op->getContext());
  };
  return significant(a) == significant(b);
}

unsigned ValueNumbering::hash(Operation *op) {
  llvm::hash_code h = llvm::hash_combine(
      op->getName().getAsOpaquePointer(), op->hashProperties(),
      op->getNumResults() ? op->getResult(0).getType().getAsOpaquePointer()
                          : nullptr);
  for (NamedAttribute attr : op->getDiscardableAttrs())
    if (isSignificant(attr))
      h = llvm::hash_combine(h, attr.getName().getAsOpaquePointer(),
                             attr.getValue().getAsOpaquePointer());
  for (OpOperand &operand : op->getOpOperands())
    h = llvm::hash_combine(h, operandNumber(operand));
  auto it = readVersions.find(op);
  if (it != readVersions.end())
    for (auto [id, version] : it->second)
      h = llvm::hash_combine(h, id, version);
  // The names of the ops and what they capture tell most bodies apart.
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &nested : block) {
        h = llvm::hash_combine(h, nested.getName().getAsOpaquePointer());
        for (Value value : nested.getOperands())
          if (!op->isAncestor(value.getParentRegion()->getParentOp()))
            h = llvm::hash_combine(h, (*this)[value]);
      }
  return static_cast<unsigned>(size_t(h));
}

bool ValueNumbering::equal(Operation *a, Operation *b) {
  if (a->getName() != b->getName() ||
      a->getNumOperands() != b->getNumOperands() ||
      a->getNumRegions() != b->getNumRegions() ||
      a->getResultTypes() != b->getResultTypes() || !equalAttributes(a, b))
    return false;
  for (auto [x, y] : llvm::zip(a->getOpOperands(), b->getOpOperands()))
    if (operandNumber(x) != operandNumber(y))
      return false;
  auto versionsOf = [&](Operation *op) {
    auto it = readVersions.find(op);
    return it == readVersions.end()
               ? ArrayRef<std::pair<MemoryClass, Version>>()
               : ArrayRef<std::pair<MemoryClass, Version>>(it->second);
  };
  if (versionsOf(a) != versionsOf(b))
    return false;
  if (a->getNumRegions() == 0)
    return true;
  // Regions up to renaming of what they define; captures by number.
  llvm::DenseMap<Value, Value> renamed;
  auto check = [&](Value x, Value y) -> LogicalResult {
    auto it = renamed.find(x);
    if (it != renamed.end())
      return success(it->second == y);
    return success(x == y || (*this)[x] == (*this)[y]);
  };
  auto mark = [&](Value x, Value y) { renamed[x] = y; };
  for (auto [x, y] : llvm::zip(a->getRegions(), b->getRegions()))
    if (!OperationEquivalence::isRegionEquivalentTo(
            &x, &y, check, mark, OperationEquivalence::IgnoreLocations))
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Walk in program order
//===----------------------------------------------------------------------===//

void ValueNumbering::clobber(const MemoryClasses::Set &set, State &state) {
  for (MemoryClass id : set)
    state[id] = nextVersion++;
}

void ValueNumbering::visitRegion(Region &region, State &state) {
  if (region.empty())
    return;
  if (region.hasOneBlock())
    return visitBlock(region.front(), state);
  // A graph: a block with one predecessor continues it, any other block starts
  // with new versions of all that the region writes.
  MemoryClasses::Set written;
  for (Block &block : region)
    for (Operation &op : block) {
      const MemoryClasses::Set &set = classes.written(&op);
      written.insert(set.begin(), set.end());
    }
  State entry = state;
  DenseMap<Block *, State> exits;
  for (Block *block : llvm::ReversePostOrderTraversal<Region *>(&region)) {
    State current = entry;
    Block *pred = block->getUniquePredecessor();
    if (pred && exits.count(pred))
      current = exits[pred];
    else if (!block->isEntryBlock() || !block->hasNoPredecessors())
      clobber(written, current);
    visitBlock(*block, current);
    exits[block] = current;
  }
  clobber(written, state);
}

void ValueNumbering::visitBlock(Block &block, State &state) {
  for (Operation &op : block)
    visitOp(&op, state);
}

void ValueNumbering::numberUniquely(Operation *op) {
  for (Value result : op->getResults())
    (void)(*this)[result];
}

void ValueNumbering::visitOp(Operation *op, State &state) {
  const MemoryClasses::Set &written = classes.written(op);
  bool hostRegions = op->getNumRegions() != 0 && holdsHostCode(op);
  if (!hostRegions && !relevant.contains(op))
    return clobber(written, state);
  bool movable = semantics.isMovable(op);
  if (hostRegions && !movable) {
    bool isBranch = semantics.kind(op) == OpKind::Branch;
    // Anything but a branch may run its regions again.
    if (!isBranch)
      clobber(written, state);
    for (Region &region : op->getRegions()) {
      State inner = state;
      visitRegion(region, inner);
    }
    clobber(written, state);
    return numberUniquely(op);
  }
  MemoryClasses::Set reads = classes.read(op);
  // Checks change no value.
  reads.erase(kChecks);
  if (!reads.empty()) {
    auto &versions = readVersions[op];
    for (MemoryClass id : reads)
      versions.push_back({id, state.lookup(id)});
    llvm::sort(versions);
  }
  if (semantics.kind(op) == OpKind::HostSync)
    movable = semantics.isDeterministic(op);
  if (op->getNumRegions() != 0 && movable)
    movable = !looksAtUndefined(semantics, op);
  bool undefined = semantics.isUndefined(op);
  // The identity of storage that is written matters; a `tensor.empty` nested in
  // the op could be read.
  for (Value result : op->getResults())
    if (classes.identityMatters(cast<OpResult>(result)))
      movable = false;
  clobber(written, state);
  if ((!movable && !undefined) || semantics.isRandom(op) || !written.empty() ||
      op->getNumResults() == 0)
    return numberUniquely(op);
  auto &bucket = table[hash(op)];
  for (Operation *other : bucket) {
    if (!equal(other, op))
      continue;
    if (undefined) {
      // Equal shapes, unequal contents.
      numberUniquely(op);
      for (auto [result, known] :
           llvm::zip(op->getResults(), other->getResults()))
        shapes[result] = shapes[known];
      return;
    }
    for (auto [result, known] :
         llvm::zip(op->getResults(), other->getResults()))
      setEqual(result, known);
    leaders[op] = other;
    return;
  }
  bucket.push_back(op);
  numberUniquely(op);
  if (undefined)
    for (Value result : op->getResults())
      shapes[result] = nextNumber++;
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Keys.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;
using namespace capstan::verify;

/// Deeper nesting in one operation can't be hashed by recursion.
static constexpr unsigned kMaxDepth = 4000;
/// Call graphs with cycles may need more than linear work.
static constexpr unsigned kMaxSymbolWork = 1u << 20;

size_t Interner::Hash::operator()(const std::vector<uint64_t> &words) const {
  return llvm::hash_combine_range(words.begin(), words.end());
}

unsigned Interner::get(const std::vector<uint64_t> &words) {
  return ids.try_emplace(words, ids.size() + 1).first->second;
}

unsigned KeyTable::intern(StringRef text) {
  std::vector<uint64_t> words{uint64_t(-2)};
  words.insert(words.end(), text.begin(), text.end());
  return interner.get(words);
}

static uint64_t word(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

/// Each symbol that `attrs` names stands for what it is in this module.
void KeyTable::references(Operation *op, DictionaryAttr attrs, Words &words) {
  auto [it, inserted] = referenced.try_emplace(attrs);
  if (inserted) {
    SmallVector<SymbolRefAttr, 0> found;
    attrs.walk<WalkOrder::PreOrder>([&](SymbolRefAttr ref) {
      found.push_back(ref);
      return WalkResult::skip();
    });
    it = referenced.find(attrs);
    it->second = std::move(found);
  }
  SmallVector<SymbolRefAttr, 0> refs = it->second;
  for (SymbolRefAttr ref : refs) {
    Operation *target = symbols.lookupNearestSymbolFrom(op, ref);
    words.push_back(target ? symbol(target) : 0);
  }
}

void KeyTable::discardable(Operation *op, Words &words) {
  DictionaryAttr attrs = op->getDiscardableAttrDictionary();
  if (llvm::any_of(attrs, [](NamedAttribute a) {
        return a.getName().getValue().starts_with("capstan.");
      })) {
    SmallVector<NamedAttribute> kept;
    for (NamedAttribute a : attrs)
      if (!a.getName().getValue().starts_with("capstan."))
        kept.push_back(a);
    attrs = DictionaryAttr::get(op->getContext(), kept);
  }
  words.push_back(word(attrs.getAsOpaquePointer()));
  references(op, attrs, words);
}

void KeyTable::attributes(Operation *op, Words &words) {
  words.push_back(word(op->getName().getAsOpaquePointer()));
  Attribute properties = op->getPropertiesAsAttribute();
  words.push_back(word(properties.getAsOpaquePointer()));
  if (auto dict = dyn_cast_if_present<DictionaryAttr>(properties))
    references(op, dict, words);
  discardable(op, words);
}

void KeyTable::region(Region &body, Words &words, Numbering &numbers,
                      unsigned depth) {
  if (depth > kMaxDepth) {
    tooDeep = body.getParentOp();
    return;
  }
  words.push_back(uint64_t(-3));
  DenseMap<Block *, unsigned> blocks;
  for (Block &block : body) {
    blocks[&block] = blocks.size();
    auto number = [&](Value value) {
      if (!numbers.standsFor(value))
        numbers.local[value] = numbers.next++;
    };
    llvm::for_each(block.getArguments(), number);
    // Uses before definitions, in graph regions and between blocks.
    for (Operation &op : block)
      llvm::for_each(op.getResults(), number);
  }
  for (Block &block : body) {
    words.push_back(uint64_t(-4));
    for (BlockArgument arg : block.getArguments())
      if (!numbers.standsFor(arg))
        words.push_back(word(arg.getType().getAsOpaquePointer()));
    for (Operation &op : block) {
      if (op.getNumResults() && numbers.standsFor(op.getResult(0)))
        continue;
      words.push_back(uint64_t(-5));
      attributes(&op, words);
      words.push_back(op.getNumOperands());
      for (Value operand : op.getOperands()) {
        auto it = numbers.local.find(operand);
        if (it != numbers.local.end()) {
          words.push_back(it->second * 2);
          continue;
        }
        if (Value other = numbers.standsFor(operand))
          operand = other;
        numbers.captures.insert(operand);
        auto *at = llvm::find(numbers.captures, operand);
        words.push_back((at - numbers.captures.begin()) * 2 + 1);
        words.push_back(word(operand.getType().getAsOpaquePointer()));
      }
      words.push_back(op.getNumResults());
      for (Type type : op.getResultTypes())
        words.push_back(word(type.getAsOpaquePointer()));
      for (Block *successor : op.getSuccessors())
        words.push_back(blocks.lookup(successor));
      words.push_back(op.getNumRegions());
      for (Region &nested : op.getRegions())
        region(nested, words, numbers, depth + 1);
    }
  }
}

const KeyTable::OpKey &KeyTable::get(Operation *op) {
  auto it = full.find(op);
  if (it != full.end())
    return it->second;
  Words words;
  attributes(op, words);
  for (Type type : op->getResultTypes())
    words.push_back(word(type.getAsOpaquePointer()));
  OpKey key;
  if (op->getNumRegions()) {
    Numbering numbers;
    for (Region &r : op->getRegions())
      region(r, words, numbers, 0);
    key.captures.assign(numbers.captures.begin(), numbers.captures.end());
  }
  key.key = interner.get(words);
  return full[op] = std::move(key);
}

KeyTable::OpKey KeyTable::kernel(Operation *op, Words words,
                                 const DenseMap<Value, Value> &known) {
  discardable(op, words);
  Numbering numbers;
  numbers.known = &known;
  region(op->getRegion(0), words, numbers, 0);
  OpKey key;
  key.key = interner.get(words);
  key.captures.assign(numbers.captures.begin(), numbers.captures.end());
  return key;
}

unsigned KeyTable::shallow(Operation *op) {
  unsigned &key = shallowKeys[op];
  if (!key) {
    Words words;
    attributes(op, words);
    words.push_back(uint64_t(-6));
    key = interner.get(words);
    // `attributes` may have grown the map.
    return shallowKeys[op] = key;
  }
  return key;
}

unsigned KeyTable::symbol(Operation *op) {
  auto it = symbolKeys.find(op);
  if (it != symbolKeys.end())
    return it->second;
  // A symbol that is open: its distance in the stack says which.
  auto *at = llvm::find(open, op);
  if (at != open.end()) {
    lowest = std::min<unsigned>(lowest, at - open.begin());
    return interner.get({uint64_t(-7), uint64_t(open.end() - at)});
  }
  if (open.size() > kMaxDepth || ++symbolWork > kMaxSymbolWork) {
    tooDeep = op;
    return 0;
  }
  unsigned outer = lowest, self = open.size();
  lowest = self;
  open.push_back(op);
  Words words{uint64_t(-8)};
  attributes(op, words);
  Numbering numbers;
  for (Region &r : op->getRegions())
    region(r, words, numbers, 0);
  open.pop_back();
  unsigned key = interner.get(words);
  // Inside a cycle the key depends on where it was entered.
  if (lowest >= self)
    symbolKeys[op] = key;
  lowest = std::min(outer, lowest);
  return key;
}

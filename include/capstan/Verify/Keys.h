//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Keys of operations: equal keys mean the same operation, apart from operands,
// locations and `capstan.*` annotations. Regions count by structure, up to the
// names of values; symbols by the structure of what they name.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_VERIFY_KEYS_H
#define CAPSTAN_VERIFY_KEYS_H

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"
#include <unordered_map>
#include <vector>

namespace capstan::verify {

/// Interns vectors of words.
class Interner {
public:
  unsigned get(const std::vector<uint64_t> &words);

private:
  struct Hash {
    size_t operator()(const std::vector<uint64_t> &words) const;
  };
  std::unordered_map<std::vector<uint64_t>, unsigned, Hash> ids;
};

class KeyTable {
public:
  /// What is known about an operation with its regions.
  struct OpKey {
    unsigned key = 0;
    /// Values from above that the regions use, each once.
    llvm::SmallVector<mlir::Value, 0> captures;
  };

  const OpKey &get(mlir::Operation *op);
  /// The body of a kernel whose loops and operands are `words`. What `known`
  /// has counts by the value that stands for it, whatever computes it.
  OpKey kernel(mlir::Operation *op, std::vector<uint64_t> words,
               const llvm::DenseMap<mlir::Value, mlir::Value> &known);
  /// Name and attributes only: of a loop, whatever it carries.
  unsigned shallow(mlir::Operation *op);
  /// The structure of a symbol with all that it refers to.
  unsigned symbol(mlir::Operation *symbolOp);
  unsigned intern(const std::vector<uint64_t> &words) {
    return interner.get(words);
  }
  unsigned intern(llvm::StringRef text);

  /// Nesting too deep to hash, if any.
  mlir::Operation *tooDeep = nullptr;

private:
  using Words = std::vector<uint64_t>;
  struct Numbering {
    llvm::DenseMap<mlir::Value, unsigned> local;
    llvm::SmallSetVector<mlir::Value, 8> captures;
    unsigned next = 0;
    const llvm::DenseMap<mlir::Value, mlir::Value> *known = nullptr;

    mlir::Value standsFor(mlir::Value value) const {
      return known ? known->lookup(value) : mlir::Value();
    }
  };
  void discardable(mlir::Operation *op, Words &words);
  void attributes(mlir::Operation *op, Words &words);
  void region(mlir::Region &region, Words &words, Numbering &numbers,
              unsigned depth);
  void references(mlir::Operation *op, mlir::DictionaryAttr attrs,
                  Words &words);

  Interner interner;
  mlir::SymbolTableCollection symbols;
  llvm::DenseMap<mlir::Operation *, OpKey> full;
  llvm::DenseMap<mlir::Operation *, unsigned> shallowKeys;
  llvm::DenseMap<mlir::Operation *, unsigned> symbolKeys;
  /// The symbols that an attribute refers to.
  llvm::DenseMap<mlir::Attribute, llvm::SmallVector<mlir::SymbolRefAttr, 0>>
      referenced;
  /// The symbols being hashed, so that recursion ends.
  llvm::SmallVector<mlir::Operation *> open;
  /// The lowest open symbol met since the innermost was opened.
  unsigned lowest = ~0u;
  unsigned symbolWork = 0;
};

} // namespace capstan::verify

#endif // CAPSTAN_VERIFY_KEYS_H

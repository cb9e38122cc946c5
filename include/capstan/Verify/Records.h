//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What an execution records: the guards under which things happen, and the
// checks, effects, transfers and bounds that happen.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_VERIFY_RECORDS_H
#define CAPSTAN_VERIFY_RECORDS_H

#include "capstan/Verify/Expr.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <deque>

namespace capstan::verify {

/// A conjunction of literals, sorted and unique. Interned: equal guards are the
/// same pointer.
struct Guard {
  llvm::SmallVector<Literal, 4> literals;

  bool has(Literal l) const;
  /// Whether this guard holds wherever `other` does.
  bool weakerThan(const Guard &other) const;
  /// Whether no path meets both.
  bool excludes(const Guard &other) const;
};

class GuardTable {
public:
  const Guard *get(llvm::ArrayRef<Literal> literals);
  const Guard *with(const Guard *guard, Literal l);

private:
  std::deque<Guard> storage;
  llvm::DenseMap<size_t, llvm::SmallVector<const Guard *, 1>> table;
};

/// A guard and when it was met: the number of checks executed before.
struct Occurrence {
  const Guard *guard;
  unsigned time;
};

/// Whether `guard` is covered by occurrences: on each of its paths at least one
/// happens. Gives the latest time of those needed, else nothing.
std::optional<unsigned> cover(GuardTable &guards, const Guard *guard,
                              llvm::ArrayRef<Occurrence> list);

struct CheckRecord {
  Literal condition;
  const Guard *guard;
  mlir::Operation *op;
  bool device;
  /// Holds because others do: the other module need not have it.
  bool implied = false;
};

struct EffectRecord {
  Expr *state;
  Occurrence at;
  mlir::Operation *op;
};

/// An operation that may fail.
struct PartialRecord {
  Expr *expr;
  Occurrence at;
  mlir::Operation *op;
};

/// One blocking transfer from the device.
struct TransferRecord {
  llvm::SmallVector<Expr *, 1> reads;
  const Guard *guard;
  /// The loops around it, outermost first.
  llvm::SmallVector<Expr *, 1> loops;
  mlir::Operation *op;
};

/// A bound operand in use.
struct BoundRecord {
  Expr *expr;
  unsigned operand;
  Expr *bound;
  /// The size that always suffices: dimension `dim` of something of this
  /// shape; null if the model names none.
  Expr *shape;
  int64_t dim;
  const Guard *guard;
  mlir::Operation *op;
};

struct Records {
  std::vector<CheckRecord> checks;
  std::vector<EffectRecord> effects;
  std::vector<PartialRecord> partials;
  std::vector<TransferRecord> transfers;
  std::vector<BoundRecord> bounds;
  /// What symbols of loops are on the next trip, and the conditions on which
  /// loops go on (null: the bounds decide).
  llvm::MapVector<Expr *, Expr *> next;
  llvm::DenseMap<Expr *, Expr *> stops;
  /// Where an equal thing has been recorded: indices, in order.
  llvm::DenseMap<std::pair<Expr *, unsigned>, llvm::SmallVector<unsigned, 1>>
      checksOf;
  llvm::DenseMap<Expr *, llvm::SmallVector<unsigned, 1>> partialsOf;

  struct Mark {
    size_t checks, effects, partials, transfers, bounds;
    bool operator==(const Mark &o) const {
      return checks == o.checks && effects == o.effects &&
             partials == o.partials && transfers == o.transfers &&
             bounds == o.bounds;
    }
  };
  Mark mark() const {
    return {checks.size(), effects.size(), partials.size(), transfers.size(),
            bounds.size()};
  }
  void rollback(const Mark &mark);
};

/// Executed syncs, on the path with most of them.
struct Counts {
  uint64_t transfers = 0, values = 0;
  /// Changes of the current device, and questions to devices.
  uint64_t setDevices = 0, queries = 0;

  /// Of two paths.
  void takeLarger(const Counts &other);
  /// `trips` times these, after `before`.
  void repeatAfter(const Counts &before, uint64_t trips);

  /// A loop of unknown trip count was counted once.
  bool atLeast = false;
};

} // namespace capstan::verify

#endif // CAPSTAN_VERIFY_RECORDS_H

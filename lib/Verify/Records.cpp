//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Records.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace capstan::verify;

bool Guard::has(Literal l) const {
  return std::binary_search(literals.begin(), literals.end(), l);
}

bool Guard::weakerThan(const Guard &other) const {
  return std::includes(other.literals.begin(), other.literals.end(),
                       literals.begin(), literals.end());
}

bool Guard::excludes(const Guard &other) const {
  const Guard &shorter =
      literals.size() <= other.literals.size() ? *this : other;
  const Guard &longer = &shorter == this ? other : *this;
  return llvm::any_of(shorter.literals,
                      [&](Literal l) { return longer.has(!l); });
}

const Guard *GuardTable::get(ArrayRef<Literal> literals) {
  Guard guard;
  guard.literals.assign(literals.begin(), literals.end());
  llvm::sort(guard.literals);
  guard.literals.erase(llvm::unique(guard.literals), guard.literals.end());
  size_t hash = 0;
  for (Literal l : guard.literals)
    hash = llvm::hash_combine(hash, l.expr, l.positive);
  hash &= ~size_t(0) >> 1;
  auto &bucket = table[hash];
  for (const Guard *g : bucket)
    if (g->literals == guard.literals)
      return g;
  storage.push_back(std::move(guard));
  bucket.push_back(&storage.back());
  return bucket.back();
}

const Guard *GuardTable::with(const Guard *guard, Literal l) {
  SmallVector<Literal, 8> literals(guard->literals.begin(),
                                   guard->literals.end());
  literals.push_back(l);
  return get(literals);
}

static std::optional<unsigned> coverFrom(GuardTable &guards, const Guard *guard,
                                         ArrayRef<Occurrence> list,
                                         unsigned &budget) {
  for (const Occurrence &o : list)
    if (o.guard->weakerThan(*guard))
      return o.time;
  // Split by a condition that some occurrence needs.
  for (const Occurrence &o : list) {
    if (budget == 0)
      return std::nullopt;
    if (o.guard->excludes(*guard))
      continue;
    const Literal *l = llvm::find_if(o.guard->literals,
                                     [&](Literal l) { return !guard->has(l); });
    --budget;
    auto yes = coverFrom(guards, guards.with(guard, *l), list, budget);
    if (!yes)
      return std::nullopt;
    auto no = coverFrom(guards, guards.with(guard, !*l), list, budget);
    if (!no)
      return std::nullopt;
    return std::max(*yes, *no);
  }
  return std::nullopt;
}

std::optional<unsigned> capstan::verify::cover(GuardTable &guards,
                                               const Guard *guard,
                                               ArrayRef<Occurrence> list) {
  unsigned budget = 256;
  return coverFrom(guards, guard, list, budget);
}

void Records::rollback(const Mark &mark) {
  for (size_t i = checks.size(); i > mark.checks; --i) {
    Literal l = checks[i - 1].condition;
    checksOf[{l.expr, l.positive}].pop_back();
  }
  for (size_t i = partials.size(); i > mark.partials; --i)
    partialsOf[partials[i - 1].expr].pop_back();
  checks.resize(mark.checks,
                CheckRecord{{nullptr, false}, nullptr, nullptr, false});
  effects.resize(mark.effects);
  partials.resize(mark.partials);
  transfers.resize(mark.transfers);
  bounds.resize(mark.bounds);
}

void Counts::takeLarger(const Counts &other) {
  transfers = std::max(transfers, other.transfers);
  values = std::max(values, other.values);
  setDevices = std::max(setDevices, other.setDevices);
  queries = std::max(queries, other.queries);
  atLeast |= other.atLeast;
}

void Counts::repeatAfter(const Counts &before, uint64_t trips) {
  auto repeat = [&](uint64_t &count, uint64_t first) {
    count = llvm::SaturatingMultiplyAdd(count, trips, first);
  };
  repeat(transfers, before.transfers);
  repeat(values, before.values);
  repeat(setDevices, before.setDevices);
  repeat(queries, before.queries);
  atLeast |= before.atLeast;
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Every transfer of AFTER is paid for by one of BEFORE that runs whenever it
// does, each used once on a path.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Compare.h"
#include <map>

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;

namespace {
/// Equal transfers, or what is left of them on some paths.
struct Piece {
  SmallVector<Expr *, 1> reads;
  const Guard *guard;
  SmallVector<Expr *, 1> loops;
  uint64_t count;
  const TransferRecord *record;
};

struct Matcher {
  GuardTable &guards;
  std::vector<Piece> pieces{};
  llvm::DenseMap<Expr *, SmallVector<unsigned, 1>> byRead{};
  unsigned budget = 1 << 16;

  void add(Piece piece) {
    for (Expr *read : piece.reads) {
      auto &list = byRead[read];
      if (list.empty() || list.back() != pieces.size())
        list.push_back(pieces.size());
    }
    pieces.push_back(std::move(piece));
  }
  bool place(const Piece &demand, const Guard *guard, uint64_t count);
};
} // namespace

/// Pays for `count` runs of `demand` on the paths of `guard`.
bool Matcher::place(const Piece &demand, const Guard *guard, uint64_t count) {
  while (count) {
    if (budget-- == 0)
      return false;
    // The most special transfer that runs whenever this one does.
    std::optional<unsigned> best, compatible;
    for (Expr *read : demand.reads)
      for (unsigned i : byRead.lookup(read)) {
        const Piece &p = pieces[i];
        if (!p.count || !llvm::all_of(demand.loops, [&](Expr *loop) {
              return llvm::is_contained(p.loops, loop);
            }))
          continue;
        if (!p.guard->weakerThan(*guard)) {
          if (!p.guard->excludes(*guard) && !compatible)
            compatible = i;
          continue;
        }
        auto better = [&](const Piece &q) {
          if (p.loops.size() != q.loops.size())
            return p.loops.size() < q.loops.size();
          return p.guard->literals.size() > q.guard->literals.size();
        };
        if (!best || better(pieces[*best]))
          best = i;
      }
    if (best) {
      uint64_t units = std::min(count, pieces[*best].count);
      pieces[*best].count -= units;
      count -= units;
      // What remains of it on other paths.
      Piece rest = pieces[*best];
      rest.count = units;
      const Guard *common = rest.guard;
      for (Literal l : guard->literals) {
        if (common->has(l))
          continue;
        rest.guard = guards.with(common, !l);
        add(rest);
        common = guards.with(common, l);
      }
      continue;
    }
    if (!compatible)
      return false;
    // Two kinds of paths, each paid for by another.
    const Guard *other = pieces[*compatible].guard;
    const Literal *l = llvm::find_if(other->literals,
                                     [&](Literal l) { return !guard->has(l); });
    return place(demand, guards.with(guard, *l), count) &&
           place(demand, guards.with(guard, !*l), count);
  }
  return true;
}

static std::vector<Piece> group(const std::vector<TransferRecord> &list) {
  std::vector<Piece> pieces;
  std::map<std::tuple<std::vector<Expr *>, const Guard *, std::vector<Expr *>>,
           unsigned>
      index;
  for (const TransferRecord &r : list) {
    std::vector<Expr *> reads(r.reads.begin(), r.reads.end());
    llvm::sort(reads, [](Expr *x, Expr *y) { return x->id < y->id; });
    reads.erase(llvm::unique(reads), reads.end());
    std::vector<Expr *> loops(r.loops.begin(), r.loops.end());
    auto [it, inserted] =
        index.try_emplace({reads, r.guard, loops}, pieces.size());
    if (inserted)
      pieces.push_back({{}, r.guard, r.loops, 0, &r});
    Piece &p = pieces[it->second];
    p.reads.assign(reads.begin(), reads.end());
    ++p.count;
  }
  return pieces;
}

bool Comparer::transfers() {
  Matcher matcher{ctx.guards};
  llvm::DenseMap<Expr *, SmallVector<Occurrence, 1>> readsBefore;
  for (Piece &p : group(b.records.transfers)) {
    for (Expr *read : p.reads)
      readsBefore[read].push_back({p.guard, 0});
    matcher.add(std::move(p));
  }
  std::vector<Piece> demands = group(a.records.transfers);
  // First those that fewest can pay for.
  llvm::stable_sort(demands, [](const Piece &x, const Piece &y) {
    if (x.guard->literals.size() != y.guard->literals.size())
      return x.guard->literals.size() < y.guard->literals.size();
    if (x.loops.size() != y.loops.size())
      return x.loops.size() > y.loops.size();
    return x.reads.size() < y.reads.size();
  });
  for (const Piece &d : demands)
    for (Expr *read : d.reads)
      if (!cover(ctx.guards, d.guard, readsBefore.lookup(read))) {
        reject("a value is read from the device where it was not", nullptr,
               d.record->op, d.guard);
        describe("value", nullptr, read);
        if (auto it = readsBefore.find(read); it == readsBefore.end())
          for (const TransferRecord &r : b.records.transfers)
            for (Expr *other : r.reads)
              if (!other->kids.empty() && !read->kids.empty() &&
                  other->kids[0] == read->kids[0]) {
                describe("similar before", r.op, other);
                return false;
              }
        return false;
      }
  for (const Piece &d : demands)
    if (!matcher.place(d, d.guard, d.count)) {
      reject(matcher.budget == ~0u
                 ? "can't prove that there are no more syncs: too many paths"
                 : "there are more syncs than before",
             nullptr, d.record->op, d.guard);
      for (Expr *read : d.reads)
        describe("value", nullptr, read);
      return false;
    }
  return true;
}

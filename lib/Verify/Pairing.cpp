//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which undefined contents, fresh storage and loops of AFTER are which of
// BEFORE: those that flow to the same place. Only proposes: any numbering that
// tells different ones apart is right, the comparison is made with it again.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Compare.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// Beyond so many tries the first pair that fits is taken.
static constexpr unsigned kMaxTries = 1 << 14;

namespace {
/// A hash of expressions that takes all executions for the same.
class Likeness {
public:
  uint64_t of(Expr *root);
  uint64_t of(const Guard *guard);
  /// Whether it is made of something that has a number.
  bool isNumbered(Expr *e) { return of(e), hashes.lookup(e).second; }

private:
  llvm::DenseMap<Expr *, std::pair<uint64_t, bool>> hashes;
};

class Pairing {
public:
  Pairing(Executor &before, Executor &after) : b(before), a(after) {}

  void visible();
  /// Something recorded, and where: on which path, in which loops.
  struct Thing {
    Expr *expr;
    const Guard *guard;
    ArrayRef<Expr *> loops = {};
  };
  /// Pairs what the things of two lists are made of.
  void match(ArrayRef<Thing> before, ArrayRef<Thing> after);
  Executor::Numbering numbering();

private:
  using Pair = std::pair<Expr *, Expr *>;
  bool walk(Expr *before, Expr *after);
  bool walkBoth(const Thing &x, const Thing &y, bool place, bool keep = false);
  bool isNumbered(const Thing &t);
  uint64_t placeOf(const Thing &t);
  SmallVector<Literal> ordered(const Guard *guard);

  Executor &b, &a;
  Likeness like;
  llvm::DenseMap<Expr *, Expr *> toAfter, toBefore;
  llvm::DenseSet<Pair> seen;
  /// What a walk added, to be taken back if it fails.
  SmallVector<Pair> paired, visited;
};
} // namespace

static bool isCommutative(Expr *e) {
  return e->kind == Kind::And || e->kind == Kind::Or ||
         (e->kind == Kind::Cmp && e->key == Expr::Eq);
}

uint64_t Likeness::of(Expr *root) {
  SmallVector<std::pair<Expr *, bool>> stack{{root, false}};
  while (!stack.empty()) {
    auto [e, expanded] = stack.pop_back_val();
    if (hashes.count(e))
      continue;
    if (!expanded) {
      stack.push_back({e, true});
      for (Expr *kid : e->kids)
        stack.push_back({kid, false});
      continue;
    }
    bool numbered = e->kind == Kind::Nth;
    SmallVector<uint64_t, 4> kids;
    for (Expr *kid : e->kids) {
      auto [hash, inside] = hashes.lookup(kid);
      kids.push_back(hash);
      numbered |= inside;
    }
    if (isCommutative(e))
      llvm::sort(kids);
    uint64_t hash =
        llvm::hash_combine(unsigned(e->kind), e->kind == Kind::Nth ? 0 : e->key,
                           e->type.getAsOpaquePointer(),
                           llvm::hash_combine_range(kids.begin(), kids.end()));
    hashes[e] = {hash, numbered};
  }
  return hashes.lookup(root).first;
}

uint64_t Likeness::of(const Guard *guard) {
  uint64_t sum = 0;
  for (Literal l : guard->literals)
    sum += llvm::hash_combine(of(l.expr), l.positive);
  return sum;
}

/// Pairs all that has a number in `x` with what stands in its place in `y`;
/// false where one is paired with another, or the two are not alike.
bool Pairing::walk(Expr *x, Expr *y) {
  SmallVector<Pair> stack{{x, y}};
  bool good = true;
  while (!stack.empty()) {
    auto [x, y] = stack.pop_back_val();
    if (!x || !y || (x == y && !like.isNumbered(x)) ||
        !seen.insert({x, y}).second)
      continue;
    visited.push_back({x, y});
    if (x->kind != y->kind || x->kids.size() != y->kids.size() ||
        x->type != y->type || (x->kind != Kind::Nth && x->key != y->key)) {
      good = false;
      continue;
    }
    if (x->kind == Kind::Nth) {
      Expr *&after = toAfter[x], *&before = toBefore[y];
      if (!after && !before && like.of(x) == like.of(y)) {
        after = y;
        before = x;
        paired.push_back({x, y});
      } else if (after != y) {
        good = false;
        continue;
      }
    }
    bool crossed =
        isCommutative(x) && like.of(x->kids[0]) != like.of(y->kids[0]);
    for (unsigned i = 0, e = x->kids.size(); i < e; ++i)
      stack.push_back({x->kids[i], y->kids[crossed ? 1 - i : i]});
    if (x->kind == Kind::Symbol) {
      auto *u = b.records.next.find(x), *v = a.records.next.find(y);
      if (u != b.records.next.end() && v != a.records.next.end())
        stack.push_back({u->second, v->second});
    }
  }
  return good;
}

SmallVector<Literal> Pairing::ordered(const Guard *guard) {
  SmallVector<Literal> list(llvm::to_vector(guard->literals));
  llvm::stable_sort(list, [&](Literal x, Literal y) {
    return like.of(x.expr) < like.of(y.expr);
  });
  return list;
}

/// As `walk`, also of where things are if `place`; takes back what it did if it
/// fails, or unless `keep`.
bool Pairing::walkBoth(const Thing &x, const Thing &y, bool place, bool keep) {
  paired.clear();
  visited.clear();
  bool good = walk(x.expr, y.expr);
  if (place) {
    for (auto [l, m] : llvm::zip(ordered(x.guard), ordered(y.guard)))
      good = good && walk(l.expr, m.expr);
    for (auto [l, m] : llvm::zip(x.loops, y.loops))
      good = good && walk(l, m);
  }
  if (good && keep)
    return true;
  for (Pair p : paired) {
    toAfter.erase(p.first);
    toBefore.erase(p.second);
  }
  for (Pair p : visited)
    seen.erase(p);
  return good;
}

bool Pairing::isNumbered(const Thing &t) {
  return like.isNumbered(t.expr) || !t.loops.empty() ||
         llvm::any_of(t.guard->literals,
                      [&](Literal l) { return like.isNumbered(l.expr); });
}

uint64_t Pairing::placeOf(const Thing &t) {
  uint64_t hash = like.of(t.guard);
  for (Expr *loop : t.loops)
    hash = llvm::hash_combine(hash, like.of(loop));
  return hash;
}

void Pairing::match(ArrayRef<Thing> before, ArrayRef<Thing> after) {
  llvm::DenseMap<uint64_t, SmallVector<unsigned, 2>> alike;
  for (auto [i, t] : llvm::enumerate(before))
    if (isNumbered(t))
      alike[like.of(t.expr) >> 1].push_back(i);
  llvm::DenseSet<unsigned> used;
  SmallVector<unsigned> left;
  for (auto [j, t] : llvm::enumerate(after))
    if (isNumbered(t))
      left.push_back(j);
  // First those at like places, then any. First those that can be one only: of
  // the others one at a time, which may decide more.
  unsigned budget = kMaxTries;
  for (bool place : {true, false})
    for (bool any = false;;) {
      bool done = false;
      llvm::erase_if(left, [&](unsigned j) {
        const Thing &y = after[j];
        std::optional<unsigned> found;
        SmallVector<Pair> pairs;
        for (unsigned i : alike.lookup(like.of(y.expr) >> 1)) {
          if (used.contains(i) || (any && done) ||
              (place && placeOf(before[i]) != placeOf(y)) ||
              !walkBoth(before[i], y, place))
            continue;
          if (found && paired != pairs) // one or another
            return false;
          if (!found) {
            found = i;
            pairs = paired;
          }
          if (any || budget == 0)
            break;
          --budget;
        }
        if (!found)
          return false;
        walkBoth(before[*found], y, place, /*keep=*/true);
        used.insert(*found);
        return done = true;
      });
      if (!done && any)
        break;
      any = !done;
    }
}

void Pairing::visible() {
  for (auto [x, y] : llvm::zip(b.results, a.results))
    walk(x, y);
  walk(b.state.world, a.state.world);
  walk(b.state.random, a.state.random);
  for (auto [loop, stop] : b.records.stops)
    if (toAfter.contains(loop))
      walk(stop, a.records.stops.lookup(toAfter.lookup(loop)));
}

Executor::Numbering Pairing::numbering() {
  Executor::Numbering result;
  for (auto &[base, count] : a.executions) {
    // The number of each in the order of execution.
    auto old = a.numbering.find(base);
    auto numberOf = [&](uint64_t i) {
      return old != a.numbering.end() && i < old->second.size() ? old->second[i]
                                                                : i;
    };
    uint64_t size = std::max(count, b.executions.lookup(base));
    if (old != a.numbering.end())
      size = std::max(size, uint64_t(old->second.size()));
    auto name = [&](uint64_t n) {
      return b.expressions().get(Kind::Nth, n, base->type, base);
    };
    SmallVector<uint64_t, 2> order(size, ~uint64_t(0));
    llvm::DenseSet<uint64_t> taken;
    for (uint64_t i = 0; i < count; ++i)
      if (Expr *x = toBefore.lookup(name(numberOf(i)));
          x && x->kids[0] == base && x->key < size) {
        order[i] = x->key;
        taken.insert(x->key);
      }
    // The rest in any way that tells them apart.
    uint64_t next = 0;
    for (uint64_t &number : order)
      if (number == ~uint64_t(0)) {
        while (taken.contains(next))
          ++next;
        number = next++;
      }
    if (!llvm::is_sorted(order))
      result[base] = std::move(order);
  }
  return result;
}

Executor::Numbering Comparer::pairExecutions() {
  using Things = std::vector<Pairing::Thing>;
  Things checks[2], normals[2], reads[2], partials[2];
  bool anyDevice =
      llvm::any_of(a.records.checks, [](auto &c) { return c.device; });
  for (unsigned s : {0, 1}) {
    const Records &records = (s == 0 ? b : a).records;
    for (const CheckRecord &c : records.checks) {
      checks[s].push_back({c.condition.expr, c.guard});
      if (anyDevice)
        normals[s].push_back({normal(c).expr, c.guard});
    }
    for (const TransferRecord &t : records.transfers)
      for (Expr *read : t.reads)
        reads[s].push_back({read, t.guard, t.loops});
    for (const PartialRecord &p : records.partials)
      partials[s].push_back({p.expr, p.at.guard});
  }
  Pairing pairing(b, a);
  pairing.visible();
  for (auto *lists : {checks, normals, reads, partials})
    pairing.match(lists[0], lists[1]);
  return pairing.numbering();
}

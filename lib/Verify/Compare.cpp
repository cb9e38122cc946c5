//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Compare.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// No number of checks is enough.
static constexpr unsigned kNever = ~0u;

std::string capstan::verify::locationText(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "'" << op->getName() << "' at ";
  LocationAttr loc = op->getLoc();
  while (auto named = dyn_cast<NameLoc>(loc))
    loc = named.getChildLoc();
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    os << file.getFilename().getValue() << ':' << file.getLine() << ':'
       << file.getColumn();
  else
    loc.print(os);
  return text.substr(0, 300);
}

void Comparer::describe(StringRef side, Operation *op, Expr *e) {
  std::string line = (side + ": ").str();
  if (op)
    line += locationText(op);
  if (e)
    line += (op ? ": " : "") + ctx.exprs.text(e);
  report.details.push_back(line);
}

bool Comparer::reject(const Twine &reason, Operation *before, Operation *after,
                      const Guard *guard) {
  report.reason = reason.str();
  if (before)
    describe("before", before, nullptr);
  if (after)
    describe("after", after, nullptr);
  if (guard && !guard->literals.empty()) {
    std::string line = "on the path where";
    for (auto [i, l] : llvm::enumerate(guard->literals)) {
      if (i == 6) {
        line += ", ...";
        break;
      }
      line += (i ? ", " : " ") + ctx.exprs.text(l.expr, 8) +
              (l.positive ? " holds" : " does not hold");
    }
    report.details.push_back(line);
  }
  return false;
}

/// Two expressions that differ, and first where.
bool Comparer::differ(const Twine &what, Expr *before, Expr *after) {
  Expr *x = before, *y = after;
  Operation *at[2] = {nullptr, nullptr};
  for (;;) {
    if (x->ops[Before])
      at[0] = x->ops[Before];
    if (y->ops[After])
      at[1] = y->ops[After];
    if (x->kind != y->kind || x->key != y->key || x->type != y->type ||
        x->kids.size() != y->kids.size())
      break;
    unsigned i = 0;
    while (i < x->kids.size() && x->kids[i] == y->kids[i])
      ++i;
    if (i == x->kids.size())
      break; // can't be: they would be one
    x = x->kids[i];
    y = y->kids[i];
  }
  report.reason = what.str();
  describe("before", at[0], x);
  describe("after", at[1], y);
  return false;
}

bool Comparer::run() {
  return effects() && results() && devices() && checks() && partials() &&
         bounds() && transfers() && recurrences();
}

bool Comparer::results() {
  if (b.results.size() != a.results.size())
    return reject("numbers of results differ", b.returned, a.returned, nullptr);
  for (auto [i, x] : llvm::enumerate(b.results))
    if (x != a.results[i])
      return differ("result #" + Twine(i) + " differs", x, a.results[i]);
  return true;
}

bool Comparer::devices() {
  if (b.state.device != a.state.device)
    return differ("the device that is current at the end differs",
                  b.state.device, a.state.device);
  if (a.counts.setDevices > b.counts.setDevices)
    return reject("the current device changes " + Twine(a.counts.setDevices) +
                      " times, not " + Twine(b.counts.setDevices),
                  nullptr, nullptr, nullptr);
  return true;
}

bool Comparer::effects() {
  // The first effect that the other side does not have tells most.
  if (b.state.world != a.state.world) {
    llvm::DenseSet<Expr *> inBefore, inAfter;
    for (const EffectRecord &e : b.records.effects)
      inBefore.insert(e.state);
    for (const EffectRecord &e : a.records.effects)
      inAfter.insert(e.state);
    auto lacks = [](std::vector<EffectRecord> &list,
                    llvm::DenseSet<Expr *> &other) -> EffectRecord * {
      for (EffectRecord &e : list)
        if (!other.contains(e.state))
          return &e;
      return nullptr;
    };
    EffectRecord *x = lacks(b.records.effects, inAfter);
    EffectRecord *y = lacks(a.records.effects, inBefore);
    if (x && y)
      return differ("a visible effect, or the order of effects, differs",
                    x->state, y->state);
    if (x || y)
      return reject(x ? "a visible effect is missing"
                      : "there is an additional visible effect",
                    x ? x->op : nullptr, y ? y->op : nullptr,
                    (x ? x : y)->at.guard);
    return differ("the contents of memory differ at the end", b.state.world,
                  a.state.world);
  }
  if (b.state.random != a.state.random)
    return differ("draws of random numbers differ", b.state.random,
                  a.state.random);
  return true;
}

bool Comparer::checks() {
  std::vector<CheckRecord> *lists[2] = {&b.records.checks, &a.records.checks};
  // Checks by condition; device checks also by their normal form.
  using Key = std::pair<Expr *, unsigned>;
  llvm::DenseMap<Key, SmallVector<Occurrence, 1>> host[2], device[2],
      normals[2];
  bool anyDevice = llvm::any_of(*lists[1], [](auto &c) { return c.device; });
  for (unsigned s : {0, 1})
    for (auto [i, c] : llvm::enumerate(*lists[s])) {
      Occurrence at{c.guard, unsigned(i) + 1};
      Key key{c.condition.expr, c.condition.positive};
      (c.device ? device : host)[s][key].push_back(at);
      if (!anyDevice || c.device != (s == 1))
        continue;
      Literal l = normal(c);
      normals[s][{l.expr, l.positive}].push_back(at);
    }
  for (unsigned s : {0, 1}) {
    unsigned other = 1 - s;
    needed[s].assign(1, 0);
    for (const CheckRecord &c : *lists[s]) {
      if (c.implied) {
        needed[s].push_back(needed[s].back());
        continue;
      }
      Key key{c.condition.expr, c.condition.positive};
      SmallVector<Occurrence> list =
          (c.device ? device : host)[other].lookup(key);
      // Eliminated reads: the check of BEFORE on the device.
      if (anyDevice && c.device == (s == 1)) {
        Literal l = normal(c);
        if (c.device && l.expr->isConst() && (l.expr->value != 0) == l.positive)
          list.push_back({c.guard, 0});
        llvm::append_range(list, normals[other].lookup({l.expr, l.positive}));
        // The earliest counts.
        llvm::stable_sort(list, [](const Occurrence &x, const Occurrence &y) {
          return x.time < y.time;
        });
      }
      std::optional<unsigned> time = cover(ctx.guards, c.guard, list);
      // A check on the device doesn't end its path, as that of BEFORE does.
      if (!time && s == 1)
        for (auto [i, failed] : llvm::enumerate(b.records.checks))
          if (!failed.device && failed.guard->weakerThan(*c.guard) &&
              c.guard->has(!failed.condition)) {
            time = unsigned(i) + 1;
            break;
          }
      if (!time) {
        Operation *op[2] = {nullptr, nullptr};
        op[s] = c.op;
        reject(s == 0 ? "a check is missing"
                      : "there is a check that did not run before",
               op[0], op[1], c.guard);
        describe("condition", nullptr, c.condition.expr);
        return false;
      }
      needed[s].push_back(std::max(needed[s].back(), *time));
    }
  }
  // Which checks ran before each effect.
  llvm::DenseMap<Expr *, SmallVector<const EffectRecord *, 1>> before;
  for (const EffectRecord &e : b.records.effects)
    before[e.state].push_back(&e);
  for (const EffectRecord &e : a.records.effects) {
    bool any = false;
    for (const EffectRecord *x : before.lookup(e.state)) {
      if (x->at.guard->excludes(*e.at.guard))
        continue;
      any = true;
      if (needed[0][x->at.time] > e.at.time)
        return reject("a check moved below a visible effect", x->op, e.op,
                      e.at.guard);
      if (needed[1][e.at.time] > x->at.time)
        return reject("a check moved above a visible effect", x->op, e.op,
                      e.at.guard);
    }
    if (!any)
      return reject("there is an additional visible effect", nullptr, e.op,
                    e.at.guard);
  }
  return true;
}

/// The rank that the text of a foreign tensor type gives.
static std::optional<int64_t> rankOf(Type type) {
  if (auto shaped = dyn_cast_if_present<ShapedType>(type))
    return shaped.hasRank() ? std::optional<int64_t>(shaped.getRank())
                            : std::nullopt;
  auto opaque = dyn_cast_if_present<OpaqueType>(type);
  if (!opaque)
    return std::nullopt;
  StringRef text = opaque.getTypeData();
  size_t open = text.find("<["), close = text.find(']');
  if (open == StringRef::npos || close == StringRef::npos || close < open)
    return std::nullopt;
  StringRef dims = text.slice(open + 2, close);
  return dims.empty() ? 0 : int64_t(dims.count(',')) + 1;
}

/// The size of a dimension: a tensor's shape and the number, or nothing.
static std::optional<std::pair<Expr *, int64_t>> asSize(Expr *e) {
  while (e->kind == Kind::Op && e->op() && e->kids.size() == 1 &&
         llvm::is_contained({"arith.index_cast", "arith.extsi"},
                            e->op()->getName().getStringRef()))
    e = e->kids[0];
  if (e->kind != Kind::Op || !e->op() || e->kids.size() != 2 ||
      e->kids[0]->kind != Kind::Shape || !e->kids[1]->isConst())
    return std::nullopt;
  static constexpr StringRef names[] = {"tensor.dim", "torch.aten.size.int",
                                        "torch.aten.sym_size.int"};
  if (!llvm::is_contained(names, e->op()->getName().getStringRef()))
    return std::nullopt;
  return std::make_pair(e->kids[0], e->kids[1]->value);
}

bool Comparer::partials() {
  for (const PartialRecord &p : a.records.partials) {
    if (ofDeviceChecks.contains(p.expr))
      continue;
    // A size never fails where the dimension exists.
    if (auto size = asSize(p.expr))
      if (auto rank = rankOf(size->first->type))
        if (size->second >= 0 && size->second < *rank)
          continue;
    SmallVector<Occurrence> list;
    auto it = b.records.partialsOf.find(p.expr);
    Operation *op = nullptr;
    if (it != b.records.partialsOf.end())
      for (unsigned i : it->second) {
        list.push_back(b.records.partials[i].at);
        op = b.records.partials[i].op;
      }
    std::optional<unsigned> time = cover(ctx.guards, p.at.guard, list);
    if (!time) {
      reject("an operation that may fail runs where it did not", op, p.op,
             p.at.guard);
      describe("value", nullptr, p.expr);
      return false;
    }
    // One failure may come before another; a fault may not, since the check may
    // rule it out.
    if ((options.strictChecks || ctx.semantics.mayFault(p.op)) &&
        needed[0][*time] > p.at.time) {
      reject("an operation that may fail runs above a check that came before",
             op, p.op, p.at.guard);
      for (unsigned i = 0; i < *time; ++i)
        if (needed[0][i + 1] > p.at.time) {
          describe("check", b.records.checks[i].op,
                   b.records.checks[i].condition.expr);
          break;
        }
      return false;
    }
  }
  return true;
}

/// `shape` where a branch has been taken.
Expr *Comparer::shapeOn(Expr *shape, const Guard *guard) {
  while (shape->kind == Kind::Shape && !shape->kids.empty() &&
         shape->kids[0]->kind == Kind::Gamma) {
    Expr *gamma = shape->kids[0];
    Literal l = ExprTable::literal(gamma->kids[0]);
    if (!guard->has(l) && !guard->has(!l))
      break;
    shape = ctx.exprs.shape(gamma->kids[guard->has(l) ? 1 : 2]);
  }
  return shape;
}

/// Whether `bound` is as large as one of BEFORE, or as what always suffices.
bool Comparer::isBound(const BoundRecord &use, Expr *bound, const Guard *guard,
                       unsigned depth) {
  if (bound->kind == Kind::Gamma && depth < 16) {
    Literal l = ExprTable::literal(bound->kids[0]);
    return isBound(use, bound->kids[1], ctx.guards.with(guard, l), depth + 1) &&
           isBound(use, bound->kids[2], ctx.guards.with(guard, !l), depth + 1);
  }
  if (use.shape) {
    auto size = asSize(bound);
    if (size && size->second == use.dim &&
        shapeOn(size->first, guard) == shapeOn(use.shape, guard))
      return true;
    auto type = dyn_cast_if_present<RankedTensorType>(use.shape->type);
    if (bound->isConst() && type && use.dim < type.getRank() &&
        !type.isDynamicDim(use.dim) && bound->value >= type.getDimSize(use.dim))
      return true;
  }
  SmallVector<Occurrence> list;
  for (const BoundRecord *r : boundsBefore.lookup({use.expr, use.operand}))
    if (r->bound == bound || (r->bound->isConst() && bound->isConst() &&
                              r->bound->value <= bound->value))
      list.push_back({r->guard, 0});
  return cover(ctx.guards, guard, list).has_value();
}

bool Comparer::bounds() {
  for (const BoundRecord &r : b.records.bounds)
    boundsBefore[{r.expr, r.operand}].push_back(&r);
  llvm::DenseSet<std::tuple<Expr *, unsigned, Expr *, const Guard *>> done;
  for (const BoundRecord &r : a.records.bounds) {
    if (!done.insert({r.expr, r.operand, r.bound, r.guard}).second)
      continue;
    if (isBound(r, r.bound, r.guard, 0))
      continue;
    auto old = boundsBefore.lookup({r.expr, r.operand});
    reject("can't prove that bound operand #" + Twine(r.operand) +
               " is as large as before",
           old.empty() ? nullptr : old.front()->op, r.op, r.guard);
    if (!old.empty())
      describe("bound before", nullptr, old.front()->bound);
    describe("bound after", nullptr, r.bound);
    return false;
  }
  return true;
}

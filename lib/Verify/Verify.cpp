//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Verify.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Verify/Compare.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;

/// How often numbers are paired anew.
static constexpr unsigned kMaxPairings = 4;

/// All functions of `module` by path, and what else stands in it.
static void collect(ModuleOp module, const std::string &prefix,
                    llvm::MapVector<StringAttr, func::FuncOp> &functions,
                    SmallVectorImpl<Operation *> &others) {
  for (Operation &op : *module.getBody()) {
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      auto name = StringAttr::get(op.getContext(), prefix + function.getName());
      functions[name] = function;
    } else if (auto nested = dyn_cast<ModuleOp>(op)) {
      std::string name = nested.getName().value_or("").str();
      collect(nested, prefix + name + "::", functions, others);
    } else {
      others.push_back(&op);
    }
  }
}

/// Whether some op of `module` may change a list.
static bool changesLists(Semantics &sem, Operation *module) {
  SymbolTableCollection symbols;
  auto isList = [&](Value v) {
    const ForeignTypeModel *m = v ? sem.typeModel(v.getType()) : nullptr;
    return m && m->kind == TypeKind::List;
  };
  return module
      ->walk([&](Operation *op) {
        SmallVector<Effect> effects;
        if (op->getNumOperands() == 0 || op->hasTrait<OpTrait::IsTerminator>())
          return WalkResult::advance();
        bool lists = llvm::any_of(op->getOperands(), isList);
        // A callee with a body is looked into itself.
        if (auto call = dyn_cast<func::CallOp>(op))
          if (auto callee = symbols.lookupNearestSymbolFrom<func::FuncOp>(
                  op, call.getCalleeAttr());
              callee && !callee.isDeclaration())
            return WalkResult::advance();
        if (!sem.getEffects(op, effects))
          return lists ? WalkResult::interrupt() : WalkResult::advance();
        for (const Effect &e : effects)
          if (e.kind != Effect::Read && isList(e.value))
            return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

static SyncCounts countsOf(const Executor &e) {
  SyncCounts c;
  llvm::DenseSet<Operation *> ops;
  for (const TransferRecord &t : e.records.transfers)
    ops.insert(t.op);
  c.inText = ops.size();
  c.perForward = e.counts.transfers;
  c.values = e.counts.values;
  c.atLeast = e.counts.atLeast;
  c.setDevices = e.counts.setDevices;
  c.queries = e.counts.queries;
  return c;
}

static void add(SyncCounts &to, const SyncCounts &c) {
  to.inText += c.inText;
  to.perForward = llvm::SaturatingAdd(to.perForward, c.perForward);
  to.values = llvm::SaturatingAdd(to.values, c.values);
  to.atLeast |= c.atLeast;
  to.setDevices = llvm::SaturatingAdd(to.setDevices, c.setDevices);
  to.queries = llvm::SaturatingAdd(to.queries, c.queries);
}

static bool reject(Report &report, const Twine &reason, Operation *before,
                   Operation *after) {
  report.reason = reason.str();
  if (before)
    report.details.push_back("before: " + locationText(before));
  if (after)
    report.details.push_back("after: " + locationText(after));
  return false;
}

/// What stands beside functions must be there in both; a private symbol counts
/// where it is used.
static bool compareOthers(Context &ctx, ArrayRef<Operation *> before,
                          ArrayRef<Operation *> after, Report &report) {
  llvm::DenseMap<unsigned, int> count;
  auto isPrivate = [](Operation *op) {
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    return symbol && symbol.isPrivate();
  };
  for (Operation *op : before)
    if (!isPrivate(op))
      ++count[ctx.keys.get(op).key];
  for (Operation *op : after)
    if (!isPrivate(op) && --count[ctx.keys.get(op).key] < 0)
      return reject(report, "the module has something that it did not have",
                    nullptr, op);
  for (Operation *op : before)
    if (!isPrivate(op) && count[ctx.keys.get(op).key] > 0)
      return reject(report, "something of the module is gone or changed", op,
                    nullptr);
  return true;
}

static bool compareFunctions(Context &ctx, func::FuncOp before,
                             func::FuncOp after, StringRef name,
                             const Options &options, Report &report) {
  bool devices =
      ctx.semantics.changesDevice(before) || ctx.semantics.changesDevice(after);
  Executor b(ctx, Before, devices), a(ctx, After, devices);
  b.run(before);
  a.run(after);
  FunctionReport entry{name.str(), countsOf(b), countsOf(a)};
  add(report.before, entry.before);
  add(report.after, entry.after);
  report.functions.push_back(entry);
  for (Executor *e : {&b, &a})
    if (e->failure) {
      std::string where = e == &b ? "before" : "after";
      reject(report, "@" + name + ": can't prove: " + e->failure->reason,
             e == &b ? e->failure->op : nullptr,
             e == &a ? e->failure->op : nullptr);
      return false;
    }
  if (Comparer(ctx, b, a, options, report).run())
    return true;
  // What has a number for each execution may have come to matter in another
  // order. Any numbering that tells different ones apart will do; one that
  // depends on others may need another round.
  Executor *latest = &a;
  std::unique_ptr<Executor> again;
  for (unsigned round = 0; round < kMaxPairings; ++round) {
    Executor::Numbering numbering =
        Comparer(ctx, b, *latest, options, report).pairExecutions();
    if (numbering == latest->numbering)
      break;
    again = std::make_unique<Executor>(ctx, After, devices);
    again->numbering = std::move(numbering);
    latest = again.get();
    Report second;
    if (again->run(after) && Comparer(ctx, b, *again, options, second).run()) {
      report.reason.clear();
      report.details.clear();
      return true;
    }
  }
  report.reason = ("@" + name + ": " + report.reason).str();
  return false;
}

Report capstan::verify::verify(ModuleOp before, ModuleOp after,
                               const Options &options) {
  Report report;
  const OpModels *models = OpModels::get(before.getContext());
  if (!models) {
    report.reason = "can't prove: the op models could not be loaded";
    return report;
  }
  Context ctx(*models);
  ctx.listsChange =
      changesLists(ctx.semantics, before) || changesLists(ctx.semantics, after);
  llvm::MapVector<StringAttr, func::FuncOp> functions[2];
  SmallVector<Operation *> others[2];
  collect(before, "", functions[0], others[0]);
  collect(after, "", functions[1], others[1]);
  if (!compareOthers(ctx, others[0], others[1], report))
    return report;
  for (auto &[name, function] : functions[0])
    if (func::FuncOp other = functions[1].lookup(name))
      if (!function.isDeclaration() && !other.isDeclaration() &&
          function.getFunctionType() == other.getFunctionType()) {
        ctx.partners[function] = other;
        ctx.partners[other] = function;
      }
  auto chipOf = [](ModuleOp module) {
    auto chip = module->getAttrOfType<StringAttr>(kChipAttr);
    return chip ? chip.str() : std::string();
  };
  ctx.chip = chipOf(after);
  if (std::string chip = chipOf(before); !chip.empty() && chip != ctx.chip) {
    report.reason = "the module loads no longer on " + chip + " alone";
    return report;
  }
  bool good = true;
  for (auto &[name, function] : functions[1])
    if (!function.isPrivate() && !functions[0].lookup(name)) {
      reject(report, "public function @" + name.getValue() + " is new", nullptr,
             function);
      return report;
    }
  for (auto &[name, function] : functions[0]) {
    if (function.isPrivate())
      continue;
    func::FuncOp other = functions[1].lookup(name);
    if (!other || other.isPrivate()) {
      reject(report,
             "public function @" + name.getValue() +
                 (other ? " became private" : " is gone"),
             function, other);
      return report;
    }
    if (other.getFunctionType() != function.getFunctionType() ||
        other.isDeclaration() != function.isDeclaration()) {
      reject(report,
             "public function @" + name.getValue() + " changed its type",
             function, other);
      return report;
    }
    if (function.isDeclaration())
      continue;
    // Counts of all functions, the reason of the first that differs.
    if (good) {
      good = compareFunctions(ctx, function, other, name.getValue(), options,
                              report);
    } else {
      Report ignored;
      compareFunctions(ctx, function, other, name.getValue(), options, ignored);
      add(report.before, ignored.before);
      add(report.after, ignored.after);
      llvm::append_range(report.functions, ignored.functions);
    }
  }
  // More may be added on the way. Public ones are proven above.
  for (unsigned i = 0; good && i < ctx.assumed.size(); ++i) {
    auto [function, other] = ctx.assumed[i];
    auto before = cast<func::FuncOp>(function);
    if (before.isPublic())
      continue;
    Report inner;
    good = compareFunctions(ctx, before, cast<func::FuncOp>(other),
                            before.getName(), options, inner);
    report.reason = inner.reason;
    report.details = inner.details;
  }
  report.accepted = good;
  return report;
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Interfaces/OpModels.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectInterface.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <mutex>

using namespace mlir;
using namespace capstan;

static const char *const kBuiltinModels =
#include "TorchModel.inc"
    ;

/// Files added by the program or by the command line.
static std::vector<std::string> &addedFiles() {
  static std::vector<std::string> files;
  return files;
}
static llvm::cl::list<std::string> &fileOption() {
  static llvm::cl::list<std::string> option(
      "capstan-op-models", llvm::cl::CommaSeparated,
      llvm::cl::value_desc("file"),
      llvm::cl::desc("Model files of foreign dialects, read after the "
                     "built-in torch model"));
  return option;
}

void OpModels::addFile(StringRef path) { addedFiles().push_back(path.str()); }
void OpModels::registerCLOptions() { fileOption(); }

namespace {
/// Keeps the models of a context with the dialect.
struct ModelsInterface : DialectInterface::Base<ModelsInterface> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ModelsInterface)
  ModelsInterface(Dialect *dialect) : Base(dialect) {}

  mutable std::once_flag once;
  mutable std::unique_ptr<OpModels> models;
};
} // namespace

namespace capstan {
void registerModelsInterface(CapstanDialect *dialect);
} // namespace capstan

void capstan::registerModelsInterface(CapstanDialect *dialect) {
  dialect->addInterfaces<ModelsInterface>();
}

static LogicalResult addSource(OpModels &models, llvm::SourceMgr &manager,
                               MLIRContext *ctx) {
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(manager, ParserConfig(ctx));
  return failure(!module || failed(models.add(*module)));
}

static std::unique_ptr<OpModels> load(MLIRContext *ctx) {
  auto models = std::make_unique<OpModels>();
  llvm::SourceMgr builtin;
  builtin.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBuffer(kBuiltinModels, "torch.mlir"), {});
  if (failed(addSource(*models, builtin, ctx)))
    return nullptr;
  std::vector<std::string> files = addedFiles();
  files.insert(files.end(), fileOption().begin(), fileOption().end());
  for (const std::string &file : files) {
    auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
    if (!buffer) {
      emitError(UnknownLoc::get(ctx), "can't read model file '")
          << file << "': " << buffer.getError().message();
      return nullptr;
    }
    llvm::SourceMgr manager;
    manager.AddNewSourceBuffer(std::move(*buffer), {});
    // Prints diagnostics with the file's own line where nobody else listens.
    if (failed(addSource(*models, manager, ctx))) {
      emitError(UnknownLoc::get(ctx), "model file '") << file << "' is wrong";
      return nullptr;
    }
  }
  return models;
}

const OpModels *OpModels::get(MLIRContext *ctx) {
  auto *dialect = ctx->getLoadedDialect<CapstanDialect>();
  if (!dialect) {
    emitError(UnknownLoc::get(ctx), "the capstan dialect is not loaded");
    return nullptr;
  }
  auto *interface = dialect->getRegisteredInterface<ModelsInterface>();
  std::call_once(interface->once, [&] { interface->models = load(ctx); });
  return interface->models.get();
}

//===----------------------------------------------------------------------===//
// Reading entries (verified by ForeignOpOp::verify)
//===----------------------------------------------------------------------===//

static std::optional<unsigned> number(DictionaryAttr dict, StringRef key) {
  if (auto value = dict.getAs<IntegerAttr>(key))
    return value.getInt();
  return std::nullopt;
}

static SmallVector<unsigned> numbers(Attribute list) {
  SmallVector<unsigned> result;
  if (auto array = dyn_cast_if_present<ArrayAttr>(list))
    for (Attribute a : array)
      result.push_back(cast<IntegerAttr>(a).getInt());
  return result;
}

static SyncModel readSync(DictionaryAttr dict) {
  SyncModel sync;
  sync.source = *number(dict, "source");
  sync.conversion = dict.getAs<StringAttr>("conversion");
  sync.dynamicSize = dict.contains("dynamic_size");
  if (auto when = dict.getAs<DictionaryAttr>("when")) {
    if (when.contains("none"))
      sync.whenNone = number(when, "operand");
    else if ((sync.element = when.getAs<StringAttr>("element")))
      sync.whenElement = number(when, "operand");
    else
      sync.whenCpu = number(when, "operand");
  }
  return sync;
}

static LoopModel readLoop(DictionaryAttr dict) {
  LoopModel loop;
  loop.trip = number(dict, "trip");
  loop.condition = number(dict, "condition");
  loop.induction = number(dict, "induction");
  loop.yieldCondition = number(dict, "yield_condition");
  loop.firstInit = *number(dict, "first_init");
  loop.firstArg = *number(dict, "first_arg");
  loop.firstYield = *number(dict, "first_yield");
  if (auto guard = dict.getAs<DictionaryAttr>("guard")) {
    loop.guardPositive = guard.getAs<StringAttr>("positive");
    loop.guardBranch = guard.getAs<StringAttr>("branch");
    loop.guardYield = guard.getAs<StringAttr>("yield");
    loop.guardBool = guard.getAs<StringAttr>("bool");
  }
  return loop;
}

static FoldModel readFold(StringRef text) {
  FoldModel fold;
  auto [name, args] = text.split('(');
  using K = FoldModel::Kind;
  fold.kind = llvm::StringSwitch<K>(name)
                  .Case("same", K::Same)
                  .Case("splat", K::Splat)
                  .Case("lt", K::Lt)
                  .Case("le", K::Le)
                  .Case("gt", K::Gt)
                  .Case("ge", K::Ge)
                  .Case("eq", K::Eq)
                  .Case("ne", K::Ne)
                  .Case("add", K::Add)
                  .Case("sub", K::Sub)
                  .Case("mul", K::Mul)
                  .Case("not", K::Not)
                  .Case("and", K::And)
                  .Case("or", K::Or)
                  .Case("to_bool", K::ToBool)
                  .Case("const", K::Const)
                  .Default(K::None);
  args.consume_back(")");
  auto [lhs, rhs] = args.split(',');
  (void)lhs.trim().getAsInteger(10, fold.lhs);
  (void)rhs.trim().getAsInteger(10, fold.rhs);
  (void)lhs.trim().getAsInteger(10, fold.value);
  return fold;
}

static ForeignOpModel readOp(DictionaryAttr spec) {
  ForeignOpModel m;
  if (auto kind = spec.getAs<StringAttr>("kind"))
    m.kind = llvm::StringSwitch<OpKind>(kind.getValue())
                 .Case("constant", OpKind::Constant)
                 .Case("host_sync", OpKind::HostSync)
                 .Case("check", OpKind::Check)
                 .Case("loop", OpKind::Loop)
                 .Case("branch", OpKind::Branch)
                 .Case("yield", OpKind::Yield)
                 .Case("barrier", OpKind::Barrier)
                 .Default(OpKind::Compute);
  m.match = spec.getAs<DictionaryAttr>("match");
  bool constant = m.kind == OpKind::Constant;
  m.deterministic = constant || spec.contains("deterministic");
  m.total = constant || spec.contains("total");
  m.noFault = m.total || spec.contains("no_fault");
  m.random = spec.contains("random");
  m.undefined = spec.contains("undefined");
  m.alwaysCpu = spec.contains("device");
  m.aliasesAll = isa_and_nonnull<StringAttr>(spec.get("aliases"));
  m.namedBy = spec.getAs<StringAttr>("named_by");
  if (Attribute reads = spec.get("reads"))
    m.reads = numbers(reads);
  m.writes = numbers(spec.get("writes"));
  m.fresh = numbers(spec.get("fresh"));
  m.shapeOnly = numbers(spec.get("shape_only"));
  if (auto aliases = spec.getAs<ArrayAttr>("aliases"))
    for (Attribute pair : aliases) {
      SmallVector<unsigned> p = numbers(pair);
      m.aliases.push_back({p[0], p[1]});
    }
  if (auto sync = spec.getAs<DictionaryAttr>("sync"))
    m.sync = readSync(sync);
  if (auto bounds = spec.getAs<ArrayAttr>("bound_operands"))
    for (Attribute entry : bounds) {
      auto dict = cast<DictionaryAttr>(entry);
      BoundOperand bound{*number(dict, "operand"), std::nullopt};
      if (auto most = dict.getAs<DictionaryAttr>("at_most"))
        bound.atMost = {*number(most, "operand"), *number(most, "dim")};
      m.bounds.push_back(bound);
    }
  m.deviceOperand = number(spec, "device_operand");
  m.condition = number(spec, "condition");
  if (auto loop = spec.getAs<DictionaryAttr>("loop"))
    m.loop = readLoop(loop);
  if (auto context = spec.getAs<DictionaryAttr>("device_context"))
    m.deviceContext = {number(context, "set"), number(context, "get"),
                       number(context, "query"), number(context, "status")};
  if (auto fold = spec.getAs<StringAttr>("fold"))
    m.fold = readFold(fold.getValue());
  if (auto form = spec.getAs<DictionaryAttr>("device_form")) {
    m.deviceOp = form.getAs<StringAttr>("op");
    m.deviceType = form.getAs<StringAttr>("type");
  }
  return m;
}

LogicalResult OpModels::add(Operation *module) {
  for (Operation &op : module->getRegion(0).front()) {
    if (auto entry = dyn_cast<ForeignOpOp>(op)) {
      storage.push_back(readOp(entry.getSpec()));
      ForeignOpModel *model = &storage.back();
      for (Attribute name : entry.getNames()) {
        auto &list = ops[cast<StringAttr>(name)];
        llvm::erase_if(
            list, [&](ForeignOpModel *m) { return m->match == model->match; });
        // Entries with `match` first.
        list.insert(model->match ? list.begin() : list.end(), model);
      }
    } else if (auto entry = dyn_cast<ForeignTypeOp>(op)) {
      DictionaryAttr spec = entry.getSpec();
      ForeignTypeModel model;
      model.kind = llvm::StringSwitch<TypeKind>(
                       spec.getAs<StringAttr>("kind").getValue())
                       .Case("memory", TypeKind::Memory)
                       .Case("host", TypeKind::Host)
                       .Case("list", TypeKind::List)
                       .Default(TypeKind::Tensor);
      if (auto init = spec.getAs<DictionaryAttr>("default")) {
        model.defaultOp = init.getAs<StringAttr>("op");
        model.defaultAttrs = init.getAs<DictionaryAttr>("attrs");
      }
      if (auto size = spec.getAs<DictionaryAttr>("size")) {
        model.sizeOp = size.getAs<StringAttr>("op");
        model.sizeDim = size.getAs<StringAttr>("dim");
        model.sizeType = size.getAs<StringAttr>("type");
      }
      for (Attribute name : entry.getNames())
        types[cast<StringAttr>(name).getValue()] = model;
    } else {
      return op.emitError("a model file holds only capstan.foreign_op and "
                          "capstan.foreign_type");
    }
  }
  return success();
}

const ForeignOpModel *OpModels::lookup(StringAttr name, Operation *op) const {
  auto it = ops.find(name);
  if (it == ops.end())
    return nullptr;
  for (const ForeignOpModel *model : it->second) {
    if (!model->match)
      return model;
    if (llvm::all_of(model->match, [&](NamedAttribute entry) {
          return op->getAttr(entry.getName()) == entry.getValue();
        }))
      return model;
  }
  return nullptr;
}

const ForeignOpModel *OpModels::lookup(Operation *op) const {
  const ForeignOpModel *model = lookup(op->getName().getIdentifier(), op);
  if (!model || !model->namedBy)
    return model;
  auto name = op->getAttrOfType<StringAttr>(model->namedBy);
  const ForeignOpModel *named = name ? lookup(name, op) : nullptr;
  // A name that names no other op has no model.
  return named && !named->namedBy ? named : nullptr;
}

const ForeignTypeModel *OpModels::lookup(StringRef typeName) const {
  auto it = types.find(typeName);
  return it == types.end() ? nullptr : &it->second;
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Syntax and verification of model files: `capstan.foreign_op` and
// `capstan.foreign_type` (docs/op-models.md).
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace capstan;

/// names := string (`,` string)*
/// spec  := `{` (key (`=` value)?) (`,` ...)* `}`, the value of `kind` a
/// keyword
static ParseResult parseEntry(OpAsmParser &parser, OperationState &result,
                              StringAttr namesKey, StringAttr specKey) {
  Builder &b = parser.getBuilder();
  SmallVector<Attribute> names;
  if (parser.parseCommaSeparatedList([&]() -> ParseResult {
        std::string name;
        if (parser.parseString(&name))
          return failure();
        names.push_back(b.getStringAttr(name));
        return success();
      }))
    return failure();
  NamedAttrList spec;
  auto parseKey = [&]() -> ParseResult {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key))
      return failure();
    Attribute value = b.getUnitAttr();
    std::string name = key.str();
    if (succeeded(parser.parseOptionalEqual())) {
      StringRef keyword;
      if (name == "kind") {
        if (parser.parseKeyword(&keyword))
          return failure();
        value = b.getStringAttr(keyword);
      } else if (parser.parseAttribute(value)) {
        return failure();
      }
    }
    if (spec.get(name))
      return parser.emitError(loc, "key '") << name << "' given twice";
    spec.set(name, value);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::OptionalBraces,
                                     parseKey))
    return failure();
  result.addAttribute(namesKey, b.getArrayAttr(names));
  result.addAttribute(specKey, spec.getDictionary(b.getContext()));
  return success();
}

static void printEntry(OpAsmPrinter &p, ArrayAttr names, DictionaryAttr spec) {
  p << ' ';
  llvm::interleaveComma(names, p);
  p << " {";
  llvm::interleaveComma(spec, p, [&](NamedAttribute entry) {
    p << entry.getName().getValue();
    if (isa<UnitAttr>(entry.getValue()))
      return;
    p << " = ";
    if (entry.getName() == "kind")
      p << cast<StringAttr>(entry.getValue()).getValue();
    else
      p << entry.getValue();
  });
  p << '}';
}

ParseResult ForeignOpOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseEntry(parser, result, getNamesAttrName(result.name),
                    getSpecAttrName(result.name));
}
void ForeignOpOp::print(OpAsmPrinter &p) {
  printEntry(p, getNames(), getSpec());
}
ParseResult ForeignTypeOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseEntry(parser, result, getNamesAttrName(result.name),
                    getSpecAttrName(result.name));
}
void ForeignTypeOp::print(OpAsmPrinter &p) {
  printEntry(p, getNames(), getSpec());
}

namespace {
/// Checks the attributes of one entry; each `expect` emits at most one error.
struct Checker {
  Operation *op;
  bool ok = true;

  void fail(const Twine &message) {
    if (ok)
      op->emitOpError(message);
    ok = false;
  }
  static bool isNumber(Attribute a) {
    auto i = dyn_cast_if_present<IntegerAttr>(a);
    return i && i.getType().isInteger(64) && i.getInt() >= 0 &&
           i.getInt() < (1 << 20);
  }
  static bool isNumbers(Attribute a) {
    auto list = dyn_cast_if_present<ArrayAttr>(a);
    return list && llvm::all_of(list, isNumber);
  }
  void names(ArrayAttr names) {
    if (names.empty())
      fail("names no operation");
    for (Attribute name : names)
      if (!cast<StringAttr>(name).getValue().contains('.'))
        fail("name " + Twine(cast<StringAttr>(name).getValue()) +
             " has no dialect prefix");
  }
  void unit(NamedAttribute e) {
    if (!isa<UnitAttr>(e.getValue()))
      fail("key '" + e.getName().getValue() + "' takes no value");
  }
  void number(NamedAttribute e) {
    if (!isNumber(e.getValue()))
      fail("key '" + e.getName().getValue() + "' takes an operand number");
  }
  void numbers(NamedAttribute e) {
    if (!isNumbers(e.getValue()))
      fail("key '" + e.getName().getValue() + "' takes a list of numbers");
  }
  void string(NamedAttribute e) {
    if (!isa<StringAttr>(e.getValue()))
      fail("key '" + e.getName().getValue() + "' takes a string");
  }
  /// The entries of dictionary `e`, each name among `numbers`, `strings`,
  /// `units` or `others`.
  DictionaryAttr dictionary(NamedAttribute e, ArrayRef<StringRef> numbers,
                            ArrayRef<StringRef> strings = {},
                            ArrayRef<StringRef> units = {},
                            ArrayRef<StringRef> others = {}) {
    auto dict = dyn_cast<DictionaryAttr>(e.getValue());
    if (!dict) {
      fail("key '" + e.getName().getValue() + "' takes a dictionary");
      return {};
    }
    for (NamedAttribute entry : dict) {
      StringRef key = entry.getName();
      if (llvm::is_contained(numbers, key))
        number(entry);
      else if (llvm::is_contained(strings, key))
        string(entry);
      else if (llvm::is_contained(units, key))
        unit(entry);
      else if (!llvm::is_contained(others, key))
        fail("key '" + e.getName().getValue() + "' has no entry '" + key + "'");
    }
    return dict;
  }
  void require(DictionaryAttr dict, StringRef in, StringRef key) {
    if (dict && !dict.get(key))
      fail("key '" + in + "' needs an entry '" + key + "'");
  }
  /// A dictionary of exactly these entries: names of operations, and `type`.
  void builder(NamedAttribute e, ArrayRef<StringRef> ops) {
    SmallVector<StringRef> keys(ops);
    keys.push_back("type");
    DictionaryAttr dict = dictionary(e, {}, keys);
    for (StringRef key : keys)
      require(dict, e.getName(), key);
    names(dict);
  }
  /// Names of operations and types.
  void names(DictionaryAttr dict) {
    if (!ok)
      return;
    for (NamedAttribute e : dict)
      if (!cast<StringAttr>(e.getValue()).getValue().contains('.'))
        fail("entry '" + e.getName().getValue() + "' has no dialect prefix");
  }
  void fold(NamedAttribute e);
  void opEntry(NamedAttribute e);
};
} // namespace

void Checker::fold(NamedAttribute e) {
  auto text = dyn_cast<StringAttr>(e.getValue());
  if (!text)
    return string(e);
  auto [name, rest] = text.getValue().split('(');
  int arity = llvm::StringSwitch<int>(name)
                  .Cases({"same", "splat", "not", "to_bool", "const"}, 1)
                  .Cases({"lt", "le", "gt", "ge", "eq", "ne"}, 2)
                  .Cases({"add", "sub", "mul", "and", "or"}, 2)
                  .Default(0);
  SmallVector<StringRef> args;
  bool good = arity && rest.consume_back(")");
  rest.split(args, ',');
  good &= static_cast<int>(args.size()) == arity;
  for (StringRef arg : args) {
    // All but a constant are numbers of operands.
    int number;
    good &= !arg.trim().getAsInteger(10, number) &&
            (name == "const" || number >= 0);
  }
  if (!good)
    fail("fold \"" + text.getValue() + "\" is not one that exists");
}

void Checker::opEntry(NamedAttribute e) {
  static const llvm::StringSet<> units = {"deterministic", "total", "no_fault",
                                          "random", "undefined"};
  static const llvm::StringSet<> lists = {"reads", "writes", "fresh",
                                          "shape_only"};
  static const llvm::StringSet<> single = {"device_operand", "condition"};
  static const llvm::StringSet<> kinds = {"compute", "constant", "host_sync",
                                          "check",   "loop",     "branch",
                                          "yield",   "barrier"};
  StringRef key = e.getName();
  if (units.contains(key))
    return unit(e);
  if (lists.contains(key))
    return numbers(e);
  if (single.contains(key))
    return number(e);
  if (key == "kind") {
    auto kind = dyn_cast<StringAttr>(e.getValue());
    if (!kind || !kinds.contains(kind.getValue()))
      fail("kind must be one of compute, constant, host_sync, check, loop, "
           "branch, yield, barrier");
    return;
  }
  if (key == "match") {
    if (!isa<DictionaryAttr>(e.getValue()))
      fail("key 'match' takes a dictionary");
    return;
  }
  if (key == "aliases") {
    if (auto all = dyn_cast<StringAttr>(e.getValue());
        all && all.getValue() == "all")
      return;
    auto list = dyn_cast<ArrayAttr>(e.getValue());
    if (!list || !llvm::all_of(list, [](Attribute pair) {
          return isNumbers(pair) && cast<ArrayAttr>(pair).size() == 2;
        }))
      fail("key 'aliases' takes \"all\" or a list of pairs [result, operand]");
    return;
  }
  if (key == "sync") {
    DictionaryAttr sync =
        dictionary(e, {"source"}, {"conversion"}, {"dynamic_size"}, {"when"});
    require(sync, "sync", "source");
    require(sync, "sync", "conversion");
    if (sync && sync.get("when")) {
      DictionaryAttr when =
          dictionary(NamedAttribute("when", sync.get("when")), {"operand"},
                     {"device", "element"}, {"none"});
      require(when, "when", "operand");
      if (when && when.size() != 2)
        fail("key 'when' needs one of 'device', 'none' and 'element'");
      else if (ok && when.get("device") &&
               when.getAs<StringAttr>("device").getValue() != "cpu")
        fail("entry 'device' of key 'when' takes \"cpu\"");
    }
    return;
  }
  if (key == "device_context") {
    dictionary(e, {"set", "get", "query", "status"});
    return;
  }
  if (key == "bound_operands") {
    auto list = dyn_cast<ArrayAttr>(e.getValue());
    if (!list)
      return fail("key 'bound_operands' takes a list of dictionaries");
    for (Attribute bound : list) {
      DictionaryAttr dict = dictionary(NamedAttribute("bound_operands", bound),
                                       {"operand"}, {}, {}, {"at_most"});
      require(dict, "bound_operands", "operand");
      if (dict && dict.get("at_most")) {
        DictionaryAttr most = dictionary(
            NamedAttribute("at_most", dict.get("at_most")), {"operand", "dim"});
        require(most, "at_most", "operand");
        require(most, "at_most", "dim");
      }
    }
    return;
  }
  if (key == "loop") {
    DictionaryAttr loop =
        dictionary(e,
                   {"trip", "condition", "first_init", "induction", "first_arg",
                    "yield_condition", "first_yield"},
                   {}, {}, {"guard"});
    for (StringRef needed : {"first_init", "first_arg", "first_yield"})
      require(loop, "loop", needed);
    if (loop && loop.get("guard"))
      names(dictionary(NamedAttribute("guard", loop.get("guard")), {},
                       {"positive", "branch", "yield", "bool"}));
    return;
  }
  if (key == "device" || key == "doc" || key == "named_by") {
    string(e);
    if (ok && key == "device" &&
        cast<StringAttr>(e.getValue()).getValue() != "cpu")
      fail("key 'device' takes \"cpu\"");
    return;
  }
  if (key == "fold")
    return fold(e);
  if (key == "device_form")
    return builder(e, {"op"});
  fail("unknown key '" + key + "'");
}

LogicalResult ForeignOpOp::verify() {
  Checker check{getOperation()};
  if (!isa_and_nonnull<ModuleOp>((*this)->getParentOp()))
    return emitOpError("may stand only directly in a module");
  check.names(getNames());
  DictionaryAttr spec = getSpec();
  for (NamedAttribute entry : spec)
    check.opEntry(entry);
  if (!check.ok)
    return failure();
  auto kindAttr = spec.getAs<StringAttr>("kind");
  StringRef kind = kindAttr ? kindAttr.getValue() : "compute";
  if ((kind == "host_sync") != spec.contains("sync"))
    check.fail("kind host_sync and key 'sync' need each other");
  if ((kind == "loop") != spec.contains("loop"))
    check.fail("kind loop and key 'loop' need each other");
  if ((kind == "check" || kind == "branch") != spec.contains("condition"))
    check.fail("kinds check and branch, and only they, need key 'condition'");
  if (spec.contains("random") && spec.contains("deterministic"))
    check.fail("a random op is not deterministic");
  if (spec.contains("undefined") && spec.contains("deterministic"))
    check.fail("an op with undefined contents is not deterministic");
  return success(check.ok);
}

LogicalResult ForeignTypeOp::verify() {
  Checker check{getOperation()};
  if (!isa_and_nonnull<ModuleOp>((*this)->getParentOp()))
    return emitOpError("may stand only directly in a module");
  check.names(getNames());
  for (NamedAttribute entry : getSpec()) {
    StringRef key = entry.getName();
    if (key == "kind") {
      auto kind = dyn_cast<StringAttr>(entry.getValue());
      if (!kind || !llvm::is_contained({"tensor", "memory", "host", "list"},
                                       kind.getValue()))
        check.fail("kind must be one of tensor, memory, host, list");
    } else if (key == "default") {
      DictionaryAttr dict = check.dictionary(entry, {}, {"op"}, {}, {"attrs"});
      check.require(dict, "default", "op");
      if (dict && dict.get("attrs") && !isa<DictionaryAttr>(dict.get("attrs")))
        check.fail("entry 'attrs' takes a dictionary");
    } else if (key == "size") {
      check.builder(entry, {"op", "dim"});
    } else if (key != "doc") {
      check.fail("unknown key '" + key + "'");
    }
  }
  if (check.ok && !getSpec().contains("kind"))
    check.fail("needs key 'kind'");
  return success(check.ok);
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the entries of model files say, parsed (docs/op-models.md).
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_OPMODELS_H
#define CAPSTAN_INTERFACES_OPMODELS_H

#include "capstan/Interfaces/BoundOperandOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <deque>
#include <memory>
#include <string>

namespace capstan {

/// What kind of operation this is for the host-sync passes and the verifier.
enum class OpKind {
  Compute,
  Constant,
  HostSync,
  Check,
  Loop,
  Branch,
  Yield,
  Call,
  Barrier
};

struct SyncModel {
  unsigned source = 0;
  mlir::StringAttr conversion;
  /// A sync only if this operand is a constant naming the CPU...
  std::optional<unsigned> whenCpu;
  /// ... or a constant `none`, or holds elements of type `element`.
  std::optional<unsigned> whenNone, whenElement;
  mlir::StringAttr element;
  bool dynamicSize = false;
};

struct LoopModel {
  std::optional<unsigned> trip, condition, induction, yieldCondition;
  unsigned firstInit = 0, firstArg = 0, firstYield = 0;
  /// Ops that write a first-trip guard; empty if the model names none.
  mlir::StringAttr guardPositive, guardBranch, guardYield, guardBool;
};

struct FoldModel {
  enum Kind {
    None,
    Same,
    Splat,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    Add,
    Sub,
    Mul,
    Not,
    And,
    Or,
    ToBool,
    Const
  };
  Kind kind = None;
  unsigned lhs = 0, rhs = 0;
  int64_t value = 0;
};

/// What an op does with the current device of the thread; one of which all is
/// absent leaves it as it is. Numbers of operands (`set`, `query`) and results.
struct DeviceContextModel {
  std::optional<unsigned> set, get, query, status;
};

/// One entry for one operation name.
struct ForeignOpModel {
  OpKind kind = OpKind::Compute;
  mlir::DictionaryAttr match;
  bool deterministic = false, total = false, noFault = false, random = false,
       undefined = false;
  bool alwaysCpu = false;
  /// Every result may alias every operand.
  bool aliasesAll = false;
  /// This attribute names the op whose entry holds (`torch.operator`).
  mlir::StringAttr namedBy;
  std::optional<llvm::SmallVector<unsigned>> reads;
  llvm::SmallVector<unsigned> writes, fresh, shapeOnly;
  llvm::SmallVector<std::pair<unsigned, unsigned>> aliases;
  std::optional<SyncModel> sync;
  llvm::SmallVector<BoundOperand> bounds;
  std::optional<unsigned> deviceOperand, condition;
  std::optional<LoopModel> loop;
  std::optional<DeviceContextModel> deviceContext;
  FoldModel fold;
  /// The op that does on the device, for its first operand and a scalar, what
  /// this one does on the host, and its result type; null: none.
  mlir::StringAttr deviceOp, deviceType;
};

enum class TypeKind { Tensor, Memory, Host, List };

struct ForeignTypeModel {
  TypeKind kind = TypeKind::Tensor;
  mlir::StringAttr defaultOp;
  mlir::DictionaryAttr defaultAttrs;
  /// The op that gives the size of a dimension, the constant op that makes the
  /// dimension's number, and the type of both results; null: none.
  mlir::StringAttr sizeOp, sizeDim, sizeType;
};

/// All entries that hold in one context.
class OpModels {
public:
  /// The models of `ctx`: the built-in ones, then the files given by
  /// `addFile` or by the command line. Loaded at the first call; null, after an
  /// error has been emitted, if a file can't be read or is wrong.
  static const OpModels *get(mlir::MLIRContext *ctx);

  /// Adds a model file. Has no effect on contexts that have loaded theirs.
  static void addFile(llvm::StringRef path);

  /// Registers `--capstan-op-models=FILE,...`.
  static void registerCLOptions();

  /// The entry for `op`, or null.
  const ForeignOpModel *lookup(mlir::Operation *op) const;

  /// The entry for a type by the name before `<`, e.g. "torch.vtensor".
  const ForeignTypeModel *lookup(llvm::StringRef typeName) const;

  /// Reads the entries of a parsed model file.
  mlir::LogicalResult add(mlir::Operation *module);

private:
  const ForeignOpModel *lookup(mlir::StringAttr name,
                               mlir::Operation *op) const;

  std::deque<ForeignOpModel> storage;
  llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<ForeignOpModel *, 1>> ops;
  llvm::StringMap<ForeignTypeModel> types;
};

} // namespace capstan

#endif // CAPSTAN_INTERFACES_OPMODELS_H

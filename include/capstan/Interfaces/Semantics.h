//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// One view of what an operation does, whether its dialect is linked in (MLIR's
// interfaces say it) or foreign (a model file says it). The passes and the
// verifier ask nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_SEMANTICS_H
#define CAPSTAN_INTERFACES_SEMANTICS_H

#include "capstan/Interfaces/OpModels.h"
#include "mlir/IR/Builders.h"

namespace capstan {

/// One effect of an operation itself (not of operations in its regions).
struct Effect {
  enum Kind { Read, Write, Allocate, Free };
  Kind kind;
  /// The memory, or null: any memory.
  mlir::Value value;
};

/// What a host sync reads and how.
struct SyncInfo {
  /// The operands that are read from the device.
  llvm::SmallVector<mlir::OpOperand *, 2> sources;
  /// One conversion per result.
  llvm::SmallVector<llvm::StringRef, 2> conversions;
  /// False for `capstan.fetch.start`.
  bool blocking = true;
  /// Whether result sizes are known on the host before the read.
  bool hostKnownSizes = true;
};

/// How a structured loop maps its operands. Covers `scf.for`, `scf.forall` and
/// foreign loops of kind `loop`; `scf.while` has two regions and is described
/// by MLIR's own class.
struct LoopDesc {
  mlir::Operation *op = nullptr;
  mlir::Region *body = nullptr;
  mlir::ValueRange inits;
  /// Region arguments that stand for the carried values.
  llvm::ArrayRef<mlir::BlockArgument> carried;
  /// Values that the terminator passes on.
  mlir::ValueRange yielded;
  /// Entry condition (foreign), largest trip count (foreign), induction
  /// variable; null where there is none.
  mlir::Value condition, trip, induction, yieldCondition;
  /// `scf.for` and `scf.forall` only: see `mlir::LoopLikeOpInterface`.
  bool isScf = false;
  const LoopModel *model = nullptr;
};

/// The integer (or boolean, as 0 or 1) that `attr` holds, or, if `splat` is
/// set, all of its elements.
std::optional<int64_t> integerOf(mlir::Attribute attr, bool splat);

/// Functions of a module whose calls are computations.
struct PureCallees {
  struct Faults {
    bool total = true, mayFault = false;
  };
  mlir::Operation *module = nullptr;
  llvm::DenseMap<mlir::StringAttr, Faults> faults;
};

/// What an operation has to do with the current device of the thread; nothing,
/// but that it leaves it as it is, if all are null.
struct DeviceContext {
  mlir::Value set;       ///< becomes the current device
  mlir::OpResult get;    ///< the device that was current before
  mlir::Value query;     ///< is asked what it can do
  mlir::OpResult status; ///< 0 if it went well; null: else the forward fails
};

/// Caches look-ups: make one per pass run (not thread-safe).
class Semantics {
public:
  /// Calls are barriers, but for those of `pure`.
  explicit Semantics(const OpModels &models, const PureCallees *pure = nullptr)
      : models(models), pure(pure) {}

  OpKind kind(mlir::Operation *op);

  /// Results depend only on operands, attributes, regions and on memory read;
  /// nothing is written, allocated, or drawn at random. A constant is too. An
  /// op with regions answers for itself only; see `isPureRegionOp`.
  bool isDeterministic(mlir::Operation *op);
  /// Can't fail, fault or trap.
  bool isTotal(mlir::Operation *op);
  /// Some contents of its operands may make it read out of bounds or trap: it
  /// must not move above a check that may rule those out. (An op that only
  /// fails with an error may: one of several failures comes first.)
  bool mayFault(mlir::Operation *op);
  /// Contents of the results are undefined (`tensor.empty`).
  bool isUndefined(mlir::Operation *op);
  bool isRandom(mlir::Operation *op);

  /// The op with everything nested in it: deterministic, without any write,
  /// host sync, check, call or barrier. May read memory (`readsMemory`).
  bool isMovable(mlir::Operation *op);

  /// Appends the effects of the op itself; false: unknown (a barrier). Host
  /// syncs report reads of memory operands, not of the HostSync resource.
  bool getEffects(mlir::Operation *op, llvm::SmallVectorImpl<Effect> &effects);

  /// memref, or foreign `memory` or `list` type.
  bool isMemory(mlir::Type type);
  /// A device-capable tensor type: builtin tensor, foreign `tensor` or
  /// `memory`.
  bool isTensorLike(mlir::Type type);
  /// Index, integer, float, or foreign `host` type.
  bool isHostScalar(mlir::Type type);
  /// Model of a foreign type, or null.
  const ForeignTypeModel *typeModel(mlir::Type type);

  bool isFresh(mlir::OpResult result);
  /// The operand whose storage `result` is (a view of).
  std::optional<unsigned> aliasedOperand(mlir::OpResult result);
  /// Only shape and type of the operand are read, never its contents.
  bool readsShapeOnly(mlir::OpOperand &operand);
  llvm::SmallVector<BoundOperand> boundOperands(mlir::Operation *op);

  /// For an op of kind HostSync. Whether the source is on the device is another
  /// question: see `Placement`.
  std::optional<SyncInfo> syncInfo(mlir::Operation *op);

  /// The condition of a check (kind Check) or a branch (kind Branch).
  mlir::Value condition(mlir::Operation *op);

  std::optional<LoopDesc> loop(mlir::Operation *op);

  /// The integer (or boolean, as 0 or 1) that `value` certainly is: from
  /// constants, `arith` and the folds of the models. A splat tensor counts if
  /// `splat` is set.
  std::optional<int64_t> constant(mlir::Value value, bool splat = false);

  /// The same for the result of an op of a foreign dialect, from its model's
  /// fold and what `operand` knows of operand `i` (as a splat or not). Says
  /// nothing of memory, nor of what the result's element type does not hold.
  std::optional<int64_t>
  foldForeign(mlir::Operation *op, bool splat,
              llvm::function_ref<std::optional<int64_t>(unsigned i, bool splat)>
                  operand);

  /// True if the loop certainly runs its body at least once.
  bool runsAtLeastOnce(mlir::Operation *loop);

  /// Builds a constant of `type` whose value doesn't matter; null if the type's
  /// model names none.
  mlir::Value buildDefault(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::Type type);

  const ForeignOpModel *model(mlir::Operation *op);

  /// For `capstan.set_device`, `current_device`, `device_capability`, and what
  /// a model describes so: foreign ops and calls of functions without a body.
  /// `capstan.with_device` is a region, and not among them.
  std::optional<DeviceContext> deviceContext(mlir::Operation *op);
  /// Whether `function`, or one that it calls, changes the current device.
  bool changesDevice(mlir::Operation *function);

private:
  std::optional<int64_t> fold(mlir::Value value, bool splat, unsigned depth);
  const PureCallees::Faults *pureCallee(mlir::Operation *call) const;

  const OpModels &models;
  const PureCallees *pure;
  llvm::DenseMap<mlir::Type, const ForeignTypeModel *> typeCache;
  /// Entries that don't depend on attributes, by name.
  llvm::DenseMap<mlir::OperationName, OpKind> kindCache;
  llvm::DenseMap<mlir::Operation *, bool> changesDeviceCache;
};

/// Where the tensors of a function are: on the CPU if all that flows into them
/// is. Builtin tensors say it by their type. Answers are found as they are
/// asked for; a value that a loop or branch hands on makes it look at all of
/// `root`.
class Placement {
public:
  Placement(Semantics &semantics, mlir::Operation *root)
      : semantics(semantics), root(root) {}

  bool isOnCpu(mlir::Value value);

  /// A HostSync op that really waits for the device: its source is not on the
  /// CPU and its `when` holds.
  bool isSync(mlir::Operation *op);

private:
  std::optional<bool> search(mlir::Value value);
  std::optional<bool> decided(mlir::Operation *op);
  bool decides(mlir::Value operand);
  bool resultOnCpu(mlir::Operation *op);
  void visitAll();
  bool visit(mlir::Operation *op);
  bool visitBlock(mlir::Block &block);
  bool join(mlir::Value into, bool cpu);

  Semantics &semantics;
  mlir::Operation *root;
  bool visitedAll = false;
  /// Foreign tensors that are known to be on the CPU, or not. After `visitAll`,
  /// values absent are on the device. Loop-carried values start on the CPU if
  /// their initial value is, and fall to the device while its fixpoint runs.
  llvm::DenseMap<mlir::Value, bool> cpu;
};

} // namespace capstan

#endif // CAPSTAN_INTERFACES_SEMANTICS_H

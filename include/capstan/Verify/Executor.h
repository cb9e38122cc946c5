//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Runs a function symbolically: once through each operation of host code, with
// values as expressions, memory as versions, and conditions as guards.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_VERIFY_EXECUTOR_H
#define CAPSTAN_VERIFY_EXECUTOR_H

#include "capstan/Interfaces/Semantics.h"
#include "capstan/Verify/Expr.h"
#include "capstan/Verify/Keys.h"
#include "capstan/Verify/Records.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Dominance.h"
#include "llvm/ADT/DenseSet.h"

namespace capstan::verify {

/// Operations that neither module need have, for their keys. Their operands are
/// of the right types and mean nothing.
class Prototypes {
public:
  template <typename OpTy>
  mlir::Operation *get(mlir::Type result, llvm::ArrayRef<mlir::Type> operands) {
    mlir::Operation *&op =
        made[{OpTy::getOperationName(), result, operands.front()}];
    if (op)
      return op;
    mlir::OpBuilder builder(result.getContext());
    builder.setInsertionPointToEnd(&block);
    mlir::Location loc = builder.getUnknownLoc();
    llvm::SmallVector<mlir::Value> values;
    for (mlir::Type type : operands)
      values.push_back(block.addArgument(type, loc));
    return op = OpTy::create(builder, loc, mlir::TypeRange(result), values);
  }

private:
  mlir::Block block;
  llvm::DenseMap<std::tuple<llvm::StringRef, mlir::Type, mlir::Type>,
                 mlir::Operation *>
      made;
};

/// Shared by both modules.
struct Context {
  explicit Context(const OpModels &models) : semantics(models) {}

  ExprTable exprs;
  GuardTable guards;
  KeyTable keys;
  Prototypes prototypes;
  Semantics semantics;
  /// Some op of either module changes a list: lists are memory then.
  bool listsChange = false;
  /// The function of the same name and type in the other module.
  llvm::DenseMap<mlir::Operation *, mlir::func::FuncOp> partners;
  /// Functions (BEFORE, AFTER) taken to be equal where they recur: to be
  /// proven.
  llvm::SetVector<std::pair<mlir::Operation *, mlir::Operation *>> assumed;
  /// Both modules load only where all devices are of this chip; empty: any.
  std::string chip;
  /// Names what is never equal: undefined contents, futures.
  uint64_t instances = 0;
};

/// What all memory holds at a point.
struct MemoryState {
  Expr *world = nullptr;  ///< whatever others may see
  Expr *random = nullptr; ///< the random state
  Expr *device = nullptr; ///< the current one; null: nobody asks or changes it
  /// Fresh storage that nobody else can reach.
  llvm::MapVector<Expr *, Expr *> objects;
};

/// Why a module can't be executed.
struct Failure {
  mlir::Operation *op = nullptr;
  std::string reason;
};

class Executor {
public:
  /// `devices`: the current device is followed.
  Executor(Context &ctx, Side side, bool devices)
      : ctx(ctx), exprs(ctx.exprs), sem(ctx.semantics), side(side),
        followsDevices(devices) {}

  /// For what has a number for each execution (undefined contents, fresh
  /// storage, loops): those to take in place of the order, a permutation.
  using Numbering = llvm::DenseMap<Expr *, llvm::SmallVector<uint64_t, 2>>;
  Numbering numbering;
  /// How often each of them was executed.
  llvm::DenseMap<Expr *, uint64_t> executions;

  ExprTable &expressions() { return exprs; }

  /// Executes `function` on symbolic arguments; false: see `failure`.
  bool run(mlir::func::FuncOp function);

  /// Of tensor `source` at `indices`, followed through slices and reshapes.
  Expr *element(Expr *source, llvm::ArrayRef<Expr *> indices);

  Records records;
  Counts counts;
  std::optional<Failure> failure;
  /// Of the function.
  llvm::SmallVector<Expr *> results;
  MemoryState state;
  mlir::Operation *returned = nullptr;

private:
  using Exprs = llvm::SmallVector<Expr *, 4>;
  using Body = llvm::function_ref<bool()>;

  bool fail(mlir::Operation *op, const llvm::Twine &reason);

  // Executor.cpp: values, paths, operations.
  Expr *value(mlir::Value v);
  void set(mlir::Value v, Expr *e) { env[v] = e; }
  Expr *make(mlir::Operation *op, Expr::Kind kind, uint64_t key,
             mlir::Type type, llvm::ArrayRef<Expr *> kids);
  Expr *resolve(Expr *e);
  bool isScalar(Expr *e);
  Expr *resolveScalar(Expr *e, llvm::DenseMap<Expr *, Expr *> &done,
                      unsigned depth);
  std::optional<bool> known(Expr *e, unsigned depth = 0);
  void assume(Expr *e, bool positive, bool guards = true);
  size_t pathMark() const { return undo.size(); }
  void popPath(size_t mark);
  const Guard *guard();
  Expr *perTrip(Expr *e);
  Expr *instance(Expr *e, mlir::Operation *op);
  Expr *contents(Expr *e);
  bool runOps(mlir::Block &block);
  bool execute(mlir::Operation *op);
  bool check(mlir::Operation *op);
  void addCheck(Literal condition, mlir::Operation *op, bool device);
  void addPartial(Expr *e, mlir::Operation *op);
  void addEffect(mlir::Operation *op);

  // Generic.cpp: operations without control flow.
  bool generic(mlir::Operation *op);
  Expr *simplify(mlir::Operation *op, llvm::ArrayRef<Expr *> operands);
  Expr *dimension(mlir::Operation *dim, Expr *source, Expr *index);
  void annotate(mlir::Operation *op, Expr *e, llvm::ArrayRef<Expr *> operands);
  bool resultsOnCpu(mlir::Operation *op, llvm::ArrayRef<Expr *> operands);
  std::optional<int64_t> fold(mlir::Operation *op,
                              llvm::ArrayRef<Expr *> operands, bool splat);
  void bindResults(mlir::Operation *op, Expr *made,
                   llvm::ArrayRef<Expr *> operands);

  // Kernels.cpp: structured operations of device code.
  struct KernelBody;
  void kernel(mlir::Operation *op, llvm::ArrayRef<Expr *> operands);
  bool closedForm(mlir::Operation *op, llvm::ArrayRef<Expr *> operands,
                  Exprs &results);
  void evaluate(KernelBody &body);
  Expr *operandElement(KernelBody &body, mlir::OpOperand &operand);
  Expr *countOf(KernelBody &body, mlir::Type type);
  Expr *sum(KernelBody &body);
  Expr *apply(mlir::Operation *op, llvm::ArrayRef<Expr *> kids);
  Expr *placed(Expr *e, llvm::ArrayRef<Expr *> indices);
  Expr *filled(Expr *value, Expr *shape, mlir::Type type);
  Expr *filledByHost(Expr *e);

  // Memory.cpp.
  bool isMemory(mlir::Type type);
  bool isContainer(mlir::Type type);
  Expr *version(Expr *pointer);
  Expr *held(Expr *pointer);
  void escape(Expr *object);
  void escapeAll(llvm::ArrayRef<Expr *> pointers);
  void write(Expr *pointer, Expr *what, mlir::Operation *op);
  void writeWorld(Expr *what, StateKind kind, mlir::Operation *op);
  bool barrier(mlir::Operation *op, llvm::ArrayRef<Expr *> operands,
               uint64_t key);
  struct RegionEffects {
    bool reads = false, writes = false;
  };
  /// Of everything nested in `op`, calls included.
  RegionEffects effectsOf(mlir::Operation *op, unsigned depth = 0);

  // Devices.cpp: the current device.
  std::optional<bool> device(mlir::Operation *op);
  bool withDevice(mlir::Operation *op);
  void setDevice(mlir::Value device, mlir::Operation *op, Expr *status);
  bool answer(mlir::Operation *op);
  Expr *ordinalOf(mlir::Value device);
  bool wasCurrent(mlir::Value device);
  void mustExist(mlir::Value device, Expr *ordinal, mlir::Operation *op);
  Expr *onDevice(mlir::Operation *op, Expr *made);
  void forgetDevice(Expr *barrier);
  bool mayChangeDevice(mlir::func::FuncOp function);

  // Reads.cpp: host syncs.
  std::optional<bool> read(mlir::Operation *op);
  Expr *readOf(llvm::StringRef conversion, mlir::Type type, Expr *source,
               Expr *memory);
  void addTransfer(mlir::Operation *op, llvm::ArrayRef<Expr *> reads);
  bool wait(mlir::Operation *op);
  Expr *constantRead(llvm::StringRef conversion, mlir::Type type, Expr *source);
  Expr *fetched(mlir::Operation *op, unsigned i, Exprs &reads);

  // ControlFlow.cpp: branches and calls.
  bool branch(mlir::Operation *op, Expr *cond, Body yes, Body no,
              Exprs &values);
  bool region(mlir::Operation *op, mlir::Region &region, Exprs &yielded);
  bool ifLike(mlir::Operation *op);
  bool indexSwitch(mlir::scf::IndexSwitchOp op);
  bool call(mlir::func::CallOp op);
  unsigned recursionKey(mlir::func::CallOp op, mlir::func::FuncOp callee);
  void merge(Expr *cond, const MemoryState &before, MemoryState yes,
             MemoryState no);
  Expr *mergeValues(Expr *cond, Expr *a, Expr *b);

  // Loops.cpp.
  struct LoopSpec {
    mlir::Operation *op;
    Expr *loop; ///< kind and bounds; made unique by its occurrence
    Exprs inits;
    /// Carried value `i` certainly never changes.
    llvm::SmallVector<bool> invariant;
    llvm::SmallVector<Literal> entry; ///< all hold: the body runs
    std::optional<int64_t> trips;
    llvm::SmallVector<mlir::Type, 1> inductions;
    bool writes = true;
    /// A while loop: stops after part one unless `condition` holds.
    bool isWhile = false;
  };
  struct LoopRun {
    Exprs symbols, next;
    Expr *condition = nullptr; ///< on another trip; null: the bounds decide
    Exprs leaving;             ///< values given on: of a while loop
    MemoryState leavingState;
  };
  /// Runs `first` (and, of a while loop, `second` where the condition holds)
  /// on symbols until what is invariant is known. `outs` are values after the
  /// loop: of the carried values, or of `leaving`.
  bool loop(LoopSpec &spec, llvm::function_ref<bool(LoopRun &)> first,
            llvm::function_ref<bool(LoopRun &)> second, Exprs &outs);
  Expr *induction(unsigned n, mlir::Type type);
  bool forLike(mlir::Operation *op);
  bool whileLoop(mlir::scf::WhileOp op);

  // LoopValues.cpp: what is known behind a loop.
  struct Recurrence {
    Expr *loop = nullptr;
    uint64_t bit = 0;
    Expr *stop = nullptr;
    llvm::MapVector<Expr *, Expr *> next;
    llvm::DenseSet<Expr *> symbols;
    llvm::DenseMap<Expr *, Expr *> closed{}; ///< what `closeLoop` gave
  };
  bool repeats(Expr *self, Recurrence &r);
  Expr *finalValue(Recurrence &r, Expr *out);
  Expr *closeLoop(Recurrence &r, Expr *out);
  void checksOfLastTrip(Recurrence &r, size_t first, size_t last);

  // Cfg.cpp: graphs of blocks.
  struct Graph;
  bool graph(mlir::Region &region, Exprs &results);
  bool analyze(mlir::Region &region, Graph &graph);
  bool runFrom(Graph &graph, mlir::Block *block, mlir::Block *stop,
               Exprs &results);
  bool runLoop(Graph &graph, mlir::Block *header, mlir::Block *&next);
  bool enter(mlir::Operation *terminator, unsigned successor);
  bool split(Graph &graph, mlir::Operation *terminator, mlir::Block *join,
             Exprs &results);

  struct Undo {
    Expr *expr;
    bool literal; ///< also a literal of the guard
  };
  struct Memo {
    Exprs results;
    const Guard *guard;
  };
  struct FutureState {
    size_t loops;
    llvm::SmallVector<const Guard *, 1> waits;
  };

  Context &ctx;
  ExprTable &exprs;
  Semantics &sem;
  Side side;
  const bool followsDevices;
  llvm::DenseMap<mlir::Value, Expr *> env;
  llvm::DenseMap<Expr *, bool> facts;
  llvm::SmallVector<Undo> undo;
  llvm::SmallVector<Literal> path;
  const Guard *cachedGuard = nullptr;
  llvm::SmallVector<Expr *> loops;
  llvm::SmallVector<Expr *> executionLog;
  /// The loops that have run, by what they start with.
  llvm::DenseMap<Expr *, Expr *> loopsRun;
  llvm::DenseMap<Expr *, Expr *> materialized;
  llvm::DenseMap<Expr *, FutureState> futures;
  llvm::SmallVector<mlir::Operation *> calls;
  llvm::DenseMap<mlir::Operation *, RegionEffects> effects;
  llvm::DenseMap<mlir::Region *, std::shared_ptr<Graph>> graphs;
  llvm::DenseMap<mlir::Operation *, std::vector<std::pair<Exprs, Memo>>> memos;
  mlir::SymbolTableCollection symbols;
  unsigned depth = 0;
  unsigned loopRuns = 0;
  uint64_t work = 0;
};

} // namespace capstan::verify

#endif // CAPSTAN_VERIFY_EXECUTOR_H

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Hash-consed expressions: what a value is, whichever module computes it. Two
// values are equal if (not only if) their expressions are the same pointer.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_VERIFY_EXPR_H
#define CAPSTAN_VERIFY_EXPR_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace capstan::verify {

/// The two modules: which one an operation belongs to.
enum Side { Before = 0, After = 1 };

struct Expr {
  enum class Kind : uint8_t {
    Op,     ///< `key`: the operation's key; operands, captures, versions
    Result, ///< result `key` of child 0, an operation of several results
    Const,  ///< integer or boolean `value`
    Arg,    ///< argument `key` of a public function; `World` at its start
    Gamma,  ///< child 1 where child 0 holds, else child 2
    Not,    ///<
    And,    ///<
    Or,     ///<
    Cmp,    ///< `key`: see `Compare`
    Shape,  ///< shape and element type of child 0
    Elem,   ///< element of tensor child 0 at the other children
    Read,   ///< `key`: conversion; what a host read gives of child 0
    Raw,    ///< undefined contents, instance `key` of child 0
    Nth,    ///< the `key`-th execution of child 0 (undefined, fresh, ...)
    Trip,   ///< child 0 on each trip of loops, the other children
    State,  ///< memory or random state after something; `key`: StateKind
    Symbol, ///< carried value of a loop; `key`: occurrence, CPU flag
    Loop,   ///< the `key`-th execution of a loop; kind and bounds
    Final,  ///< value after a loop: what, stop condition, recurrences
    Future, ///< the values of a fetch.start
    Hole,   ///< an operand that is a bound only
    Is,     ///< child 0, a switch value, equals `key`
    Norm,   ///< normal form of a condition, on host or device
    Kernel, ///< `key`: loops and body; initial values, inputs, scalars
    Fill,   ///< a tensor of shape child 1, each element being child 0
    Place,  ///< in a Fill: dimension `key` of the element's index
    On,     ///< child 0, computed while child 1 is the current device
  };
  enum Compare { Eq, Slt, Ult };

  Kind kind;
  bool onCpu = false;       ///< a foreign tensor that is on the CPU
  bool holdsMemory = false; ///< points into mutable storage
  bool hasValue = false;    ///< all elements are `value`
  bool gated = false;       ///< a path may decide it, or what it is made of
  bool placed = false;      ///< depends on the index in the Fill around it
  unsigned id = 0;
  uint64_t key = 0;
  uint64_t loops = 0;  ///< depths of the open loops it varies in
  unsigned height = 0; ///< of the loops that it closes, nested
  int64_t value = 0;
  mlir::Type type;
  llvm::ArrayRef<Expr *> kids;
  Expr *base = nullptr; ///< for pointers: the fresh storage; null: any
  mlir::Operation *ops[2] = {nullptr, nullptr};
  Expr *chain = nullptr; ///< next of equal hash

  bool isConst() const { return kind == Kind::Const; }
  bool isTrue() const { return isConst() && value != 0; }
  bool isFalse() const { return isConst() && value == 0; }
  /// An operation of the IR that makes this expression, for its attributes.
  mlir::Operation *op() const { return ops[0] ? ops[0] : ops[1]; }
};

/// A condition and the side taken.
struct Literal {
  Expr *expr;
  bool positive;

  bool operator==(const Literal &o) const {
    return expr == o.expr && positive == o.positive;
  }
  bool operator<(const Literal &o) const {
    return expr->id != o.expr->id ? expr->id < o.expr->id
                                  : positive < o.positive;
  }
  Literal operator!() const { return {expr, !positive}; }
};

class ExprTable {
public:
  using Kind = Expr::Kind;

  Expr *get(Kind kind, uint64_t key, mlir::Type type,
            llvm::ArrayRef<Expr *> kids);
  Expr *constant(mlir::Type type, int64_t value);
  Expr *gamma(Expr *cond, Expr *a, Expr *b);
  Expr *negate(Expr *cond);
  Expr *both(Expr *a, Expr *b);
  Expr *either(Expr *a, Expr *b);
  Expr *compare(Expr::Compare kind, mlir::Type type, Expr *a, Expr *b);
  Expr *shape(Expr *of);
  /// `e` without negations.
  static Literal literal(Expr *e, bool positive = true);

  /// Replaces the keys of `map` in `e`; looks only into what varies in `loops`.
  Expr *substitute(Expr *e, llvm::DenseMap<Expr *, Expr *> &map,
                   uint64_t loops);

  /// `e` of other children.
  Expr *rebuild(Expr *e, llvm::ArrayRef<Expr *> kids);

  unsigned size() const { return count; }
  /// A short text; `budget` is the number of expressions shown.
  std::string text(Expr *e, unsigned budget = 12) const;

private:
  void print(llvm::raw_ostream &os, Expr *e, unsigned &budget,
             unsigned depth) const;

  llvm::BumpPtrAllocator allocator;
  llvm::DenseMap<size_t, Expr *> table;
  unsigned count = 0;
};

/// The interned name of a state transition.
enum StateKind : uint64_t {
  WorldStart,
  RandomStart,
  AfterWrite,
  AfterBarrier,
  AfterRandom,
  Escape,
  FirstContents,
  DeviceStart,
  DeviceForgotten
};

} // namespace capstan::verify

#endif // CAPSTAN_VERIFY_EXPR_H

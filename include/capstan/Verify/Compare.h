//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Compares what two executions of a function left.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_VERIFY_COMPARE_H
#define CAPSTAN_VERIFY_COMPARE_H

#include "capstan/Verify/Executor.h"
#include "capstan/Verify/Verify.h"
#include "llvm/ADT/DenseSet.h"

namespace capstan::verify {

class Comparer {
public:
  Comparer(Context &ctx, Executor &before, Executor &after,
           const Options &options, Report &report)
      : ctx(ctx), b(before), a(after), options(options), report(report) {}

  /// True if nothing differs; else the report says what.
  bool run();

  /// Numbers for the executions of AFTER, so that those which flow to the same
  /// place in both have the same.
  Executor::Numbering pairExecutions();

private:
  bool results();
  bool effects();
  bool devices();
  bool checks();
  bool partials();
  bool bounds();
  bool transfers();
  bool recurrences();

  bool differ(const llvm::Twine &what, Expr *before, Expr *after);
  bool reject(const llvm::Twine &reason, mlir::Operation *before,
              mlir::Operation *after, const Guard *guard);
  void describe(llvm::StringRef side, mlir::Operation *op, Expr *e);

  /// A condition in a form that a check on the host and one on the device
  /// share.
  Literal normal(Literal l, bool device);
  Literal normal(const CheckRecord &check);
  Expr *normalTerm(Expr *e, bool device, bool condition);
  Expr *elementwise(Expr *e, bool device);
  bool isInteger(mlir::Type type);

  Expr *shapeOn(Expr *shape, const Guard *guard);
  bool isBound(const BoundRecord &use, Expr *bound, const Guard *guard,
               unsigned depth);

  Context &ctx;
  Executor &b, &a;
  const Options &options;
  Report &report;
  /// For each number of checks of one side: how many of the other side must
  /// have run for the first ones to be in force.
  std::vector<unsigned> needed[2];
  /// What only device checks use.
  llvm::DenseSet<Expr *> ofDeviceChecks;
  llvm::DenseMap<std::pair<Expr *, unsigned>,
                 llvm::SmallVector<const BoundRecord *, 2>>
      boundsBefore;
};

/// `loc` for people.
std::string locationText(mlir::Operation *op);

} // namespace capstan::verify

#endif // CAPSTAN_VERIFY_COMPARE_H

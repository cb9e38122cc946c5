//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes the bodies of graphs functions, which convert-capstan-to-runtime has
// captured and replayed.
//
//   %y = capstan.graph(%x : tensor<64xf32>) -> tensor<64xf32> { ... }
//   // becomes
//   %y = call @main_graph(%x) {capstan.graph} : (tensor<64xf32>) ->
//   tensor<64xf32>
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/GraphOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANOUTLINEGRAPHS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

static void outline(GraphOp graph, SymbolTable &symbols) {
  auto parent = graph->getParentOfType<func::FuncOp>();
  OpBuilder b(parent);
  auto function = func::FuncOp::create(
      b, graph.getLoc(), (parent.getName() + "_graph").str(),
      b.getFunctionType(graph.getInputs().getTypes(), graph.getResultTypes()));
  function.setPrivate();
  // A replay reads the inputs again.
  for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i)
    function.setArgAttr(i,
                        bufferization::BufferizationDialect::kWritableAttrName,
                        b.getBoolAttr(false));
  symbols.insert(function);
  function.getBody().takeBody(graph.getBody());
  Operation *yield = function.getBody().front().getTerminator();
  b.setInsertionPoint(yield);
  func::ReturnOp::create(b, yield->getLoc(), yield->getOperands());
  yield->erase();

  b.setInsertionPoint(graph);
  auto call =
      func::CallOp::create(b, graph.getLoc(), function, graph.getInputs());
  call->setAttr("capstan.graph", b.getUnitAttr());
  graph.replaceAllUsesWith(call.getResults());
  graph.erase();
}

namespace {
struct OutlineGraphs
    : public capstan::impl::CapstanOutlineGraphsBase<OutlineGraphs> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<GraphOp> graphs;
    getOperation().walk([&](GraphOp graph) { graphs.push_back(graph); });
    for (GraphOp graph : graphs)
      outline(graph, symbols);
  }
};
} // namespace

// RUN: capstan-opt %s --capstan-outline-graphs | FileCheck %s

// CHECK: func.func private @main_graph(%{{.*}}: tensor<4xf32> {bufferization.writable = false}) -> tensor<4xf32> {
// CHECK: linalg.exp
// CHECK: return
// CHECK: func.func private @main_graph_0
// CHECK: linalg.log
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = call @main_graph(%{{.*}}) {capstan.graph}
// CHECK: call @main_graph_0(%[[A]]) {capstan.graph}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = capstan.graph(%x : tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%0: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %y = linalg.exp ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    capstan.yield %y : tensor<4xf32>
  }
  %b = capstan.graph(%a : tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%0: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %y = linalg.log ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    capstan.yield %y : tensor<4xf32>
  }
  return %b : tensor<4xf32>
}

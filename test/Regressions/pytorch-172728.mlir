// RUN: capstan-opt %s --split-input-file --verify-diagnostics --capstan-form-graphs | FileCheck %s

// A size that was read in the middle of a graph leaked into what was captured:
// replays kept that of the first batch (pytorch/pytorch 172728).

func.func @read_inside(%x: tensor<4xf32>, %n: tensor<i32>) -> tensor<4xf32> {
  // expected-note@+1 {{the graph}}
  %y = capstan.graph(%x, %n : tensor<4xf32>, tensor<i32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %m: tensor<i32>):
    // expected-error@+1 {{can't be part of a graph: it waits for the device}}
    %size = capstan.item %m[] : tensor<i32>
    %f = arith.sitofp %size : i32 to f32
    %e = tensor.empty() : tensor<4xf32>
    %z = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    capstan.yield %z : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// The pass keeps what depends on the size out of every graph.
// CHECK-LABEL: @between(
// CHECK:         capstan.item
// CHECK:         %[[FILLED:.*]] = linalg.fill
// CHECK:         capstan.graph(%{{.*}}, %[[FILLED]] : tensor<4xf32>, tensor<4xf32>)
func.func @between(%x: tensor<4xf32>, %n: tensor<i32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %size = capstan.item %n[] : tensor<i32>
  %f = arith.sitofp %size : i32 to f32
  %z = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.add ins(%a, %z : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

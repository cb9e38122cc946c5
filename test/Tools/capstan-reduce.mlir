// A failing input shrinks to the op that the test script asks for, and a pass of
// Capstan's can be the reduction.

// RUN: capstan-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/has-item.sh' | FileCheck %s
// RUN: capstan-reduce %s --opt-reduction-pass='opt-pass=capstan-raise-host-syncs test=%S/Inputs/has-item.sh' | FileCheck %s --check-prefix=OPT

// CHECK-NOT: @unrelated
// CHECK: func.func @reads
// CHECK: capstan.item
// CHECK-NOT: @unrelated

// OPT: capstan.item

func.func @unrelated(%a: f32, %b: f32) -> f32 {
  %0 = arith.addf %a, %b : f32
  return %0 : f32
}

func.func @reads(%lens: tensor<4xi32>, %i: index) -> i32 {
  %0 = capstan.item %lens[%i] : tensor<4xi32>
  return %0 : i32
}

func.func @unrelated_too() {
  return
}

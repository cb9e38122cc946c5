// The model file that the README shows works on a dialect of one's own.
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-op-models=%S/Inputs/mine.mlir --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @layers
// CHECK-COUNT-1: "mine.read"
// CHECK-NOT: "mine.read"
func.func @layers(%lens: !mine.tensor<4>) {
  %max0 = "mine.max"(%lens) : (!mine.tensor<4>) -> !mine.tensor<1>
  %n0 = "mine.read"(%max0) : (!mine.tensor<1>) -> !mine.int
  "mine.launch"(%n0) : (!mine.int) -> ()
  %max1 = "mine.max"(%lens) : (!mine.tensor<4>) -> !mine.tensor<1>
  %n1 = "mine.read"(%max1) : (!mine.tensor<1>) -> !mine.int
  "mine.launch"(%n1) : (!mine.int) -> ()
  return
}

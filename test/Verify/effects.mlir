// Writes, barriers, checks and draws keep their place.
// RUN: split-file %s %t
// RUN: capstan-verify %t/a.mlir %t/a.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/a.mlir %t/over-write.mlir | FileCheck %s --check-prefix=OVER
// RUN: not capstan-verify %t/a.mlir %t/no-check.mlir | FileCheck %s --check-prefix=CHECK
// RUN: not capstan-verify %t/a.mlir %t/check-below.mlir | FileCheck %s --check-prefix=BELOW
// RUN: not capstan-verify %t/no-check.mlir %t/a.mlir | FileCheck %s --check-prefix=NEW
// RUN: not capstan-verify %t/a.mlir %t/order.mlir | FileCheck %s --check-prefix=ORDER
// RUN: not capstan-verify %t/a.mlir %t/gone.mlir | FileCheck %s --check-prefix=GONE
// RUN: capstan-verify %t/fresh.mlir %t/fresh-merged.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/fresh.mlir %t/fresh-wrong.mlir | FileCheck %s --check-prefix=FRESH
// RUN: not capstan-verify %t/random.mlir %t/random-merged.mlir | FileCheck %s --check-prefix=RANDOM
// RUN: capstan-verify %t/empty.mlir %t/empty.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/empty.mlir %t/empty-merged.mlir | FileCheck %s --check-prefix=EMPTY

// OK: accepted
// OVER: rejected: @f:
// CHECK: rejected: @f: a check is missing
// CHECK: before: 'cf.assert'
// BELOW: rejected: @f: a check moved below a visible effect
// NEW: rejected: @f: there is a check that did not run before
// ORDER: rejected: @f: a visible effect, or the order of effects, differs
// GONE: rejected: @f: a visible effect is missing
// FRESH: rejected: @f: result #0 differs
// RANDOM: rejected: @f: draws of random numbers differ
// EMPTY: rejected: @f: result #1 differs

//--- a.mlir
func.func private @callee(i32)
func.func @f(%m: memref<4xi32>, %o: memref<4xi32>, %c: i1) -> i32 {
  %i = arith.constant 0 : index
  %x = capstan.item %m[%i] : memref<4xi32>
  cf.assert %c, "message"
  memref.copy %m, %o : memref<4xi32> to memref<4xi32>
  %y = capstan.item %m[%i] : memref<4xi32>
  call @callee(%y) : (i32) -> ()
  %z = arith.addi %x, %y : i32
  return %z : i32
}
//--- over-write.mlir
func.func private @callee(i32)
func.func @f(%m: memref<4xi32>, %o: memref<4xi32>, %c: i1) -> i32 {
  %i = arith.constant 0 : index
  %x = capstan.item %m[%i] : memref<4xi32>
  cf.assert %c, "message"
  memref.copy %m, %o : memref<4xi32> to memref<4xi32>
  call @callee(%x) : (i32) -> ()
  %z = arith.addi %x, %x : i32
  return %z : i32
}
//--- no-check.mlir
func.func private @callee(i32)
func.func @f(%m: memref<4xi32>, %o: memref<4xi32>, %c: i1) -> i32 {
  %i = arith.constant 0 : index
  %x = capstan.item %m[%i] : memref<4xi32>
  memref.copy %m, %o : memref<4xi32> to memref<4xi32>
  %y = capstan.item %m[%i] : memref<4xi32>
  call @callee(%y) : (i32) -> ()
  %z = arith.addi %x, %y : i32
  return %z : i32
}
//--- check-below.mlir
func.func private @callee(i32)
func.func @f(%m: memref<4xi32>, %o: memref<4xi32>, %c: i1) -> i32 {
  %i = arith.constant 0 : index
  %x = capstan.item %m[%i] : memref<4xi32>
  memref.copy %m, %o : memref<4xi32> to memref<4xi32>
  %y = capstan.item %m[%i] : memref<4xi32>
  cf.assert %c, "message"
  call @callee(%y) : (i32) -> ()
  %z = arith.addi %x, %y : i32
  return %z : i32
}
//--- order.mlir
func.func private @callee(i32)
func.func @f(%m: memref<4xi32>, %o: memref<4xi32>, %c: i1) -> i32 {
  %i = arith.constant 0 : index
  %x = capstan.item %m[%i] : memref<4xi32>
  cf.assert %c, "message"
  call @callee(%x) : (i32) -> ()
  memref.copy %m, %o : memref<4xi32> to memref<4xi32>
  %y = capstan.item %m[%i] : memref<4xi32>
  %z = arith.addi %x, %y : i32
  return %z : i32
}
//--- gone.mlir
func.func private @callee(i32)
func.func @f(%m: memref<4xi32>, %o: memref<4xi32>, %c: i1) -> i32 {
  %i = arith.constant 0 : index
  %x = capstan.item %m[%i] : memref<4xi32>
  cf.assert %c, "message"
  memref.copy %m, %o : memref<4xi32> to memref<4xi32>
  %y = capstan.item %m[%i] : memref<4xi32>
  %z = arith.addi %x, %y : i32
  return %z : i32
}
//--- fresh.mlir
func.func @f(%m: memref<4xi32>, %v: i32) -> i32 {
  %i = arith.constant 0 : index
  %t = memref.alloc() : memref<4xi32>
  memref.store %v, %t[%i] : memref<4xi32>
  %x = capstan.item %m[%i] : memref<4xi32>
  memref.store %x, %t[%i] : memref<4xi32>
  %y = capstan.item %m[%i] : memref<4xi32>
  %w = capstan.item %t[%i] : memref<4xi32>
  %z = arith.addi %y, %w : i32
  return %z : i32
}
//--- fresh-merged.mlir
func.func @f(%m: memref<4xi32>, %v: i32) -> i32 {
  %i = arith.constant 0 : index
  %t = memref.alloc() : memref<4xi32>
  memref.store %v, %t[%i] : memref<4xi32>
  %x = capstan.item %m[%i] : memref<4xi32>
  memref.store %x, %t[%i] : memref<4xi32>
  %w = capstan.item %t[%i] : memref<4xi32>
  %z = arith.addi %x, %w : i32
  return %z : i32
}
//--- fresh-wrong.mlir
func.func @f(%m: memref<4xi32>, %v: i32) -> i32 {
  %i = arith.constant 0 : index
  %t = memref.alloc() : memref<4xi32>
  memref.store %v, %t[%i] : memref<4xi32>
  %x = capstan.item %m[%i] : memref<4xi32>
  %w = capstan.item %t[%i] : memref<4xi32>
  memref.store %x, %t[%i] : memref<4xi32>
  %z = arith.addi %x, %w : i32
  return %z : i32
}
//--- random.mlir
func.func @f(%x: !torch.vtensor<[4],f32>, %n: !torch.none) -> (!torch.vtensor<[4],f32>, !torch.vtensor<[4],f32>) {
  %a = "torch.aten.rand_like"(%x, %n, %n, %n, %n, %n) : (!torch.vtensor<[4],f32>, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[4],f32>
  %b = "torch.aten.rand_like"(%x, %n, %n, %n, %n, %n) : (!torch.vtensor<[4],f32>, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[4],f32>
  return %a, %b : !torch.vtensor<[4],f32>, !torch.vtensor<[4],f32>
}
//--- random-merged.mlir
func.func @f(%x: !torch.vtensor<[4],f32>, %n: !torch.none) -> (!torch.vtensor<[4],f32>, !torch.vtensor<[4],f32>) {
  %a = "torch.aten.rand_like"(%x, %n, %n, %n, %n, %n) : (!torch.vtensor<[4],f32>, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[4],f32>
  return %a, %a : !torch.vtensor<[4],f32>, !torch.vtensor<[4],f32>
}
//--- empty.mlir
func.func @f() -> (tensor<4xf32>, tensor<4xf32>) {
  %a = tensor.empty() : tensor<4xf32>
  %b = tensor.empty() : tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}
//--- empty-merged.mlir
func.func @f() -> (tensor<4xf32>, tensor<4xf32>) {
  %a = tensor.empty() : tensor<4xf32>
  return %a, %a : tensor<4xf32>, tensor<4xf32>
}

// A recursive function that changed is the same by induction: if it is where it calls itself.
// RUN: split-file %s %t
// RUN: capstan-opt %t/a.mlir --capstan-host-sync-pipeline -o %t/merged.mlir
// RUN: capstan-verify %t/a.mlir %t/merged.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/a.mlir %t/result.mlir | FileCheck %s --check-prefix=RESULT
// RUN: not capstan-verify %t/a.mlir %t/twice.mlir | FileCheck %s --check-prefix=SYNCS
// RUN: not capstan-verify %t/a.mlir %t/argument.mlir | FileCheck %s --check-prefix=ARGUMENT
// RUN: capstan-opt %t/mutual.mlir --capstan-host-sync-pipeline -o %t/mutual-merged.mlir
// RUN: capstan-verify %t/mutual.mlir %t/mutual-merged.mlir | FileCheck %s --check-prefix=OK
// RUN: sed 's/arith.addi/arith.subi/' %t/mutual-merged.mlir > %t/mutual-wrong.mlir
// RUN: not capstan-verify %t/mutual.mlir %t/mutual-wrong.mlir | FileCheck %s --check-prefix=MUTUAL

// OK: accepted
// RESULT: rejected: @{{[fg]}}: result #0 differs
// SYNCS: rejected: @{{[fg]}}: there are more syncs than before
// ARGUMENT: rejected: @{{[fg]}}: a visible effect, or the order of effects, differs
// MUTUAL: rejected: @{{even|odd|f}}: result #0 differs

//--- a.mlir
func.func private @g(%t: tensor<i32>, %c: i1) -> i32 {
  %false = arith.constant false
  %a = capstan.item %t[] : tensor<i32>
  %b = capstan.item %t[] : tensor<i32>
  %r = scf.if %c -> i32 {
    %1 = func.call @g(%t, %false) : (tensor<i32>, i1) -> i32
    scf.yield %1 : i32
  } else {
    %2 = arith.addi %a, %b : i32
    scf.yield %2 : i32
  }
  return %r : i32
}
func.func @f(%t: tensor<i32>, %c: i1) -> i32 {
  %0 = call @g(%t, %c) : (tensor<i32>, i1) -> i32
  return %0 : i32
}
//--- result.mlir
func.func private @g(%t: tensor<i32>, %c: i1) -> i32 {
  %false = arith.constant false
  %a = capstan.item %t[] : tensor<i32>
  %r = scf.if %c -> i32 {
    %1 = func.call @g(%t, %false) : (tensor<i32>, i1) -> i32
    scf.yield %1 : i32
  } else {
    scf.yield %a : i32
  }
  return %r : i32
}
func.func @f(%t: tensor<i32>, %c: i1) -> i32 {
  %0 = call @g(%t, %c) : (tensor<i32>, i1) -> i32
  return %0 : i32
}
//--- twice.mlir
func.func private @g(%t: tensor<i32>, %c: i1) -> i32 {
  %false = arith.constant false
  %a = capstan.item %t[] : tensor<i32>
  %b = capstan.item %t[] : tensor<i32>
  %r = scf.if %c -> i32 {
    %x = capstan.item %t[] : tensor<i32>
    %1 = func.call @g(%t, %false) : (tensor<i32>, i1) -> i32
    scf.yield %1 : i32
  } else {
    %2 = arith.addi %a, %b : i32
    scf.yield %2 : i32
  }
  return %r : i32
}
func.func @f(%t: tensor<i32>, %c: i1) -> i32 {
  %0 = call @g(%t, %c) : (tensor<i32>, i1) -> i32
  return %0 : i32
}
//--- argument.mlir
func.func private @g(%t: tensor<i32>, %c: i1) -> i32 {
  %a = capstan.item %t[] : tensor<i32>
  %r = scf.if %c -> i32 {
    %1 = func.call @g(%t, %c) : (tensor<i32>, i1) -> i32
    scf.yield %1 : i32
  } else {
    %2 = arith.addi %a, %a : i32
    scf.yield %2 : i32
  }
  return %r : i32
}
func.func @f(%t: tensor<i32>, %c: i1) -> i32 {
  %0 = call @g(%t, %c) : (tensor<i32>, i1) -> i32
  return %0 : i32
}
//--- mutual.mlir
func.func private @even(%t: tensor<i32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = capstan.item %t[] : tensor<i32>
  %b = capstan.item %t[] : tensor<i32>
  %c = arith.cmpi sgt, %n, %c0 : index
  %r = scf.if %c -> i32 {
    %m = arith.subi %n, %c1 : index
    %1 = func.call @odd(%t, %m) : (tensor<i32>, index) -> i32
    scf.yield %1 : i32
  } else {
    %2 = arith.muli %a, %b : i32
    scf.yield %2 : i32
  }
  return %r : i32
}
func.func private @odd(%t: tensor<i32>, %n: index) -> i32 {
  %0 = func.call @even(%t, %n) : (tensor<i32>, index) -> i32
  %b = capstan.item %t[] : tensor<i32>
  %a = capstan.item %t[] : tensor<i32>
  %1 = arith.addi %a, %b : i32
  %2 = arith.addi %0, %1 : i32
  return %2 : i32
}
func.func @f(%t: tensor<i32>, %n: index) -> i32 {
  %0 = call @even(%t, %n) : (tensor<i32>, index) -> i32
  return %0 : i32
}

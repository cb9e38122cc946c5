// A loop is the same wherever it stands; what a path assumes is known in it.
// RUN: split-file %s %t
// RUN: capstan-verify %t/inside.mlir %t/outside.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/inside.mlir %t/other.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: capstan-verify %t/assumed.mlir %t/known.mlir | FileCheck %s --check-prefix=OK

// OK: accepted
// DIFFERS: rejected: @f: result #0 differs

//--- inside.mlir
func.func @f(%n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z) -> i32 {
    %sum = scf.for %j = %c0 to %n step %c1 iter_args(%b = %z) -> i32 {
      %k = arith.index_cast %j : index to i32
      %s = arith.addi %b, %k : i32
      scf.yield %s : i32
    }
    %t = arith.addi %a, %sum : i32
    scf.yield %t : i32
  }
  return %r : i32
}
//--- outside.mlir
func.func @f(%n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  %sum = scf.for %j = %c0 to %n step %c1 iter_args(%b = %z) -> i32 {
    %k = arith.index_cast %j : index to i32
    %s = arith.addi %b, %k : i32
    scf.yield %s : i32
  }
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z) -> i32 {
    %t = arith.addi %a, %sum : i32
    scf.yield %t : i32
  }
  return %r : i32
}
//--- other.mlir
func.func @f(%n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z) -> i32 {
    %sum = scf.for %j = %c0 to %n step %c1 iter_args(%b = %z) -> i32 {
      // The outer loop's trip in place of the inner one's.
      %k = arith.index_cast %i : index to i32
      %s = arith.addi %b, %k : i32
      scf.yield %s : i32
    }
    %t = arith.addi %a, %sum : i32
    scf.yield %t : i32
  }
  return %r : i32
}
//--- assumed.mlir
func.func @f(%t: !torch.vtensor<[],i1>, %n: !torch.int) {
  %c = "torch.aten.Bool.Tensor"(%t) : (!torch.vtensor<[],i1>) -> !torch.bool
  "torch.prim.Loop"(%n, %c) ({
  ^bb0(%i: !torch.int):
    %again = "torch.aten.Bool.Tensor"(%t) : (!torch.vtensor<[],i1>) -> !torch.bool
    "torch.prim.Loop.condition"(%again) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}
//--- known.mlir
func.func @f(%t: !torch.vtensor<[],i1>, %n: !torch.int) {
  %c = "torch.aten.Bool.Tensor"(%t) : (!torch.vtensor<[],i1>) -> !torch.bool
  "torch.prim.Loop"(%n, %c) ({
  ^bb0(%i: !torch.int):
    %true = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
    "torch.prim.Loop.condition"(%true) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}

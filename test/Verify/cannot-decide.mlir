// What can't be decided is rejected with its place; wrong input is no crash.
// RUN: split-file %s %t
// RUN: not capstan-verify %t/irreducible.mlir %t/irreducible.mlir | FileCheck %s --check-prefix=IRREDUCIBLE
// RUN: not capstan-verify %t/exits.mlir %t/exits.mlir | FileCheck %s --check-prefix=EXITS
// RUN: capstan-verify %t/cf-loop.mlir %t/cf-loop.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/cf-loop.mlir %t/cf-loop-read.mlir | FileCheck %s --check-prefix=MORE
// RUN: not capstan-verify %t/missing.mlir %t/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not capstan-verify %t/malformed.mlir %t/cf-loop.mlir 2>&1 | FileCheck %s --check-prefix=MALFORMED
// RUN: not capstan-verify %t/cf-loop.mlir 2>&1 | FileCheck %s --check-prefix=USAGE

// IRREDUCIBLE: rejected: @f: can't prove: can't decide: the control flow is irreducible here
// IRREDUCIBLE: before: 'cf.{{.*}}' at {{.*}}irreducible.mlir:
// EXITS: rejected: @f: can't prove: can't decide: the loop has several exits
// OK: accepted
// MORE: rejected: @f:
// MISSING: capstan-verify: cannot open input file
// MALFORMED: error:
// USAGE: Not enough positional

//--- irreducible.mlir
func.func @f(%c: i1, %d: i1) {
  cf.cond_br %c, ^a, ^b
^a:
  cf.cond_br %d, ^b, ^end
^b:
  cf.cond_br %d, ^a, ^end
^end:
  return
}
//--- exits.mlir
func.func @f(%c: i1, %d: i1) {
  cf.br ^a
^a:
  cf.cond_br %c, ^b, ^end
^b:
  cf.cond_br %d, ^a, ^end
^end:
  return
}
//--- cf-loop.mlir
func.func @f(%x: tensor<i32>, %n: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  cf.br ^head(%c0 : i32)
^head(%i: i32):
  %go = arith.cmpi slt, %i, %n : i32
  cf.cond_br %go, ^body, ^end
^body:
  %j = arith.addi %i, %c1 : i32
  cf.br ^head(%j : i32)
^end:
  %r = arith.addi %i, %n : i32
  return %r : i32
}
//--- cf-loop-read.mlir
func.func @f(%x: tensor<i32>, %n: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  cf.br ^head(%c0 : i32)
^head(%i: i32):
  %go = arith.cmpi slt, %i, %n : i32
  cf.cond_br %go, ^body, ^end
^body:
  %v = capstan.item %x[] : tensor<i32>
  %j = arith.addi %i, %c1 : i32
  cf.br ^head(%j : i32)
^end:
  %r = arith.addi %i, %n : i32
  return %r : i32
}
//--- malformed.mlir
func.func @f( {

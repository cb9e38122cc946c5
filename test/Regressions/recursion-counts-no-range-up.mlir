// Integer ranges of a recursive function's argument were counted up one by one, for ever.
// RUN: capstan-compile %s --emit=mlir | FileCheck %s

// CHECK: func.func private @down
func.func private @down(%n: index) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %more = arith.cmpi sgt, %n, %c0 : index
  %r = scf.if %more -> index {
    %less = arith.subi %n, %c1 : index
    %x = func.call @down(%less) : (index) -> index
    scf.yield %x : index
  } else {
    scf.yield %n : index
  }
  return %r : index
}
func.func @main(%n: index) -> index {
  %c3 = arith.constant 3 : index
  %r = call @down(%c3) : (index) -> index
  return %r : index
}

// What is known on a path decides values that were computed above it; undefined
// contents that nothing visible depends on don't shift the others.
//
// RUN: split-file %s %t
// RUN: capstan-verify %t/inside.mlir %t/hoisted.mlir | FileCheck %s
// RUN: not capstan-verify %t/inside.mlir %t/wrong.mlir
// RUN: capstan-verify %t/dead.mlir %t/no-dead.mlir | FileCheck %s
// RUN: not capstan-verify %t/dead.mlir %t/one.mlir
// RUN: not capstan-verify %t/dead.mlir %t/exchanged.mlir

// CHECK: accepted

//--- inside.mlir
func.func private @eff(i32)
func.func @f(%a: tensor<i32>, %c: i1) {
  scf.if %c {
    %n = tensor.extract %a[] : tensor<i32>
    %three = arith.constant 3 : i32
    %m = arith.minsi %n, %three : i32
    func.call @eff(%m) : (i32) -> ()
  }
  return
}

//--- hoisted.mlir
func.func private @eff(i32)
func.func @f(%a: tensor<i32>, %c: i1) {
  %three = arith.constant 3 : i32
  %n = scf.if %c -> i32 {
    %r = tensor.extract %a[] : tensor<i32>
    scf.yield %r : i32
  } else {
    scf.yield %three : i32
  }
  %m = arith.minsi %n, %three : i32
  scf.if %c {
    func.call @eff(%m) : (i32) -> ()
  }
  return
}

//--- wrong.mlir
func.func private @eff(i32)
func.func @f(%a: tensor<i32>, %c: i1) {
  %three = arith.constant 3 : i32
  %n = scf.if %c -> i32 {
    scf.yield %three : i32
  } else {
    %r = tensor.extract %a[] : tensor<i32>
    scf.yield %r : i32
  }
  %m = arith.minsi %n, %three : i32
  scf.if %c {
    func.call @eff(%m) : (i32) -> ()
  }
  return
}

//--- dead.mlir
func.func private @eff(i32, i32, i32)
func.func @f() {
  %c0 = arith.constant 0 : index
  %d = tensor.empty() : tensor<4xi32>
  %e = tensor.empty() : tensor<4xi32>
  %f = tensor.empty() : tensor<4xi32>
  %x = tensor.extract %d[%c0] : tensor<4xi32>
  %y = tensor.extract %e[%c0] : tensor<4xi32>
  %z = tensor.extract %f[%c0] : tensor<4xi32>
  func.call @eff(%z, %y, %z) : (i32, i32, i32) -> ()
  return
}

//--- no-dead.mlir
func.func private @eff(i32, i32, i32)
func.func @f() {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<4xi32>
  %f = tensor.empty() : tensor<4xi32>
  %y = tensor.extract %e[%c0] : tensor<4xi32>
  %z = tensor.extract %f[%c0] : tensor<4xi32>
  func.call @eff(%y, %z, %y) : (i32, i32, i32) -> ()
  return
}

//--- one.mlir
func.func private @eff(i32, i32, i32)
func.func @f() {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<4xi32>
  %y = tensor.extract %e[%c0] : tensor<4xi32>
  func.call @eff(%y, %y, %y) : (i32, i32, i32) -> ()
  return
}

//--- exchanged.mlir
func.func private @eff(i32, i32, i32)
func.func @f() {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<4xi32>
  %f = tensor.empty() : tensor<4xi32>
  %y = tensor.extract %e[%c0] : tensor<4xi32>
  %z = tensor.extract %f[%c0] : tensor<4xi32>
  func.call @eff(%y, %y, %z) : (i32, i32, i32) -> ()
  return
}

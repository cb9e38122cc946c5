// Nested loops whose trips leave the device as the loops found it, though each
// changes it: behind them it is the same one.
// RUN: capstan-opt %s --capstan-hoist-device-context -o %t
// RUN: FileCheck %s --input-file=%t
// RUN: capstan-verify %s %t

// CHECK: capstan.set_device %arg0
// CHECK-NEXT: scf.for
// CHECK-NEXT: scf.for
// CHECK-NEXT: capstan.set_device %c1
func.func @f(%d: index, %m: memref<4xf32>, %v: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    capstan.set_device %d
    scf.for %j = %c0 to %n step %c1 {
      capstan.set_device %c1
      linalg.fill ins(%v : f32) outs(%m : memref<4xf32>)
      capstan.set_device %d
    }
  }
  return
}

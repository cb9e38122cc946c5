// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-device-context --canonicalize --cse --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @loop
// CHECK: capstan.with_device %arg0 {
// CHECK-NEXT: scf.for
// CHECK-NEXT: linalg.fill
// CHECK-NOT: capstan.with_device
func.func @loop(%d: index, %x: memref<4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    capstan.with_device %d {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
      capstan.yield
    }
  }
  return
}

// -----

// The device may not exist, and the loop not run.
// CHECK-LABEL: func.func @loop_may_not_run
// CHECK: scf.for
// CHECK: capstan.with_device %arg0
func.func @loop_may_not_run(%d: index, %n: index, %x: memref<4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    capstan.with_device %d {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
      capstan.yield
    }
  }
  return
}

// -----

// What was current once exists.
// CHECK-LABEL: func.func @guard_in_loop
// CHECK: %[[D:.*]] = capstan.current_device
// CHECK-NEXT: "unknown.op"
// CHECK-NEXT: capstan.with_device %[[D]] {
// CHECK-NEXT: scf.for
func.func @guard_in_loop(%n: index, %x: memref<4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = capstan.current_device
  "unknown.op"() : () -> ()
  scf.for %i = %c0 to %n step %c1 {
    capstan.with_device %d {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
      capstan.yield
    }
  }
  return
}

// -----

// CHECK-LABEL: func.func @set_in_loop
// CHECK: capstan.set_device %arg0
// CHECK-NEXT: scf.for
// CHECK-NOT: capstan.set_device
func.func @set_in_loop(%d: index, %x: memref<4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    capstan.set_device %d
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  }
  return
}

// -----

// Two devices in turn: neither is current where it is set.
// CHECK-LABEL: func.func @in_turn
// CHECK: scf.for
// CHECK: capstan.set_device %arg0
// CHECK: linalg.fill
// CHECK: capstan.set_device %arg1
// CHECK: linalg.fill
func.func @in_turn(%d: index, %e: index, %x: memref<4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    capstan.set_device %d
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    capstan.set_device %e
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  }
  return
}

// -----

// CHECK-LABEL: func.func @neighbours
// CHECK: capstan.with_device %arg0 -> index {
// CHECK-COUNT-3: linalg.fill
// CHECK: }
// CHECK-NOT: capstan.with_device
func.func @neighbours(%d: index, %k: index, %x: memref<4xf32>, %v: f32) -> index {
  capstan.with_device %d {
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    capstan.yield
  }
  %sum = arith.addi %k, %d : index
  %r = capstan.with_device %d -> index {
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    %two = arith.addi %sum, %sum : index
    capstan.yield %two : index
  }
  capstan.with_device %d {
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    capstan.yield
  }
  return %r : index
}

// -----

// CHECK-LABEL: func.func @not_over_work
// CHECK: capstan.with_device
// CHECK: linalg.fill
// CHECK: capstan.with_device
func.func @not_over_work(%d: index, %x: memref<4xf32>, %v: f32) {
  capstan.with_device %d {
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    capstan.yield
  }
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  capstan.with_device %d {
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    capstan.yield
  }
  return
}

// -----

// A guard by hand around a region of the same device.
// CHECK-LABEL: func.func @guard
// CHECK: %[[OLD:.*]] = capstan.current_device
// CHECK-NEXT: capstan.set_device %arg0
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: capstan.set_device %[[OLD]]
// CHECK-NEXT: return
func.func @guard(%d: index, %x: memref<4xf32>, %v: f32) {
  %old = capstan.current_device
  capstan.set_device %d
  capstan.with_device %d {
    %inner = capstan.current_device
    capstan.set_device %inner
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    capstan.set_device %d
    capstan.yield
  }
  capstan.set_device %old
  capstan.set_device %d
  capstan.set_device %old
  return
}

// -----

// Only one side of the branch needs it.
// CHECK-LABEL: func.func @sink
// CHECK: "unknown.op"
// CHECK-NEXT: scf.if
// CHECK-NEXT: capstan.with_device
func.func @sink(%c: i1, %x: memref<4xf32>, %v: f32) {
  %d = capstan.current_device
  "unknown.op"() : () -> ()
  capstan.with_device %d {
    scf.if %c {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    }
    capstan.yield
  }
  return
}

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-device-context --split-input-file | FileCheck %s

// Both sides of a branch make the device current that they hand out.
// CHECK-LABEL: func.func @branches
// CHECK: scf.if
// CHECK: capstan.set_device
// CHECK: capstan.set_device
// CHECK-NOT: capstan.set_device
// CHECK: return
func.func @branches(%c: i1, %d: index, %e: index, %x: memref<4xf32>, %v: f32) {
  %which = scf.if %c -> index {
    capstan.set_device %d
    scf.yield %d : index
  } else {
    capstan.set_device %e
    scf.yield %e : index
  }
  capstan.set_device %which
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @one_side
// CHECK: scf.if
// CHECK: capstan.set_device %arg1
// CHECK: }
// CHECK: capstan.set_device %arg1
func.func @one_side(%c: i1, %d: index, %x: memref<4xf32>, %v: f32) {
  scf.if %c {
    capstan.set_device %d
  }
  capstan.set_device %d
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return
}

// -----

// An early exit leaves the device current that it left before.
// CHECK-LABEL: func.func @early_exit
// CHECK: %[[OLD:.*]] = capstan.current_device
// CHECK-NEXT: capstan.set_device %arg1
// CHECK-NEXT: cf.cond_br %arg0, ^[[NEXT:.*]], ^[[EXIT:.*]]
// CHECK: ^[[NEXT]]:
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: cf.br
// CHECK: capstan.set_device %[[OLD]]
// CHECK-NEXT: return
func.func @early_exit(%c: i1, %d: index, %x: memref<4xf32>, %v: f32) {
  %old = capstan.current_device
  capstan.set_device %d
  cf.cond_br %c, ^next, ^exit
^next:
  capstan.set_device %d
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  cf.br ^exit
^exit:
  capstan.set_device %old
  return
}

// -----

// The device of the next trip is another value.
// CHECK-LABEL: func.func @block_loop
// CHECK: ^bb1(%[[I:.*]]: index):
// CHECK: capstan.set_device %[[I]]
// CHECK: linalg.fill
// CHECK: cf.cond_br
func.func @block_loop(%n: index, %x: memref<4xf32>, %v: f32) {
  %c1 = arith.constant 1 : index
  cf.br ^loop(%n : index)
^loop(%i: index):
  capstan.set_device %i
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  %next = arith.subi %i, %c1 : index
  %more = arith.cmpi sgt, %next, %c1 : index
  cf.cond_br %more, ^loop(%next : index), ^exit
^exit:
  return
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: capstan.set_device %arg0
// CHECK-NEXT: call @layer
// CHECK-NEXT: call @layer
// CHECK-NEXT: return
func.func @main(%d: index, %x: memref<4xf32>, %v: f32) {
  capstan.set_device %d
  call @layer(%d, %x, %v) : (index, memref<4xf32>, f32) -> ()
  capstan.set_device %d
  call @layer(%d, %x, %v) : (index, memref<4xf32>, f32) -> ()
  return
}
// CHECK-LABEL: func.func private @layer
// CHECK-NOT: capstan.set_device
func.func private @layer(%d: index, %x: memref<4xf32>, %v: f32) {
  capstan.set_device %d
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return
}

// -----

// A callee that leaves the device alone leaves what is known alone.
// CHECK-LABEL: func.func @two_callers
// CHECK: capstan.set_device %arg0
// CHECK-NEXT: call
// CHECK-NEXT: capstan.set_device %arg1
// CHECK-NEXT: call
// CHECK-NEXT: return
func.func @two_callers(%d: index, %e: index, %x: memref<4xf32>, %v: f32) {
  capstan.set_device %d
  call @work(%x, %v) : (memref<4xf32>, f32) -> ()
  capstan.set_device %d
  capstan.set_device %e
  call @work(%x, %v) : (memref<4xf32>, f32) -> ()
  capstan.set_device %e
  return
}
func.func private @work(%x: memref<4xf32>, %v: f32) {
  %old = capstan.current_device
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  capstan.set_device %old
  return
}

// -----

// A callee that restores what it found does the same.
// CHECK-LABEL: func.func @caller_of_guard
// CHECK: capstan.set_device %arg0
// CHECK-NEXT: call
// CHECK-NEXT: linalg.fill
func.func @caller_of_guard(%d: index, %e: index, %x: memref<4xf32>, %v: f32) {
  capstan.set_device %d
  call @guard(%e, %x, %v) : (index, memref<4xf32>, f32) -> ()
  capstan.set_device %d
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return
}
func.func private @guard(%d: index, %x: memref<4xf32>, %v: f32) {
  %old = capstan.current_device
  capstan.set_device %d
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  capstan.set_device %old
  return
}

// -----

// CHECK-LABEL: func.func private @recursive
// CHECK-NOT: capstan.set_device
// CHECK-LABEL: func.func @calls_recursive
// CHECK: capstan.set_device %arg0
// CHECK-NEXT: call
// CHECK-NEXT: return
func.func private @recursive(%d: index, %c: i1, %x: memref<4xf32>, %v: f32) {
  capstan.set_device %d
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  scf.if %c {
    func.call @recursive(%d, %c, %x, %v) : (index, i1, memref<4xf32>, f32) -> ()
  }
  return
}
func.func @calls_recursive(%d: index, %c: i1, %x: memref<4xf32>, %v: f32) {
  capstan.set_device %d
  call @recursive(%d, %c, %x, %v) : (index, i1, memref<4xf32>, f32) -> ()
  capstan.set_device %d
  return
}

// -----

// Public entries and unknown code: nothing is known.
// CHECK-LABEL: func.func @public
// CHECK: capstan.set_device %arg0
// CHECK: call @extern
// CHECK: capstan.set_device %arg0
// CHECK: "unknown.op"
// CHECK: capstan.set_device %arg0
func.func private @extern()
func.func @public(%d: index) {
  capstan.set_device %d
  call @extern() : () -> ()
  capstan.set_device %d
  "unknown.op"() : () -> ()
  capstan.set_device %d
  return
}

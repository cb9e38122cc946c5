// Work stays under its device, exits leave the same one, questions keep theirs.
// RUN: split-file %s %t
// RUN: capstan-verify %t/a.mlir %t/a.mlir | FileCheck %s --check-prefix=OK
// RUN: capstan-verify %t/a.mlir %t/hoisted.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/a.mlir %t/no-region.mlir | FileCheck %s --check-prefix=WORK
// RUN: not capstan-verify %t/a.mlir %t/other-device.mlir | FileCheck %s --check-prefix=WORK
// RUN: not capstan-verify %t/a.mlir %t/merged-query.mlir | FileCheck %s --check-prefix=RESULT
// RUN: not capstan-verify %t/hoisted.mlir %t/a.mlir | FileCheck %s --check-prefix=MORE
// RUN: capstan-verify %t/exit.mlir %t/exit.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/exit.mlir %t/exit-without.mlir | FileCheck %s --check-prefix=LEFT
// RUN: not capstan-verify %t/tensor.mlir %t/tensor-merged.mlir | FileCheck %s --check-prefix=TENSOR
// RUN: capstan-verify %t/status.mlir %t/status-merged.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/unknown.mlir %t/unknown-merged.mlir | FileCheck %s --check-prefix=LEFT
// RUN: capstan-verify %t/chip.mlir %t/chip-folded.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/chip.mlir %t/chip-unbound.mlir | FileCheck %s --check-prefix=RESULT
// RUN: not capstan-verify %t/chip-folded.mlir %t/chip.mlir | FileCheck %s --check-prefix=CHIP
// RUN: capstan-verify %t/a.mlir %t/hoisted.mlir --json | FileCheck %s --check-prefix=JSON

// OK: accepted
// WORK: rejected: @f: a visible effect, or the order of effects, differs
// RESULT: rejected: @f: result #0 differs
// MORE: rejected: @f: the current device changes 8 times, not 2
// LEFT: rejected: @f: the device that is current at the end differs
// TENSOR: rejected: @f: result #1 differs
// CHIP: rejected: the module loads no longer on sm_90 alone
// JSON: "syncs_after"
// JSON: "set_device_calls": 2
// JSON: "syncs_before"
// JSON: "set_device_calls": 8

//--- a.mlir
func.func @f(%d: index, %e: index, %x: memref<4xf32>, %v: f32) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = capstan.device_capability %d architecture
  %b = capstan.device_capability %e architecture
  scf.for %i = %c0 to %c4 step %c1 {
    capstan.with_device %d {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
      capstan.yield
    }
  }
  return %a, %b : i64, i64
}
//--- hoisted.mlir
func.func @f(%d: index, %e: index, %x: memref<4xf32>, %v: f32) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = capstan.device_capability %d architecture
  %b = capstan.device_capability %e architecture
  capstan.with_device %d {
    scf.for %i = %c0 to %c4 step %c1 {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
    }
    capstan.yield
  }
  return %a, %b : i64, i64
}
//--- no-region.mlir
func.func @f(%d: index, %e: index, %x: memref<4xf32>, %v: f32) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = capstan.device_capability %d architecture
  %b = capstan.device_capability %e architecture
  scf.for %i = %c0 to %c4 step %c1 {
    linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  }
  return %a, %b : i64, i64
}
//--- other-device.mlir
func.func @f(%d: index, %e: index, %x: memref<4xf32>, %v: f32) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = capstan.device_capability %d architecture
  %b = capstan.device_capability %e architecture
  scf.for %i = %c0 to %c4 step %c1 {
    capstan.with_device %e {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
      capstan.yield
    }
  }
  return %a, %b : i64, i64
}
//--- merged-query.mlir
func.func @f(%d: index, %e: index, %x: memref<4xf32>, %v: f32) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %b = capstan.device_capability %e architecture
  scf.for %i = %c0 to %c4 step %c1 {
    capstan.with_device %d {
      linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
      capstan.yield
    }
  }
  return %b, %b : i64, i64
}
//--- exit.mlir
func.func @f(%c: i1, %d: index, %x: memref<4xf32>, %v: f32) {
  %old = capstan.current_device
  capstan.set_device %d
  cf.cond_br %c, ^early, ^late
^early:
  capstan.set_device %old
  return
^late:
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  capstan.set_device %old
  return
}
//--- exit-without.mlir
func.func @f(%c: i1, %d: index, %x: memref<4xf32>, %v: f32) {
  %old = capstan.current_device
  capstan.set_device %d
  cf.cond_br %c, ^early, ^late
^early:
  return
^late:
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  capstan.set_device %old
  return
}
//--- tensor.mlir
func.func @f(%d: index, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  capstan.set_device %d
  %b = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}
//--- tensor-merged.mlir
func.func @f(%d: index, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  capstan.set_device %d
  return %a, %a : tensor<4xf32>, tensor<4xf32>
}
//--- status.mlir
func.func private @cudaSetDevice(i32) -> i32
func.func @f(%d: i32, %x: memref<4xf32>, %v: f32) -> (i32, i32) {
  %s = call @cudaSetDevice(%d) : (i32) -> i32
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  %t = call @cudaSetDevice(%d) : (i32) -> i32
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return %s, %t : i32, i32
}
//--- status-merged.mlir
func.func private @cudaSetDevice(i32) -> i32
func.func @f(%d: i32, %x: memref<4xf32>, %v: f32) -> (i32, i32) {
  %s = call @cudaSetDevice(%d) : (i32) -> i32
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return %s, %s : i32, i32
}
//--- unknown.mlir
func.func private @unknown()
func.func @f(%d: index) {
  capstan.set_device %d
  call @unknown() : () -> ()
  capstan.set_device %d
  return
}
//--- unknown-merged.mlir
func.func private @unknown()
func.func @f(%d: index) {
  capstan.set_device %d
  call @unknown() : () -> ()
  return
}
//--- chip.mlir
func.func @f(%d: index) -> i64 {
  %a = capstan.device_capability %d architecture
  return %a : i64
}
//--- chip-folded.mlir
module attributes {capstan.chip = "sm_90"} {
  func.func @f(%d: index) -> i64 {
    %a = arith.constant 90 : i64
    return %a : i64
  }
}
//--- chip-unbound.mlir
func.func @f(%d: index) -> i64 {
  %a = arith.constant 90 : i64
  return %a : i64
}

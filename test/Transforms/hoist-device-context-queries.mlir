// RUN: capstan-opt %s --capstan-hoist-device-context --split-input-file | FileCheck %s
// RUN: capstan-opt %s --capstan-hoist-device-context=chip=sm_90a --split-input-file | FileCheck %s --check-prefix=CHIP

// CHECK-LABEL: func.func @loop
// CHECK: %[[A:.*]] = capstan.device_capability %arg0 architecture
// CHECK: scf.for
// CHECK-NOT: capstan.device_capability
// CHECK: scf.if
// CHECK: memref.store %[[A]]
// CHIP: module attributes {capstan.chip = "sm_90"}
// CHIP-LABEL: func.func @loop
// CHIP: scf.for
// CHIP-NOT: scf.if
// CHIP: memref.store
func.func @loop(%d: index, %x: memref<4xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %new = arith.constant 90 : i64
  scf.for %i = %c0 to %c16 step %c1 {
    %a = capstan.device_capability %d architecture
    %is = arith.cmpi sge, %a, %new : i64
    scf.if %is {
      %again = capstan.device_capability %d architecture
      memref.store %again, %x[%c0] : memref<4xi64>
    }
  }
  return
}

// -----

// Chips of one kind differ in the number of multiprocessors.
// CHECK-LABEL: func.func @constants
// CHECK: capstan.device_capability %{{.*}} multiprocessors
// CHECK-NOT: multiprocessors
// CHIP: module {
// CHIP: capstan.device_capability %{{.*}} multiprocessors
func.func @constants() -> (i64, i64) {
  %a = arith.constant 1 : index
  %b = arith.constant 1 : index
  %0 = capstan.device_capability %a multiprocessors
  %1 = capstan.device_capability %b multiprocessors
  return %0, %1 : i64, i64
}

// -----

// Two devices, or maybe two: two questions. A loop that may not run, of a device
// that may not exist: the question stays.
// CHECK-LABEL: func.func @different
// CHECK: capstan.device_capability %arg0 nvlink_peers
// CHECK: capstan.device_capability %arg1 nvlink_peers
// CHECK: scf.for
// CHECK: capstan.device_capability %arg1 multiprocessors
func.func @different(%d: index, %e: index, %n: index, %x: memref<4xi64>) -> (i64, i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = capstan.device_capability %d nvlink_peers
  %1 = capstan.device_capability %e nvlink_peers
  scf.for %i = %c0 to %n step %c1 {
    %m = capstan.device_capability %e multiprocessors
    memref.store %m, %x[%c0] : memref<4xi64>
  }
  return %0, %1 : i64, i64
}

// -----

// The answers for the device of each trip.
// CHECK-LABEL: func.func @each_device
// CHECK: scf.for %[[I:.*]] =
// CHECK: capstan.device_capability %[[I]] nvlink_peers
func.func @each_device(%x: memref<4xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %m = capstan.device_capability %i nvlink_peers
    memref.store %m, %x[%i] : memref<4xi64>
  }
  return
}

// -----

// Both sides ask.
// CHECK-LABEL: func.func @both_sides
// CHECK: %[[M:.*]] = capstan.device_capability %arg1 nvlink_peers
// CHECK: scf.if
// CHECK-NOT: capstan.device_capability
func.func @both_sides(%c: i1, %d: index) -> i64 {
  %r = scf.if %c -> i64 {
    %m = capstan.device_capability %d nvlink_peers
    scf.yield %m : i64
  } else {
    %m = capstan.device_capability %d nvlink_peers
    %two = arith.addi %m, %m : i64
    scf.yield %two : i64
  }
  return %r : i64
}

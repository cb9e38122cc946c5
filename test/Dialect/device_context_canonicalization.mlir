// RUN: capstan-opt %s --allow-unregistered-dialect --canonicalize --cse --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @twice
// CHECK-NEXT: capstan.set_device %arg0
// CHECK-NEXT: return %arg0
func.func @twice(%d: index) -> index {
  capstan.set_device %d
  capstan.set_device %d
  %now = capstan.current_device
  return %now : index
}

// -----

// Work in between may be anything.
// CHECK-LABEL: func.func @not_over_effects
// CHECK: capstan.set_device
// CHECK: "unknown.op"
// CHECK: capstan.set_device
func.func @not_over_effects(%d: index) {
  capstan.set_device %d
  "unknown.op"() : () -> ()
  capstan.set_device %d
  return
}

// -----

// CHECK-LABEL: func.func @nested
// CHECK: capstan.with_device %arg0
// CHECK-NOT: capstan.with_device
// CHECK: return
func.func @nested(%d: index) -> i64 {
  %r = capstan.with_device %d -> i64 {
    %0 = capstan.with_device %d -> i64 {
      %a = capstan.device_capability %d architecture
      capstan.yield %a : i64
    }
    capstan.yield %0 : i64
  }
  return %r : i64
}

// -----

// The inner region restores what its body changes.
// CHECK-LABEL: func.func @nested_change
// CHECK: capstan.with_device %arg0
// CHECK: capstan.with_device %arg0
// CHECK: capstan.set_device %arg1
func.func @nested_change(%d: index, %e: index) {
  capstan.with_device %d {
    capstan.with_device %d {
      capstan.set_device %e
      capstan.yield
    }
    capstan.yield
  }
  return
}

// -----

// Equal questions are merged upstream, those for two devices never.
// CHECK-LABEL: func.func @questions
// CHECK: capstan.device_capability %arg0 architecture
// CHECK-NEXT: capstan.device_capability %arg1 architecture
// CHECK-NOT: capstan.device_capability
func.func @questions(%d: index, %e: index) -> (i64, i64, i64) {
  %a = capstan.device_capability %d architecture
  %b = capstan.device_capability %e architecture
  %c = capstan.device_capability %d architecture
  return %a, %b, %c : i64, i64, i64
}

// RUN: capstan-opt %s --capstan-expand-device-regions | FileCheck %s

// CHECK-LABEL: func.func @nested
// CHECK-NEXT: %[[BEFORE:.*]] = capstan.current_device
// CHECK-NEXT: capstan.set_device %arg0
// CHECK-NEXT: %[[INNER:.*]] = capstan.current_device
// CHECK-NEXT: capstan.set_device %arg1
// CHECK-NEXT: %[[A:.*]] = capstan.device_capability %arg1 architecture
// CHECK-NEXT: capstan.set_device %[[INNER]]
// CHECK-NEXT: capstan.set_device %[[BEFORE]]
// CHECK-NEXT: return %[[A]]
func.func @nested(%d: index, %e: index) -> i64 {
  %r = capstan.with_device %d -> i64 {
    %0 = capstan.with_device %e -> i64 {
      %a = capstan.device_capability %e architecture
      capstan.yield %a : i64
    }
    capstan.yield %0 : i64
  }
  return %r : i64
}

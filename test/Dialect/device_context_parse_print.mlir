// RUN: capstan-opt %s | capstan-opt | FileCheck %s
// RUN: capstan-opt %s --mlir-print-op-generic | capstan-opt | FileCheck %s

// CHECK-LABEL: func.func @all
// CHECK: %[[C1:.*]] = arith.constant 1 : index
// CHECK: capstan.set_device %[[C1]]
// CHECK: %[[D:.*]] = capstan.current_device
// CHECK: %[[R:.*]] = capstan.with_device %[[D]] -> i64 {
// CHECK:   %[[A:.*]] = capstan.device_capability %[[D]] architecture
// CHECK:   capstan.device_capability %[[C1]] nvlink_peers
// CHECK:   capstan.yield %[[A]] : i64
// CHECK: }
// CHECK: capstan.with_device %[[C1]] {
// CHECK:   capstan.yield
// CHECK: }
func.func @all() -> i64 {
  %c1 = arith.constant 1 : index
  capstan.set_device %c1
  %d = capstan.current_device
  %r = capstan.with_device %d -> i64 {
    %a = capstan.device_capability %d architecture
    %b = capstan.device_capability %c1 nvlink_peers
    capstan.yield %a : i64
  }
  capstan.with_device %c1 {
    capstan.yield
  }
  return %r : i64
}

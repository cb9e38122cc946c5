// RUN: capstan-opt %s --convert-capstan-to-runtime | FileCheck %s

// A module that was folded for a chip says so, and needs no attribute for it.
// CHECK: module {
// CHECK: "host:sm_90\00"
module attributes {capstan.chip = "sm_90"} {
  // CHECK-LABEL: func.func private @main
  // CHECK-DAG: %[[SLOT:.*]] = llvm.alloca {{.*}} x i64
  // CHECK-DAG: %[[ANSWER:.*]] = llvm.alloca {{.*}} x i64
  // CHECK: llvm.call @capstan_rt_current_device(%arg0, %{{.*}})
  // CHECK: llvm.call @capstan_rt_set_device(%arg0, %{{.*}})
  // CHECK: %[[N:.*]] = llvm.mlir.constant(4 : i32)
  // CHECK: llvm.call @capstan_rt_device_capability(%arg0, %{{.*}}, %[[N]], %{{.*}})
  func.func @main(%d: index) -> (index, i64) {
    %before = capstan.current_device
    capstan.set_device %d
    %peers = capstan.device_capability %d nvlink_peers
    return %before, %peers : index, i64
  }
}

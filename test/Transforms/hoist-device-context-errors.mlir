// RUN: capstan-opt %s --capstan-hoist-device-context=chip=sm_90 --split-input-file --verify-diagnostics
// RUN: not capstan-opt %s --capstan-hoist-device-context=chip=gfx90a 2>&1 | FileCheck %s
// CHECK: error: chip 'gfx90a' is none; one is named as sm_90

// expected-error @below {{the module is folded for the chip sm_80 already}}
module attributes {capstan.chip = "sm_80"} {
  func.func @main(%d: index) -> i64 {
    %a = capstan.device_capability %d architecture
    return %a : i64
  }
}

// RUN: capstan-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics

func.func @set() {
  %d = arith.constant -1 : index
  // expected-error @below {{'capstan.set_device' op device -1 can't be: devices count from 0}}
  capstan.set_device %d
  return
}

// -----

func.func @query() -> i64 {
  %d = arith.constant -2 : index
  // expected-error @below {{'capstan.device_capability' op device -2 can't be: devices count from 0}}
  %a = capstan.device_capability %d architecture
  return %a : i64
}

// -----

func.func @region() {
  %d = arith.constant -1 : index
  // expected-error @below {{'capstan.with_device' op device -1 can't be: devices count from 0}}
  capstan.with_device %d {
    capstan.yield
  }
  return
}

// -----

func.func @unknown_capability(%d: index) -> i64 {
  // expected-error @below {{expected string or keyword containing one of the following enum values for attribute 'name' [architecture, multiprocessors, shared_memory, fp8_gemm_layouts, nvlink_peers]}}
  %a = capstan.device_capability %d speed
  return %a : i64
}

// -----

func.func @arguments(%d: index) {
  // expected-error @below {{'capstan.with_device' op the body takes no arguments}}
  "capstan.with_device"(%d) ({
  ^bb0(%x: i32):
    "capstan.yield"() : () -> ()
  }) : (index) -> ()
  return
}

// -----

func.func @terminator(%d: index) {
  // expected-error @below {{'capstan.with_device' op the body must end in capstan.yield}}
  "capstan.with_device"(%d) ({
    "unknown.end"() : () -> ()
  }) : (index) -> ()
  return
}

// -----

func.func @types(%d: index, %x: i32) -> f32 {
  // expected-error @below {{successor operand type #0 'i32' should match successor input type #0 'f32'}}
  %r = capstan.with_device %d -> f32 {
    // expected-note @below {{region branch point}}
    capstan.yield %x : i32
  }
  return %r : f32
}

// -----

func.func @elsewhere(%x: i32) {
  // expected-error @below {{'capstan.yield' op expects parent op to be one of 'capstan.graph, capstan.with_device'}}
  capstan.yield %x : i32
}

// RUN: capstan-opt %s --capstan-hoist-device-context --allow-unregistered-dialect --split-input-file | FileCheck %s

// A change that may have failed: the same once more has the same status.
// CHECK-LABEL: func.func @status
// CHECK: %[[S:.*]] = call @cudaSetDevice(%arg0)
// CHECK-NEXT: return %[[S]], %[[S]]
func.func private @cudaSetDevice(i32) -> i32
func.func @status(%d: i32) -> (i32, i32) {
  %0 = call @cudaSetDevice(%d) : (i32) -> i32
  %1 = call @cudaSetDevice(%d) : (i32) -> i32
  return %0, %1 : i32, i32
}

// -----

// The exit of the error has a change of its own.
// CHECK-LABEL: func.func @error_exit
// CHECK: call @cudaSetDevice(%arg1)
// CHECK: cf.cond_br
// CHECK: linalg.fill
// CHECK-NEXT: return
// CHECK: call @cudaSetDevice(%arg0)
// CHECK-NEXT: return
func.func private @cudaSetDevice(i32) -> i32
func.func @error_exit(%old: i32, %d: i32, %x: memref<4xf32>, %v: f32) -> i32 {
  %c0 = arith.constant 0 : i32
  %s = call @cudaSetDevice(%d) : (i32) -> i32
  %ok = arith.cmpi eq, %s, %c0 : i32
  cf.cond_br %ok, ^work, ^error
^work:
  %again = call @cudaSetDevice(%d) : (i32) -> i32
  linalg.fill ins(%v : f32) outs(%x : memref<4xf32>)
  return %c0 : i32
^error:
  %restored = call @cudaSetDevice(%old) : (i32) -> i32
  return %s : i32
}

// -----

// cudaGetDevice writes through a pointer and leaves the device alone; a function
// with a body does what that says.
// CHECK-LABEL: func.func @others
// CHECK: call @cudaSetDevice
// CHECK-NEXT: call @cudaGetDevice
// CHECK-NEXT: call @cudaDeviceGetAttribute
// CHECK-NEXT: call @cudaGetDeviceProperties
// CHECK-NEXT: return
func.func private @cudaSetDevice(i32) -> i32
func.func private @cudaGetDevice(memref<i32>) -> i32
func.func private @cudaDeviceGetAttribute(memref<i32>, i32, i32) -> i32
func.func @cudaGetDeviceProperties(%x: memref<i32>, %d: i32) -> i32 {
  return %d : i32
}
func.func @others(%d: i32, %x: memref<i32>) {
  %0 = call @cudaSetDevice(%d) : (i32) -> i32
  %1 = call @cudaGetDevice(%x) : (memref<i32>) -> i32
  %2 = call @cudaDeviceGetAttribute(%x, %d, %d) : (memref<i32>, i32, i32) -> i32
  %3 = call @cudaGetDeviceProperties(%x, %d) : (memref<i32>, i32) -> i32
  %4 = call @cudaSetDevice(%d) : (i32) -> i32
  return
}

// -----

// torch's spellings.
// CHECK-LABEL: func.func @torch
// CHECK: %[[D:.*]] = "torch.constant.int"
// CHECK-NEXT: "torch.operator"(%[[D]]) <{name = "torch.cuda.set_device"}>
// CHECK-NEXT: %[[Q:.*]] = "torch.operator"(%[[D]]) <{name = "torch.cuda.get_device_capability"}>
// CHECK-NEXT: return %[[D]], %[[Q]], %[[Q]]
func.func @torch() -> (!torch.int, !torch.tuple<int, int>, !torch.tuple<int, int>) {
  %d = "torch.constant.int"() <{value = 1 : i64}> : () -> !torch.int
  "torch.operator"(%d) <{name = "torch.cuda.set_device"}> : (!torch.int) -> ()
  %q = "torch.operator"(%d) <{name = "torch.cuda.get_device_capability"}> : (!torch.int) -> !torch.tuple<int, int>
  %now = "torch.operator"() <{name = "torch.cuda.current_device"}> : () -> !torch.int
  %old = "torch.operator"(%now) <{name = "torch.cuda._exchange_device"}> : (!torch.int) -> !torch.int
  %r = "torch.operator"(%old) <{name = "torch.cuda.get_device_capability"}> : (!torch.int) -> !torch.tuple<int, int>
  return %now, %q, %r : !torch.int, !torch.tuple<int, int>, !torch.tuple<int, int>
}

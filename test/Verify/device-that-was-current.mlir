// A device that was current exists, whatever path made it so: it may be asked
// where it was not. Any other may not.
// RUN: split-file %s %t
// RUN: capstan-opt %t/loop.mlir --capstan-hoist-device-context -o %t/loop-after.mlir
// RUN: FileCheck %s --check-prefix=MOVED --input-file=%t/loop-after.mlir
// RUN: capstan-verify %t/loop.mlir %t/loop-after.mlir
// RUN: sed 's/device_capability %0/device_capability %arg1/' %t/loop-after.mlir > %t/loop-wrong.mlir
// RUN: sed 's/device_capability %d/device_capability %e/' %t/loop.mlir > %t/loop-other.mlir
// RUN: not capstan-verify %t/loop-other.mlir %t/loop-wrong.mlir | FileCheck %s --check-prefix=FAILS
// RUN: capstan-verify %t/branch.mlir %t/branch-after.mlir
// RUN: sed 's/device_capability %d/device_capability %e/' %t/branch.mlir > %t/branch-other.mlir
// RUN: sed 's/device_capability %d/device_capability %e/' %t/branch-after.mlir > %t/branch-wrong.mlir
// RUN: not capstan-verify %t/branch-other.mlir %t/branch-wrong.mlir | FileCheck %s --check-prefix=FAILS
// RUN: capstan-verify %t/torch.mlir %t/torch-after.mlir
// RUN: sed 's/"(%d)/"(%e)/' %t/torch.mlir > %t/torch-other.mlir
// RUN: sed 's/"(%d)/"(%e)/' %t/torch-after.mlir > %t/torch-wrong.mlir
// RUN: not capstan-verify %t/torch-other.mlir %t/torch-wrong.mlir | FileCheck %s --check-prefix=FAILS

// MOVED: %0 = capstan.current_device
// MOVED-NEXT: capstan.device_capability %0
// MOVED-NEXT: scf.if
// FAILS: rejected: @f: an operation that may fail runs where it did not

//--- loop.mlir
func.func @f(%p: i1, %e: index, %m: memref<2xi64>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %n step %c1 {
    %d = capstan.current_device
    scf.if %p {
      %a = capstan.device_capability %d architecture
      memref.store %a, %m[%c0] : memref<2xi64>
    } else {
      capstan.set_device %c2
    }
  }
  return
}
//--- branch.mlir
func.func @f(%p: i1, %q: i1, %e: index, %m: memref<2xi64>) {
  %c0 = arith.constant 0 : index
  scf.if %q {
    capstan.set_device %e
  }
  %d = capstan.current_device
  scf.if %p {
    %a = capstan.device_capability %d architecture
    memref.store %a, %m[%c0] : memref<2xi64>
  }
  return
}
//--- branch-after.mlir
func.func @f(%p: i1, %q: i1, %e: index, %m: memref<2xi64>) {
  %c0 = arith.constant 0 : index
  scf.if %q {
    capstan.set_device %e
  }
  %d = capstan.current_device
  %a = capstan.device_capability %d architecture
  scf.if %p {
    memref.store %a, %m[%c0] : memref<2xi64>
  }
  return
}
//--- torch.mlir
func.func private @use(!torch.tuple<int, int>)
func.func @f(%p: i1, %e: !torch.int) {
  %d = "torch.operator"() <{name = "torch.cuda.current_device"}> : () -> !torch.int
  func.call @other() : () -> ()
  scf.if %p {
    %q = "torch.operator"(%d) <{name = "torch.cuda.get_device_capability"}> : (!torch.int) -> !torch.tuple<int, int>
    func.call @use(%q) : (!torch.tuple<int, int>) -> ()
  }
  return
}
func.func private @other()
//--- torch-after.mlir
func.func private @use(!torch.tuple<int, int>)
func.func @f(%p: i1, %e: !torch.int) {
  %d = "torch.operator"() <{name = "torch.cuda.current_device"}> : () -> !torch.int
  %q = "torch.operator"(%d) <{name = "torch.cuda.get_device_capability"}> : (!torch.int) -> !torch.tuple<int, int>
  func.call @other() : () -> ()
  scf.if %p {
    func.call @use(%q) : (!torch.tuple<int, int>) -> ()
  }
  return
}
func.func private @other()

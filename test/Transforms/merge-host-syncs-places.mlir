// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s

// Where tensors of a foreign dialect are, and what is read of them.

// A copy of the CPU is no sync: nothing to merge, nothing in the way.
// CHECK-LABEL: func.func @on_cpu
// CHECK-COUNT-1: "torch.aten.cpu"
// CHECK-NOT: "torch.aten.cpu"
// CHECK-COUNT-2: "torch.aten.Int.Tensor"
func.func @on_cpu(%t: !torch.vtensor<[2],si64>, %i: !torch.int) {
  %c0 = "torch.aten.cpu"(%t) : (!torch.vtensor<[2],si64>) -> !torch.vtensor<[2],si64>
  %c1 = "torch.aten.cpu"(%t) : (!torch.vtensor<[2],si64>) -> !torch.vtensor<[2],si64>
  %s0 = "torch.aten.select.int"(%c0, %i, %i) : (!torch.vtensor<[2],si64>, !torch.int, !torch.int) -> !torch.vtensor<[],si64>
  %s1 = "torch.aten.select.int"(%c1, %i, %i) : (!torch.vtensor<[2],si64>, !torch.int, !torch.int) -> !torch.vtensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%s0) : (!torch.vtensor<[],si64>) -> !torch.int
  %b = "torch.aten.Int.Tensor"(%s1) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.use"(%a, %b) : (!torch.int, !torch.int) -> ()
  return
}

// A copy to the device is no sync either; to the CPU it is.
// CHECK-LABEL: func.func @when
// CHECK-DAG: %[[CUDA:.*]] = "torch.constant.device"() <{value = "cuda:0"}>
// CHECK-COUNT-2: "torch.aten.to.device"(%{{.*}}, %[[CUDA]],
// CHECK-COUNT-1: "torch.aten.to.device"
// CHECK-NOT: "torch.aten.to.device"
func.func @when(%t: !torch.vtensor<[2],si64>, %d: !torch.int, %f: !torch.bool, %n: !torch.none) {
  %cuda = "torch.constant.device"() <{value = "cuda:0"}> : () -> !torch.Device
  %cpu = "torch.constant.device"() <{value = "cpu"}> : () -> !torch.Device
  %0 = "torch.aten.to.device"(%t, %cuda, %d, %f, %f, %n) : (!torch.vtensor<[2],si64>, !torch.Device, !torch.int, !torch.bool, !torch.bool, !torch.none) -> !torch.vtensor<[2],si64>
  %1 = "torch.aten.to.device"(%t, %cuda, %d, %f, %f, %n) : (!torch.vtensor<[2],si64>, !torch.Device, !torch.int, !torch.bool, !torch.bool, !torch.none) -> !torch.vtensor<[2],si64>
  %2 = "torch.aten.to.device"(%t, %cpu, %d, %f, %f, %n) : (!torch.vtensor<[2],si64>, !torch.Device, !torch.int, !torch.bool, !torch.bool, !torch.none) -> !torch.vtensor<[2],si64>
  %3 = "torch.aten.to.device"(%t, %cpu, %d, %f, %f, %n) : (!torch.vtensor<[2],si64>, !torch.Device, !torch.int, !torch.bool, !torch.bool, !torch.none) -> !torch.vtensor<[2],si64>
  "unknown.use"(%0, %1, %2, %3) : (!torch.vtensor<[2],si64>, !torch.vtensor<[2],si64>, !torch.vtensor<[2],si64>, !torch.vtensor<[2],si64>) -> ()
  return
}

// Undefined contents, of which only the shape counts.
// CHECK-LABEL: func.func @shape_only
// CHECK-COUNT-1: "torch.aten.Int.Tensor"
// CHECK-NOT: "torch.aten.Int.Tensor"
func.func @shape_only(%l: !torch.list<int>, %n: !torch.none, %v: !torch.int) {
  %e0 = "torch.aten.empty.memory_format"(%l, %n, %n, %n, %n, %n) : (!torch.list<int>, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[],si64>
  %e1 = "torch.aten.empty.memory_format"(%l, %n, %n, %n, %n, %n) : (!torch.list<int>, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[],si64>
  %o0 = "torch.aten.full_like"(%e0, %v, %n, %n, %n, %n, %n) : (!torch.vtensor<[],si64>, !torch.int, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[],si64>
  %o1 = "torch.aten.full_like"(%e1, %v, %n, %n, %n, %n, %n) : (!torch.vtensor<[],si64>, !torch.int, !torch.none, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%o0) : (!torch.vtensor<[],si64>) -> !torch.int
  %b = "torch.aten.Int.Tensor"(%o1) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.use"(%a, %b) : (!torch.int, !torch.int) -> ()
  return
}

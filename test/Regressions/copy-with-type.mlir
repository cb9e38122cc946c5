// A copy to the CPU that also converts can't become part of a fetch; equal types
// rule it out only if they name the element type.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-coalesce-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @unknown
// CHECK-NOT: capstan.fetch
func.func @unknown(%t: !torch.vtensor, %u: !torch.vtensor<[2],unk>, %dtype: !torch.int, %none: !torch.none, %false: !torch.bool) -> (!torch.vtensor, !torch.vtensor<[2],unk>) {
  %cpu = "torch.constant.device"() <{value = "cpu"}> : () -> !torch.Device
  %a = "torch.aten._to_copy"(%t, %dtype, %none, %cpu, %none, %false, %none) : (!torch.vtensor, !torch.int, !torch.none, !torch.Device, !torch.none, !torch.bool, !torch.none) -> !torch.vtensor
  %b = "torch.aten._to_copy"(%u, %dtype, %none, %cpu, %none, %false, %none) : (!torch.vtensor<[2],unk>, !torch.int, !torch.none, !torch.Device, !torch.none, !torch.bool, !torch.none) -> !torch.vtensor<[2],unk>
  return %a, %b : !torch.vtensor, !torch.vtensor<[2],unk>
}

// CHECK-LABEL: func.func @known
// CHECK: capstan.fetch %{{.*}}, %{{.*}} ["copy", "copy"]
func.func @known(%t: !torch.vtensor<[2],si64>, %u: !torch.vtensor<[2],si64>, %dtype: !torch.int, %none: !torch.none, %false: !torch.bool) -> (!torch.vtensor<[2],si64>, !torch.vtensor<[2],si64>) {
  %cpu = "torch.constant.device"() <{value = "cpu"}> : () -> !torch.Device
  %a = "torch.aten._to_copy"(%t, %dtype, %none, %cpu, %none, %false, %none) : (!torch.vtensor<[2],si64>, !torch.int, !torch.none, !torch.Device, !torch.none, !torch.bool, !torch.none) -> !torch.vtensor<[2],si64>
  %b = "torch.aten._to_copy"(%u, %dtype, %none, %cpu, %none, %false, %none) : (!torch.vtensor<[2],si64>, !torch.int, !torch.none, !torch.Device, !torch.none, !torch.bool, !torch.none) -> !torch.vtensor<[2],si64>
  return %a, %b : !torch.vtensor<[2],si64>, !torch.vtensor<[2],si64>
}

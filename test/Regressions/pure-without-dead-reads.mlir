// A read of no use makes no function impure: others move over its calls in the first run, not only in a second one.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify --allow-unregistered-dialect %s %t/after.mlir

func.func private @dead(%values: tensor<?xi32>) -> i64 {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : i64
  %0 = tensor.extract %values[%c0] : tensor<?xi32>
  return %c4 : i64
}

// CHECK-LABEL: @in_a_loop
// CHECK: capstan.item
// CHECK: scf.while
// CHECK-NOT: capstan.item
func.func @in_a_loop(%values: tensor<?xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0:2 = scf.while (%i = %c0) : (index) -> (index, i32) {
    %1 = func.call @dead(%values) : (tensor<?xi32>) -> i64
    %2 = tensor.extract %values[%c1] : tensor<?xi32>
    %3 = arith.cmpi slt, %i, %n : index
    scf.condition(%3) %i, %2 : index, i32
  } do {
  ^bb0(%i: index, %value: i32):
    %4 = arith.addi %i, %c1 : index
    scf.yield %4 : index
  }
  return %0#1 : i32
}

// On the CPU, and of a dialect that is not registered, too.
// CHECK-LABEL: @dead_on_cpu
// CHECK-NOT: Int.Tensor
// CHECK: return
func.func private @dead_on_cpu(%max: !torch.vtensor<[],si32>) -> !torch.int {
  %0 = "torch.aten.Int.Tensor"(%max) : (!torch.vtensor<[],si32>) -> !torch.int
  %1 = "torch.prim.NumToTensor.Scalar"(%0) : (!torch.int) -> !torch.vtensor<[],si64>
  %2 = "torch.aten.Int.Tensor"(%1) : (!torch.vtensor<[],si64>) -> !torch.int
  return %0 : !torch.int
}

func.func @call(%max: !torch.vtensor<[],si32>) -> !torch.int {
  %0 = call @dead_on_cpu(%max) : (!torch.vtensor<[],si32>) -> !torch.int
  return %0 : !torch.int
}

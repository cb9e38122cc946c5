// Nothing moves into or out of the functions of a module that stands in a function.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-COUNT-2: capstan.item
func.func @f(%arg: i1) -> i32 {
  builtin.module {
    func.func @inner() -> i32 {
      %qc = arith.constant dense<[1,2]> : tensor<2xi32>
      %qc0 = arith.constant 0 : index
      %qd = tensor.dim %qc, %qc0 : tensor<2xi32>
      %qe = tensor.splat %qd : tensor<2xindex>
      %qa = capstan.item %qe[%qc0] : tensor<2xindex>
      %qx = arith.index_cast %qa : index to i32
      return %qx : i32
    }
  }
  %c = arith.constant dense<[1,2]> : tensor<2xi32>
  %c0 = arith.constant 0 : index
  %d = tensor.dim %c, %c0 : tensor<2xi32>
  %e = tensor.splat %d : tensor<2xindex>
  %a = capstan.item %e[%c0] : tensor<2xindex>
  %x = arith.index_cast %a : index to i32
  return %x : i32
}
// CHECK-LABEL: func.func @g
// CHECK-COUNT-2: capstan.item
func.func @g(%arg: i1) -> i32 {
  %c = arith.constant dense<[1,2]> : tensor<2xi32>
  %c0 = arith.constant 0 : index
  %d = tensor.dim %c, %c0 : tensor<2xi32>
  %e = tensor.splat %d : tensor<2xindex>
  %a = capstan.item %e[%c0] : tensor<2xindex>
  builtin.module {
    func.func @inner() -> i32 {
      %qc = arith.constant dense<[1,2]> : tensor<2xi32>
      %qc0 = arith.constant 0 : index
      %qd = tensor.dim %qc, %qc0 : tensor<2xi32>
      %qe = tensor.splat %qd : tensor<2xindex>
      %qa = capstan.item %qe[%qc0] : tensor<2xindex>
      %qx = arith.index_cast %qa : index to i32
      return %qx : i32
    }
  }
  %x = arith.index_cast %a : index to i32
  return %x : i32
}

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-verify-spaces | FileCheck %s

// What may carry tensors of both spaces: control flow, calls, Capstan's own
// operations, operations of foreign dialects.

// CHECK-LABEL: func.func @both
func.func @both(%d: tensor<4xi32>, %c: i1) -> (tensor<4xi32>, tensor<4xi32, #capstan.host>) {
  %h = capstan.to_host %d : tensor<4xi32> -> tensor<4xi32, #capstan.host>
  %r:2 = scf.if %c -> (tensor<4xi32>, tensor<4xi32, #capstan.host>) {
    scf.yield %d, %h : tensor<4xi32>, tensor<4xi32, #capstan.host>
  } else {
    %s = arith.addi %h, %h : tensor<4xi32, #capstan.host>
    scf.yield %d, %s : tensor<4xi32>, tensor<4xi32, #capstan.host>
  }
  %s:2 = call @callee(%r#0, %r#1) : (tensor<4xi32>, tensor<4xi32, #capstan.host>) -> (tensor<4xi32>, tensor<4xi32, #capstan.host>)
  "foreign.op"(%d, %h) : (tensor<4xi32>, tensor<4xi32, #capstan.host>) -> ()
  return %s#0, %s#1 : tensor<4xi32>, tensor<4xi32, #capstan.host>
}

func.func private @callee(tensor<4xi32>, tensor<4xi32, #capstan.host>) -> (tensor<4xi32>, tensor<4xi32, #capstan.host>)

// UNSUPPORTED: asan
// RUN: %mlir_opt %s --load-dialect-plugin=%plugin --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @item_of_constant
func.func @item_of_constant(%i: index) -> (i32, i32, i32) {
  %c1 = arith.constant 1 : index
  %splat = arith.constant dense<7> : tensor<4xi32>
  %list = arith.constant dense<[3, 5]> : tensor<2xi32>
  // CHECK-DAG: %[[C7:.*]] = arith.constant 7 : i32
  // CHECK-DAG: %[[C5:.*]] = arith.constant 5 : i32
  %a = capstan.item %splat[%i] : tensor<4xi32>
  %b = capstan.item %list[%c1] : tensor<2xi32>
  // The index is not known.
  // CHECK: %[[I:.*]] = capstan.item
  %c = capstan.item %list[%i] : tensor<2xi32>
  // CHECK: return %[[C7]], %[[C5]], %[[I]]
  return %a, %b, %c : i32, i32, i32
}

// CHECK-LABEL: func.func @item_of_from_elements
// CHECK-SAME: %{{.*}}: i32, %[[B:.*]]: i32
func.func @item_of_from_elements(%a: i32, %b: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = tensor.from_elements %a, %b : tensor<1x2xi32>
  %s = tensor.from_elements %b : tensor<i32>
  %0 = capstan.item %t[%c0, %c1] : tensor<1x2xi32>
  %1 = capstan.item %s[] : tensor<i32>
  // CHECK: return %[[B]], %[[B]]
  return %0, %1 : i32, i32
}

// Out of range: left for the verifier of the program, no crash.
// CHECK-LABEL: func.func @out_of_range
func.func @out_of_range(%a: i32) -> (i32, i32, i32) {
  %c2 = arith.constant 2 : index
  %m1 = arith.constant -1 : index
  %t = tensor.from_elements %a, %a : tensor<2xi32>
  %c = arith.constant dense<[1, 2]> : tensor<2xi32>
  // CHECK-COUNT-3: capstan.item
  %0 = capstan.item %t[%c2] : tensor<2xi32>
  %1 = capstan.item %t[%m1] : tensor<2xi32>
  %2 = capstan.item %c[%c2] : tensor<2xi32>
  return %0, %1, %2 : i32, i32, i32
}

// CHECK-LABEL: func.func @to_host_of_host
func.func @to_host_of_host(%t: tensor<4xi32, #capstan.host>) -> tensor<4xi32, #capstan.host> {
  // CHECK-NOT: capstan.to_host
  %h = capstan.to_host %t : tensor<4xi32, #capstan.host> -> tensor<4xi32, #capstan.host>
  return %h : tensor<4xi32, #capstan.host>
}

// CHECK-LABEL: func.func @fetch
// CHECK-SAME: %[[A:.*]]: tensor<i32>, %[[B:.*]]: tensor<i64>
func.func @fetch(%a: tensor<i32>, %b: tensor<i64>) -> (i32, i32, i64) {
  // CHECK: %[[R:.*]]:2 = capstan.fetch %[[A]], %[[B]] ["item", "item"] {kept = 1 : i64}
  %0:4 = capstan.fetch %a, %b, %a, %b ["item", "item", "item", "copy"] {kept = 1 : i64}
    : (tensor<i32>, tensor<i64>, tensor<i32>, tensor<i64>) -> (i32, i64, i32, tensor<i64, #capstan.host>)
  // CHECK: return %[[R]]#0, %[[R]]#0, %[[R]]#1
  return %0#0, %0#2, %0#1 : i32, i32, i64
}

// CHECK-LABEL: func.func @dead
func.func @dead(%a: tensor<i32>, %ok: tensor<i1>) {
  // CHECK-NEXT: capstan.device_check
  %0 = capstan.item %a[] : tensor<i32>
  %1 = capstan.to_host %a : tensor<i32> -> tensor<i32, #capstan.host>
  %2 = capstan.fetch %a ["item"] : (tensor<i32>) -> i32
  capstan.device_check %ok, "stays" : tensor<i1>
  // CHECK-NEXT: return
  return
}

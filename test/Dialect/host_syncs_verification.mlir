// RUN: capstan-opt %s -verify-diagnostics -split-input-file

func.func @item_of_host(%h: tensor<i32, #capstan.host>) {
  // expected-error@+1 {{reads a host tensor, which is no host sync; use tensor.extract or memref.load}}
  %0 = capstan.item %h[] : tensor<i32, #capstan.host>
  return
}

// -----

func.func @item_of_host_memref(%h: memref<i32, #capstan.host>) {
  // expected-error@+1 {{reads a host tensor, which is no host sync}}
  %0 = capstan.item %h[] : memref<i32, #capstan.host>
  return
}

// -----

func.func @item_indices(%t: tensor<4x4xi32>, %i: index) {
  // expected-error@+1 {{expects 2 indices for a source of rank 2, got 1}}
  %0 = capstan.item %t[%i] : tensor<4x4xi32>
  return
}

// -----

func.func @item_type(%t: tensor<i32>) {
  // expected-error@+1 {{result type matches element type of source}}
  %0 = "capstan.item"(%t) : (tensor<i32>) -> i64
  return
}

// -----

func.func @to_host_on_device(%t: tensor<4xi32>) {
  // expected-error@+1 {{result must be a tensor with encoding #capstan.host}}
  %0 = capstan.to_host %t : tensor<4xi32> -> tensor<4xi32>
  return
}

// -----

func.func @to_host_shape(%t: tensor<4xi32>) {
  // expected-error@+1 {{source and result must have the same shape and element type}}
  %0 = capstan.to_host %t : tensor<4xi32> -> tensor<?xi32, #capstan.host>
  return
}

// -----

func.func @to_host_element(%t: tensor<4xi32>) {
  // expected-error@+1 {{source and result must have the same shape and element type}}
  %0 = capstan.to_host %t : tensor<4xi32> -> tensor<4xi64, #capstan.host>
  return
}

// -----

func.func @check_on_host(%h: tensor<i1, #capstan.host>) {
  // expected-error@+1 {{condition is on the host; use cf.assert}}
  capstan.device_check %h, "m" : tensor<i1, #capstan.host>
  return
}

// -----

func.func @check_host_value(%h: i1) {
  // expected-error@+1 {{condition is a host value; use cf.assert}}
  capstan.device_check %h, "m" : i1
  return
}

// -----

func.func @check_element(%t: tensor<i32>) {
  // expected-error@+1 {{condition must be a device tensor of i1}}
  capstan.device_check %t, "m" : tensor<i32>
  return
}

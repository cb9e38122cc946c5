// RUN: capstan-opt %s -verify-diagnostics -split-input-file

func.func @counts(%t: tensor<i32>) {
  // expected-error@+1 {{expects one conversion and one result for each source; got 1 sources, 2 conversions, 1 results}}
  %0 = capstan.fetch %t ["item", "item"] : (tensor<i32>) -> i32
  return
}

// -----

func.func @on_host(%t: tensor<i32, #capstan.host>) {
  // expected-error@+1 {{source #0 is already on the host}}
  %0 = capstan.fetch %t ["item"] : (tensor<i32, #capstan.host>) -> i32
  return
}

// -----

func.func @memory(%a: tensor<i32>, %m: tensor<*xi32>) {
  // expected-error@+1 {{source #1 must be a ranked tensor or memref, or a value of a foreign type}}
  %0:2 = capstan.fetch %a, %m ["item", "item"] : (tensor<i32>, tensor<*xi32>) -> (i32, i32)
  return
}

// -----

func.func @several_elements(%t: tensor<2xi32>) {
  // expected-error@+1 {{source #0 must have exactly one element to be fetched as "item"}}
  %0 = capstan.fetch %t ["item"] : (tensor<2xi32>) -> i32
  return
}

// -----

func.func @dynamic(%t: tensor<?xi32>) {
  // expected-error@+1 {{source #0 must have exactly one element to be fetched as "item"}}
  %0 = capstan.fetch %t ["item"] : (tensor<?xi32>) -> i32
  return
}

// -----

func.func @element_type(%t: tensor<i32>) {
  // expected-error@+1 {{result #0 must have the element type of its source, 'i32'}}
  %0 = capstan.fetch %t ["item"] : (tensor<i32>) -> i64
  return
}

// -----

func.func @copy_on_device(%t: tensor<2xi32>) {
  // expected-error@+1 {{result #0 must be a #capstan.host tensor of the shape and element type of its source}}
  %0 = capstan.fetch %t ["copy"] : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @conversion(%t: tensor<i32>) {
  // expected-error@+1 {{conversion "int" is not one for a builtin tensor; expected "item" or "copy"}}
  %0 = capstan.fetch %t ["int"] : (tensor<i32>) -> i32
  return
}

// -----

func.func @start(%t: tensor<i32>) {
  // expected-error@+1 {{expects one conversion and one result for each source; got 1 sources, 1 conversions, 2 results}}
  %0 = capstan.fetch.start %t ["item"] : (tensor<i32>) -> !capstan.future<i32, i32>
  return
}

// -----

func.func @start_type(%t: tensor<i32>) {
  // expected-error@+1 {{result #0 must have the element type of its source, 'i32'}}
  %0 = capstan.fetch.start %t ["item"] : (tensor<i32>) -> !capstan.future<i64>
  return
}

// -----

func.func @wait(%f: !capstan.future<i32>) {
  // expected-error@+1 {{result types must be those of the future}}
  %0 = capstan.fetch.wait %f : !capstan.future<i32> -> i64
  return
}

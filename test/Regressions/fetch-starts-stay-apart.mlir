// RUN: capstan-opt %s --cse | FileCheck %s

// A future is waited for once: upstream's CSE must not make two equal starts one.
// CHECK-LABEL: func.func @starts
// CHECK: %[[F:.*]] = capstan.fetch.start
// CHECK: %[[G:.*]] = capstan.fetch.start
// CHECK: capstan.fetch.wait %[[F]]
// CHECK: capstan.fetch.wait %[[G]]
func.func @starts(%x: tensor<i32>) -> (i32, i32) {
  %f = capstan.fetch.start %x ["item"] : (tensor<i32>) -> !capstan.future<i32>
  %g = capstan.fetch.start %x ["item"] : (tensor<i32>) -> !capstan.future<i32>
  %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  %b = capstan.fetch.wait %g : !capstan.future<i32> -> i32
  return %a, %b : i32, i32
}

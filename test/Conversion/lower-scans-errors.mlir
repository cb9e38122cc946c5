// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-lower-scans -verify-diagnostics -split-input-file

func.func @dimension(%x: tensor<?xi64>, %init: tensor<?xi64>, %acc: tensor<i64>) -> tensor<?xi64> {
  // expected-error@+1 {{expects a ranked tensor and one of its dimensions}}
  %0:2 = "tm_tensor.scan"(%x, %init, %acc) <{dimension = 1 : i64, inclusive = true}> ({
  ^bb0(%a: i64, %b: i64):
    "tm_tensor.yield"(%a) : (i64) -> ()
  }) : (tensor<?xi64>, tensor<?xi64>, tensor<i64>) -> (tensor<?xi64>, tensor<i64>)
  return %0#0 : tensor<?xi64>
}

// -----

func.func @accumulator(%x: tensor<?xi64>, %init: tensor<?xi64>, %acc: tensor<i64>) -> tensor<i64> {
  // expected-error@+1 {{is exclusive, and its accumulator is used}}
  %0:2 = "tm_tensor.scan"(%x, %init, %acc) <{dimension = 0 : i64, inclusive = false}> ({
  ^bb0(%a: i64, %b: i64):
    "tm_tensor.yield"(%a) : (i64) -> ()
  }) : (tensor<?xi64>, tensor<?xi64>, tensor<i64>) -> (tensor<?xi64>, tensor<i64>)
  return %0#1 : tensor<i64>
}

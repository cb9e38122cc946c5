// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-verify-lowerable -verify-diagnostics -split-input-file

func.func @fine(%x: tensor<?xf32>, %e: tensor<?xf32>) -> tensor<?xf32> {
  %0 = linalg.exp ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Both are named.
func.func @foreign(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{'torch.aten.exp' op has no lowering for the host target: its dialect is foreign}}
  %0 = "torch.aten.exp"(%x) : (tensor<?xf32>) -> tensor<?xf32>
  // expected-error@+1 {{'torch.aten.cos' op has no lowering for the host target: its dialect is foreign}}
  %1 = "torch.aten.cos"(%0) : (tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

// expected-error@+1 {{has no definition}}
func.func private @elsewhere(tensor<4xf32>) -> tensor<4xf32>
func.func @call(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @elsewhere(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

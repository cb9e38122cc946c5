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

// -----

func.func @mapped(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'scf.forall' op has no lowering for the host target: it is mapped to the units of another one}}
  %0 = scf.forall (%i) in (4) shared_outs(%o = %x) -> tensor<4xf32> {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %o[0] [4] [1] : tensor<4xf32> into tensor<4xf32>
    }
  } {mapping = [#gpu.thread<x>]}
  return %0 : tensor<4xf32>
}

// -----

func.func @reduces(%n: index, %x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{'scf.parallel' op has no lowering for the host target: a loop with results must be sequential}}
  %0 = scf.parallel (%i) = (%c0) to (%n) step (%c1) init (%x) -> f32 {
    scf.reduce(%x : f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      scf.reduce.return %s : f32
    }
  }
  return %0 : f32
}

// -----

func.func @vectors(%x: tensor<4xf32>, %z: f32) -> vector<4xf32> {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{'vector.transfer_read' op has no lowering for the host target: it moves vectors from or to the device}}
  %0 = vector.transfer_read %x[%c0], %z : tensor<4xf32>, vector<4xf32>
  return %0 : vector<4xf32>
}

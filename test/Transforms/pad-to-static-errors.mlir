// What can't be proven is an error that names the operation.
// RUN: capstan-opt %s --capstan-pad-to-static="buckets=T=16 memory-limit=65536" --split-input-file --verify-diagnostics
// RUN: capstan-opt %s --capstan-pad-to-static="buckets=T=16 memory-limit=65536 partial=true" --split-input-file --verify-diagnostics

func.func @concat(%x: tensor<?x?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, #capstan.dim<"T">]}) -> tensor<?xf32> {
  %row = tensor.collapse_shape %x [[0, 1]] : tensor<?x?xf32> into tensor<?xf32>
  // expected-error @below {{'tensor.concat' op can't be padded: can't tell where operand 0 ends}}
  %0 = tensor.concat dim(0) %row, %row : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @reshape(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]}) -> tensor<4x?xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %s = tensor.from_elements %c4, %n : tensor<2xindex>
  // expected-error @below {{'tensor.reshape' op can't be padded: reshapes [T, 4] to [4, T]: where the live elements are is not known}}
  %0 = tensor.reshape %x(%s) : (tensor<?x4xf32>, tensor<2xindex>) -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// -----

func.func @no_model(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}, %y: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  // expected-error @below {{'tensor.insert_slice' op can't be padded: it takes padded tensors, and has no PaddingOpInterface}}
  %0 = tensor.insert_slice %x into %y[0] [%n] [1] : tensor<?xf32> into tensor<64xf32>
  return %0 : tensor<64xf32>
}

// -----

func.func @place(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  // expected-error @below {{'tensor.pad' op can't be padded: puts something at an unknown place in dimension 0}}
  %0 = tensor.pad %x low[%n] high[0] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<?xf32> to tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @values(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<?xf32> {
  // expected-error @below {{'tensor.pad' op can't be padded: pads with a value that isn't constant}}
  %0 = tensor.pad %x low[0] high[1] {
  ^bb0(%i: index):
    %k = arith.index_cast %i : index to i32
    %f = arith.sitofp %k : i32 to f32
    tensor.yield %f : f32
  } : tensor<?xf32> to tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Of rows of T, as one row: the next element may be that of the next row.
func.func @window(%x: tensor<?x?xf32> {capstan.dims = [#capstan.dim<"T", min = 2, max = 64>, #capstan.dim<"T">]}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = tensor.dim %x, %c0 : tensor<?x?xf32>
  %row = tensor.collapse_shape %x [[0, 1]] : tensor<?x?xf32> into tensor<?xf32>
  %n = arith.muli %t, %t : index
  %less = arith.subi %n, %c1 : index
  %two = tensor.empty() : tensor<2xf32>
  %e = tensor.empty(%less) : tensor<?xf32>
  // expected-error @below {{indexes operand 0 by a sum of padded loops, at places that are not known to be its own}}
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%row, %two : tensor<?xf32>, tensor<2xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %most: f32):
    %r = arith.maximumf %a, %most : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @branch(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %few = arith.cmpi slt, %n, %c8 : index
  // expected-error @below {{'scf.if' op can't be padded: its condition is only known on the device}}
  scf.if %few {
    cf.assert %few, "few"
  }
  return
}

// -----

func.func @memory(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  // expected-error @below {{can't be padded: a buffer of 262144 bytes is over the memory limit of 65536}}
  %0 = tensor.empty(%n, %n) : tensor<?x?x256xf32>
  return
}

// -----

func.func @unbounded(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}, %n: index) {
  // expected-error @below {{'tensor.empty' op can't be padded: has no bound for dimension 0, n0}}
  %0 = tensor.empty(%n) : tensor<?xf32>
  return
}

// -----

func.func @body(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<?xf32> {
  // expected-error @below {{has 'func.call' in its body, which may fail or do more on padding}}
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      outs(%x : tensor<?xf32>) {
  ^bb0(%a: f32):
    %r = func.call @f(%a) : (f32) -> f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
func.func private @f(f32) -> f32

// -----

// expected-error @below {{a bucket of T = 16 is not allowed: T is 0 to 12, in steps of 1}}
func.func @bounds(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 12>]}) {
  return
}

// -----

// expected-error @below {{a bucket of T = 16 is not allowed: T is 0 to 63, in steps of 3}}
func.func @steps(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64, multiple_of = 3>]}) {
  return
}

// -----

// expected-error @below {{a bucket has no size for symbol 'B'}}
func.func @missing(%x: tensor<?x?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, #capstan.dim<"B", max = 4>]}) {
  return
}

// -----

// expected-error @below {{can't be padded: argument 0 has no bound for dimension 0, n0}}
func.func @argument(%x: tensor<?xf32>, %y: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) {
  return
}

// -----

// Two of the three tensors are alive at one moment, with the padded input.
// expected-error @below {{can't be padded: bucket T=16 needs 98304 bytes at one moment, over the memory limit of 65536}}
// expected-note @below {{32768 of them are this 'tensor<16x512xf32>'}}
func.func @peak(%x: tensor<?x512xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 512]},
                %weights: tensor<1000x512xf32>) -> tensor<?x512xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x512xf32>
  %e = tensor.empty(%n) : tensor<?x512xf32>
  // expected-note @below {{32768 of them are this 'tensor<16x512xf32>'}}
  %0 = linalg.exp ins(%x : tensor<?x512xf32>) outs(%e : tensor<?x512xf32>) -> tensor<?x512xf32>
  // expected-note @below {{32768 of them are this 'tensor<16x512xf32>'}}
  %1 = linalg.exp ins(%0 : tensor<?x512xf32>) outs(%e : tensor<?x512xf32>) -> tensor<?x512xf32>
  %2 = linalg.exp ins(%1 : tensor<?x512xf32>) outs(%1 : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %2 : tensor<?x512xf32>
}

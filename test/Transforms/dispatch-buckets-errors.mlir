// RUN: capstan-opt %s --split-input-file --verify-diagnostics --capstan-pad-to-static=buckets=T=64 --capstan-dispatch-buckets

// expected-error@+1 {{'capstan.agree' names a function from index to index}}
func.func @agree(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<?xf32>
    attributes {capstan.agree = @nothing} {
  return %x : tensor<?xf32>
}

// -----

// expected-error@+1 {{can't be dispatched: dimension 0 of result 0, #capstan.dim<"u0">, is only known on the device}}
func.func @read(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]},
                %n: tensor<i32> {capstan.dims = []}) -> tensor<?xf32> {
  %most = arith.constant 64 : i32
  %zero = arith.constant 0 : i32
  %0 = capstan.item %n[] : tensor<i32>
  %fits = arith.cmpi sle, %0, %most : i32
  cf.assert %fits, "too large"
  %positive = arith.cmpi sge, %0, %zero : i32
  cf.assert %positive, "negative"
  %size = arith.index_cast %0 : i32 to index
  %f = arith.constant 0.0 : f32
  %e = tensor.empty(%size) : tensor<?xf32>
  %y = linalg.fill ins(%f : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

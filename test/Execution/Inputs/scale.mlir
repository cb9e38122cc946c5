func.func @scale(%x: tensor<?x2xf32> {capstan.name = "x"}, %n: f32 {capstan.name = "n"}) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%d) : tensor<?x2xf32>
  %r = linalg.map ins(%x : tensor<?x2xf32>) outs(%e : tensor<?x2xf32>)
    (%in: f32, %out: f32) {
      %m = arith.mulf %in, %n : f32
      linalg.yield %m : f32
    }
  return %r : tensor<?x2xf32>
}

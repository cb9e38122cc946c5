// Three layers that read the same maximum, one read of a flag, one under it.
func.func private @layer(%x: tensor<?xf32>, %lens: tensor<?xi32>, %init: tensor<i32>) -> i32 {
  %max = linalg.generic {
      indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>],
      iterator_types = ["reduction"]}
      ins(%lens : tensor<?xi32>) outs(%init : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.maxsi %in, %out : i32
    linalg.yield %m : i32
  } -> tensor<i32>
  %longest = tensor.extract %max[] : tensor<i32>
  return %longest : i32
}

func.func @main(%x: tensor<?xf32>, %lens: tensor<?xi32>, %init: tensor<i32>, %flag: tensor<i1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %training = capstan.item %flag[] : tensor<i1>
  scf.for %i = %c0 to %c3 step %c1 {
    %n = func.call @layer(%x, %lens, %init) : (tensor<?xf32>, tensor<?xi32>, tensor<i32>) -> i32
    "custom.kernel"(%n) : (i32) -> ()
  }
  scf.if %training {
    %first = capstan.item %lens[%c0] : tensor<?xi32>
    "custom.kernel"(%first) : (i32) -> ()
    "custom.region"() ({
      "custom.inner"() : () -> ()
    }) : () -> ()
  }
  return
}

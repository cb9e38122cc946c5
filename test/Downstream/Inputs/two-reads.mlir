// Two layers read the same device value.
func.func @two_reads(%lens: tensor<4xi32>, %i: index) -> (i32, i32) {
  %first = tensor.extract %lens[%i] : tensor<4xi32>
  %second = tensor.extract %lens[%i] : tensor<4xi32>
  return %first, %second : i32, i32
}

// RUN: capstan-opt %s --capstan-reshapes-to-views -canonicalize | FileCheck %s

// A size that is the same at both sides stays a dimension of its own.
// CHECK-LABEL: func.func @expand(
// CHECK-NOT: cf.assert
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1], [2, 3]] output_shape [1, %{{.*}}, 32, 64]
// CHECK-NOT: tensor.reshape
func.func @expand(%x: tensor<1x?x2048xf32>) -> tensor<1x?x32x64xf32> {
  %c1 = arith.constant 1 : index
  %one = arith.constant 1 : i64
  %h = arith.constant 32 : i64
  %d = arith.constant 64 : i64
  %t = tensor.dim %x, %c1 : tensor<1x?x2048xf32>
  %n = arith.index_cast %t : index to i64
  %s = tensor.from_elements %one, %n, %h, %d : tensor<4xi64>
  %r = tensor.reshape %x(%s) : (tensor<1x?x2048xf32>, tensor<4xi64>) -> tensor<1x?x32x64xf32>
  return %r : tensor<1x?x32x64xf32>
}

// CHECK-LABEL: func.func @collapse(
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0], [1, 2]] : tensor<?x32x64xf32> into tensor<?x2048xf32>
func.func @collapse(%x: tensor<?x32x64xf32>) -> tensor<?x2048xf32> {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x32x64xf32>
  %n = arith.index_cast %t : index to i64
  %f = arith.constant 2048 : i64
  %s = tensor.from_elements %n, %f : tensor<2xi64>
  %r = tensor.reshape %x(%s) : (tensor<?x32x64xf32>, tensor<2xi64>) -> tensor<?x2048xf32>
  return %r : tensor<?x2048xf32>
}

// What isn't known to fit is checked.
// CHECK-LABEL: func.func @checked(
// CHECK: %[[OK:.*]] = arith.cmpi eq
// CHECK: cf.assert %[[OK]], "reshape: numbers of elements don't match"
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2]] output_shape [%{{.*}}, %{{.*}}, 8]
func.func @checked(%x: tensor<?x8xf32>, %a: i64, %b: i64) -> tensor<?x?x8xf32> {
  %c8 = arith.constant 8 : i64
  %s = tensor.from_elements %a, %b, %c8 : tensor<3xi64>
  %r = tensor.reshape %x(%s) : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @scalar(
// CHECK: tensor.expand_shape %{{.*}} [] output_shape [1, 1] : tensor<f32> into tensor<1x1xf32>
func.func @scalar(%x: tensor<f32>) -> tensor<1x1xf32> {
  %one = arith.constant 1 : i64
  %s = tensor.from_elements %one, %one : tensor<2xi64>
  %r = tensor.reshape %x(%s) : (tensor<f32>, tensor<2xi64>) -> tensor<1x1xf32>
  return %r : tensor<1x1xf32>
}

// A shape in memory stays a reshape.
// CHECK-LABEL: func.func @unknown(
// CHECK: tensor.reshape
func.func @unknown(%x: tensor<?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %r = tensor.reshape %x(%s) : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

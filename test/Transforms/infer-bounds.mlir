// Every dynamic dimension gets an expression of dim symbols, and a bound.
// RUN: capstan-opt %s --capstan-infer-bounds --split-input-file | FileCheck %s
// RUN: capstan-opt %s --capstan-infer-bounds --split-input-file --remark-format=emitRemark --remarks-filter=capstan -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Shapes, products, exact divisions, and calls.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: capstan.symbols = {B = "1 to 64", T = "0 to 8192"}
func.func @sizes(%x: tensor<?x8xf32> {capstan.dims = [#capstan.dim<"T", max = 8192, multiple_of = 4>, 8]},
                 %cu: tensor<?xi32> {capstan.dims = [#capstan.dim<"B + 1">]},
                 %l: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", min = 1, max = 64>]}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %t = tensor.dim %x, %c0 : tensor<?x8xf32>
  %n = tensor.dim %cu, %c0 : tensor<?xi32>
  %b = arith.subi %n, %c1 : index
  %tb = arith.muli %t, %b : index
  // CHECK: tensor.empty{{.*}} {capstan.sizes = ["T * B"]}
  %0 = tensor.empty(%tb) : tensor<?xf32>
  %again = arith.divsi %tb, %b : index
  // CHECK: tensor.empty{{.*}} {capstan.sizes = ["T"]}
  %1 = tensor.empty(%again) : tensor<?xf32>
  %q = arith.divui %t, %c4 : index
  // CHECK: tensor.expand_shape{{.*}} {capstan.sizes = ["(T / 4), 4, 8"]}
  %2 = tensor.expand_shape %x [[0, 1], [2]] output_shape [%q, 4, 8] : tensor<?x8xf32> into tensor<?x4x8xf32>
  // CHECK: tensor.collapse_shape{{.*}} {capstan.sizes = ["8 * T"]}
  %3 = tensor.collapse_shape %x [[0, 1]] : tensor<?x8xf32> into tensor<?xf32>
  // CHECK: tensor.concat{{.*}} {capstan.sizes = ["2 * T, 8"]}
  %4 = tensor.concat dim(0) %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %zero = arith.constant 0.0 : f32
  // ValueBoundsOpInterface
  // CHECK: tensor.pad
  // CHECK: {capstan.sizes = ["T + 1, 8"]}
  %5 = tensor.pad %x low[0, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x8xf32> to tensor<?x8xf32>
  // CHECK: call @twice{{.*}} {capstan.sizes = ["2 * T + 2, 8"]}
  %6 = func.call @twice(%5) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %small = arith.minsi %t, %b : index
  // CHECK: tensor.empty{{.*}} {capstan.sizes = ["(T min B)"]}
  %7 = tensor.empty(%small) : tensor<?xf32>
  return
}
// CHECK-LABEL: func.func private @twice
// CHECK-SAME: capstan.symbols = {T = "0 to 8192"}
func.func private @twice(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = tensor.concat dim(0) %x, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// A size made from data: a bound by what the lengths promise, and by checks.
// CHECK-LABEL: func.func @longest
// CHECK-SAME: B = "0 to 64", T = "0 to 8192", u0 = "1 to 8192, at most T, read from the device"
func.func @longest(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 8192>]},
                   %lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 64>], capstan.lengths = "T"}) {
  %least = arith.constant dense<-1> : tensor<i32>
  %one = arith.constant 1 : i32
  %zero = arith.constant 0 : i32
  %max = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = capstan.item %max[] : tensor<i32>
  %ok = arith.cmpi sge, %l, %one : i32
  cf.assert %ok, "no tokens"
  // Decided: %l is not negative.
  %negative = arith.cmpi slt, %l, %zero : i32
  %k = arith.select %negative, %one, %l : i32
  %n = arith.index_cast %k : i32 to index
  // CHECK: tensor.empty{{.*}} {capstan.sizes = ["u0"]}
  %0 = tensor.empty(%n) : tensor<?xf32>
  return
}

// -----

// Loops keep sizes, or hide them; a check in a loop that may not run proves nothing.
// CHECK-LABEL: func.func @loops
// CHECK-SAME: u0 = "-2147483648 to 9, read from the device", u1 = "-2147483648 to 2147483647, read
func.func @loops(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}, %m: tensor<i32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c1 = arith.constant 1 : index
  %most = arith.constant 9 : i32
  %l = capstan.item %m[] : tensor<i32>
  %k = capstan.item %m[] : tensor<i32>
  // CHECK: scf.for
  // CHECK: {capstan.sizes = ["T"]}
  %0 = scf.for %i = %c0 to %c2 step %c1 iter_args(%y = %x) -> tensor<?xf32> {
    %ok2 = arith.cmpi sle, %l, %most : i32
    cf.assert %ok2, "too long"
    scf.yield %y : tensor<?xf32>
  }
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> tensor<?xf32> {
    %ok2 = arith.cmpi sle, %k, %most : i32
    cf.assert %ok2, "too long"
    // REMARK: remark: {{.*}}dimension 0, {{.*}}has no bound: none is known of argument 1
    %z = tensor.concat dim(0) %y, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    scf.yield %z : tensor<?xf32>
  }
  %li = arith.index_cast %l : i32 to index
  %ki = arith.index_cast %k : i32 to index
  // REMARK-NOT: dimension 0, u0
  %2 = tensor.empty(%li) : tensor<?xf32>
  %3 = tensor.empty(%ki) : tensor<?xf32>
  return
}

// -----

// A choice between tensors has the bound of both.
// CHECK-LABEL: func.func @choice
// CHECK-SAME: n0 = "0 to 64"
func.func @choice(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 8>]},
                  %y: tensor<?xf32> {capstan.dims = [#capstan.dim<"B", max = 64>]}, %c: i1) {
  // CHECK: arith.select{{.*}} {capstan.sizes = ["n0"]}
  %0 = arith.select %c, %x, %y : tensor<?xf32>
  return
}

// -----

// REMARK: remark: {{.*}}dimension 0, n0, has no bound: none is known of 'tensor.generate'
func.func @unknown(%n: index) {
  %0 = tensor.generate %n {
  ^bb0(%i: index):
    tensor.yield %i : index
  } : tensor<?xindex>
  return
}

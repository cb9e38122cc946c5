// RUN: capstan-opt %s --capstan-form-graphs --canonicalize --remarks-filter="capstan.*" --remark-format=emitRemark 2> %t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// Work on both sides of a read that doesn't need it is one graph.
// REMARK: cut | {{.*}}Reason="it waits for the device", Remark=capstan.item
// REMARK: graph | {{.*}}Inputs=2, Results=1, Work=2
// CHECK-LABEL: func.func @past_a_read
// CHECK: capstan.item
// CHECK: capstan.graph(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: linalg.exp
// CHECK: linalg.mul
// CHECK-NOT: capstan.graph
// CHECK: return
func.func @past_a_read(%x: tensor<4xf32>, %y: tensor<4xf32>, %count: tensor<i32>) -> (tensor<4xf32>, i32) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = capstan.item %count[] : tensor<i32>
  %b = linalg.mul ins(%a, %y : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %b, %n : tensor<4xf32>, i32
}

// Only what the host waits for is in the first graph.
// REMARK: cut | {{.*}}Reason="it is a check on the host", Remark=cf.assert
// CHECK-LABEL: func.func @needed_by_a_read
// CHECK: %[[A:.*]] = capstan.graph(%{{.*}} : tensor<4xf32>) -> tensor<4xf32>
// CHECK: linalg.exp
// CHECK: capstan.yield
// CHECK: %[[N:.*]] = capstan.item %[[A]]
// CHECK: cf.assert
// CHECK: capstan.graph
// CHECK: linalg.log
// CHECK: linalg.mul
func.func @needed_by_a_read(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, f32) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %late = linalg.log ins(%y : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = capstan.item %a[%c0] : tensor<4xf32>
  %good = arith.cmpf ogt, %n, %zero : f32
  cf.assert %good, "positive"
  %b = linalg.mul ins(%a, %late : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %b, %n : tensor<4xf32>, f32
}

// Sizes of run time, and host values that change.
// REMARK: cut | {{.*}}Reason="it uses or makes a host value (index) that is neither constant, nor guarded, nor read from device memory", Remark=tensor.empty
// REMARK: cut | {{.*}}Reason="it uses or makes a size of run time (tensor<?xf32>)", Remark=linalg.exp
// REMARK: cut | {{.*}}Reason="it uses or makes a host value (f32) that is neither constant, nor guarded, nor read from device memory", Remark=linalg.fill
// CHECK-LABEL: func.func @in_none
// CHECK-NOT: capstan.graph
// CHECK: return
func.func @in_none(%x: tensor<?xf32>, %n: index, %s: f32) -> (tensor<?xf32>, tensor<4xf32>) {
  %e = tensor.empty(%n) : tensor<?xf32>
  %a = linalg.exp ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %f = tensor.empty() : tensor<4xf32>
  %g = linalg.fill ins(%s : f32) outs(%f : tensor<4xf32>) -> tensor<4xf32>
  return %a, %g : tensor<?xf32>, tensor<4xf32>
}

// A loop with constant bounds is captured as a whole.
// CHECK-LABEL: func.func @constant_loop
// CHECK: capstan.graph
// CHECK: scf.for
// CHECK: capstan.yield
func.func @constant_loop(%x: tensor<4x8xf32>, %acc: tensor<8xf32>) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %acc) -> tensor<8xf32> {
    %row = tensor.extract_slice %x[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %s = linalg.add ins(%a, %row : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    scf.yield %s : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// Graphs in a loop of the host; the check stays above what may fail.
// CHECK-LABEL: func.func @host_loop
// CHECK: scf.for
// CHECK: cf.assert
// CHECK: capstan.graph
// CHECK: linalg.generic
func.func @host_loop(%x: tensor<4xi64>, %n: index) -> tensor<4xi64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4xi64> {
    %few = arith.cmpi slt, %i, %c9 : index
    cf.assert %few, "too many"
    %e = tensor.empty() : tensor<4xi64>
    %s = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xi64>) outs(%e : tensor<4xi64>) {
    ^bb0(%in: i64, %out: i64):
      %zero = arith.constant 0 : i64
      %ok = arith.cmpi sge, %in, %zero : i64
      cf.assert %ok, "negative"
      linalg.yield %in : i64
    } -> tensor<4xi64>
    scf.yield %s : tensor<4xi64>
  }
  return %r : tensor<4xi64>
}

// A product of the library is work as any other.
// CHECK-LABEL: func.func @product
// CHECK: capstan.graph
// CHECK: linalg.exp
// CHECK: capstan.gemm
// CHECK-NOT: capstan.graph
// CHECK: return
func.func @product(%x: tensor<4x4xf32>, %bias: tensor<4xf32>) -> tensor<4x4xf32> {
  %e = tensor.empty() : tensor<4x4xf32>
  %a = linalg.exp ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = capstan.gemm ins(%a, %x : tensor<4x4xf32>, tensor<4x4xf32>) bias(%bias : tensor<4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %b : tensor<4x4xf32>
}

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-raise-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @host_code
func.func @host_code(%t: tensor<4xi32>, %m: memref<i32>, %i: index, %n: index) {
  // CHECK: capstan.item %{{.*}}[%{{.*}}] : tensor<4xi32>
  %a = tensor.extract %t[%i] : tensor<4xi32>
  // CHECK: capstan.item %{{.*}}[] : memref<i32>
  %b = memref.load %m[] : memref<i32>
  scf.for %k = %i to %n step %i {
    // CHECK: capstan.item
    %c = tensor.extract %t[%k] : tensor<4xi32>
  }
  scf.forall (%k) in (%n) {
    // CHECK: capstan.item
    %c = tensor.extract %t[%k] : tensor<4xi32>
    "foo.use"(%c) : (i32) -> ()
  }
  return
}

// CHECK-LABEL: func.func @known_on_the_host
// CHECK-NOT: capstan.item
func.func @known_on_the_host(%h: tensor<4xi32, #capstan.host>, %m: memref<i32, #capstan.host>, %v: i32, %i: index) {
  %c = arith.constant dense<[1, 2]> : tensor<2xi32>
  %f = tensor.from_elements %v, %v : tensor<2xi32>
  %0 = tensor.extract %h[%i] : tensor<4xi32, #capstan.host>
  %1 = memref.load %m[] : memref<i32, #capstan.host>
  %2 = tensor.extract %c[%i] : tensor<2xi32>
  %3 = tensor.extract %f[%i] : tensor<2xi32>
  return
}

// CHECK-LABEL: func.func @device_code
// CHECK-NOT: capstan.item
func.func @device_code(%t: tensor<?xi32>, %n: index, %o: tensor<?xi32>) {
  %g = tensor.generate %n {
  ^bb0(%i: index):
    %e = tensor.extract %t[%i] : tensor<?xi32>
    tensor.yield %e : i32
  } : tensor<?xi32>
  %l = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%o : tensor<?xi32>) {
  ^bb0(%x: i32):
    %i = linalg.index 0 : index
    %e = tensor.extract %t[%i] : tensor<?xi32>
    linalg.yield %e : i32
  } -> tensor<?xi32>
  scf.forall (%i) in (%n) {
    %e = tensor.extract %t[%i] : tensor<?xi32>
    "foo.use"(%e) : (i32) -> ()
  } {mapping = [#gpu.block<x>]}
  "foo.region"() ({
    %e = tensor.extract %t[%n] : tensor<?xi32>
  }) : () -> ()
  return
}

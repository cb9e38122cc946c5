// Kernels that use what the host read get it as an operand.
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-eliminate-host-syncs --mlir-print-local-scope | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect --mlir-disable-threading --capstan-eliminate-host-syncs \
// RUN:   --remarks-filter=capstan --remark-format=yaml --remarks-output-file=%t.yaml -o /dev/null
// RUN: FileCheck %s --check-prefix=REMARK < %t.yaml

#id = affine_map<(d0) -> (d0)>

// A loss denominator: the arithmetic on it is part of the body, the check one on the device.
// CHECK-LABEL: func.func @loss
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>, %[[COUNT:.*]]: tensor<i32>, %[[EPS:.*]]: f32
func.func @loss(%x: tensor<?xf32>, %count: tensor<i32>, %eps: f32, %e: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK-NOT: capstan.item
  // CHECK: capstan.device_check %{{.*}}, "no labels"
  // CHECK: linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>]
  // CHECK-SAME: ins(%[[X]], %[[COUNT]] : tensor<?xf32>, tensor<i32>)
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[N:.*]]: i32, %{{.*}}: f32):
  // CHECK-NEXT:   %[[F:.*]] = arith.sitofp %[[N]] : i32 to f32
  // CHECK-NEXT:   %[[D:.*]] = arith.addf %[[F]], %[[EPS]] : f32
  // CHECK-NEXT:   %[[Q:.*]] = arith.divf %[[A]], %[[D]] : f32
  // CHECK-NEXT:   linalg.yield %[[Q]]
  %n = capstan.item %count[] : tensor<i32>
  %c1 = arith.constant 1 : i32
  %ok = arith.cmpi sge, %n, %c1 : i32
  cf.assert %ok, "no labels"
  %f = arith.sitofp %n : i32 to f32
  %d = arith.addf %f, %eps : f32
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.divf %a, %d : f32
    linalg.yield %q : f32
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// An element, an operand that is a scalar, tensors that the host fills, and a fetch of two.
// CHECK-LABEL: func.func @forms
// CHECK-SAME: (%[[T:.*]]: tensor<8xi32>, %[[U:.*]]: tensor<i32>, %[[V:.*]]: tensor<1xi32>, %[[E:[^ ]*]]: tensor<4xi32>)
func.func @forms(%t: tensor<8xi32>, %u: tensor<i32>, %v: tensor<1xi32>, %e: tensor<4xi32>)
    -> (tensor<4xi32>, tensor<i32>, tensor<2x2xi32>) {
  // CHECK-NOT: capstan.
  // CHECK: %[[S:.*]] = tensor.extract_slice %[[T]][3] [1] [1] : tensor<8xi32> to tensor<i32>
  // CHECK: linalg.generic {{.*}} ins(%[[S]] : tensor<i32>) outs(%[[E]] : tensor<4xi32>)
  // CHECK: %[[ONLY:.*]] = tensor.extract_slice %[[V]][0] [1] [1] : tensor<1xi32> to tensor<i32>
  // CHECK: linalg.generic {{.*}} ins(%[[U]], %[[ONLY]] : tensor<i32>, tensor<i32>) outs(%{{.*}} : tensor<2x2xi32>)
  // CHECK: return %{{.*}}, %[[U]], %{{.*}}
  %c3 = arith.constant 3 : index
  %i = capstan.item %t[%c3] : tensor<8xi32>
  %f = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %j, %k = capstan.fetch %u, %v ["item", "item"] : (tensor<i32>, tensor<1xi32>) -> (i32, i32)
  %copy = tensor.from_elements %j : tensor<i32>
  %sum = arith.addi %j, %k : i32
  %splat = tensor.splat %sum : tensor<2x2xi32>
  return %f, %copy, %splat : tensor<4xi32>, tensor<i32>, tensor<2x2xi32>
}

// REMARK: Function: {{ *}}also_host
// REMARK: its value decides what runs
// CHECK-LABEL: func.func @also_host
func.func @also_host(%t: tensor<i1>, %e: tensor<4xi1>) -> tensor<4xi1> {
  // CHECK: capstan.item
  // CHECK: linalg.fill
  %i = capstan.item %t[] : tensor<i1>
  %f = linalg.fill ins(%i : i1) outs(%e : tensor<4xi1>) -> tensor<4xi1>
  scf.if %i {
    "test.kernel"() : () -> ()
  }
  return %f : tensor<4xi1>
}

// REMARK: Function: {{ *}}host_element
// REMARK: its value is needed
// CHECK-LABEL: func.func @host_element
func.func @host_element(%t: tensor<i32>) -> (tensor<i32>, i32) {
  // CHECK: capstan.item
  %i = capstan.item %t[] : tensor<i32>
  %f = tensor.from_elements %i : tensor<i32>
  %j = tensor.extract %f[] : tensor<i32>
  return %f, %j : tensor<i32>, i32
}

// A value that a branch decides, arithmetic that the device may round otherwise, what may be written in
// between, and a kernel on memory.
// REMARK-COUNT-3: its value is used in device code
// REMARK: its value is needed
// CHECK-LABEL: func.func @kept
func.func @kept(%m: memref<i32>, %t: tensor<i32>, %x: tensor<f32>, %cond: i1, %out: memref<4xi32>, %e: tensor<4xi32>, %ef: tensor<4xf32>)
    -> (tensor<4xi32>, tensor<4xi32>, tensor<4xf32>) {
  // CHECK-COUNT-4: capstan.item
  %j = capstan.item %t[] : tensor<i32>
  %v = bufferization.to_tensor %m : memref<i32> to tensor<i32>
  %i = capstan.item %v[] : tensor<i32>
  linalg.fill ins(%j : i32) outs(%out : memref<4xi32>)
  memref.store %j, %m[] : memref<i32>
  %a = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %f = capstan.item %x[] : tensor<f32>
  %exp = math.exp %f : f32
  %b = linalg.fill ins(%exp : f32) outs(%ef : tensor<4xf32>) -> tensor<4xf32>
  %c0 = arith.constant 0 : i32
  %r = scf.if %cond -> i32 {
    %n = capstan.item %t[] : tensor<i32>
    scf.yield %n : i32
  } else {
    scf.yield %c0 : i32
  }
  %c = linalg.fill ins(%r : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %a, %c, %b : tensor<4xi32>, tensor<4xi32>, tensor<4xf32>
}

// RUN: capstan-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @parse_print
// CHECK: %[[R:.*]] = capstan.graph(%{{.*}} : tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<4xf32>):
// CHECK: %[[Y:.*]] = linalg.exp ins(%[[X]]
// CHECK: capstan.yield %[[Y]] : tensor<4xf32>
// CHECK: return %[[R]]
func.func @parse_print(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = capstan.graph(%x : tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %y = linalg.exp ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    capstan.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @host_value(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  // expected-error @below {{input #1 ('index') is a host value: a replay would use that of the capture. It has to be a constant inside, guarded by a bucket, or read from device memory}}
  %r = capstan.graph(%x, %n : tensor<4xf32>, index) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %b: index):
    capstan.yield %a : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @host_tensor(%x: tensor<4xi32, #capstan.host>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{input #0 ('tensor<4xi32, #capstan.host>') is a host value}}
  %r = capstan.graph(%x, %y : tensor<4xi32, #capstan.host>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xi32, #capstan.host>, %b: tensor<4xf32>):
    capstan.yield %b : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @run_time_size(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{input #0 ('tensor<?xf32>') has a size of run time}}
  %r = capstan.graph(%x : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: tensor<?xf32>):
    capstan.yield %a : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}

// -----

func.func @waits(%x: tensor<i32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note @below {{the graph}}
  %r = capstan.graph(%x, %y : tensor<i32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<i32>, %b: tensor<4xf32>):
    // expected-error @below {{can't be part of a graph: it waits for the device}}
    %n = capstan.item %a[] : tensor<i32>
    capstan.yield %b : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func private @unknown(tensor<4xf32>) -> tensor<4xf32>
func.func @calls(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note @below {{the graph}}
  %r = capstan.graph(%x : tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    // expected-error @below {{can't be part of a graph: it calls code that the graph doesn't have}}
    %y = func.call @unknown(%a) : (tensor<4xf32>) -> tensor<4xf32>
    capstan.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @types(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{the body's arguments must have the inputs' types}}
  %r = capstan.graph(%x : tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<8xf32>):
    %s = tensor.extract_slice %a[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
    capstan.yield %s : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

func.func @yields(%x: tensor<4xf32>) -> tensor<8xf32> {
  %r = capstan.graph(%x : tensor<4xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<4xf32>):
    // expected-error @below {{must give the types of the graph's results}}
    capstan.yield %a : tensor<4xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// CHECK-LABEL: func.func @call
// CHECK: capstan.call_graph @body(%{{.*}}, %{{.*}}, %{{.*}}) sizes(%{{.*}}) : (memref<1x?x2xf32>, memref<4xf32>, i64) -> memref<?xf32>
func.func @call(%x: memref<1x?x2xf32>, %w: memref<4xf32>, %n: i64, %rows: index) -> memref<?xf32> {
  %y = capstan.call_graph @body(%x, %w, %n) sizes(%rows) : (memref<1x?x2xf32>, memref<4xf32>, i64) -> memref<?xf32>
  return %y : memref<?xf32>
}
func.func private @body(memref<1x8x2xf32>, memref<4xf32>, memref<i64>) -> memref<8xf32>

// -----

func.func @no_function(%x: memref<4xf32>) -> memref<4xf32> {
  // expected-error @below {{calls @body, which is no function}}
  %y = capstan.call_graph @body(%x) : (memref<4xf32>) -> memref<4xf32>
  return %y : memref<4xf32>
}

// -----

func.func @columns(%x: memref<4x?xf32>) -> memref<4xf32> {
  // expected-error @below {{input #0 ('memref<4x?xf32>') doesn't begin the argument 'memref<4x8xf32>'}}
  %y = capstan.call_graph @body(%x) : (memref<4x?xf32>) -> memref<4xf32>
  return %y : memref<4xf32>
}
func.func private @body(memref<4x8xf32>) -> memref<4xf32>

// -----

func.func @number(%x: i32) -> memref<4xf32> {
  // expected-error @below {{input #0 ('i32') doesn't begin the argument 'memref<i64>'}}
  %y = capstan.call_graph @body(%x) : (i32) -> memref<4xf32>
  return %y : memref<4xf32>
}
func.func private @body(memref<i64>) -> memref<4xf32>

// -----

func.func @result(%x: memref<4xf32>, %n: index) -> memref<?x2xf32> {
  // expected-error @below {{result #0 ('memref<?x2xf32>') doesn't begin the body's 'memref<4x3xf32>'}}
  %y = capstan.call_graph @body(%x) sizes(%n) : (memref<4xf32>) -> memref<?x2xf32>
  return %y : memref<?x2xf32>
}
func.func private @body(memref<4xf32>) -> memref<4x3xf32>

// -----

func.func @sizes(%x: memref<4xf32>) -> memref<?xf32> {
  // expected-error @below {{has 1 results' dynamic sizes, but 0 are given}}
  %y = capstan.call_graph @body(%x) : (memref<4xf32>) -> memref<?xf32>
  return %y : memref<?xf32>
}
func.func private @body(memref<4xf32>) -> memref<4xf32>

// -----

func.func @number_of_inputs(%x: memref<4xf32>) -> memref<4xf32> {
  // expected-error @below {{has another number of inputs or results than @body}}
  %y = capstan.call_graph @body(%x) : (memref<4xf32>) -> memref<4xf32>
  return %y : memref<4xf32>
}
func.func private @body(memref<4xf32>, memref<4xf32>) -> memref<4xf32>

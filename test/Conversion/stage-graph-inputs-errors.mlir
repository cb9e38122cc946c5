// RUN: capstan-opt %s --capstan-stage-graph-inputs --split-input-file -verify-diagnostics

func.func @dynamic(%x: memref<?xf32>) -> memref<?xf32> {
  // expected-error@+1 {{of a graph has no lowering: 'memref<?xf32>' is no row-major device memory of static size}}
  %y = call @body(%x) {capstan.graph} : (memref<?xf32>) -> memref<?xf32>
  return %y : memref<?xf32>
}
func.func private @body(memref<?xf32>) -> memref<?xf32>

// -----

func.func @nothing(%x: memref<4xf32>) {
  // expected-error@+1 {{of a graph has no results}}
  call @body(%x) {capstan.graph} : (memref<4xf32>) -> ()
  return
}
func.func private @body(memref<4xf32>)

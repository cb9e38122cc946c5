// A kernel that captures what the host read equals one that reads it on the device.
// RUN: split-file %s %t
// RUN: capstan-verify %t/a.mlir %t/operand.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/operand.mlir %t/a.mlir | FileCheck %s --check-prefix=BACK
// RUN: not capstan-verify %t/a.mlir %t/other-tensor.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/a.mlir %t/other-element.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/a.mlir %t/unsigned.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/a.mlir %t/each-element.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: capstan-verify %t/fill.mlir %t/fill-operand.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/fill.mlir %t/fill-reduced.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/memory.mlir %t/memory-written.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/shared.mlir %t/shared-operand.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: capstan-verify %t/count.mlir %t/count-known.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/count.mlir %t/count-other.mlir | FileCheck %s --check-prefix=DIFFERS
// RUN: not capstan-verify %t/count-known.mlir %t/count.mlir | FileCheck %s --check-prefix=BACK

// OK: accepted
// OK: before: 1 in the text, 1 a forward; after: 0 in the text, 0 a forward
// BACK: rejected: @f: a value is read from the device where it was not
// DIFFERS: rejected: @f: result #0 differs

//--- a.mlir
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<8xf32>, %t: tensor<8xi32>, %u: tensor<8xi32>) -> tensor<8xf32> {
  %c3 = arith.constant 3 : index
  %i = capstan.item %t[%c3] : tensor<8xi32>
  %f = arith.sitofp %i : i32 to f32
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.divf %a, %f : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
//--- operand.mlir
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<8xf32>, %t: tensor<8xi32>, %u: tensor<8xi32>) -> tensor<8xf32> {
  %s = tensor.extract_slice %t[3] [1] [1] : tensor<8xi32> to tensor<i32>
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, affine_map<(d0) -> ()>, #id], iterator_types = ["parallel"]} ins(%x, %s : tensor<8xf32>, tensor<i32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %i: i32, %o: f32):
    %f = arith.sitofp %i : i32 to f32
    %q = arith.divf %a, %f : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
//--- other-tensor.mlir
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<8xf32>, %t: tensor<8xi32>, %u: tensor<8xi32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, affine_map<(d0) -> (3)>, #id], iterator_types = ["parallel"]} ins(%x, %u : tensor<8xf32>, tensor<8xi32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %i: i32, %o: f32):
    %f = arith.sitofp %i : i32 to f32
    %q = arith.divf %a, %f : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
//--- other-element.mlir
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<8xf32>, %t: tensor<8xi32>, %u: tensor<8xi32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, affine_map<(d0) -> (4)>, #id], iterator_types = ["parallel"]} ins(%x, %t : tensor<8xf32>, tensor<8xi32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %i: i32, %o: f32):
    %f = arith.sitofp %i : i32 to f32
    %q = arith.divf %a, %f : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
//--- unsigned.mlir
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<8xf32>, %t: tensor<8xi32>, %u: tensor<8xi32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, affine_map<(d0) -> (3)>, #id], iterator_types = ["parallel"]} ins(%x, %t : tensor<8xf32>, tensor<8xi32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %i: i32, %o: f32):
    %f = arith.uitofp %i : i32 to f32
    %q = arith.divf %a, %f : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
//--- each-element.mlir
#id = affine_map<(d0) -> (d0)>
func.func @f(%x: tensor<8xf32>, %t: tensor<8xi32>, %u: tensor<8xi32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %t : tensor<8xf32>, tensor<8xi32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %i: i32, %o: f32):
    %f = arith.sitofp %i : i32 to f32
    %q = arith.divf %a, %f : f32
    linalg.yield %q : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
//--- fill.mlir
func.func @f(%t: tensor<i32>, %e: tensor<?xi32>) -> tensor<?xi32> {
  %i = capstan.item %t[] : tensor<i32>
  %r = linalg.fill ins(%i : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
  return %r : tensor<?xi32>
}
//--- fill-operand.mlir
func.func @f(%t: tensor<i32>, %e: tensor<?xi32>) -> tensor<?xi32> {
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%t : tensor<i32>) outs(%e : tensor<?xi32>) {
  ^bb0(%i: i32, %o: i32):
    linalg.yield %i : i32
  } -> tensor<?xi32>
  return %r : tensor<?xi32>
}
//--- fill-reduced.mlir
func.func @f(%t: tensor<i32>, %e: tensor<?xi32>) -> tensor<?xi32> {
  // Not written where there are no columns.
  %c0 = arith.constant 0 : index
  %d = tensor.dim %e, %c0 : tensor<?xi32>
  %k = tensor.empty(%d, %d) : tensor<?x?xi32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%k, %t : tensor<?x?xi32>, tensor<i32>) outs(%e : tensor<?xi32>) {
  ^bb0(%x: i32, %i: i32, %o: i32):
    linalg.yield %i : i32
  } -> tensor<?xi32>
  return %r : tensor<?xi32>
}
//--- memory.mlir
func.func @f(%m: memref<4xi32>, %v: i32, %e: tensor<4xi32>) -> tensor<4xi32> {
  %c0 = arith.constant 0 : index
  %i = capstan.item %m[%c0] : memref<4xi32>
  memref.store %v, %m[%c0] : memref<4xi32>
  %r = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
//--- memory-written.mlir
func.func @f(%m: memref<4xi32>, %v: i32, %e: tensor<4xi32>) -> tensor<4xi32> {
  %c0 = arith.constant 0 : index
  memref.store %v, %m[%c0] : memref<4xi32>
  %i = capstan.item %m[%c0] : memref<4xi32>
  %r = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
//--- shared.mlir
func.func @f(%m: memref<i32>, %v: i32, %e: tensor<4xi32>) -> tensor<4xi32> {
  %t = bufferization.to_tensor %m : memref<i32> to tensor<i32>
  %i = capstan.item %t[] : tensor<i32>
  memref.store %v, %m[] : memref<i32>
  %r = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %r : tensor<4xi32>
}
//--- shared-operand.mlir
func.func @f(%m: memref<i32>, %v: i32, %e: tensor<4xi32>) -> tensor<4xi32> {
  %t = bufferization.to_tensor %m : memref<i32> to tensor<i32>
  memref.store %v, %m[] : memref<i32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%t : tensor<i32>) outs(%e : tensor<4xi32>) {
  ^bb0(%i: i32, %o: i32):
    linalg.yield %i : i32
  } -> tensor<4xi32>
  return %r : tensor<4xi32>
}
//--- count.mlir
func.func @f(%x: tensor<?x3xf32>) -> i64 {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1 : i64
  %zero = arith.constant dense<0> : tensor<i64>
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%n) : tensor<?x3xi64>
  %ones = linalg.fill ins(%one : i64) outs(%e : tensor<?x3xi64>) -> tensor<?x3xi64>
  %s = linalg.reduce { arith.addi } ins(%ones : tensor<?x3xi64>) outs(%zero : tensor<i64>) dimensions = [0, 1]
  %r = capstan.item %s[] : tensor<i64>
  return %r : i64
}
//--- count-known.mlir
func.func @f(%x: tensor<?x3xf32>) -> i64 {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %m = arith.muli %n, %c3 : index
  %r = arith.index_cast %m : index to i64
  return %r : i64
}
//--- count-other.mlir
func.func @f(%x: tensor<?x3xf32>) -> i64 {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %r = arith.index_cast %n : index to i64
  return %r : i64
}

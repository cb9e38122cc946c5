// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-overlap-host-syncs --capstan-verify-futures | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-overlap-host-syncs --capstan-overlap-host-syncs | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-overlap-host-syncs --mlir-disable-threading --remarks-filter=capstan \
// RUN:   --remark-format=yaml --remarks-output-file=%t.yaml -o /dev/null
// RUN: FileCheck %s --check-prefix=REMARK < %t.yaml

// The start follows the definition of the source, the wait precedes the use.
// REMARK: --- !Passed
// REMARK: Name: {{ *}}overlapped
// CHECK-LABEL: func.func @fetch
func.func @fetch(%x: tensor<4xf32>, %y: tensor<4xi32>, %m: tensor<i32>) -> i32 {
  // CHECK: %[[S:.*]] = tensor.collapse_shape
  // CHECK-NEXT: %[[F:.*]] = capstan.fetch.start %[[S]], %{{.*}} ["copy", "item"]
  // CHECK-SAME: -> !capstan.future<tensor<4xi32, #capstan.host>, i32>
  // CHECK: "test.kernel"
  // CHECK: "test.other"
  // CHECK-NOT: capstan.fetch {{.*}}->
  // CHECK: arith.constant
  // CHECK-NEXT: %[[W:.*]]:2 = capstan.fetch.wait %[[F]]
  // CHECK-NEXT: arith.addi %[[W]]#1
  %e = tensor.expand_shape %y [[0, 1]] output_shape [2, 2] : tensor<4xi32> into tensor<2x2xi32>
  %s = tensor.collapse_shape %e [[0, 1]] : tensor<2x2xi32> into tensor<4xi32>
  "test.kernel"(%x) : (tensor<4xf32>) -> ()
  %h, %n = capstan.fetch %s, %m ["copy", "item"]
    : (tensor<4xi32>, tensor<i32>) -> (tensor<4xi32, #capstan.host>, i32)
  "test.other"(%x) : (tensor<4xf32>) -> ()
  %c1 = arith.constant 1 : i32
  %r = arith.addi %n, %c1 : i32
  return %r : i32
}

// REMARK: --- !Missed
// REMARK: nothing to overlap with
// CHECK-LABEL: func.func @nothing_between
func.func @nothing_between(%m: tensor<i32>, %a: i32, %t: tensor<?xi32>) -> i32 {
  // CHECK: capstan.item
  // CHECK-NOT: capstan.fetch
  %c0 = arith.constant 0 : index
  %d = tensor.dim %t, %c0 : tensor<?xi32>
  %n = capstan.item %m[] : tensor<i32>
  %b = arith.addi %a, %a : i32
  %r = arith.addi %n, %b : i32
  return %r : i32
}

// Never above the condition that guards it; the use in a region of the same block
// is where the value must be there.
// CHECK-LABEL: func.func @guarded
func.func @guarded(%m: tensor<i32>, %cond: i1) {
  // CHECK-NOT: capstan.fetch.start
  // CHECK: scf.if %{{.*}} {
  // CHECK-NEXT: %[[F:.*]] = capstan.fetch.start
  // CHECK-NEXT: "test.kernel"
  // CHECK-NEXT: "test.kernel"
  // CHECK-NEXT: capstan.fetch.wait %[[F]]
  // CHECK-NEXT: scf.if
  scf.if %cond {
    "test.kernel"() : () -> ()
    %n = capstan.item %m[] : tensor<i32>
    "test.kernel"() : () -> ()
    scf.if %cond {
      "test.use"(%n) : (i32) -> ()
    }
  }
  return
}

// Two syncs are under way together. The only use stands in another block.
// CHECK-LABEL: func.func @blocks
func.func @blocks(%m: tensor<i32>, %t: tensor<4xi32>) -> i32 {
  // CHECK: capstan.fetch.start
  // CHECK: %[[SLICE:.*]] = tensor.extract_slice %{{.*}}[3] [1] [1] : tensor<4xi32> to tensor<i32>
  // CHECK-NEXT: capstan.fetch.start %[[SLICE]] ["item"]
  // CHECK-NEXT: "test.kernel"
  // CHECK-NEXT: capstan.fetch.wait
  // CHECK-NEXT: capstan.fetch.wait
  // CHECK-NEXT: cf.br
  %c3 = arith.constant 3 : index
  "test.kernel"() : () -> ()
  %a = capstan.item %m[] : tensor<i32>
  %b = capstan.item %t[%c3] : tensor<4xi32>
  cf.br ^next
^next:
  %r = arith.addi %a, %b : i32
  return %r : i32
}

// Not above the check of an index.
// CHECK-LABEL: func.func @checked_index
func.func @checked_index(%t: tensor<4xi32>, %i: index, %ok: i1) -> i32 {
  // CHECK: cf.assert
  // CHECK-NEXT: tensor.extract_slice
  // CHECK-NEXT: capstan.fetch.start
  // CHECK-NEXT: "test.kernel"
  // CHECK-NEXT: capstan.fetch.wait
  "test.kernel"() : () -> ()
  cf.assert %ok, "out of range"
  %b = capstan.item %t[%i] : tensor<4xi32>
  "test.kernel"() : () -> ()
  return %b : i32
}

// In a loop: the future lives in one trip.
// CHECK-LABEL: func.func @loop
func.func @loop(%ms: tensor<8xi32>, %n: index, %init: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: scf.for
  // CHECK-NEXT: tensor.extract_slice %{{.*}}[%{{.*}}] [1] [1]
  // CHECK-NEXT: capstan.fetch.start
  // CHECK-NEXT: "test.kernel"
  // CHECK-NEXT: %[[W:.*]] = capstan.fetch.wait
  // CHECK-NEXT: scf.yield %[[W]]
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%last = %init) -> i32 {
    %x = capstan.item %ms[%i] : tensor<8xi32>
    "test.kernel"(%last) : (i32) -> ()
    scf.yield %x : i32
  }
  return %r : i32
}

// Unused syncs go; a foreign one only if it can't fail.
// CHECK-LABEL: func.func @unused
func.func @unused(%m: tensor<i32>, %s: !torch.vtensor<[],si32>, %u: !torch.vtensor<[?],si32>) {
  // CHECK-NOT: capstan.item
  %a = capstan.item %m[] : tensor<i32>
  // CHECK-NOT: "torch.aten.Int.Tensor"(%{{.*}}) : (!torch.vtensor<[],si32>)
  // CHECK: "torch.aten.Int.Tensor"(%{{.*}}) : (!torch.vtensor<[?],si32>)
  %b = "torch.aten.Int.Tensor"(%s) : (!torch.vtensor<[],si32>) -> !torch.int
  %c = "torch.aten.Int.Tensor"(%u) : (!torch.vtensor<[?],si32>) -> !torch.int
  return
}

// A foreign sync keeps its conversion. A list of sizes is nothing to overlap with, a kernel is.
// CHECK-LABEL: func.func @foreign
func.func @foreign(%lens: !torch.vtensor<[?],si32>) -> (!torch.int, !torch.list<int>) {
  // CHECK: %[[M:.*]] = "torch.aten.max"
  // CHECK-NEXT: %[[F:.*]] = capstan.fetch.start %[[M]] ["int"] : (!torch.vtensor<[],si32>) -> !capstan.future<!torch.int>
  // CHECK: "torch.aten.cos"
  // CHECK-NEXT: %[[N:.*]] = capstan.fetch.wait %[[F]]
  // CHECK-NEXT: "torch.prim.ListConstruct"(%[[N]])
  // CHECK: "torch.aten.Int.Tensor"
  %m = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si32>) -> !torch.int
  %y = "torch.aten.cos"(%m) : (!torch.vtensor<[],si32>) -> !torch.vtensor<[],f32>
  %l = "torch.prim.ListConstruct"(%n) : (!torch.int) -> !torch.list<int>
  %m2 = "torch.aten.min"(%lens) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %k = "torch.aten.Int.Tensor"(%m2) : (!torch.vtensor<[],si32>) -> !torch.int
  %l2 = "torch.prim.ListConstruct"(%k) : (!torch.int) -> !torch.list<int>
  return %k, %l : !torch.int, !torch.list<int>
}

// A read of memory stays; so does one that no fetch can do.
// REMARK: no packed transfer can do it
// CHECK-LABEL: func.func @memory
func.func @memory(%m: memref<i32>, %t: !torch.tensor<[],si32>) -> (i32, !torch.int) {
  // CHECK-NOT: capstan.fetch
  "test.kernel"() : () -> ()
  %n = capstan.item %m[] : memref<i32>
  %k = "torch.aten.Int.Tensor"(%t) : (!torch.tensor<[],si32>) -> !torch.int
  "test.kernel"() : () -> ()
  return %n, %k : i32, !torch.int
}

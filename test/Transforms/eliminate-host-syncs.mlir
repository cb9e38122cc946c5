// RUN: split-file %s %t
// RUN: capstan-opt %t/ir.mlir --allow-unregistered-dialect \
// RUN:   --capstan-op-models=%t/model.mlir --capstan-eliminate-host-syncs | FileCheck %t/ir.mlir
// RUN: capstan-opt %t/ir.mlir --allow-unregistered-dialect --mlir-disable-threading \
// RUN:   --capstan-op-models=%t/model.mlir --capstan-eliminate-host-syncs \
// RUN:   --remarks-filter=capstan --remark-format=yaml --remarks-output-file=%t.yaml -o /dev/null
// RUN: FileCheck %t/ir.mlir --check-prefix=REMARK < %t.yaml

//--- model.mlir
module {
  capstan.foreign_op "test.attention" {deterministic,
      bound_operands = [{operand = 1, at_most = {operand = 0, dim = 0}}, {operand = 2}]}
  capstan.foreign_op "test.five" {deterministic, total, fold = "const(5)"}
}

//--- ir.mlir
// The longest length only bounds the kernel; two kernels share the size. The max may fail where
// there are no lengths, so it stays.
// REMARK: --- !Passed
// REMARK: Name: {{ *}}eliminated
// REMARK: Function: {{ *}}torch
// CHECK-LABEL: func.func @torch
// CHECK-SAME: (%[[Q:.*]]: !torch.vtensor<[?,8,64],bf16>,
func.func @torch(%q: !torch.vtensor<[?,8,64],bf16>, %lens: !torch.vtensor<[?],si32>, %f: !torch.float)
    -> (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>) {
  // CHECK: %[[D:.*]] = "torch.constant.int"() <{value = 0 : i64}> : () -> !torch.int
  // CHECK: %[[S:.*]] = "torch.aten.size.int"(%[[Q]], %[[D]]) : (!torch.vtensor<[?,8,64],bf16>, !torch.int) -> !torch.int
  // CHECK: "torch.aten.max"
  // CHECK-NOT: "torch.aten.Int.Tensor"
  // CHECK-COUNT-2: "torch.operator"(%[[Q]], %[[Q]], %[[Q]], %{{.*}}, %[[S]], %{{.*}})
  %max = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %n = "torch.aten.Int.Tensor"(%max) : (!torch.vtensor<[],si32>) -> !torch.int
  %a = "torch.operator"(%q, %q, %q, %lens, %n, %f) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
  %b = "torch.operator"(%q, %q, %q, %lens, %n, %f) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
  return %a, %b : !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>
}

// A comparison moves to the device with its check; a check that holds for certain goes.
// CHECK-LABEL: func.func @torch_checks
// CHECK-SAME: %[[FLAG:.*]]: !torch.vtensor<[],si32>, %[[B:.*]]: !torch.vtensor<[],i1>
func.func @torch_checks(%flag: !torch.vtensor<[],si32>, %b: !torch.vtensor<[],i1>) {
  // CHECK: %[[ONE:.*]] = "torch.constant.int"() <{value = 1 : i64}>
  // CHECK-NOT: _assert_scalar
  // CHECK: %[[OK:.*]] = "torch.aten.ge.Scalar"(%[[FLAG]], %[[ONE]]) : (!torch.vtensor<[],si32>, !torch.int) -> !torch.vtensor<[],i1>
  // CHECK-NEXT: capstan.device_check %[[OK]], "too small" : !torch.vtensor<[],i1>
  // CHECK-NEXT: capstan.device_check %[[B]], "too small" : !torch.vtensor<[],i1>
  // CHECK-NEXT: return
  %one = "torch.constant.int"() <{value = 1 : i64}> : () -> !torch.int
  %text = "torch.constant.str"() <{value = "too small"}> : () -> !torch.str
  %n = "torch.aten.Int.Tensor"(%flag) : (!torch.vtensor<[],si32>) -> !torch.int
  %ge = "torch.aten.ge.int"(%n, %one) : (!torch.int, !torch.int) -> !torch.bool
  %i = "torch.aten.Int.bool"(%ge) : (!torch.bool) -> !torch.int
  "torch.aten._assert_scalar"(%i, %text) : (!torch.int, !torch.str) -> ()
  %yes = "torch.aten.Bool.Tensor"(%b) : (!torch.vtensor<[],i1>) -> !torch.bool
  %j = "torch.aten.Int.bool"(%yes) : (!torch.bool) -> !torch.int
  "torch.aten._assert_scalar"(%j, %text) : (!torch.int, !torch.str) -> ()
  %five = "test.five"() : () -> !torch.vtensor<[],si32>
  %k = "torch.aten.Int.Tensor"(%five) : (!torch.vtensor<[],si32>) -> !torch.int
  %always = "torch.aten.ge.int"(%k, %one) : (!torch.int, !torch.int) -> !torch.bool
  "torch.aten._assert_scalar"(%always, %text) : (!torch.bool, !torch.str) -> ()
  return
}

// Builtin tensors: a dimension, cast to the operand's type. What the operand can't hold is cut.
// CHECK-LABEL: func.func @builtin
// CHECK-SAME: (%[[Q:[a-z0-9]+]]: tensor<?x64xf32>
func.func @builtin(%q: tensor<?x64xf32>, %s: tensor<32x64xf32>, %m: tensor<i32>) {
  // CHECK: %[[T:.*]] = tensor.dim %[[Q]]
  // CHECK: %[[DIM:.*]] = tensor.dim %[[Q]]
  // CHECK: %[[MAX:.*]] = arith.constant 2147483647 : index
  // CHECK: %[[CUT:.*]] = arith.minui %[[DIM]], %[[MAX]]
  // CHECK: %[[N:.*]] = arith.index_cast %[[CUT]] : index to i32
  // CHECK-NOT: capstan.item
  // CHECK: "test.attention"(%[[Q]], %[[N]])
  // CHECK: "test.attention"(%[[Q]], %[[T]])
  // CHECK: "test.attention"(%{{.*}}, %c32_i32)
  %n = capstan.item %m[] : tensor<i32>
  "test.attention"(%q, %n) : (tensor<?x64xf32>, i32) -> ()
  %i = arith.index_cast %n : i32 to index
  "test.attention"(%q, %i) : (tensor<?x64xf32>, index) -> ()
  "test.attention"(%s, %n) : (tensor<32x64xf32>, i32) -> ()
  return
}

// CHECK-LABEL: func.func @builtin_checks
// CHECK-SAME: (%[[M:.*]]: tensor<i32>, %[[LIMIT:.*]]: i64, %[[OK:.*]]: tensor<i1>)
func.func @builtin_checks(%m: tensor<i32>, %limit: i64, %ok: tensor<i1>) {
  // CHECK-NOT: cf.assert
  // CHECK-DAG: %[[WIDE:.*]] = arith.extsi %[[M]] : tensor<i32> to tensor<i64>
  // CHECK-DAG: %[[L:.*]] = tensor.from_elements %[[LIMIT]] : tensor<i64>
  // CHECK: %[[LE:.*]] = arith.cmpi sle, %[[WIDE]], %[[L]] : tensor<i64>
  // CHECK: capstan.device_check %[[LE]], "too long" : tensor<i1>
  // CHECK: %[[ZERO:.*]] = arith.constant dense<0> : tensor<i32>
  // CHECK: %[[GE:.*]] = arith.cmpi sge, %[[M]], %[[ZERO]] : tensor<i32>
  // CHECK: capstan.device_check %[[GE]], "negative" : tensor<i1>
  // CHECK: capstan.device_check %[[OK]], "not ok" : tensor<i1>
  %c0 = arith.constant 0 : i32
  %n = capstan.item %m[] : tensor<i32>
  %wide = arith.extsi %n : i32 to i64
  %le = arith.cmpi sle, %wide, %limit : i64
  cf.assert %le, "too long"
  %ge = arith.cmpi sge, %n, %c0 : i32
  cf.assert %ge, "negative"
  %b = capstan.item %ok[] : tensor<i1>
  cf.assert %b, "not ok"
  return
}

// Through a branch: its result is unused then.
// CHECK-LABEL: func.func @branch
func.func @branch(%q: tensor<?x64xf32>, %m: tensor<i32>, %cond: i1, %other: i32) {
  // CHECK-NOT: capstan.item
  // CHECK: scf.if
  // CHECK: %[[C0:.*]] = arith.constant 0 : i32
  // CHECK: scf.yield %[[C0]]
  %r = scf.if %cond -> i32 {
    %n = capstan.item %m[] : tensor<i32>
    scf.yield %n : i32
  } else {
    scf.yield %other : i32
  }
  "test.attention"(%q, %r) : (tensor<?x64xf32>, i32) -> ()
  return
}

// REMARK: Function: {{ *}}needed
// REMARK: its value is needed
// CHECK-LABEL: func.func @needed
func.func @needed(%q: tensor<?x64xf32>, %m: tensor<index>) -> tensor<?xf32> {
  // CHECK: %[[N:.*]] = capstan.item
  // CHECK: "test.attention"(%{{.*}}, %[[N]])
  %n = capstan.item %m[] : tensor<index>
  "test.attention"(%q, %n) : (tensor<?x64xf32>, index) -> ()
  %e = tensor.empty(%n) : tensor<?xf32>
  return %e : tensor<?xf32>
}

// REMARK: Function: {{ *}}no_bound
// REMARK: no static bound is known for an operand that it bounds
// CHECK-LABEL: func.func @no_bound
func.func @no_bound(%q: tensor<?x64xf32>, %m: tensor<index>, %k: index) {
  // CHECK: capstan.item
  %n = capstan.item %m[] : tensor<index>
  "test.attention"(%q, %k, %n) : (tensor<?x64xf32>, index, index) -> ()
  return
}

// REMARK: Function: {{ *}}wrong_type
// REMARK: the size that bounds it has no operation of its type
// CHECK-LABEL: func.func @wrong_type
func.func @wrong_type(%q: tensor<?x64xf32>, %m: tensor<f32>) {
  // CHECK: capstan.item
  %n = capstan.item %m[] : tensor<f32>
  "test.attention"(%q, %n) : (tensor<?x64xf32>, f32) -> ()
  return
}

// The check keeps a failing run from writing.
// REMARK: Function: {{ *}}written_after
// REMARK: its value is checked on the host before memory is written
// CHECK-LABEL: func.func @written_after
func.func @written_after(%m: tensor<i1>, %out: memref<i32>, %v: i32) {
  // CHECK: cf.assert
  // CHECK-NOT: device_check
  %ok = capstan.item %m[] : tensor<i1>
  cf.assert %ok, "no"
  memref.store %v, %out[] : memref<i32>
  return
}

// REMARK: Function: {{ *}}private
// REMARK: its value is checked on the host in a private function
// CHECK-LABEL: func.func private @private
func.func private @private(%m: tensor<i1>) {
  // CHECK: cf.assert
  %ok = capstan.item %m[] : tensor<i1>
  cf.assert %ok, "no"
  return
}

// The constant doesn't fit the tensor's elements; arithmetic has no device form.
// REMARK: Function: {{ *}}no_device_form
// REMARK: its value is checked on the host
// CHECK-LABEL: func.func @no_device_form
func.func @no_device_form(%m: !torch.vtensor<[],si8>, %text: !torch.str) {
  // CHECK: "torch.aten.Int.Tensor"
  // CHECK: "torch.aten._assert_scalar"
  // CHECK: "torch.aten.Int.Tensor"
  // CHECK: "torch.aten._assert_scalar"
  %big = "torch.constant.int"() <{value = 128 : i64}> : () -> !torch.int
  %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si8>) -> !torch.int
  %le = "torch.aten.le.int"(%n, %big) : (!torch.int, !torch.int) -> !torch.bool
  %i = "torch.aten.Int.bool"(%le) : (!torch.bool) -> !torch.int
  "torch.aten._assert_scalar"(%i, %text) : (!torch.int, !torch.str) -> ()
  %k = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si8>) -> !torch.int
  %not = "torch.aten.Bool.int"(%k) : (!torch.int) -> !torch.bool
  %j = "torch.aten.Int.bool"(%not) : (!torch.bool) -> !torch.int
  "torch.aten._assert_scalar"(%j, %text) : (!torch.int, !torch.str) -> ()
  return
}

// Reading one value of a tensor that may have more is a check, too.
// REMARK: Function: {{ *}}may_fail
// REMARK: it fails unless its source has one element
// CHECK-LABEL: func.func @may_fail
func.func @may_fail(%q: !torch.vtensor<[?,8,64],bf16>, %lens: !torch.vtensor<[?],si32>, %f: !torch.float) -> !torch.vtensor<[?,8,64],bf16> {
  // CHECK: "torch.aten.item"
  %n = "torch.aten.item"(%lens) : (!torch.vtensor<[?],si32>) -> !torch.int
  %a = "torch.operator"(%q, %q, %q, %lens, %n, %f) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
  return %a : !torch.vtensor<[?,8,64],bf16>
}

// Read by the host to decide, and carried by a loop.
// REMARK-DAG: its value decides what runs
// REMARK-DAG: its value leaves the function or is carried by a loop
// CHECK-LABEL: func.func @control
func.func @control(%m: tensor<i1>, %t: tensor<i32>, %lb: index, %ub: index, %init: i32) -> i32 {
  // CHECK-COUNT-2: capstan.item
  %c = capstan.item %m[] : tensor<i1>
  scf.if %c {
    "test.kernel"() : () -> ()
  }
  %r = scf.for %i = %lb to %ub step %ub iter_args(%x = %init) -> i32 {
    %n = capstan.item %t[] : tensor<i32>
    scf.yield %n : i32
  }
  return %r : i32
}

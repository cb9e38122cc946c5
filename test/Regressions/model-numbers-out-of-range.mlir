// Operand numbers that an op doesn't have, results of checks, successors: slower,
// never wrong.

// RUN: split-file %s %t
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-op-models=%t/models.mlir \
// RUN:   --capstan-host-sync-pipeline="overlap=false eliminate=false" | FileCheck %t/input.mlir

//--- models.mlir
module {
  capstan.foreign_type "x.int" {kind = host, default = {op = "x.const", attrs = {value = 0 : i64}}}
  capstan.foreign_op "x.const" {kind = constant}
  capstan.foreign_op "x.loop" {kind = loop, loop = {condition = 9, first_init = 1, first_arg = 0, first_yield = 0, yield_condition = 9,
     guard = {branch = "x.if", yield = "x.yield", bool = "x.bool"}}}
  capstan.foreign_op "x.if" {kind = branch, condition = 3}
  capstan.foreign_op "x.yield" {kind = yield}
  capstan.foreign_op "x.item" {kind = host_sync, deterministic, sync = {source = 0, conversion = "item"}}
  capstan.foreign_op "x.item9" {kind = host_sync, deterministic, sync = {source = 9, conversion = "item"}, device_operand = 8, shape_only = [7], reads = [9], writes = []}
  capstan.foreign_op "x.check" {kind = check, condition = 0}
  capstan.foreign_op "x.check9" {kind = check, condition = 9}
  capstan.foreign_op "x.syncterm" {kind = host_sync, deterministic, sync = {source = 0, conversion = "item"}}
  capstan.foreign_op "x.fold" {deterministic, total, fold = "add(7,8)", aliases = [[5, 6]], fresh = [3], device_operand = 9}
}
//--- input.mlir
// CHECK-LABEL: func.func @loop
// CHECK: "x.loop"
// CHECK: "x.item"
func.func @loop(%c: !x.int, %t: !x.t) {
  "x.loop"(%c) ({
    %b = "x.item"(%t) : (!x.t) -> !x.int
    "unknown.use"(%b) : (!x.int) -> ()
    "x.yield"() : () -> ()
  }) : (!x.int) -> ()
  return
}
// CHECK-LABEL: func.func @if
// CHECK-COUNT-2: "x.item"
func.func @if(%c: !x.int, %d: !x.int, %t: !x.t) {
  "x.if"(%c) ({
    %b = "x.item"(%t) : (!x.t) -> !x.int
    "unknown.use"(%b) : (!x.int) -> ()
    "x.yield"() : () -> ()
  }, {
    "x.yield"() : () -> ()
  }) : (!x.int) -> ()
  "x.if"(%d) ({
    %b = "x.item"(%t) : (!x.t) -> !x.int
    "unknown.use"(%b) : (!x.int) -> ()
    "x.yield"() : () -> ()
  }, {
    "x.yield"() : () -> ()
  }) : (!x.int) -> ()
  return
}
// CHECK-LABEL: func.func @misc
// CHECK-COUNT-2: "x.item9"
// CHECK-COUNT-2: "x.check"
// CHECK-COUNT-2: "x.check9"
func.func @misc(%c: !x.int, %t: !x.t) -> (!x.int, !x.int) {
  %a = "x.item9"(%t) : (!x.t) -> !x.int
  %b = "x.item9"(%t) : (!x.t) -> !x.int
  "x.item"(%t) : (!x.t) -> ()
  "x.item"(%t) : (!x.t) -> ()
  %d:2 = "x.item"(%t) : (!x.t) -> (!x.int, !x.int)
  %e:2 = "x.item"(%t) : (!x.t) -> (!x.int, !x.int)
  %i = "x.item"(%t) : (!x.t) -> !x.int
  %f = "x.fold"(%c) : (!x.int) -> !x.int
  %k = "x.check"(%c) : (!x.int) -> !x.int
  %k2 = "x.check"(%c) : (!x.int) -> !x.int
  "x.check9"(%c) : (!x.int) -> ()
  "x.check9"(%c) : (!x.int) -> ()
  "unknown.use"(%k, %k2, %d#0, %e#1, %i, %f) : (!x.int, !x.int, !x.int, !x.int, !x.int, !x.int) -> ()
  return %a, %b : !x.int, !x.int
}
// CHECK-LABEL: func.func @term
// CHECK-COUNT-2: "x.syncterm"
func.func @term(%t: !x.t) {
  %i = "x.item"(%t) : (!x.t) -> !x.int
  "x.syncterm"(%t)[^a, ^b] : (!x.t) -> ()
^a:
  %j = "x.syncterm"(%t)[^b] : (!x.t) -> !x.int
^b:
  return
}

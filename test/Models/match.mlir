// An entry with `match` goes before one without; `named_by` looks the name up.

// RUN: split-file %s %t
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/models.mlir | FileCheck %s

// CHECK-LABEL: func.func @match
// CHECK: "my.read"{{.*}}mode = "plain"
// CHECK-NOT: "plain"
// CHECK-COUNT-2: "my.read"{{.*}}mode = "random"
// CHECK-LABEL: func.func @named
// CHECK: name = "my.other"
// CHECK-NOT: name = "my.other"
// An operation that no model names is a barrier.
// CHECK-COUNT-2: name = "my.unknown"
// CHECK-COUNT-2: "my.op"() : () -> !my.int

//--- input.mlir
func.func @match(%t: !my.t) -> (!my.int, !my.int, !my.int, !my.int) {
  %a = "my.read"(%t) {mode = "plain"} : (!my.t) -> !my.int
  %b = "my.read"(%t) {mode = "plain"} : (!my.t) -> !my.int
  %c = "my.read"(%t) {mode = "random"} : (!my.t) -> !my.int
  %d = "my.read"(%t) {mode = "random"} : (!my.t) -> !my.int
  return %a, %b, %c, %d : !my.int, !my.int, !my.int, !my.int
}
func.func @named(%t: !my.t) -> (!my.int, !my.int) {
  %a = "my.op"(%t) {name = "my.other"} : (!my.t) -> !my.int
  %b = "my.op"(%t) {name = "my.other"} : (!my.t) -> !my.int
  %c = "my.op"(%t) {name = "my.unknown"} : (!my.t) -> !my.int
  %d = "my.op"(%t) {name = "my.unknown"} : (!my.t) -> !my.int
  %e = "my.op"() : () -> !my.int
  %f = "my.op"() : () -> !my.int
  return %a, %b : !my.int, !my.int
}
//--- models.mlir
capstan.foreign_type "my.int" {kind = host}
capstan.foreign_op "my.read", "my.other" {kind = host_sync, deterministic, sync = {source = 0, conversion = "int"}}
capstan.foreign_op "my.read" {match = {mode = "random"}, kind = barrier}
capstan.foreign_op "my.op" {named_by = "name"}

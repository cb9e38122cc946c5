// What --capstan-op-models reads.

// RUN: split-file %s %t
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s --check-prefix=NONE
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/my.mlir | FileCheck %s --check-prefix=MINE
// A later file replaces an entry; a barrier takes one back.
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/my.mlir,%t/later.mlir | FileCheck %s --check-prefix=NONE
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/later.mlir,%t/my.mlir | FileCheck %s --check-prefix=MINE
// RUN: not capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/wrong.mlir 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: not capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/key.mlir 2>&1 | FileCheck %s --check-prefix=KEY
// RUN: not capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/syntax.mlir 2>&1 | FileCheck %s --check-prefix=SYNTAX
// RUN: not capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-merge-host-syncs \
// RUN:   --capstan-op-models=%t/missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING

// NONE-COUNT-2: "my.read"
// MINE-COUNT-1: "my.read"
// MINE-NOT: "my.read"
// WRONG: a model file holds only capstan.foreign_op and capstan.foreign_type
// WRONG: wrong.mlir' is wrong
// KEY: unknown key 'totl'
// KEY: key.mlir' is wrong
// SYNTAX: syntax.mlir' is wrong
// MISSING: can't read model file '{{.*}}missing.mlir'

//--- input.mlir
func.func @f(%t: !my.t) -> (!my.int, !my.int) {
  %a = "my.read"(%t) : (!my.t) -> !my.int
  %b = "my.read"(%t) : (!my.t) -> !my.int
  return %a, %b : !my.int, !my.int
}
//--- my.mlir
module {
  capstan.foreign_type "my.int" {kind = host}
  capstan.foreign_op "my.read" {kind = host_sync, deterministic, sync = {source = 0, conversion = "int"}}
}
//--- later.mlir
capstan.foreign_op "my.read" {kind = barrier}
//--- wrong.mlir
func.func private @f()
//--- key.mlir
capstan.foreign_op "my.read" {totl}
//--- syntax.mlir
capstan.foreign_op {

// RUN: capstan-opt %s | FileCheck %s
// RUN: capstan-opt %s | capstan-opt | FileCheck %s

// CHECK: capstan.foreign_op "a.b", "a.c" {deterministic, total}
capstan.foreign_op "a.b", "a.c" {deterministic, total}
// CHECK: capstan.foreign_op "a.sync" {deterministic, kind = host_sync, sync = {conversion = "int", source = 0 : i64}}
capstan.foreign_op "a.sync" {kind = host_sync, deterministic, sync = {source = 0, conversion = "int"}}
// CHECK: capstan.foreign_op "a.none" {}
capstan.foreign_op "a.none"
// CHECK: capstan.foreign_type "a.t" {default = {attrs = {value = 0 : i64}, op = "a.zero"}, kind = host}
capstan.foreign_type "a.t" {kind = host, default = {op = "a.zero", attrs = {value = 0 : i64}}}

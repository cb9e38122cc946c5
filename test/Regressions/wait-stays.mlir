// A future is waited for once on each path.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: scf.if
// CHECK: capstan.fetch.wait
// CHECK: else
// CHECK: capstan.fetch.wait
func.func @f(%c: i1, %t: tensor<i32>, %lens: tensor<?xi32>) {
  %f = capstan.fetch.start %t ["item"] : (tensor<i32>) -> !capstan.future<i32>
  scf.if %c {
    %n = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    %k = arith.index_cast %n : i32 to index
    %x = capstan.item %lens[%k] : tensor<?xi32>
    "foo.use"(%x) : (i32) -> ()
  } else {
    %n = capstan.fetch.wait %f : !capstan.future<i32> -> i32
    %k = arith.index_cast %n : i32 to index
    %x = capstan.item %lens[%k] : tensor<?xi32>
    "foo.use"(%x, %n) : (i32, i32) -> ()
  }
  return
}

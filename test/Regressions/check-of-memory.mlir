// What is in memory may change between two checks of it.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-COUNT-2: capstan.device_check
func.func @f(%m: memref<i1>, %v: i1, %t: tensor<i32>) -> i32 {
  %x = capstan.item %t[] : tensor<i32>
  capstan.device_check %m, "one" : memref<i1>
  memref.store %v, %m[] : memref<i1>
  capstan.device_check %m, "two" : memref<i1>
  return %x : i32
}
// CHECK-LABEL: func.func @g
// CHECK-COUNT-2: "torch.aten._assert_async"
func.func @g(%m: !torch.tensor<[],i1>, %o: !torch.tensor<[],i1>, %t: tensor<i32>) -> i32 {
  %x = capstan.item %t[] : tensor<i32>
  "torch.aten._assert_async"(%m) : (!torch.tensor<[],i1>) -> ()
  "torch.overwrite.tensor.contents"(%o, %m) : (!torch.tensor<[],i1>, !torch.tensor<[],i1>) -> ()
  "torch.aten._assert_async"(%m) : (!torch.tensor<[],i1>) -> ()
  return %x : i32
}

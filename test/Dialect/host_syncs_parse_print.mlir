// RUN: capstan-opt %s --allow-unregistered-dialect | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect | capstan-opt --allow-unregistered-dialect | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect --mlir-print-op-generic \
// RUN:   | capstan-opt --allow-unregistered-dialect | FileCheck %s

// CHECK-LABEL: func.func @item
func.func @item(%max: tensor<i32>, %lens: tensor<?xi32>, %mem: memref<2x?xf16>, %i: index) {
  // CHECK: capstan.item %{{.*}}[] : tensor<i32>
  %0 = capstan.item %max[] : tensor<i32>
  // CHECK: capstan.item %{{.*}}[%{{.*}}] {capstan.sync = {weight = 1 : i64}} : tensor<?xi32>
  %1 = capstan.item %lens[%i] {capstan.sync = {weight = 1 : i64}} : tensor<?xi32>
  // CHECK: capstan.item %{{.*}}[%{{.*}}, %{{.*}}] : memref<2x?xf16>
  %2 = capstan.item %mem[%i, %i] : memref<2x?xf16>
  return
}

// CHECK-LABEL: func.func @to_host
// CHECK-SAME: -> tensor<?xi32, #capstan.host>
func.func @to_host(%lens: tensor<?xi32>) -> tensor<?xi32, #capstan.host> {
  // CHECK: capstan.to_host %{{.*}} : tensor<?xi32> -> tensor<?xi32, #capstan.host>
  %h = capstan.to_host %lens : tensor<?xi32> -> tensor<?xi32, #capstan.host>
  return %h : tensor<?xi32, #capstan.host>
}

// CHECK-LABEL: func.func @fetch
func.func @fetch(%max: tensor<i32>, %lens: tensor<4xi32>, %t: !torch.vtensor<[],si64>) {
  // CHECK: capstan.fetch %{{.*}}, %{{.*}} ["item", "copy"] : (tensor<i32>, tensor<4xi32>) -> (i32, tensor<4xi32, #capstan.host>)
  %a, %b = capstan.fetch %max, %lens ["item", "copy"]
    : (tensor<i32>, tensor<4xi32>) -> (i32, tensor<4xi32, #capstan.host>)
  // CHECK: capstan.fetch %{{.*}} ["int"] : (!torch.vtensor<[],si64>) -> !torch.int
  %c = capstan.fetch %t ["int"] : (!torch.vtensor<[],si64>) -> !torch.int
  // CHECK: capstan.fetch [] : () -> ()
  capstan.fetch [] : () -> ()
  return
}

// CHECK-LABEL: func.func @start_wait
func.func @start_wait(%max: tensor<i32>, %one: tensor<1xi64>) -> (i32, i64) {
  // CHECK: %[[F:.*]] = capstan.fetch.start %{{.*}}, %{{.*}} ["item", "item"] : (tensor<i32>, tensor<1xi64>) -> !capstan.future<i32, i64>
  %f = capstan.fetch.start %max, %one ["item", "item"]
    : (tensor<i32>, tensor<1xi64>) -> !capstan.future<i32, i64>
  // CHECK: %{{.*}}:2 = capstan.fetch.wait %[[F]] : !capstan.future<i32, i64> -> i32, i64
  %a, %b = capstan.fetch.wait %f : !capstan.future<i32, i64> -> i32, i64
  return %a, %b : i32, i64
}

// CHECK-LABEL: func.func @device_check
func.func @device_check(%ok: tensor<i1>, %t: !torch.vtensor<[],i1>) {
  // CHECK: capstan.device_check %{{.*}}, "too \22long\22" : tensor<i1>
  capstan.device_check %ok, "too \22long\22" : tensor<i1>
  // CHECK: capstan.device_check %{{.*}}, "x" {note} : !torch.vtensor<[],i1>
  capstan.device_check %t, "x" {note} : !torch.vtensor<[],i1>
  return
}

// CHECK-LABEL: func.func @memory_space
// CHECK-SAME: memref<4xi32, #capstan.host>
func.func @memory_space(%m: memref<4xi32, #capstan.host>) {
  return
}

// RUN: capstan-opt %s --capstan-hoist-device-context --remarks-filter=capstan --remark-policy=all -o /dev/null 2>&1 | FileCheck %s

func.func @main(%d: index, %e: index, %x: memref<4xi64>) {
  %c0 = arith.constant 0 : index
  // CHECK-DAG: [[@LINE+1]]:{{[0-9]+}}: remark: {{.*}}kept{{.*}}the current device is not known
  capstan.set_device %d
  // CHECK-DAG: [[@LINE+1]]:{{[0-9]+}}: remark: {{.*}}removed
  capstan.set_device %d
  %a = capstan.device_capability %d architecture
  // CHECK-DAG: [[@LINE+1]]:{{[0-9]+}}: remark: {{.*}}merged
  %b = capstan.device_capability %d architecture
  memref.store %a, %x[%c0] : memref<4xi64>
  // CHECK-DAG: [[@LINE+1]]:{{[0-9]+}}: remark: {{.*}}kept{{.*}}another device is current
  capstan.set_device %e
  memref.store %b, %x[%c0] : memref<4xi64>
  return
}

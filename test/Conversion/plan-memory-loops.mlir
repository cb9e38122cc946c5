// RUN: capstan-opt %s --capstan-plan-memory --canonicalize --cse | FileCheck %s
// RUN: capstan-opt %s --capstan-plan-memory --mlir-disable-threading --remarks-filter=capstan \
// RUN:   --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// What a loop uses is alive in all of it; what it makes is in the arena around.
// The sides of a branch share. A carried size that doesn't change is known.
// REMARK: Function=loop | {{.*}}Allocations=5, Bytes=[[BYTES:[0-9]+]], LeastPossible=[[BYTES]]
// CHECK-LABEL: func.func @loop
// CHECK-SAME: (%[[X:.*]]: memref<?x64xf32>,
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK: %[[ARENA:.*]] = memref.alloc(%{{.*}}) {alignment = 256 : i64} : memref<?xi8>
// CHECK: memref.view %[[ARENA]]
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: memref.view %[[ARENA]]
// CHECK: scf.if
// CHECK: memref.view %[[ARENA]][%[[SAME:.*]]][
// CHECK: else
// CHECK: memref.view %[[ARENA]][%[[SAME]]][
// CHECK: memref.alloc({{.*}}memref<?x64xf32>
// CHECK-NOT: memref.alloc
// CHECK: memref.dealloc %[[ARENA]]
func.func private @use64(memref<?x64xf32>)
func.func @loop(%x: memref<?x64xf32>, %c: i1) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %out = memref.alloc(%n) : memref<?x64xf32>
  %a = memref.alloc(%n) : memref<?x64xf32>
  func.call @use64(%a) : (memref<?x64xf32>) -> ()
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %out) -> memref<?x64xf32> {
    %m = memref.dim %h, %c0 : memref<?x64xf32>
    %b = memref.alloc(%m) : memref<?x64xf32>
    func.call @use64(%b) : (memref<?x64xf32>) -> ()
    func.call @use64(%a) : (memref<?x64xf32>) -> ()
    memref.dealloc %b : memref<?x64xf32>
    %d = memref.alloc(%m) : memref<?x64xf32>
    func.call @use64(%d) : (memref<?x64xf32>) -> ()
    scf.if %c {
      %e = memref.alloc(%m) : memref<?x64xf32>
      func.call @use64(%e) : (memref<?x64xf32>) -> ()
      memref.dealloc %e : memref<?x64xf32>
    } else {
      %f = memref.alloc(%m) : memref<?x64xf32>
      func.call @use64(%f) : (memref<?x64xf32>) -> ()
      memref.dealloc %f : memref<?x64xf32>
    }
    func.call @use64(%d) : (memref<?x64xf32>) -> ()
    memref.dealloc %d : memref<?x64xf32>
    %next = memref.alloc(%m) : memref<?x64xf32>
    memref.copy %h, %next : memref<?x64xf32> to memref<?x64xf32>
    memref.dealloc %h : memref<?x64xf32>
    scf.yield %next : memref<?x64xf32>
  }
  memref.dealloc %a : memref<?x64xf32>
  return %r : memref<?x64xf32>
}

func.func private @use(memref<?xf32>)
// A loop hands the buffer on under another name: it is alive behind the loop.
// CHECK-LABEL: func.func @handed_on
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK: %[[ARENA:.*]] = memref.alloc
// CHECK: memref.view %[[ARENA]][%[[A:.*]]]
// CHECK: memref.view %[[ARENA]][%[[B:.*]]]
// CHECK: call @use
// CHECK: memref.dealloc %[[ARENA]]
// REMARK: Function=handed_on | {{.*}}Bytes=[[BYTES:[0-9]+]], LeastPossible=[[BYTES]]
func.func @handed_on(%x: memref<?xf32>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %a = memref.alloc(%n) : memref<?xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> memref<?xf32> {
    %s = scf.if %c -> memref<?xf32> {
      scf.yield %a : memref<?xf32>
    } else {
      scf.yield %h : memref<?xf32>
    }
    scf.yield %s : memref<?xf32>
  }
  %b = memref.alloc(%n) : memref<?xf32>
  func.call @use(%b) : (memref<?xf32>) -> ()
  func.call @use(%r) : (memref<?xf32>) -> ()
  memref.dealloc %a : memref<?xf32>
  memref.dealloc %b : memref<?xf32>
  return
}

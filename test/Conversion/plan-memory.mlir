// RUN: capstan-opt %s --capstan-plan-memory --canonicalize --cse | FileCheck %s
// RUN: capstan-opt %s --capstan-plan-memory --mlir-disable-threading --remarks-filter=capstan \
// RUN:   --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

func.func private @use(memref<?xf32>)
func.func private @use16(memref<16xf32>)
func.func private @use100(memref<100xf32>)

// The third is in the place of the first; the largest is placed first.
// REMARK: Function=reuse | {{.*}}Allocations=3, Bytes=3 at 2 places: 512, at least 512
// CHECK-LABEL: func.func @reuse
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C448:.*]] = arith.constant 448 : index
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 64 : i64} : memref<512xi8>
// CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[C448]]][] : memref<512xi8> to memref<16xf32>
// CHECK: call @use16(%[[A]])
// CHECK: %[[B:.*]] = memref.view %[[ARENA]][%[[C0]]][] : memref<512xi8> to memref<100xf32>
// CHECK: call @use16(%[[A]])
// CHECK: call @use16(%[[A]])
// CHECK: call @use100(%[[B]])
// CHECK-NEXT: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return
func.func @reuse() {
  %a = memref.alloc() : memref<16xf32>
  func.call @use16(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<100xf32>
  func.call @use16(%a) : (memref<16xf32>) -> ()
  %c = memref.alloc() : memref<16xf32>
  func.call @use16(%c) : (memref<16xf32>) -> ()
  func.call @use100(%b) : (memref<100xf32>) -> ()
  memref.dealloc %a : memref<16xf32>
  memref.dealloc %b : memref<100xf32>
  memref.dealloc %c : memref<16xf32>
  return
}

// A view keeps its buffer alive.
// REMARK: Function=overlap | {{.*}}Bytes=2 at 2 places: 128, at least 128
// CHECK-LABEL: func.func @overlap
func.func @overlap() {
  %a = memref.alloc() : memref<16xf32>
  %v = memref.cast %a : memref<16xf32> to memref<?xf32>
  func.call @use16(%a) : (memref<16xf32>) -> ()
  %c = memref.alloc() : memref<16xf32>
  func.call @use16(%c) : (memref<16xf32>) -> ()
  func.call @use(%v) : (memref<?xf32>) -> ()
  memref.dealloc %a : memref<16xf32>
  memref.dealloc %c : memref<16xf32>
  return
}

// An address that is compared is its own up to the deallocation.
// REMARK: Function=address | {{.*}}Bytes=2 at 2 places
// CHECK-LABEL: func.func @address
func.func @address() -> i1 {
  %a = memref.alloc() : memref<16xf32>
  func.call @use16(%a) : (memref<16xf32>) -> ()
  %p = memref.extract_aligned_pointer_as_index %a : memref<16xf32> -> index
  %c = memref.alloc() : memref<16xf32>
  func.call @use16(%c) : (memref<16xf32>) -> ()
  %q = memref.extract_aligned_pointer_as_index %c : memref<16xf32> -> index
  %same = arith.cmpi eq, %p, %q : index
  memref.dealloc %a : memref<16xf32>
  memref.dealloc %c : memref<16xf32>
  return %same : i1
}

// What a loop uses is alive in all of it; what it makes is in the arena around.
// The sides of a branch share. A carried size that doesn't change is known.
// REMARK: Function=loop | {{.*}}Allocations=5, Bytes=5 at 3 places: 768 * arg0[0], at least 768 * arg0[0]
// CHECK-LABEL: func.func @loop
// CHECK-SAME: (%[[X:.*]]: memref<?x64xf32>,
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK: %[[ARENA:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi8>
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

// A size that was read is known in a later arena; small multiples have a class
// of their own. A check makes the other side of the select impossible.
// REMARK: Function=classes | {{.*}}Allocations=3, Bytes=1 at 1 places: 1 * arg0[0], at least 1 * arg0[0], Bytes=2 at 1 places: 64 * arg0[0], at least 64 * arg0[0]
// REMARK: Function=classes | {{.*}}Allocations=2, Bytes=2 at 2 places: 512 * arg0[0] * capstan.item{{.*}}, at least 512
// CHECK-LABEL: func.func @classes
// CHECK: %[[FIRST:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK: capstan.item
// CHECK: %[[SECOND:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: return
func.func private @use1(memref<?xi1>)
func.func private @use2(memref<?x?x64xf32>)
func.func private @use16s(memref<?x16xf32>)
func.func @classes(%x: memref<?x64xf32>, %l: memref<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0 : i64
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %a = memref.alloc(%n) : memref<?xi1>
  func.call @use1(%a) : (memref<?xi1>) -> ()
  %b = memref.alloc(%n) : memref<?x16xf32>
  func.call @use16s(%b) : (memref<?x16xf32>) -> ()
  memref.dealloc %b : memref<?x16xf32>
  %i = capstan.item %l[] : memref<i32>
  %w = arith.extsi %i : i32 to i64
  scf.for %k = %c0 to %c4 step %c1 {
    %ok = arith.cmpi sge, %w, %z : i64
    cf.assert %ok, "negative"
    %neg = arith.cmpi slt, %w, %z : i64
    %n64 = arith.index_cast %n : index to i64
    %m64 = arith.select %neg, %n64, %w : i64
    %m = arith.index_cast %m64 : i64 to index
    %d = memref.alloc(%n, %m) : memref<?x?x64xf32>
    %e = memref.alloc(%n, %m) : memref<?x?x64xf32>
    func.call @use2(%d) : (memref<?x?x64xf32>) -> ()
    func.call @use2(%e) : (memref<?x?x64xf32>) -> ()
    memref.dealloc %d : memref<?x?x64xf32>
    memref.dealloc %e : memref<?x?x64xf32>
  }
  %f = memref.alloc(%n) : memref<?x16xf32>
  func.call @use16s(%f) : (memref<?x16xf32>) -> ()
  memref.dealloc %f : memref<?x16xf32>
  memref.dealloc %a : memref<?xi1>
  return
}

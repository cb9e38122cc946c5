// RUN: capstan-opt %s --capstan-plan-memory --canonicalize --cse | FileCheck %s
// RUN: capstan-opt %s --capstan-plan-memory --mlir-disable-threading --remarks-filter=capstan \
// RUN:   --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Where a size is read, a new arena begins; what is alive there stays. A check
// of the size fails before it is used: until then the arena has a small size
// that the check allows. It also makes the other side of the select impossible.
// REMARK: Function=sizes | Reason="it is alive where the next arena begins"
// REMARK: Function=sizes | {{.*}}Allocations=2,
// REMARK: Function=sizes | {{.*}}Allocations=2,
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: (%[[X:.*]]: memref<?x64xf32>,
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK: memref.alloc(%[[N]]) : memref<?xi1>
// CHECK: %[[FIRST:.*]] = memref.alloc(%{{.*}}) {alignment = 256 : i64} : memref<?xi8>
// CHECK: memref.dealloc %[[FIRST]]
// CHECK: %[[READ:.*]] = capstan.item
// CHECK: %[[M:.*]] = arith.index_cast %[[READ]]
// CHECK: %[[TOO_MANY:.*]] = arith.cmpi sgt, %[[M]], %c100
// CHECK: %[[MOST:.*]] = arith.select %[[TOO_MANY]], %c1, %[[M]]
// CHECK: %[[LEAST:.*]] = arith.maxsi %[[MOST]], %c1
// CHECK: arith.muli %[[LEAST]]
// CHECK: memref.alloc(%{{.*}}) {alignment = 256 : i64} : memref<?xi8>
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: return
func.func private @use1(memref<?xi1>)
func.func private @use2(memref<?x?x64xf32>)
func.func private @use16s(memref<?x16xf32>)
func.func @sizes(%x: memref<?x64xf32>, %l: memref<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %most = arith.constant 100 : i64
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %a = memref.alloc(%n) : memref<?xi1>
  func.call @use1(%a) : (memref<?xi1>) -> ()
  %b = memref.alloc(%n) : memref<?x16xf32>
  %b2 = memref.alloc(%n) : memref<?x16xf32>
  func.call @use16s(%b) : (memref<?x16xf32>) -> ()
  memref.dealloc %b : memref<?x16xf32>
  func.call @use16s(%b2) : (memref<?x16xf32>) -> ()
  memref.dealloc %b2 : memref<?x16xf32>
  %i = capstan.item %l[] : memref<i32>
  %w = arith.extsi %i : i32 to i64
  scf.for %k = %c0 to %c4 step %c1 {
    %ok = arith.cmpi sge, %w, %one : i64
    cf.assert %ok, "too few"
    %fits = arith.cmpi sle, %w, %most : i64
    cf.assert %fits, "too many"
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
  func.call @use1(%a) : (memref<?xi1>) -> ()
  memref.dealloc %a : memref<?xi1>
  return
}

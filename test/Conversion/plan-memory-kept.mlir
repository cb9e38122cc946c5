// RUN: capstan-opt %s --capstan-plan-memory | FileCheck %s
// RUN: capstan-opt %s --capstan-plan-memory --mlir-disable-threading --remarks-filter=capstan \
// RUN:   --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

func.func private @use(memref<?xf32>)

// A result is the caller's.
// REMARK: Function=returned | {{.*}}it outlives its block
// CHECK-LABEL: func.func @returned
// CHECK: memref.alloc(%{{.*}}) : memref<?xf32>
func.func @returned(%n: index) -> memref<?xf32> {
  %a = memref.alloc(%n) : memref<?xf32>
  func.call @use(%a) : (memref<?xf32>) -> ()
  return %a : memref<?xf32>
}

// REMARK: Function=conditional | {{.*}}it is freed in another block
// CHECK-LABEL: func.func @conditional
// CHECK: memref.alloc(%{{.*}}) : memref<?xf32>
// CHECK: memref.dealloc %{{.*}} : memref<?xf32>
func.func @conditional(%n: index, %c: i1) {
  %a = memref.alloc(%n) : memref<?xf32>
  func.call @use(%a) : (memref<?xf32>) -> ()
  scf.if %c {
    memref.dealloc %a : memref<?xf32>
  }
  return
}

// A size that was read may be wrong where the branch, or the loop's body,
// doesn't run: the arenas stay inside.
// CHECK-LABEL: func.func @speculative
// CHECK: scf.if
// CHECK: memref.alloc(%{{.*}}) {alignment = 256 : i64} : memref<?xi8>
// CHECK: memref.dealloc %{{.*}} : memref<?xi8>
// CHECK: scf.for
// CHECK: memref.alloc(%{{.*}}) {alignment = 256 : i64} : memref<?xi8>
// CHECK: memref.dealloc %{{.*}} : memref<?xi8>
func.func @speculative(%l: memref<i32>, %c: i1, %trips: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %i = capstan.item %l[] : memref<i32>
  %n = arith.index_cast %i : i32 to index
  scf.if %c {
    %a = memref.alloc(%n) : memref<?xf32>
    %b = memref.alloc(%n) : memref<?xf32>
    func.call @use(%b) : (memref<?xf32>) -> ()
    func.call @use(%a) : (memref<?xf32>) -> ()
    memref.dealloc %a : memref<?xf32>
    memref.dealloc %b : memref<?xf32>
  }
  scf.for %k = %c0 to %trips step %c1 {
    %a = memref.alloc(%n) : memref<?xf32>
    %b = memref.alloc(%n) : memref<?xf32>
    func.call @use(%b) : (memref<?xf32>) -> ()
    func.call @use(%a) : (memref<?xf32>) -> ()
    memref.dealloc %a : memref<?xf32>
    memref.dealloc %b : memref<?xf32>
  }
  return
}

// Nothing is alive in between.
// REMARK: Function=apart | {{.*}}no other buffer is in its arena
// CHECK-LABEL: func.func @apart
// CHECK-NOT: xi8
// CHECK: return
func.func @apart(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  func.call @use(%a) : (memref<?xf32>) -> ()
  memref.dealloc %a : memref<?xf32>
  %b = memref.alloc(%n) : memref<?xf32>
  func.call @use(%b) : (memref<?xf32>) -> ()
  memref.dealloc %b : memref<?xf32>
  return
}

// Host memory is not planned.
// CHECK-LABEL: func.func @host
// CHECK-NOT: xi8
// CHECK: return
func.func @host() {
  %a = memref.alloc() : memref<4xi32, #capstan.host>
  memref.dealloc %a : memref<4xi32, #capstan.host>
  return
}

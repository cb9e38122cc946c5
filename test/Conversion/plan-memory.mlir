// RUN: capstan-opt %s --capstan-plan-memory --canonicalize --cse | FileCheck %s
// RUN: capstan-opt %s --capstan-plan-memory --mlir-disable-threading --remarks-filter=capstan \
// RUN:   --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

func.func private @use(memref<?xf32>)
func.func private @use16(memref<16xf32>)
func.func private @use100(memref<100xf32>)

// The third is in the place of the first; the largest is placed first.
// REMARK: Function=reuse | {{.*}}Allocations=3, Bytes=768, LeastPossible=768
// CHECK-LABEL: func.func @reuse
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C512:.*]] = arith.constant 512 : index
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 256 : i64} : memref<768xi8>
// CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[C512]]][] : memref<768xi8> to memref<16xf32>
// CHECK: call @use16(%[[A]])
// CHECK: %[[B:.*]] = memref.view %[[ARENA]][%[[C0]]][] : memref<768xi8> to memref<100xf32>
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
// REMARK: Function=overlap | {{.*}}Bytes=512, LeastPossible=512
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
// REMARK: Function=address | {{.*}}Bytes=512, LeastPossible=512
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

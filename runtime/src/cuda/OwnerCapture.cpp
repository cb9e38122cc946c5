//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/OwnerCapture.h"

using namespace capstan::rt;

namespace {
/// Of the process: the last object may be the last that keeps its device.
struct Ended {
  std::mutex mutex;
  std::atomic<bool> any{false};
  std::vector<Ref<RefCounted>> objects;
};
} // namespace

static Ended &ended() {
  static Ended ended;
  return ended;
}

static void CUDA_CB graphEnded(void *object) {
  Ended &all = ended();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.objects.push_back(
      Ref<RefCounted>::adopt(static_cast<RefCounted *>(object)));
  all.any = true;
}

void capstan::rt::keepInGraph(CudaDevice &device, CUgraph graph,
                              Ref<RefCounted> object) {
  const Driver &cu = device.driver();
  CUuserObject held;
  if (cu.cuUserObjectCreate(&held, object.get(), graphEnded, 1,
                            CU_USER_OBJECT_NO_DESTRUCTOR_SYNC))
    return;
  object.take(); // the driver's now
  if (cu.cuGraphRetainUserObject(graph, held, 1, CU_GRAPH_USER_OBJECT_MOVE))
    cu.cuUserObjectRelease(held, 1);
}

void capstan::rt::releaseEndedGraphs() {
  Ended &all = ended();
  if (!all.any.load(std::memory_order_relaxed))
    return;
  std::vector<Ref<RefCounted>> released;
  std::lock_guard<std::mutex> lock(all.mutex);
  released.swap(all.objects);
  all.any = false;
}

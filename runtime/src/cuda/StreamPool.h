//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A stream of the driver, and the device memory that is allocated on it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_STREAMPOOL_H
#define CAPSTAN_RT_CUDA_STREAMPOOL_H

#include "cuda/CudaDevice.h"

#include <unordered_map>

namespace capstan::rt {

/// Lives as long as memory that goes back in its order.
class StreamHandle final : public RefCounted {
public:
  StreamHandle(CudaDevice &device, CUstream stream, bool owned)
      : device(Ref<CudaDevice>::share(&device)), stream(stream), owned(owned) {}
  ~StreamHandle() override;

  /// Whether somebody else captures it; never a stream of our own.
  bool capturedByOwner(CUgraph *graph = nullptr) const;
  /// Gives memory back in the stream's order. A free while the stream is
  /// captured would become a part of the graph: it comes after.
  void free(void *memory, int64_t bytes);
  void setCaptured(bool captured) { ours.store(captured); }
  /// Gives back what had to wait for a capture's end.
  void releaseDeferred();

  const Ref<CudaDevice> device;
  const CUstream stream;

private:
  const bool owned;
  std::atomic<bool> ours{false}, anyDeferred{false};
  std::mutex mutex;
  std::vector<std::pair<void *, int64_t>> deferred;
};

class StreamPool : public MemoryPool {
public:
  explicit StreamPool(Ref<StreamHandle> handle) : handle(std::move(handle)) {}

  void *allocate(int64_t bytes, int64_t alignment, int64_t &capacity) override;
  void give(void *memory, int64_t capacity) override;
  int64_t bytes() const override { return 0; }

protected:
  virtual void giveBack(void *memory, int64_t bytes) {
    handle->free(memory, bytes);
  }
  const Ref<StreamHandle> handle;

private:
  std::mutex mutex;
  /// Memory that begins before its block, for alignments that the driver
  /// doesn't give.
  std::unordered_map<void *, void *> shifted;
};

/// Memory of nodes of a graph that somebody else captures.
class CapturedPool final : public StreamPool {
  using StreamPool::StreamPool;
  void giveBack(void *memory, int64_t bytes) override {
    handle->device->unreserve(memory, bytes, handle->stream);
  }
};

/// Memory of one graph alone, which it reuses and keeps.
class GraphOnlyPool final : public MemoryPool {
public:
  explicit GraphOnlyPool(CudaDevice &device)
      : device(Ref<CudaDevice>::share(&device)) {}
  ~GraphOnlyPool() override;

  void *allocate(int64_t bytes, int64_t alignment, int64_t &capacity) override;
  void *allocateUnused(int64_t bytes, int64_t alignment,
                       int64_t &capacity) override;
  void give(void *memory, int64_t capacity) override;
  int64_t bytes() const override { return total; }

private:
  Ref<CudaDevice> device;
  std::mutex mutex;
  std::unordered_map<int64_t, std::vector<void *>> unused; // by capacity
  std::vector<std::pair<void *, int64_t>> all;
  std::atomic<int64_t> total{0};
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_STREAMPOOL_H

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A caching allocator. Blocks that are given back are handed out again at once:
// a stream's work runs in order, so what still uses a block runs before what
// gets it next.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_HOSTPOOL_H
#define CAPSTAN_RT_HOST_HOSTPOOL_H

#include "host/HostDevice.h"

#include <map>
#include <vector>

namespace capstan::rt {

class HostPool final : public MemoryPool {
public:
  explicit HostPool(HostDevice &device);
  ~HostPool() override;

  void *allocate(int64_t bytes, int64_t alignment, int64_t &capacity) override;
  void give(void *memory, int64_t capacity) override;
  /// Gives the blocks that nobody uses back to the system. No work may use them
  /// still.
  void trim();
  int64_t bytes() const override {
    return total.load(std::memory_order_relaxed);
  }

private:
  void *cached(int64_t capacity, int64_t alignment);

  Ref<HostDevice> device;
  std::mutex mutex;
  std::map<int64_t, std::vector<void *>> unused; // by capacity
  std::atomic<int64_t> total{0};
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_HOSTPOOL_H

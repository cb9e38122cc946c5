//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/FailureRecords.h"
#include "cuda/CudaDevice.h"

using namespace capstan::rt;

static constexpr const char *op = "failure_record";
static constexpr int64_t perPage = 1024;

namespace {
/// A record as kernels see it.
struct OnDevice {
  uint64_t word;
  uint64_t *mirror;
};

class DeviceCheck final : public CheckSource {
public:
  DeviceCheck(const char *op, std::vector<const char *> messages,
              const char *location)
      : op(op), messages(std::move(messages)), location(location) {}
  Error describe(uint64_t check, const char *device) const override {
    const char *message = messages[check];
    return makeError(CAPSTAN_RT_CHECK_FAILED, {op, location, device},
                     message ? message : "failed");
  }

private:
  const char *op;
  const std::vector<const char *> messages;
  const char *location;
};
} // namespace

/// Copies the page's contents to the device by its own stream, and waits.
int32_t FailureRecords::grow() {
  Relaxed relaxed(device);
  void *pinned = nullptr;
  int64_t mirrors = perPage * sizeof(uint64_t),
          words = perPage * sizeof(OnDevice);
  CAPSTAN_CUDA_TRY(device, op, cuMemHostAlloc, &pinned, mirrors + words,
                   CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP);
  auto *mirror = static_cast<uint64_t *>(pinned);
  auto *contents = reinterpret_cast<OnDevice *>(mirror + perPage);
  for (int64_t i = 0; i < perPage; ++i) {
    mirror[i] = 0;
    contents[i] = {0, mirror + i};
  }
  void *memory = device.reserve(words, device.ownStream());
  auto page = reinterpret_cast<CUdeviceptr>(memory);
  CUresult result = memory ? device.driver().cuMemcpyHtoDAsync(
                                 page, contents, words, device.ownStream())
                           : CUDA_ERROR_OUT_OF_MEMORY;
  if (!result)
    result = device.driver().cuStreamSynchronize(device.ownStream());
  if (result) {
    device.driver().cuMemFreeHost(pinned);
    return device.failed(result, "cuMemcpyHtoDAsync", {op});
  }
  pages.push_back({page, pinned});
  for (int64_t i = perPage; i-- > 0;)
    unused.push_back({page + i * sizeof(OnDevice), mirror + i, mirror + i});
  return CAPSTAN_RT_OK;
}

int32_t FailureRecords::take(Record &record) {
  std::lock_guard<std::mutex> lock(mutex);
  if (unused.empty())
    CAPSTAN_RT_TRY(grow());
  record = unused.back();
  unused.pop_back();
  return CAPSTAN_RT_OK;
}

void FailureRecords::give(Record record) {
  if (*record.mirror) {
    // Seldom: only what has failed needs cleaning.
    Current current(device);
    Relaxed relaxed(device);
    device.driver().cuMemsetD8Async(record.address, 0, sizeof(uint64_t),
                                    device.ownStream());
    device.driver().cuStreamSynchronize(device.ownStream());
    *record.writable = 0;
  }
  std::lock_guard<std::mutex> lock(mutex);
  unused.push_back(record);
}

void FailureRecords::clear() {
  for (auto [page, pinned] : pages) {
    device.unreserve(reinterpret_cast<void *>(page), perPage * sizeof(OnDevice),
                     device.ownStream());
    device.driver().cuMemFreeHost(pinned);
  }
  pages.clear();
}

FailureState::FailureState(CudaDevice &device)
    : device(Ref<CudaDevice>::share(&device)) {}

int32_t FailureState::create(CudaDevice &device, Ref<FailureState> &state) {
  auto created = Ref<FailureState>::adopt(new FailureState(device));
  CAPSTAN_RT_TRY(device.records.take(created->taken));
  state = std::move(created);
  return CAPSTAN_RT_OK;
}

FailureState::~FailureState() {
  if (taken.address)
    device->records.give(taken);
}

Error FailureState::error() const {
  uint64_t code = *taken.mirror;
  return CheckSource::of(code).describe(code & 0xffff, device->name());
}

uint64_t FailureState::addChecks(const char *op,
                                 std::vector<const char *> messages,
                                 const char *location) {
  checks.push_back(
      std::make_unique<DeviceCheck>(op, std::move(messages), location));
  return checks.back()->code();
}

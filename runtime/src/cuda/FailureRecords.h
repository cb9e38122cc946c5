//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Failure records: where kernels say that a check failed. A kernel writes to a
// word on the device, which others look at, and to its mirror on the host, so
// that nothing has to be copied as long as all is well.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_FAILURERECORDS_H
#define CAPSTAN_RT_CUDA_FAILURERECORDS_H

#include "base/Backend.h"
#include "cuda/Driver.h"

#include <array>
#include <map>
#include <vector>

namespace capstan::rt {
class CudaDevice;

/// What a failure's code stands for. A code is the address of its source and,
/// in the lowest 16 bits, the number of a check.
class CheckSource {
public:
  virtual ~CheckSource() = default;
  virtual Error describe(uint64_t check, const char *device) const = 0;

  uint64_t code() const {
    return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(this)) << 16;
  }
  static const CheckSource &of(uint64_t code) {
    return *reinterpret_cast<const CheckSource *>(code >> 16);
  }
};

class FailureRecords {
public:
  struct Record {
    CUdeviceptr address;             // of the word, then the mirror's address
    volatile const uint64_t *mirror; // pinned memory
    uint64_t *writable;              // the same
  };

  explicit FailureRecords(CudaDevice &device) : device(device) {}

  /// A record that holds 0.
  int32_t take(Record &record);
  /// No work uses the record any more.
  void give(Record record);
  void clear();

private:
  int32_t grow();

  CudaDevice &device;
  std::mutex mutex;
  std::vector<Record> unused;
  std::vector<std::pair<CUdeviceptr, void *>> pages;
};

/// A number of lengths that the caller says are the same, and all that goes
/// into what is computed of them.
using LengthsKey = std::array<int64_t, 17>;

/// The record of a forward, or a graph; `Failure::backend` holds it.
class FailureState final : public RefCounted {
public:
  static int32_t create(CudaDevice &device, Ref<FailureState> &state);
  ~FailureState() override;

  CUdeviceptr record() const { return taken.address; }
  bool failed() const { return *taken.mirror; }
  /// What the record says has failed.
  Error error() const;
  /// The code of the first of some checks on the device, whose words outlive
  /// this.
  uint64_t addChecks(const char *op, std::vector<const char *> messages,
                     const char *location);
  /// Lengths of documents as attention wants them, which the forward's calls
  /// share.
  std::map<LengthsKey, Block> lengths;
  /// Keeps what codes may refer to.
  void keep(Ref<RefCounted> object) { kept.push_back(std::move(object)); }

private:
  explicit FailureState(CudaDevice &device);

  Ref<CudaDevice> device;
  FailureRecords::Record taken = {};
  std::vector<std::unique_ptr<CheckSource>> checks;
  std::vector<Ref<RefCounted>> kept;
};

inline FailureState *stateOf(const Failure &failure) {
  return static_cast<FailureState *>(failure.backend.get());
}

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_FAILURERECORDS_H

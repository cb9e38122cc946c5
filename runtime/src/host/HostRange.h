//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Addresses of the host that get memory later. Those without memory can't be
// read or written: a use of what a graph has given back ends the process.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_HOSTRANGE_H
#define CAPSTAN_RT_HOST_HOSTRANGE_H

#include "host/HostDevice.h"

namespace capstan::rt {

class HostRange final : public AddressRange {
public:
  /// `most` bytes in whole pages; null if the system refuses.
  static std::unique_ptr<AddressRange> create(HostDevice &device, int64_t most);
  ~HostRange() override;

  char *base() const override { return start; }
  bool resize(int64_t bytes) override;
  int64_t bytes() const override { return size; }

private:
  HostRange(HostDevice &device, char *start, int64_t most, int64_t page)
      : device(Ref<HostDevice>::share(&device)), start(start), most(most),
        page(page) {}

  const Ref<HostDevice> device;
  char *const start;
  const int64_t most, page;
  int64_t size = 0;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_HOSTRANGE_H

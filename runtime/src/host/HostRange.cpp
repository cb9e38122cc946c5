//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/HostRange.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace capstan::rt;

/// Pages without memory at `at`, or anywhere.
static void *mapNothing(void *at, int64_t bytes) {
  return mmap(at, bytes, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                  (at ? MAP_FIXED : 0),
              /*fd=*/-1, /*offset=*/0);
}

std::unique_ptr<AddressRange> HostRange::create(HostDevice &device,
                                                int64_t most) {
  int64_t page = sysconf(_SC_PAGESIZE);
  most = most / page * page;
  void *start = most ? mapNothing(nullptr, most) : MAP_FAILED;
  if (start == MAP_FAILED)
    return nullptr;
  return std::unique_ptr<AddressRange>(
      new HostRange(device, static_cast<char *>(start), most, page));
}

HostRange::~HostRange() {
  resize(0);
  munmap(start, most);
}

bool HostRange::resize(int64_t bytes) {
  if (bytes > most)
    return false;
  int64_t wanted = (bytes + page - 1) / page * page, more = wanted - size;
  if (more > 0) {
    if (!device->claim(more))
      return false;
    if (mprotect(start + size, more, PROT_READ | PROT_WRITE)) {
      device->unclaim(more);
      return false;
    }
  } else if (more < 0) {
    // Mapping anew gives the old pages back. If the system can't, they stay.
    if (mapNothing(start + wanted, -more) == MAP_FAILED)
      return false;
    device->unclaim(-more);
  }
  device->use(more);
  size = wanted;
  return true;
}

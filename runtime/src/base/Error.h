//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Errors: the last one of a thread, and the first one of a forward.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_ERROR_H
#define CAPSTAN_RT_BASE_ERROR_H

#include "base/Api.h"
#include "base/RefCounted.h"

#include <atomic>
#include <mutex>
#include <string>

namespace capstan::rt {

struct Error {
  int32_t code = CAPSTAN_RT_OK;
  std::string message, op, location, device;
};

/// Where an error happens; null means unknown.
struct Where {
  const char *op = nullptr;
  const char *location = nullptr;
  const char *device = nullptr;
};

/// Makes `error` the last one of this thread. Returns its code.
int32_t report(Error error);

/// Formats a message as printf does.
[[gnu::format(printf, 1, 2)]] std::string format(const char *text, ...);

Error makeError(int32_t code, Where where, std::string message);

/// Makes this the thread's last error. Returns `code`.
int32_t fail(int32_t code, Where where, std::string message);

/// The failure of a function that got a null pointer.
int32_t nullPointer(const char *op);

/// The code of this thread's last error.
int32_t lastCode();

/// What queued work shares with the forward that enqueued it: the first error,
/// which makes the rest of the forward's work be skipped, and the code that
/// has to stay loaded.
class Failure : public RefCounted {
public:
  explicit Failure(Ref<RefCounted> keepAlive = nullptr)
      : keepAlive(std::move(keepAlive)) {}

  bool failed() const { return flag.load(std::memory_order_acquire); }
  /// Keeps `error` if it is the first.
  void set(Error error);
  Error get() const;
  /// Forgets the error, before a graph is replayed.
  void reset();

private:
  Ref<RefCounted> keepAlive; // ends behind what a backend keeps

public:
  /// What a backend keeps for it; set by the thread that enqueues the work.
  Ref<RefCounted> backend;

private:
  std::atomic<bool> flag{false};
  mutable std::mutex mutex;
  Error first;
};

} // namespace capstan::rt

#define CAPSTAN_RT_TRY(EXPRESSION)                                             \
  do {                                                                         \
    if (int32_t tried = (EXPRESSION))                                          \
      return tried;                                                            \
  } while (false)

#endif // CAPSTAN_RT_BASE_ERROR_H

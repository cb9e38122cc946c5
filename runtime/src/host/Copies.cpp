//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Work that moves bytes, or only orders other work.
//
//===----------------------------------------------------------------------===//

#include "host/Works.h"

#include <cstring>

using namespace capstan::rt;

namespace {

class Fill final : public Work {
public:
  Fill(void *memory, int64_t bytes)
      : Work(nullptr, "fill", "poison"), memory(memory), bytes(bytes) {}
  MaybeError run(Worker &) override {
    memset(memory, CAPSTAN_RT_POISON, bytes);
    return nullptr;
  }

private:
  void *memory;
  int64_t bytes;
};

class Copy final : public Work {
public:
  Copy(FailureRef failure, void *destination, const void *source, int64_t bytes)
      : Work(std::move(failure), "copy", "copy"), destination(destination),
        source(source), bytes(bytes) {}
  MaybeError run(Worker &) override {
    if (bytes)
      memmove(destination, source, bytes); // the ranges may be equal
    return nullptr;
  }
  Amount amount() const override { return amountOfCopy(bytes); }

private:
  void *destination;
  const void *source;
  int64_t bytes;
};

class ToDevice final : public Work {
public:
  ToDevice(FailureRef failure, void *destination, const void *source,
           int64_t bytes)
      : Work(std::move(failure), "copy", "to_device"), destination(destination),
        staged(static_cast<const char *>(source),
               static_cast<const char *>(source) + bytes) {}
  MaybeError run(Worker &) override {
    if (!staged.empty())
      memcpy(destination, staged.data(), staged.size());
    return nullptr;
  }

private:
  void *destination;
  std::vector<char> staged;
};

class Check final : public Work {
public:
  Check(FailureRef failure, const uint8_t *condition, const char *message,
        const char *location)
      : Work(std::move(failure), "check", "device_check", location),
        condition(condition), message(message) {}
  MaybeError run(Worker &) override {
    return *condition
               ? nullptr
               : error(CAPSTAN_RT_CHECK_FAILED, message ? message : "failed");
  }

private:
  const uint8_t *condition;
  const char *message;
};

class Call final : public Work {
public:
  Call(const char *op, std::unique_ptr<Callback> callback)
      : Work(nullptr, "callback", op), callback(std::move(callback)) {}
  MaybeError run(Worker &) override { return callback->run(); }

private:
  std::unique_ptr<Callback> callback;
};

class Wait final : public Work {
public:
  Wait(Ref<Timeline> timeline, Timeline::Ticket ticket)
      : Work(nullptr, "wait", "stream_wait_event"),
        timeline(std::move(timeline)), ticket(ticket) {}
  MaybeError run(Worker &) override {
    timeline->wait(ticket);
    return nullptr;
  }

private:
  Ref<Timeline> timeline;
  Timeline::Ticket ticket;
};

} // namespace

std::unique_ptr<Work> capstan::rt::makeFill(void *memory, int64_t bytes) {
  return std::make_unique<Fill>(memory, bytes);
}

std::unique_ptr<Work> capstan::rt::makeCopy(FailureRef failure,
                                            void *destination,
                                            const void *source, int64_t bytes) {
  return std::make_unique<Copy>(std::move(failure), destination, source, bytes);
}

std::unique_ptr<Work> capstan::rt::makeToDevice(FailureRef failure,
                                                void *destination,
                                                const void *source,
                                                int64_t bytes) {
  return std::make_unique<ToDevice>(std::move(failure), destination, source,
                                    bytes);
}

std::unique_ptr<Work> capstan::rt::makeCheck(FailureRef failure,
                                             const uint8_t *condition,
                                             const char *message,
                                             const char *location) {
  return std::make_unique<Check>(std::move(failure), condition, message,
                                 location);
}

std::unique_ptr<Work>
capstan::rt::makeCallback(const char *op, std::unique_ptr<Callback> callback) {
  return std::make_unique<Call>(op, std::move(callback));
}

std::unique_ptr<Work> capstan::rt::makeWait(Ref<Timeline> timeline,
                                            Timeline::Ticket ticket) {
  return std::make_unique<Wait>(std::move(timeline), ticket);
}

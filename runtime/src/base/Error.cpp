//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Error.h"

#include <cstdarg>
#include <cstdio>

using namespace capstan::rt;

namespace {
struct LastError {
  Error error;
  std::string line;
};
} // namespace

static LastError &last() {
  static thread_local LastError last;
  return last;
}

static std::string oneLine(const Error &error) {
  std::string line;
  if (!error.location.empty())
    line += error.location + ": ";
  line += error.op;
  if (!error.device.empty())
    line += (error.op.empty() ? "on " : " on ") + error.device;
  if (!line.empty() && line.back() != ' ')
    line += ": ";
  return line + error.message;
}

int32_t capstan::rt::report(Error error) {
  LastError &mine = last();
  mine.line = oneLine(error);
  mine.error = std::move(error);
  return mine.error.code;
}

std::string capstan::rt::format(const char *text, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, text);
  int length = vsnprintf(buffer, sizeof(buffer), text, arguments);
  va_end(arguments);
  if (length < static_cast<int>(sizeof(buffer)))
    return buffer;
  std::string result(length, '\0');
  va_start(arguments, text);
  vsnprintf(&result[0], length + 1, text, arguments);
  va_end(arguments);
  return result;
}

Error capstan::rt::makeError(int32_t code, Where where, std::string message) {
  auto text = [](const char *s) { return s ? s : ""; };
  return {code, std::move(message), text(where.op), text(where.location),
          text(where.device)};
}

int32_t capstan::rt::fail(int32_t code, Where where, std::string message) {
  return report(makeError(code, where, std::move(message)));
}

int32_t capstan::rt::nullPointer(const char *op) {
  return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, "null pointer");
}

int32_t capstan::rt::lastCode() { return last().error.code; }

void Failure::set(Error error) {
  std::lock_guard<std::mutex> lock(mutex);
  if (failed())
    return;
  first = std::move(error);
  flag.store(true, std::memory_order_release);
}

Error Failure::get() const {
  std::lock_guard<std::mutex> lock(mutex);
  return first;
}

void Failure::reset() {
  if (!failed())
    return;
  std::lock_guard<std::mutex> lock(mutex);
  first = Error();
  flag.store(false, std::memory_order_release);
}

int32_t capstan_rt_last_error(capstan_rt_error *error) {
  if (!error || error->size != sizeof(*error))
    return CAPSTAN_RT_INVALID_ARGUMENT;
  const Error &mine = last().error;
  error->code = mine.code;
  error->message = mine.message.c_str();
  error->op = mine.op.c_str();
  error->location = mine.location.c_str();
  error->device = mine.device.c_str();
  return CAPSTAN_RT_OK;
}

const char *capstan_rt_last_message(void) { return last().line.c_str(); }

const char *capstan_rt_status_name(int32_t status) {
  static const char *const names[] = {
      "OK",        "CHECK_FAILED", "INVALID_ARGUMENT", "OUT_OF_MEMORY",
      "NOT_FOUND", "UNSUPPORTED",  "INCOMPATIBLE",     "INVALID_CAPTURE",
      "INTERNAL",
  };
  bool known = status >= 0 && status < static_cast<int32_t>(std::size(names));
  return known ? names[status] : "UNKNOWN";
}

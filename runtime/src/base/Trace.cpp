//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Trace.h"
#include "base/Backend.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

using namespace capstan::rt;

uint64_t Trace::newTrack() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1);
}

/// Small numbers, in the order of the threads' first spans.
uint64_t Trace::ofThread() {
  static thread_local uint64_t number = newTrack();
  return number;
}

static std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      result += format("\\u%04x", c);
    else
      result += c;
  }
  return result + '"';
}

int32_t Trace::start() {
  std::lock_guard<std::mutex> lock(mutex);
  if (running())
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"trace_start"},
                "a trace is running already");
  spans.clear();
  origin = Clock::now();
  on = true;
  return CAPSTAN_RT_OK;
}

void Trace::add(const char *category, const char *name, const char *location,
                Clock::time_point begin, Clock::time_point end, uint64_t track,
                int32_t device) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!running())
    return;
  spans.push_back({name ? name : category, location ? location : "", category,
                   begin, end, track, device});
}

int32_t Trace::stop(const char *path) {
  std::vector<Span> written;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!running())
      return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"trace_stop"},
                  "no trace is running");
    on = false;
    written.swap(spans);
  }
  FILE *file = path ? fopen(path, "w") : nullptr;
  if (!file)
    return fail(CAPSTAN_RT_NOT_FOUND, {"trace_stop"},
                format("can't write '%s': %s", path ? path : "(null)",
                       path ? strerror(errno) : "no path"));
  auto us = [](Clock::duration d) {
    return std::chrono::duration<double, std::micro>(d).count();
  };
  fputs("{\"traceEvents\":[", file);
  const char *separator = "\n";
  for (const Span &span : written) {
    fprintf(file,
            "%s{\"ph\":\"X\",\"pid\":1,\"tid\":%llu,\"ts\":%.3f,"
            "\"dur\":%.3f,\"cat\":\"%s\",\"name\":%s,"
            "\"args\":{\"location\":%s%s}}",
            separator, static_cast<unsigned long long>(span.track),
            us(span.begin - origin), us(span.end - span.begin), span.category,
            quoted(span.name).c_str(), quoted(span.location).c_str(),
            span.device < 0 ? ""
                            : format(",\"device\":%d", span.device).c_str());
    separator = ",\n";
  }
  fputs("\n]}\n", file);
  bool bad = ferror(file);
  if (fclose(file) || bad)
    return fail(CAPSTAN_RT_NOT_FOUND, {"trace_stop"},
                format("can't write '%s'", path));
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_trace_start(capstan_rt_device *device) {
  if (!device)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"trace_start"}, "null device");
  return device->trace.start();
}

int32_t capstan_rt_trace_stop(capstan_rt_device *device, const char *path) {
  if (!device)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"trace_stop"}, "null device");
  return device->trace.stop(path);
}

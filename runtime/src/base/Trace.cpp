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

int32_t Trace::start(bool profile) {
  std::lock_guard<std::mutex> lock(mutex);
  if (running())
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"trace_start"},
                "a trace is running already");
  spans.clear();
  origin = Clock::now();
  this->profile = profile;
  on = true;
  return CAPSTAN_RT_OK;
}

void Trace::add(const char *category, const char *name, const char *location,
                Clock::time_point begin, Clock::time_point end, uint64_t track,
                int32_t device, std::optional<Amount> amount) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!running())
    return;
  spans.push_back({name ? name : category, location ? location : "", category,
                   begin, end, track, device, std::move(amount)});
}

int32_t Trace::take(const char *op, std::vector<Span> &taken) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!running())
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, "no trace is running");
  on = false;
  taken.swap(spans);
  return CAPSTAN_RT_OK;
}

int32_t Trace::stopProfile(Device &device, const char **result) {
  std::vector<Span> taken;
  CAPSTAN_RT_TRY(take("profile_stop", taken));
  table = profileTable(device, taken);
  *result = table.c_str();
  return CAPSTAN_RT_OK;
}

static std::string amountArguments(const std::optional<Amount> &amount) {
  std::string text;
  if (amount && amount->bytes)
    text += format(",\"bytes\":%.0f", amount->bytes);
  if (amount && amount->flops)
    text += format(",\"flops\":%.0f", amount->flops);
  if (amount && !amount->what.empty())
    text += ",\"what\":" + quoted(amount->what);
  return text;
}

int32_t Trace::stop(const char *path) {
  std::vector<Span> written;
  CAPSTAN_RT_TRY(take("trace_stop", written));
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
            "\"args\":{\"location\":%s%s%s}}",
            separator, static_cast<unsigned long long>(span.track),
            us(span.begin - origin), us(span.end - span.begin), span.category,
            quoted(span.name).c_str(), quoted(span.location).c_str(),
            span.device < 0 ? ""
                            : format(",\"device\":%d", span.device).c_str(),
            amountArguments(span.amount).c_str());
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
  return device->trace.start(/*profile=*/false);
}

int32_t capstan_rt_trace_stop(capstan_rt_device *device, const char *path) {
  if (!device)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"trace_stop"}, "null device");
  return device->trace.stop(path);
}

int32_t capstan_rt_profile_start(capstan_rt_device *device) {
  if (!device)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"profile_start"}, "null device");
  return device->trace.start(/*profile=*/true);
}

int32_t capstan_rt_profile_stop(capstan_rt_device *device, const char **table) {
  if (table)
    *table = nullptr;
  if (!device || !table)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"profile_stop"}, "null pointer");
  return device->trace.stopProfile(*device, table);
}

/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Counters, always on, traces and profiles. All functions may be called from
 * any thread, also while forwards run.
 */

#ifndef CAPSTAN_RT_COUNTERS_H
#define CAPSTAN_RT_COUNTERS_H

#include "capstan_rt/module.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAPSTAN_RT_COUNTERS_VERSION 1

/** One field a line of counters.def, which says what each counts. */
typedef struct capstan_rt_counters {
  uint32_t size;    /**< of this struct; the caller sets it */
  uint32_t version; /**< CAPSTAN_RT_COUNTERS_VERSION; the runtime sets it */
#define CAPSTAN_RT_COUNTER(NAME, DESCRIPTION) int64_t NAME;
#include "capstan_rt/counters.def"
} capstan_rt_counters;

/**
 * Everything that happened on the device since it was made.
 * \param[in,out] counters   `size` is set by the caller
 * \return INVALID_ARGUMENT if a pointer is null or the size unknown
 */
int32_t capstan_rt_device_counters(const capstan_rt_device *device,
                                   capstan_rt_counters *counters);
/** All calls of the module's entries, with those under way. */
int32_t capstan_rt_module_counters(const capstan_rt_module *module,
                                   capstan_rt_counters *counters);
/** The call that ended last, failed or not; zeros before the first. */
int32_t capstan_rt_module_last_forward(const capstan_rt_module *module,
                                       capstan_rt_counters *counters);

/**
 * Names and descriptions, in the order of the struct's fields.
 * \param[in] index          from 0
 * \param[out] description   may be null
 * \return null past the last counter
 */
const char *capstan_rt_counter_name(int32_t index, const char **description);

/**
 * Starts to record what streams and callers do on the device.
 * \return INVALID_ARGUMENT if a trace is running
 */
int32_t capstan_rt_trace_start(capstan_rt_device *device);
/**
 * Stops, and writes the trace as JSON that chrome://tracing and Perfetto read.
 * Synchronize first: what has not run is not in it.
 * \return NOT_FOUND if the file can't be written; the trace is dropped.
 *         INVALID_ARGUMENT if no trace is running
 */
int32_t capstan_rt_trace_stop(capstan_rt_device *device, const char *path);

/**
 * Starts a trace during which graphs are not replayed: their bodies run as they
 * are, so that each kernel has a span.
 * \return INVALID_ARGUMENT if a trace is running
 */
int32_t capstan_rt_profile_start(capstan_rt_device *device);
/**
 * Stops the trace, and makes a table of it for people: calls and time of each
 * kernel, what it has to move and to compute, and how near that is to what the
 * device can do. That is measured before this returns, by copies and products
 * that take some tenths of a second and up to 1.5 GiB of its memory.
 * Synchronize first.
 * \param[out] table   lives until the device's next profile; null after an
 * error
 * \return INVALID_ARGUMENT if no trace is running
 */
int32_t capstan_rt_profile_stop(capstan_rt_device *device, const char **table);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_COUNTERS_H */

/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Devices: where memory is and work runs. All functions may be called from any
 * thread at any time.
 */

#ifndef CAPSTAN_RT_DEVICE_H
#define CAPSTAN_RT_DEVICE_H

#include "capstan_rt/status.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A device of a backend; counted references. */
typedef struct capstan_rt_device capstan_rt_device;

#define CAPSTAN_RT_DEVICE_CONFIG_VERSION 1

/** How to make a device. Start from capstan_rt_device_config_init. */
typedef struct capstan_rt_device_config {
  uint32_t size;    /**< of this struct */
  uint32_t version; /**< CAPSTAN_RT_DEVICE_CONFIG_VERSION */
  /** Threads that run kernels, with the stream's own; 0: one a core. */
  int32_t threads;
  /** Not 0: new memory is filled with CAPSTAN_RT_POISON (`host` only). */
  int32_t poison_memory;
  /** Seed of the delays before each piece of work (`host` only). */
  uint64_t delay_seed;
  /** The longest delay in microseconds; 0: none (`host` only). */
  int64_t max_delay_us;
  /** Bytes that may be allocated at one time; 0: what the machine has. */
  int64_t memory_limit;
  /** The BLAS library for matrix products; null: libopenblas.so.0 (`host`). */
  const char *blas_library;
  /** Graphs of regions that a module may keep at one time; 0: any number. */
  int32_t max_graphs;
  /** Bytes that these may use; 0: any number, within memory_limit. */
  int64_t max_graph_bytes;
} capstan_rt_device_config;

/** The byte that unfinished fetches, and new memory if asked for, hold. */
#define CAPSTAN_RT_POISON 0xA5

/**
 * Sets every field to its default: all cores, no poison in new memory, no
 * delay.
 * \param[out] config   null does nothing
 */
void capstan_rt_device_config_init(capstan_rt_device_config *config);

/**
 * Makes a device.
 * \param[in] name     "host" or "cuda"
 * \param[in] config   null: the defaults; read before this returns
 * \param[out] device  owned by the caller; null after an error
 * \return NOT_FOUND if the backend is not built in or finds no device,
 *         INCOMPATIBLE for a config of an unknown version
 */
int32_t capstan_rt_device_create(const char *name,
                                 const capstan_rt_device_config *config,
                                 capstan_rt_device **device);
/** One more reference. \param[in] device   null does nothing */
void capstan_rt_device_retain(capstan_rt_device *device);
/**
 * One reference less. Streams and modules keep their device alive.
 * \param[in] device   null does nothing
 */
void capstan_rt_device_release(capstan_rt_device *device);

/** "host" or "cuda"; lives as long as the device. \return null for null */
const char *capstan_rt_device_name(const capstan_rt_device *device);
/**
 * The device as DLPack names it.
 * \param[out] type   a DLDeviceType
 * \param[out] id     the ordinal
 * \return INVALID_ARGUMENT if a pointer is null
 */
int32_t capstan_rt_device_dlpack(const capstan_rt_device *device, int32_t *type,
                                 int32_t *id);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_DEVICE_H */

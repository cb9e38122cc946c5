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

#define CAPSTAN_RT_DEVICE_CONFIG_VERSION 4

/**
 * Device memory that the caller owns, such as a framework's cache (`cuda`
 * only). The functions are called from any thread, also while a stream is
 * captured, and call nothing of the runtime.
 */
typedef struct capstan_rt_allocator {
  uint32_t size; /**< of this struct */
  void *context; /**< passed to each function */
  /**
   * Memory that work enqueued on `stream`, a CUstream, from now on may use.
   * \return aligned to 256 bytes; null if there is none left
   */
  void *(*allocate)(void *context, int64_t bytes, void *stream);
  /** Gives memory back; work enqueued on `stream` before still may use it. */
  void (*release)(void *context, void *memory, int64_t bytes, void *stream);
  /**
   * Gives memory that nobody uses back to the device, before an allocation is
   * tried again. May be null; the two others may be null together, and then
   * memory comes from the runtime's own pool.
   */
  void (*empty_cache)(void *context);
} capstan_rt_allocator;

/**
 * What a device can do; a capability of number N is field N + 1. The same as
 * long as the process lives.
 */
typedef struct capstan_rt_capabilities {
  int64_t size; /**< of this struct; the caller sets it */
#define CAPSTAN_RT_CAPABILITY(NAME, DESCRIPTION) int64_t NAME;
#include "capstan_rt/capabilities.def"
} capstan_rt_capabilities;

/** What computes attention, where more than one can. */
typedef enum capstan_rt_attention_by {
  /** What is faster on the first batch of each kind. */
  CAPSTAN_RT_ATTENTION_BY_TIME = 0,
  CAPSTAN_RT_ATTENTION_BY_LIBRARY = 1, /**< cuDNN */
  CAPSTAN_RT_ATTENTION_BY_KERNELS = 2  /**< the runtime's own */
} capstan_rt_attention_by;

/** How to make a device. Start from capstan_rt_device_config_init. */
typedef struct capstan_rt_device_config {
  uint32_t size;    /**< of this struct */
  uint32_t version; /**< CAPSTAN_RT_DEVICE_CONFIG_VERSION */
  /** Threads that run kernels, with the stream's own; 0: one a core. */
  int32_t threads;
  /** Not 0: new memory is filled with CAPSTAN_RT_POISON. */
  int32_t poison_memory;
  /** Seed of the delays before each piece of work (`host` only). */
  uint64_t delay_seed;
  /** The longest delay in microseconds; 0: none (`host` only). */
  int64_t max_delay_us;
  /** Bytes that may be allocated at one time; 0: what the machine has. */
  int64_t memory_limit;
  /**
   * The library for matrix products; null: libopenblas.so.0 (`host`), or the
   * first cuBLASLt that is found (`cuda`).
   */
  const char *blas_library;
  /** Graphs of regions that a module may keep at one time; 0: any number. */
  int32_t max_graphs;
  /** Bytes that these may use; 0: any number, within memory_limit. */
  int64_t max_graph_bytes;
  /** The driver's library; null: libcuda.so.1 (`cuda`). */
  const char *cuda_driver;
  /**
   * Bytes that the runtime's own pool keeps when nobody uses them; 0: all,
   * until memory runs out (`cuda`).
   */
  int64_t release_threshold;
  /**
   * A file for the algorithms of matrix products that were chosen by timing, so
   * that other processes need not do it again; made if it isn't there. Null:
   * none
   * (`cuda`).
   */
  const char *gemm_cache;
  /** Whose memory the device uses; null: its own pool's (`cuda`). Copied. */
  const capstan_rt_allocator *allocator;
  /** cuDNN, for attention; null: the first that is found (`cuda`). */
  const char *cudnn_library;
  /**
   * The devices that a program finds on this machine, by ordinal, and how many
   * they are; null and 0: one that can do nothing (`host`; on `cuda` it is the
   * driver that knows). Copied.
   */
  const capstan_rt_capabilities *devices;
  int64_t num_devices;
  /** A capstan_rt_attention_by (`cuda`). */
  int32_t attention;
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
 * \param[in] name     "host", or "cuda" or "cuda:N" for the GPU of index N
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

/** Such as "host" or "cuda:1"; lives as long as the device. \return null for
 * null */
const char *capstan_rt_device_name(const capstan_rt_device *device);
/**
 * The device as DLPack names it.
 * \param[out] type   a DLDeviceType
 * \param[out] id     the ordinal
 * \return INVALID_ARGUMENT if a pointer is null
 */
int32_t capstan_rt_device_dlpack(const capstan_rt_device *device, int32_t *type,
                                 int32_t *id);

/**
 * How many devices of its kind a program finds on this machine. Ordinals below
 * are less than that; that of "cuda:N" is N.
 */
int32_t capstan_rt_device_count(const capstan_rt_device *device,
                                int32_t *count);
/**
 * Makes a device the current one of this thread, as cudaSetDevice does.
 * \return INVALID_ARGUMENT if there is none of that ordinal
 */
int32_t capstan_rt_device_set_current(capstan_rt_device *device,
                                      int32_t ordinal);
/** The current device of this thread: 0 if nobody has set it. */
int32_t capstan_rt_device_get_current(capstan_rt_device *device,
                                      int32_t *ordinal);
/**
 * What a device of this machine can do. The first call of a process asks the
 * driver, once for each device, whichever threads ask at once.
 * \param[in,out] capabilities   `size` is set by the caller
 * \return INVALID_ARGUMENT if there is no such device, or the size is unknown.
 *         UNSUPPORTED in a process that was forked after it had begun to use
 *         CUDA, unless the device had been asked before
 */
int32_t capstan_rt_device_capabilities(capstan_rt_device *device,
                                       int32_t ordinal,
                                       capstan_rt_capabilities *capabilities);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_DEVICE_H */

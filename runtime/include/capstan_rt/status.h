/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Status codes and the last error of a thread.
 *
 * Every function that can fail returns an int32_t that is CAPSTAN_RT_OK or
 * another capstan_rt_status, and then leaves a description with the thread that
 * called it. Other threads never see it.
 */

#ifndef CAPSTAN_RT_STATUS_H
#define CAPSTAN_RT_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The values are part of the ABI of compiled modules; they never change. */
typedef enum capstan_rt_status {
  CAPSTAN_RT_OK = 0,
  /** A check of the program failed: an assertion, or a check on the device. */
  CAPSTAN_RT_CHECK_FAILED = 1,
  /** The caller passed something that the function doesn't take. */
  CAPSTAN_RT_INVALID_ARGUMENT = 2,
  CAPSTAN_RT_OUT_OF_MEMORY = 3,
  /** A file, library, device, symbol or entry is missing. */
  CAPSTAN_RT_NOT_FOUND = 4,
  /** Valid, but not on this device or not with this type. */
  CAPSTAN_RT_UNSUPPORTED = 5,
  /** A module or struct of another version, target or format. */
  CAPSTAN_RT_INCOMPATIBLE = 6,
  /** Not allowed while a stream is captured; the capture is discarded. */
  CAPSTAN_RT_INVALID_CAPTURE = 7,
  /** Compiled code or a library broke its contract. */
  CAPSTAN_RT_INTERNAL = 8
} capstan_rt_status;

/** The last error of a thread. Strings are never null, "" where unknown. */
typedef struct capstan_rt_error {
  uint32_t size;        /**< of this struct; the caller sets it */
  int32_t code;         /**< a capstan_rt_status */
  const char *message;  /**< what is wrong */
  const char *op;       /**< the operation, for example `gemm` */
  const char *location; /**< in the source of the module, `model.mlir:12:3` */
  const char *device;   /**< for example `host` */
} capstan_rt_error;

/**
 * Describes the last function that failed on this thread.
 * \param[in,out] error   `size` is set by the caller; the strings are owned by
 *                        the runtime and live until this thread's next failure
 * \return CAPSTAN_RT_INVALID_ARGUMENT if `error` is null or its size unknown;
 *         that doesn't change what the last error is
 */
int32_t capstan_rt_last_error(capstan_rt_error *error);

/**
 * The last error of this thread on one line: location, operation, device and
 * message. Never null; "" before the first failure.
 * \return owned by the runtime, lives until this thread's next failure
 */
const char *capstan_rt_last_message(void);

/**
 * The name of a code, such as "INVALID_ARGUMENT"; never null.
 * \param[in] status   any number; an unknown one gives "UNKNOWN"
 */
const char *capstan_rt_status_name(int32_t status);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_STATUS_H */

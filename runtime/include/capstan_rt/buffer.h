/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Buffers: device memory for callers that bring none of their own. Functions
 * may be called from any thread; contents are ordered by streams.
 */

#ifndef CAPSTAN_RT_BUFFER_H
#define CAPSTAN_RT_BUFFER_H

#include "capstan_rt/stream.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct capstan_rt_buffer capstan_rt_buffer;
struct DLManagedTensorVersioned; /* of dlpack/dlpack.h */

/**
 * Allocates device memory that work enqueued on `stream` from now on may use.
 * \param[in] bytes      not negative
 * \param[out] buffer    owned by the caller, contents undefined; null after an
 *                       error
 * \return OUT_OF_MEMORY with the bytes that are in use, INVALID_CAPTURE while
 *         the stream is captured
 */
int32_t capstan_rt_buffer_create(capstan_rt_stream *stream, int64_t bytes,
                                 capstan_rt_buffer **buffer);
/** One more reference. \param[in] buffer   null does nothing */
void capstan_rt_buffer_retain(capstan_rt_buffer *buffer);
/**
 * One reference less. The last one gives the memory back in the order of the
 * buffer's stream; work on other streams must be done or ordered before.
 * \param[in] buffer   null does nothing
 */
void capstan_rt_buffer_release(capstan_rt_buffer *buffer);

/** The address on the device, aligned to 64 bytes; null for null. */
void *capstan_rt_buffer_data(const capstan_rt_buffer *buffer);
/** The size in bytes; 0 for null. */
int64_t capstan_rt_buffer_bytes(const capstan_rt_buffer *buffer);

/**
 * Enqueues a copy of host memory into the buffer.
 * \param[in] offset   in bytes; offset + bytes <= the buffer's size
 * \param[in] source   read before this returns
 */
int32_t capstan_rt_buffer_write(capstan_rt_buffer *buffer,
                                capstan_rt_stream *stream, int64_t offset,
                                const void *source, int64_t bytes);
/**
 * Waits for the stream, then copies from the buffer to host memory.
 * \return as capstan_rt_stream_synchronize; then `destination` is unchanged
 */
int32_t capstan_rt_buffer_read(capstan_rt_buffer *buffer,
                               capstan_rt_stream *stream, int64_t offset,
                               void *destination, int64_t bytes);
/**
 * Waits for the stream, then copies a contiguous tensor to host memory.
 * \param[in] tensor   on the stream's device or the host, such as a result
 * \param[in] bytes    the size of the whole tensor
 * \return as capstan_rt_stream_synchronize; then `destination` is unchanged
 */
int32_t capstan_rt_tensor_read(const struct DLManagedTensorVersioned *tensor,
                               capstan_rt_stream *stream, void *destination,
                               int64_t bytes);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_BUFFER_H */

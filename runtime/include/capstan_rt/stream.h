/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Streams, on which work runs in order, and events, by which streams wait for
 * each other. Streams are asynchronous on every backend: what is enqueued reads
 * and writes memory when it runs. Functions may be called from any thread; work
 * that several threads enqueue on one stream runs in some order.
 */

#ifndef CAPSTAN_RT_STREAM_H
#define CAPSTAN_RT_STREAM_H

#include "capstan_rt/device.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct capstan_rt_stream capstan_rt_stream;
typedef struct capstan_rt_event capstan_rt_event;

/**
 * Makes a stream.
 * \param[in] device    kept alive by the stream
 * \param[out] stream   owned by the caller; null after an error
 */
int32_t capstan_rt_stream_create(capstan_rt_device *device,
                                 capstan_rt_stream **stream);
/**
 * Makes a stream of the caller's own, so that work runs in order with the
 * caller's and its captures take the work in. While it is captured by its
 * owner, what the runtime refuses in captures fails, and leaves that capture
 * alone.
 * \param[in] device    kept alive by the stream
 * \param[in] native    a CUstream of the device's primary context; it outlives
 *                      the stream and the memory that was allocated on it
 * \param[out] stream   owned by the caller; null after an error
 * \return UNSUPPORTED on the host
 */
int32_t capstan_rt_stream_wrap(capstan_rt_device *device, void *native,
                               capstan_rt_stream **stream);
/**
 * The stream as its device knows it: a CUstream, or null on the host.
 * \return lives as long as the stream; null for null
 */
void *capstan_rt_stream_native(capstan_rt_stream *stream);
/** One more reference. \param[in] stream   null does nothing */
void capstan_rt_stream_retain(capstan_rt_stream *stream);
/**
 * One reference less. The last one waits for the stream's work; errors that
 * nobody asked for are lost.
 * \param[in] stream   null does nothing
 */
void capstan_rt_stream_release(capstan_rt_stream *stream);

/**
 * Waits for all work that is enqueued now.
 * \return OK, or the first error of that work that wasn't reported yet; it is
 *         reported once, and the stream stays usable. INVALID_CAPTURE while
 *         the stream is captured
 */
int32_t capstan_rt_stream_synchronize(capstan_rt_stream *stream);
/**
 * Whether all work enqueued so far is done; doesn't wait, reports no error.
 * \param[out] done   0 or 1
 */
int32_t capstan_rt_stream_query(capstan_rt_stream *stream, int32_t *done);

/**
 * Makes an event, which counts as done until it is recorded.
 * \param[out] event   owned by the caller; null after an error
 */
int32_t capstan_rt_event_create(capstan_rt_device *device,
                                capstan_rt_event **event);
/** One more reference. \param[in] event   null does nothing */
void capstan_rt_event_retain(capstan_rt_event *event);
/** One reference less. \param[in] event   null does nothing */
void capstan_rt_event_release(capstan_rt_event *event);
/**
 * The event is done when all work now on the stream is. Recording again moves
 * it; those that already wait are not affected.
 */
int32_t capstan_rt_event_record(capstan_rt_event *event,
                                capstan_rt_stream *stream);
/**
 * Work enqueued on the stream from now on starts after the event, as it is
 * recorded now. Doesn't block the caller.
 * \return INVALID_CAPTURE while the stream is captured, which discards the
 * capture
 */
int32_t capstan_rt_stream_wait_event(capstan_rt_stream *stream,
                                     capstan_rt_event *event);
/** Waits for the event; reports errors as capstan_rt_stream_synchronize does.
 */
int32_t capstan_rt_event_synchronize(capstan_rt_event *event);
/** Whether the event is done. \param[out] done   0 or 1 */
int32_t capstan_rt_event_query(capstan_rt_event *event, int32_t *done);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_STREAM_H */

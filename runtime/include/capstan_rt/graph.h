/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Graphs: work of a stream, recorded once and replayed. A graph replays exactly
 * what it recorded: addresses, arguments of kernels and contents of host memory
 * are those of the capture; only contents of device memory are fresh.
 */

#ifndef CAPSTAN_RT_GRAPH_H
#define CAPSTAN_RT_GRAPH_H

#include "capstan_rt/stream.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct capstan_rt_graph capstan_rt_graph;

typedef struct capstan_rt_graph_info {
  uint32_t size; /**< of this struct; the caller sets it */
  int64_t nodes; /**< pieces of work of one replay */
  int64_t bytes; /**< memory that the graph owns */
} capstan_rt_graph_info;

/**
 * From now on work on the stream is recorded instead of run, until
 * capstan_rt_capture_end. Memory allocated meanwhile is the graph's.
 *
 * While a stream is captured it can't be synchronized, and calls can't read
 * device data or allocate host memory: these return INVALID_CAPTURE, discard
 * what is recorded, and count as a fallback. So does device memory that runs
 * out. Other streams are not affected.
 * \return INVALID_CAPTURE if the stream is being captured already
 */
int32_t capstan_rt_capture_begin(capstan_rt_stream *stream);
/**
 * Ends the capture.
 * \param[out] graph   owned by the caller; null after an error
 * \return INVALID_CAPTURE if the capture was discarded, with the reason, or if
 *         there is none; the stream is usable again either way
 */
int32_t capstan_rt_capture_end(capstan_rt_stream *stream,
                               capstan_rt_graph **graph);

/** One more reference. \param[in] graph   null does nothing */
void capstan_rt_graph_retain(capstan_rt_graph *graph);
/**
 * One reference less; replays under way keep the graph alive.
 * \param[in] graph   null does nothing
 */
void capstan_rt_graph_release(capstan_rt_graph *graph);

/**
 * Enqueues a replay. Replays of one graph never overlap, whatever their
 * streams. Allocates nothing.
 * \return INVALID_ARGUMENT for a stream of another device, INVALID_CAPTURE
 * while the stream is captured
 */
int32_t capstan_rt_graph_launch(capstan_rt_graph *graph,
                                capstan_rt_stream *stream);
/** What the graph holds. \param[in,out] info   `size` is set by the caller */
int32_t capstan_rt_graph_get_info(const capstan_rt_graph *graph,
                                  capstan_rt_graph_info *info);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_GRAPH_H */

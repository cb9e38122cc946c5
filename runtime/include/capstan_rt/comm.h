/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Communicators: collectives between the streams of several ranks. The local
 * one joins threads of one process, for tests and for programs of one rank. A
 * rank uses one stream at a time, and no two ranks share a stream.
 */

#ifndef CAPSTAN_RT_COMM_H
#define CAPSTAN_RT_COMM_H

#include "capstan_rt/compiled.h"
#include "capstan_rt/stream.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One rank's end of a group. */
typedef struct capstan_rt_comm capstan_rt_comm;

#define CAPSTAN_RT_COMM_CONFIG_VERSION 1

typedef struct capstan_rt_comm_config {
  uint32_t size;      /**< of this struct */
  uint32_t version;   /**< CAPSTAN_RT_COMM_CONFIG_VERSION */
  int32_t ranks;      /**< 1 or more */
  int64_t timeout_ms; /**< how long a rank waits for the others */
} capstan_rt_comm_config;

typedef enum capstan_rt_reduction {
  CAPSTAN_RT_SUM = 0,
  CAPSTAN_RT_MAX = 1
} capstan_rt_reduction;

/** One rank, ten minutes. \param[out] config   null does nothing */
void capstan_rt_comm_config_init(capstan_rt_comm_config *config);
/**
 * Makes a group inside this process.
 * \param[in] config   null: the defaults
 * \param[out] comms   `ranks` ends, each owned by the caller
 */
int32_t capstan_rt_comm_create_local(const capstan_rt_comm_config *config,
                                     capstan_rt_comm **comms);
/** One more reference. \param[in] comm   null does nothing */
void capstan_rt_comm_retain(capstan_rt_comm *comm);
/** One reference less; work under way stays valid. Null does nothing. */
void capstan_rt_comm_release(capstan_rt_comm *comm);
/** This end's number, from 0; -1 for null. */
int32_t capstan_rt_comm_rank(const capstan_rt_comm *comm);
/** The number of ranks; 0 for null. */
int32_t capstan_rt_comm_size(const capstan_rt_comm *comm);

/*
 * Collectives are enqueued by all ranks in the same order. Those that disagree
 * on kind, type, reduction or count fail on every rank, with the next
 * synchronization, and so does one that a rank never joins. f32, f64, f16,
 * bf16, i32 and i64; ranks are added up in their order, so results repeat.
 * Source and destination are device memory, equal or apart. A stream that is
 * captured can't take part (INVALID_CAPTURE).
 */

/**
 * Every rank's source, one after the other.
 * \param[in] count         elements of one source
 * \param[out] destination  size * count elements
 */
int32_t capstan_rt_all_gather(capstan_rt_comm *comm, capstan_rt_stream *stream,
                              const void *source, void *destination,
                              int64_t count, capstan_rt_dtype dtype);
/**
 * This rank's part of the sources' reduction.
 * \param[in] source      size * count elements
 * \param[in] count       elements of one destination
 * \param[in] reduction   a capstan_rt_reduction
 */
int32_t capstan_rt_reduce_scatter(capstan_rt_comm *comm,
                                  capstan_rt_stream *stream, const void *source,
                                  void *destination, int64_t count,
                                  capstan_rt_dtype dtype, int32_t reduction);
/**
 * The sources' reduction.
 * \param[in] count       elements of one source
 * \param[in] reduction   a capstan_rt_reduction
 */
int32_t capstan_rt_all_reduce(capstan_rt_comm *comm, capstan_rt_stream *stream,
                              const void *source, void *destination,
                              int64_t count, capstan_rt_dtype dtype,
                              int32_t reduction);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_COMM_H */

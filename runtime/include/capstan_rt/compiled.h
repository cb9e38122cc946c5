/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * The ABI of compiled modules: what a module exports, and what it calls. People
 * who call modules use module.h.
 *
 * All entries return a status code (see status.h). After one that is not
 * CAPSTAN_RT_OK compiled code returns that code at once, without freeing: the
 * runtime releases what a failed forward leaves. Device work is enqueued on the
 * forward's stream, in order; small arguments (descriptors, parts, kernel
 * arguments, host sources of copies) are copied before an entry returns.
 */

#ifndef CAPSTAN_RT_COMPILED_H
#define CAPSTAN_RT_COMPILED_H

#include "capstan_rt/status.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of everything in this file; a module with another one is refused. */
#define CAPSTAN_RT_ABI_VERSION 3
#define CAPSTAN_RT_MAX_RANK 8

/** One run of an entry of a module: stream, memory, counters, first error. */
typedef struct capstan_rt_forward capstan_rt_forward;

/*-- What a module exports ---------------------------------------------------*/

/**
 * A tensor or scalar at the boundary of an entry. Sizes and strides are in
 * elements. For a scalar `data` points at its bytes and the rest is unused; of
 * a result it points at 16 bytes for the entry to fill.
 *
 * A result whose `base` is memory of `alloc` (device) or `host_alloc` (host)
 * belongs to the caller from then on; any other result (an argument, a
 * constant) is copied by the runtime.
 */
typedef struct capstan_rt_memref {
  void *base;
  void *data;
  int64_t sizes[CAPSTAN_RT_MAX_RANK];
  int64_t strides[CAPSTAN_RT_MAX_RANK];
} capstan_rt_memref;

typedef int32_t (*capstan_rt_entry)(capstan_rt_forward *forward,
                                    const capstan_rt_memref *arguments,
                                    capstan_rt_memref *results);

/** Codes as in DLPack's DLDataTypeCode; booleans are 8 bits wide. */
typedef struct capstan_rt_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} capstan_rt_dtype;

enum { CAPSTAN_RT_DEVICE_SPACE = 0, CAPSTAN_RT_HOST_SPACE = 1 };
enum { CAPSTAN_RT_TENSOR = 0, CAPSTAN_RT_SCALAR = 1 };

/** What an entry takes or gives at one place. */
typedef struct capstan_rt_value_info {
  const char *name; /**< never null; "arg3" or "result0" if it has no name */
  int32_t kind;     /**< CAPSTAN_RT_TENSOR or CAPSTAN_RT_SCALAR */
  int32_t space;    /**< CAPSTAN_RT_DEVICE_SPACE or CAPSTAN_RT_HOST_SPACE */
  capstan_rt_dtype dtype;
  int32_t rank;
  const int64_t *dims; /**< -1: any size; tensors are contiguous, row-major */
} capstan_rt_value_info;

typedef struct capstan_rt_entry_info {
  const char *name;
  capstan_rt_entry entry;
  int32_t num_arguments, num_results;
  const capstan_rt_value_info *arguments, *results;
} capstan_rt_entry_info;

/** A module exports one of these as the symbol `capstan_module`. */
typedef struct capstan_rt_module_info {
  uint32_t size;        /**< of this struct */
  uint32_t abi_version; /**< CAPSTAN_RT_ABI_VERSION of the compiler */
  /**
   * "host" or "cuda". With a chip, as in "cuda:sm_90", the module loads only
   * where every device is of that chip.
   */
  const char *target;
  const char *producer; /**< the compiler's version, for messages */
  int64_t num_entries;
  const capstan_rt_entry_info *entries;
} capstan_rt_module_info;

/*-- Kernels -----------------------------------------------------------------*/

/** A check inside a kernel: what failed and where. */
typedef struct capstan_rt_check_info {
  const char *message, *location;
} capstan_rt_check_info;

typedef struct capstan_rt_kernel_info {
  const char *name, *location;
  int64_t num_checks;
  const capstan_rt_check_info *checks;
} capstan_rt_kernel_info;

/**
 * Does the iterations [begin, end) of the kernel's outermost parallel loop;
 * disjoint ranges run on several threads at once.
 * \return 0, or 1 + the number of the check that failed; the forward fails then
 */
typedef int32_t (*capstan_rt_kernel)(const void *arguments, int64_t begin,
                                     int64_t end);

/*-- Kernels of GPUs ---------------------------------------------------------*/

/**
 * A kernel of a module's GPU code.
 *
 * If it `takes_failure`, its first two arguments are an address and a 64-bit
 * code, which the runtime fills in. At the address is the failure record of the
 * forward: a 64-bit word, then the address of its mirror. The kernel ends at
 * once if the word is not 0. A thread whose check `n`, counted from 0, fails
 * puts code + n into the word by an atomic compare-and-swap from 0; if the word
 * was 0, it also stores that number at the mirror.
 */
typedef struct capstan_rt_gpu_kernel_info {
  const char *name;     /**< as the code names it */
  const char *location; /**< for messages */
  int64_t num_checks;   /**< at most 65536; none unless it takes_failure */
  const capstan_rt_check_info *checks;
  int32_t block_x, block_y, block_z; /**< threads of a block */
  int32_t shared_bytes;              /**< of dynamic shared memory */
  int32_t num_arguments;             /**< with those of the failure record */
  int32_t takes_failure;             /**< 0 or 1 */
  /**
   * Bit i is set if argument i is an address of device memory; then no other
   * argument has such an address in it, and a graph with the kernel can take
   * over inputs at other addresses. 0: unknown.
   */
  int64_t address_arguments;
} capstan_rt_gpu_kernel_info;

/**
 * Bytes that a launch of a kernel has to read and write at least: `fixed`, and
 * `each` for each iteration, whose number is the kernel's last argument, 64
 * bits wide. For profiles; 0 and 0: unknown.
 */
typedef struct capstan_rt_kernel_bytes {
  double fixed, each;
} capstan_rt_kernel_bytes;

/** Data that the module's kernels read: the runtime copies it to the device. */
typedef struct capstan_rt_gpu_constant_info {
  const void *data;
  int64_t bytes;
} capstan_rt_gpu_constant_info;

/**
 * What a module for GPUs exports as `capstan_module`: the fields of a
 * capstan_rt_module_info, of which `size` says that more follows.
 */
typedef struct capstan_rt_gpu_module_info {
  uint32_t size;        /**< of this struct */
  uint32_t abi_version; /**< CAPSTAN_RT_ABI_VERSION of the compiler */
  const char *target;   /**< "cuda" */
  const char *producer; /**< the compiler's version, for messages */
  int64_t num_entries;
  const capstan_rt_entry_info *entries;
  const void *code;   /**< PTX with a 0 at its end, or a cubin or fatbin */
  int64_t code_bytes; /**< with the 0 */
  int64_t num_kernels;
  const capstan_rt_gpu_kernel_info *kernels;
  int64_t num_constants;
  const capstan_rt_gpu_constant_info *constants;
  /** One for each kernel; older modules end before it. */
  const capstan_rt_kernel_bytes *kernel_bytes;
} capstan_rt_gpu_module_info;

/*-- Graph regions -----------------------------------------------------------*/

/** What a region takes and gives, all on the device and of constant size. */
typedef struct capstan_rt_graph_region {
  uint32_t size; /**< of this struct */
  int32_t num_inputs, num_results;
  const int64_t *input_bytes, *result_bytes;
  /** A CAPSTAN_RT_INPUT_* for each; null: they are all `WHOLE`. */
  const uint8_t *input_kinds;
  const char *location; /**< for messages */
} capstan_rt_graph_region;

/** What is given for an input of a graph region; the values never change. */
enum {
  CAPSTAN_RT_INPUT_WHOLE = 0, /**< device memory of all that the body reads */
  /** Device memory of the first bytes that the body reads. The others are
   * padding, of any content: the body gets a copy. */
  CAPSTAN_RT_INPUT_PREFIX = 1,
  /** Memory of the host that holds a number of 1 to 8 bytes, copied at once. */
  CAPSTAN_RT_INPUT_NUMBER = 2
};

/*-- Descriptors -------------------------------------------------------------*/

/**
 * c[i] = a[i] * b[i] (+ c[i] if `accumulate`) for `batch` row-major matrices:
 * a is m x k, or k x m if `transpose_a`; b is k x n, or n x k if `transpose_b`;
 * c is m x n. Leading dimensions `ld*` and `stride_*` from one matrix of the
 * batch to the next are in elements; a stride of 0 repeats the matrix. c is of
 * type `dtype_c`: that of a and b, which 0 bits stand for, or f32 if these are
 * f16 or bf16.
 *
 * `bias` is added to each row: n elements of c's type, which is not f64. c is
 * rounded once, at the end.
 *
 * a and b may be FP8 (e4m3fn), c then f32, f16 or bf16; f32 takes no bias. What
 * they stand for are products with `scale_a` and `scale_b`, f32 on the device:
 * one number each, or with `row_scales`, which no batch has, one for each of
 * the m rows of a and the n columns of b. GPUs take `transpose_b` only, k and n
 * that are multiples of 16, and addresses and rows that are multiples of 16
 * bytes.
 */
typedef struct capstan_rt_gemm_desc {
  uint32_t size; /**< of this struct, which may end before `bias` */
  capstan_rt_dtype dtype;
  int32_t transpose_a, transpose_b, accumulate;
  capstan_rt_dtype dtype_c;
  int64_t batch, m, n, k;
  int64_t lda, ldb, ldc;
  int64_t stride_a, stride_b, stride_c;
  const char *location;           /**< for messages */
  const void *bias;               /**< or null */
  const float *scale_a, *scale_b; /**< of FP8 only */
  int32_t row_scales;
} capstan_rt_gemm_desc;

/**
 * Attention over packed documents: q is [tokens_q, heads_q, head_dim], k
 * [tokens_k, heads_k, head_dim], v [tokens_k, heads_k, head_dim_v], out
 * [tokens_q, heads_q, head_dim_v], contiguous, but that tokens of q, k and v
 * may be `stride_*` elements apart (0: contiguous); heads_q is a multiple of
 * heads_k. cu_seqlens_* are `documents` + 1 i32 on the device; behind the last
 * document is padding, whose results are undefined. logsumexp is
 * [heads_q, tokens_q] of f32, or null. Query i of a document attends to the key
 * j with j <= i + (keys - queries) if `causal`, and to the `window_left` keys
 * before that diagonal and `window_right` after it (-1: all). max_* bound the
 * longest document; scores are multiplied by `scale`. A query without any key
 * gives zeros and a logsumexp of -inf. Attention of one forward that has the
 * same `lengths`, but for 0, has the same numbers in its cu_seqlens_*: what is
 * computed of these may be kept during the forward.
 */
typedef struct capstan_rt_attention_desc {
  uint32_t size; /**< of this struct */
  capstan_rt_dtype dtype;
  int64_t documents, tokens_q, tokens_k, max_q, max_k;
  int64_t heads_q, heads_k, head_dim, head_dim_v;
  int64_t stride_q, stride_k, stride_v;
  double scale;
  int32_t causal;
  int32_t lengths;
  int64_t window_left, window_right;
  const char *location; /**< for messages */
} capstan_rt_attention_desc;

/** One device value of a read: where it is, where it goes on the host. */
typedef struct capstan_rt_part {
  const void *source;
  void *destination;
  int64_t bytes;
} capstan_rt_part;

typedef struct capstan_rt_fetch capstan_rt_fetch;

/*-- What compiled code calls (entry_points.def) -----------------------------*/

/**
 * Device memory that work enqueued from now on may use.
 * \param[in] bytes       0 gives a pointer that may be freed, never read
 * \param[in] alignment   a power of two
 * \param[out] memory     contents are undefined
 */
int32_t capstan_rt_alloc(capstan_rt_forward *forward, int64_t bytes,
                         int64_t alignment, void **memory);
/** Work enqueued before this still may use the memory. Null does nothing. */
int32_t capstan_rt_free(capstan_rt_forward *forward, void *memory);
/** Host memory that the device can copy to and from. */
int32_t capstan_rt_host_alloc(capstan_rt_forward *forward, int64_t bytes,
                              int64_t alignment, void **memory);
/** Fetches under way into the memory must have been waited for. */
int32_t capstan_rt_host_free(capstan_rt_forward *forward, void *memory);

/** Device to device; the ranges are equal or don't overlap. */
int32_t capstan_rt_copy(capstan_rt_forward *forward, void *destination,
                        const void *source, int64_t bytes);
/** Host to device; the source is read before this returns. */
int32_t capstan_rt_to_device(capstan_rt_forward *forward, void *destination,
                             const void *source, int64_t bytes);

/**
 * Runs `kernel` over [0, extent).
 * \param[in] info        lives as long as the module
 * \param[in] arguments   `bytes` bytes, copied, that the kernel understands
 */
int32_t capstan_rt_launch(capstan_rt_forward *forward,
                          const capstan_rt_kernel_info *info,
                          capstan_rt_kernel kernel, const void *arguments,
                          int64_t bytes, int64_t extent);
/**
 * Runs a kernel of the module's GPU code; nothing if the grid is empty.
 * \param[in] kernel          its number in the module's `kernels`
 * \param[in] grid_x          blocks, as grid_y and grid_z
 * \param[in,out] arguments   the addresses of its arguments, which are copied;
 *                            of those of the failure record, the runtime puts
 *                            its own here
 */
int32_t capstan_rt_launch_gpu(capstan_rt_forward *forward, int64_t kernel,
                              int64_t grid_x, int64_t grid_y, int64_t grid_z,
                              void **arguments);
/**
 * \param[in] constant   its number in the module's `constants`
 * \param[out] data      its address on the device, where it lies from the
 *                       loading of the module to its end, aligned to 256 bytes
 */
int32_t capstan_rt_constant(capstan_rt_forward *forward, int64_t constant,
                            const void **data);
int32_t capstan_rt_gemm(capstan_rt_forward *forward,
                        const capstan_rt_gemm_desc *desc, const void *a,
                        const void *b, void *c);
/**
 * Rows of a, of which there are m, in groups: c = a * b[i] for those from
 * offsets[i - 1] (0 for the first) to offsets[i]. The descriptor's batch is the
 * number of groups, offsets are i32 on the device. They don't go down, or
 * beyond m: else the forward fails. Rows behind the last group get zeros. a
 * isn't transposed, nothing is accumulated, and a and c have no stride.
 */
int32_t capstan_rt_grouped_gemm(capstan_rt_forward *forward,
                                const capstan_rt_gemm_desc *desc, const void *a,
                                const void *b, const int32_t *offsets, void *c);
int32_t capstan_rt_varlen_attention(capstan_rt_forward *forward,
                                    const capstan_rt_attention_desc *desc,
                                    const void *q, const void *k, const void *v,
                                    const int32_t *cu_seqlens_q,
                                    const int32_t *cu_seqlens_k, void *out,
                                    float *logsumexp);

/** A host sync: waits for all earlier work, then copies the parts. */
int32_t capstan_rt_read(capstan_rt_forward *forward, int64_t count,
                        const capstan_rt_part *parts);
/**
 * The same without waiting: the sources are read in stream order. Until
 * `fetch_wait` the destinations hold poison. Each fetch is waited for or
 * released once.
 */
int32_t capstan_rt_fetch_start(capstan_rt_forward *forward, int64_t count,
                               const capstan_rt_part *parts,
                               capstan_rt_fetch **fetch);
int32_t capstan_rt_fetch_wait(capstan_rt_forward *forward,
                              capstan_rt_fetch *fetch);
int32_t capstan_rt_fetch_release(capstan_rt_forward *forward,
                                 capstan_rt_fetch *fetch);

/**
 * Begins a graph region: work on the device whose sizes, launches and scalars
 * are the same each time, so that it is captured once and then replayed. The
 * first run is an ordinary one, the second is captured; after that only inputs
 * at other addresses than before cause another capture, and their contents are
 * copied to memory of the graph from then on. The body runs as it is while
 * another forward captures a body of the module, or the caller the stream, and
 * where there is no memory or no place for a graph (`fallbacks_memory`).
 *
 * \param[in] region       lives as long as the module
 * \param[in] live_bytes   of each input that is a prefix (of others it isn't
 *                         read), then of each result: the first bytes of it
 *                         that are wanted; null: all of all
 * \param[in,out] inputs   device memory that the body reads and doesn't write,
 *                         or what else the region's `input_kinds` say; what
 *                         the body has to read instead
 * \param[out] results     if replayed: memory of the forward, as of `alloc`
 * \param[out] run         1: the body has to run, then `graph_end`;
 *                         0: replayed
 */
int32_t capstan_rt_graph_begin(capstan_rt_forward *forward,
                               const capstan_rt_graph_region *region,
                               const int64_t *live_bytes, void **inputs,
                               void **results, int32_t *run);
/**
 * Ends the body of a region.
 * \param[in] live_bytes as given to `graph_begin`
 * \param[in] produced   memory of `alloc`, or inputs; taken over
 * \param[out] results   memory of the forward, as of `alloc`
 */
int32_t capstan_rt_graph_end(capstan_rt_forward *forward,
                             const capstan_rt_graph_region *region,
                             const int64_t *live_bytes, void *const *produced,
                             void **results);

/**
 * Makes a device the current one of the thread. After a forward that fails, the
 * device is current again that was so when it began. On `host`, work is of the
 * device that is current when it is enqueued (traces show it); on `cuda`, the
 * work of a forward is its stream's, and fails while another device is current.
 * \param[in] device   an ordinal
 */
int32_t capstan_rt_set_device(capstan_rt_forward *forward, int64_t device);
/** \param[out] device   the ordinal of the current one */
int32_t capstan_rt_current_device(capstan_rt_forward *forward, int64_t *device);
/**
 * What a device can do, from a table that is filled once in a process.
 * \param[in] device       an ordinal
 * \param[in] capability   a line of capabilities.def, counted from 0
 */
int32_t capstan_rt_device_capability(capstan_rt_forward *forward,
                                     int64_t device, int32_t capability,
                                     int64_t *value);

/** Why a batch runs the dynamic original; the values never change. */
enum {
  CAPSTAN_RT_FALLBACK_TOO_LARGE = 0,      /**< a size is above every bucket */
  CAPSTAN_RT_FALLBACK_NO_COMBINATION = 1, /**< no bucket fits all sizes */
  /** Sizes contradict each other or their declared bounds. */
  CAPSTAN_RT_FALLBACK_BAD_SIZES = 2
};

/**
 * Counts a batch that fits no bucket, so that it runs the dynamic original:
 * `fallbacks_no_bucket`, and the counter of the reason.
 * \param[in] reason     a CAPSTAN_RT_FALLBACK_*
 * \param[in] location   of the function, shown in traces; may be null
 */
int32_t capstan_rt_fallback(capstan_rt_forward *forward, int32_t reason,
                            const char *location);
/**
 * Counts what a bucket costs: `live_elements`, `padded_elements`.
 * \param[in] live     elements of the inputs before padding, not negative
 * \param[in] padded   elements added, not negative
 */
int32_t capstan_rt_padding(capstan_rt_forward *forward, int64_t live,
                           int64_t padded);

/**
 * The forward fails if the byte at `condition`, on the device, is 0 at this
 * point of the stream; known at the caller's next synchronization.
 * \param[in] message, location   live as long as the module
 */
int32_t capstan_rt_device_check(capstan_rt_forward *forward,
                                const uint8_t *condition, const char *message,
                                const char *location);
/** Records an error of the host code. \return `code` */
int32_t capstan_rt_fail(capstan_rt_forward *forward, int32_t code,
                        const char *message, const char *location);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_COMPILED_H */

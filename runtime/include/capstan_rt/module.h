/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Modules: compiled programs, their signatures, and calls. A module and its
 * functions may be used from any number of threads at once, best each with a
 * stream of its own.
 */

#ifndef CAPSTAN_RT_MODULE_H
#define CAPSTAN_RT_MODULE_H

#include "capstan_rt/compiled.h"
#include "capstan_rt/stream.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** DLPack's tensor; include dlpack/dlpack.h (1.0 or newer) to fill one in. */
struct DLManagedTensorVersioned;

typedef struct capstan_rt_module capstan_rt_module;
/** An entry of a module, looked up once; lives as long as the module. */
typedef struct capstan_rt_function capstan_rt_function;

/**
 * Loads a compiled module from a shared library.
 * \param[in] device    kept alive by the module
 * \param[in] path      a file; never searched for on the library path
 * \param[out] module   owned by the caller; null after an error
 * \return NOT_FOUND if there is no file or it exports no `capstan_module`,
 *         INCOMPATIBLE if the file is damaged, or compiled for another version
 *         of the ABI or another target
 */
int32_t capstan_rt_module_open(capstan_rt_device *device, const char *path,
                               capstan_rt_module **module);
/**
 * Makes a module of code that is already in memory, as a JIT does.
 * \param[in] info     lives at least as long as the module and its work
 * \param[out] module  owned by the caller; null after an error
 * \return INCOMPATIBLE as above
 */
int32_t capstan_rt_module_create(capstan_rt_device *device,
                                 const capstan_rt_module_info *info,
                                 capstan_rt_module **module);
/** One more reference. \param[in] module   null does nothing */
void capstan_rt_module_retain(capstan_rt_module *module);
/**
 * One reference less. Code stays loaded until the work that uses it is done.
 * \param[in] module   null does nothing
 */
void capstan_rt_module_release(capstan_rt_module *module);

/** What the module exports; lives as long as the module. Null for null. */
const capstan_rt_module_info *
capstan_rt_module_get_info(const capstan_rt_module *module);

/**
 * Finds an entry by name, once.
 * \param[out] function   owned by the module; null after an error
 * \return NOT_FOUND with the names that there are
 */
int32_t capstan_rt_module_lookup(capstan_rt_module *module, const char *name,
                                 const capstan_rt_function **function);

/**
 * Runs an entry: enqueues its device work and returns when its host code has
 * run. Contents of results are defined once the stream has got there.
 *
 * Arguments are neither copied nor consumed: they stay the caller's, and their
 * memory must live until the stream has done the work. Tensors are contiguous
 * (null strides, or row-major ones), scalars are tensors of rank 0 on the host.
 *
 * \param[in] arguments     one for each argument of the entry
 * \param[out] results      new tensors for the caller, who calls their deleter;
 *                          it gives the memory back in the order of `stream`.
 *                          All null after an error
 * \return INVALID_ARGUMENT with a message that names the argument; errors of
 *         the program with their location. After an error nothing is left, and
 *         the module stays usable. An error on the device that host code did
 *         not wait for comes with the stream's next synchronization
 */
int32_t capstan_rt_call(const capstan_rt_function *function,
                        capstan_rt_stream *stream, int32_t num_arguments,
                        struct DLManagedTensorVersioned *const *arguments,
                        int32_t num_results,
                        struct DLManagedTensorVersioned **results);
/**
 * The same, but copies the results into tensors that the caller brings; the
 * only way to call while a stream is captured, since memory of a graph never
 * leaves it.
 * \param[in] results   contiguous, of the results' types and sizes
 */
int32_t capstan_rt_call_into(const capstan_rt_function *function,
                             capstan_rt_stream *stream, int32_t num_arguments,
                             struct DLManagedTensorVersioned *const *arguments,
                             int32_t num_results,
                             struct DLManagedTensorVersioned *const *results);

/**
 * The address of what compiled code may call (entry_points.def).
 * \param[in] symbol   such as "capstan_rt_alloc"
 * \return null for any other name
 */
void *capstan_rt_entry_point(const char *symbol);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_MODULE_H */

/*===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===*/

/**
 * @file
 * Capstan's compiler as a library: IR goes in; IR, reports and shared libraries
 * that the runtime loads (capstan_rt/module.h) come out.
 *
 * libcapstan_compiler.so holds its own MLIR and LLVM and shows only what is
 * declared here, so that other copies of LLVM in the process don't matter.
 *
 * Text is UTF-8. A function that can fail returns a capstan_result and, if
 * `messages` isn't null, sets `*messages` to what was said, never to null: each
 * error, warning and remark with its place in the IR, as in
 * "model.mlir:7:3: error: no such value". The caller destroys it.
 *
 * Different modules may be used by different threads, one module by one thread
 * at a time.
 */

#ifndef CAPSTAN_C_COMPILER_H
#define CAPSTAN_C_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#define CAPSTAN_COMPILER_API __attribute__((visibility("default")))

/** Functions and fields are only added within a version. */
#define CAPSTAN_COMPILER_API_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

typedef enum capstan_result {
  CAPSTAN_SUCCESS = 0,
  /** A null pointer, an unknown flag, or a struct of an unknown size. */
  CAPSTAN_INVALID_ARGUMENT = 1,
  /** What was asked for isn't possible: `messages` says why. */
  CAPSTAN_FAILURE = 2
} capstan_result;

/** A module of IR, with all that it needs. */
typedef struct capstan_module capstan_module;
/** Text that the caller owns. */
typedef struct capstan_text capstan_text;

/** The CAPSTAN_COMPILER_API_VERSION that the library was built with. */
CAPSTAN_COMPILER_API uint32_t capstan_compiler_api_version(void);
/** For people: "0.1.0 (LLVM 22.1.8)". Static memory. */
CAPSTAN_COMPILER_API const char *capstan_compiler_version(void);

/*-- Text --------------------------------------------------------------------*/

/** The bytes, with a zero behind them; null for null. */
CAPSTAN_COMPILER_API const char *capstan_text_data(const capstan_text *text);
/** How many bytes, without that zero; 0 for null. */
CAPSTAN_COMPILER_API size_t capstan_text_size(const capstan_text *text);
CAPSTAN_COMPILER_API void capstan_text_destroy(capstan_text *text);

/*-- Modules -----------------------------------------------------------------*/

/**
 * Reads IR as capstan-opt does: MLIR's text or bytecode of `size` bytes, whose
 * dialects may be unknown. `name` stands in messages for the file; null is
 * "<memory>". On success `*module` is a module that the caller destroys, else
 * null.
 */
CAPSTAN_COMPILER_API capstan_result
capstan_module_parse(const char *ir, size_t size, const char *name,
                     capstan_module **module, capstan_text **messages);
CAPSTAN_COMPILER_API void capstan_module_destroy(capstan_module *module);

/**
 * A model file of ops of foreign dialects (docs/op-models.md), for modules that
 * are parsed from now on, after the built-in ones. A file that can't be read or
 * is wrong is an error where a module is parsed. Not while others parse.
 */
CAPSTAN_COMPILER_API capstan_result capstan_add_op_models(const char *path);

enum {
  /** With the place of each operation. */
  CAPSTAN_PRINT_LOCATIONS = 1
};

/** The IR as text. `flags` are CAPSTAN_PRINT_*. */
CAPSTAN_COMPILER_API capstan_result capstan_module_print(
    const capstan_module *module, uint32_t flags, capstan_text **ir);

enum {
  /** `messages` also has what the passes did, and what not and why. */
  CAPSTAN_PASSES_REMARKS = 1
};

/**
 * Runs passes, in MLIR's syntax: "capstan-host-sync-pipeline,canonicalize" or
 * "capstan-host-sync-pipeline{coalesce=false}". Those of functions are nested
 * by themselves. If one fails, the module is what it was before. `flags` are
 * CAPSTAN_PASSES_*.
 */
CAPSTAN_COMPILER_API capstan_result
capstan_module_run_passes(capstan_module *module, const char *pipeline,
                          uint32_t flags, capstan_text **messages);

typedef enum capstan_report_format {
  CAPSTAN_REPORT_TEXT = 0,
  CAPSTAN_REPORT_JSON = 1, /**< docs/report.md has its schema. */
  CAPSTAN_REPORT_HTML = 2
} capstan_report_format;

/**
 * Host syncs before and after passes, as capstan-report gives them. `pipeline`
 * is as above; null is the host-sync pipeline. The module stays as it is. On
 * success `*report` is text that the caller destroys, else null.
 */
CAPSTAN_COMPILER_API capstan_result
capstan_module_report(const capstan_module *module, const char *pipeline,
                      capstan_report_format format, capstan_text **report,
                      capstan_text **messages);

/** What capstan-compile's flags say. Zeros, but for the size, are defaults. */
typedef struct capstan_compile_options {
  size_t struct_size; /**< sizeof(capstan_compile_options) */
  const char *target; /**< "host" or "cuda"; null is "host". */
  const char *chip;   /**< host: as in -mcpu; null is this machine's processor.
                           cuda: as sm_90, which null is. */
  const char *linker; /**< program that links; null finds cc, gcc or clang. */
  int32_t less_optimization; /**< 0 is LLVM's level 3, 3 is its level 0. */
  int32_t keep_host_syncs;   /**< not zero: without the host-sync pipeline. */
  int32_t no_memory_plan;    /**< not zero: every buffer allocated by itself. */
} capstan_compile_options;

/**
 * Writes the shared library `path`, which the runtime loads. `options` may be
 * null. The module stays as it is.
 */
CAPSTAN_COMPILER_API capstan_result capstan_module_compile(
    const capstan_module *module, const capstan_compile_options *options,
    const char *path, capstan_text **messages);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_C_COMPILER_H */

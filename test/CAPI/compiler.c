/*===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===*/

/* Every function of the compiler's C API, used well and badly. Prints what it
 * gets; writes the shared library that the argument names. */

#include "capstan-c/Compiler.h"
#include <stdio.h>
#include <string.h>

static const char *const IR =
    "func.func @main(%t: tensor<i32>, %n: i32) -> (i32, i32) {\n"
    "  %a = tensor.extract %t[] : tensor<i32>\n"
    "  %b = tensor.extract %t[] : tensor<i32>\n"
    "  return %a, %b : i32, i32\n"
    "}\n";

static const char *const FOREIGN = "func.func @main() {\n"
                                   "  \"my.op\"() : () -> ()\n"
                                   "  return\n"
                                   "}\n";

static const char *const WRONG = "func.func @main() {\n"
                                 "  %a = arith.addi %b, %b : i32\n"
                                 "  return\n"
                                 "}\n";

/* Prints what `call` gives, and the text that it sets, under a title. */
#define SHOW(TITLE, CALL)                                                      \
  do {                                                                         \
    capstan_text *text = NULL;                                                 \
    capstan_result result = (CALL);                                            \
    show(TITLE, result, text);                                                 \
  } while (0)

static void show(const char *title, capstan_result result, capstan_text *text) {
  printf("== %s: %d\n%s\n", title, (int)result,
         text ? capstan_text_data(text) : "(null)");
  if (text && strlen(capstan_text_data(text)) != capstan_text_size(text))
    printf("wrong size\n");
  capstan_text_destroy(text);
}

static void misuse(capstan_module *module) {
  capstan_compile_options options;
  memset(&options, 0, sizeof(options));
  SHOW("no IR", capstan_module_parse(NULL, 0, NULL, &module, &text));
  SHOW("no file", capstan_add_op_models(NULL));
  SHOW("no module", capstan_module_print(NULL, 0, &text));
  SHOW("no size", capstan_module_compile(module, &options, "x.so", &text));
  capstan_text_destroy(NULL);
  capstan_module_destroy(NULL);
}

/* IR that can be read and changed, but not compiled. */
static void foreign(const char *path) {
  capstan_module *module = NULL;
  SHOW("parse foreign",
       capstan_module_parse(FOREIGN, strlen(FOREIGN), NULL, &module, &text));
  SHOW("failing pass",
       capstan_module_run_passes(module, "capstan-verify-lowerable", 0, &text));
  SHOW("compile foreign", capstan_module_compile(module, NULL, path, &text));
  SHOW("print foreign", capstan_module_print(module, 0, &text));
  capstan_module_destroy(module);
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  capstan_module *module = NULL;
  capstan_text *said = NULL;
  capstan_compile_options options;
  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);

  printf("%u, %s\n", capstan_compiler_api_version(),
         capstan_compiler_version());
  misuse(NULL);
  foreign(argv[1]);
  SHOW("wrong IR", capstan_module_parse(WRONG, strlen(WRONG), "wrong.mlir",
                                        &module, &text));
  printf("module %s\n", module ? "made" : "null");

  SHOW("parse",
       capstan_module_parse(IR, strlen(IR), "model.mlir", &module, &text));
  SHOW("unknown flag", capstan_module_print(module, 1u << 30, &text));
  SHOW("unknown pass", capstan_module_run_passes(module, "no-pass", 0, &text));
  SHOW("report",
       capstan_module_report(module, NULL, CAPSTAN_REPORT_JSON, &text, &said));
  show("said", CAPSTAN_SUCCESS, said);
  SHOW("passes", capstan_module_run_passes(
                     module, "capstan-host-sync-pipeline,canonicalize",
                     CAPSTAN_PASSES_REMARKS, &text));
  SHOW("print", capstan_module_print(module, 0, &text));
  SHOW("locations",
       capstan_module_print(module, CAPSTAN_PRINT_LOCATIONS, &text));
  options.target = "abacus";
  SHOW("target", capstan_module_compile(module, &options, argv[1], &text));
  options.target = "host";
  options.less_optimization = 3;
  SHOW("compile", capstan_module_compile(module, &options, argv[1], &text));
  options.linker = "/nowhere/cc";
  SHOW("no linker", capstan_module_compile(module, &options, argv[1], &text));
  capstan_module_destroy(module);
  SHOW("models", capstan_add_op_models("/nowhere/models.mlir"));
  SHOW("parse with them",
       capstan_module_parse(IR, strlen(IR), NULL, &module, &text));
  return 0;
}

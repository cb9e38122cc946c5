/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/* A module that no runtime takes; CMakeLists.txt says what is wrong with it. */

#include "capstan_rt/compiled.h"

#ifndef ABI_VERSION
#define ABI_VERSION CAPSTAN_RT_ABI_VERSION
#endif
#ifndef TARGET
#define TARGET "host"
#endif
#ifndef SIZE
#define SIZE sizeof(capstan_rt_module_info)
#endif
#ifndef SYMBOL
#define SYMBOL capstan_module
#endif

const capstan_rt_module_info SYMBOL = {SIZE,      ABI_VERSION, TARGET,
                                       "by hand", 0,           0};

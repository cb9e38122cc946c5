/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/* Every public header is C, and needs no other before it. */
#include "capstan_rt/attention.h"
#include "capstan_rt/buffer.h"
#include "capstan_rt/comm.h"
#include "capstan_rt/compiled.h"
#include "capstan_rt/counters.h"
#include "capstan_rt/device.h"
#include "capstan_rt/gemm.h"
#include "capstan_rt/graph.h"
#include "capstan_rt/module.h"
#include "capstan_rt/status.h"
#include "capstan_rt/stream.h"

#include "capstan_rt/capstan_rt.h"

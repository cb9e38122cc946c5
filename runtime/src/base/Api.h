//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The public headers, as the runtime's own sources include them: they carry no
// attributes, and what they declare is exported.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_API_H
#define CAPSTAN_RT_BASE_API_H

#pragma GCC visibility push(default)
#include "capstan_rt/capstan_rt.h"
#pragma GCC visibility pop

namespace capstan::rt {
using Device = ::capstan_rt_device;
using Stream = ::capstan_rt_stream;
using Event = ::capstan_rt_event;
using Buffer = ::capstan_rt_buffer;
using Module = ::capstan_rt_module;
using Function = ::capstan_rt_function;
using Graph = ::capstan_rt_graph;
using Comm = ::capstan_rt_comm;
using Forward = ::capstan_rt_forward;
using Fetch = ::capstan_rt_fetch;
} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_API_H

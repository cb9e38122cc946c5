//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Work that becomes a part of a graph which somebody else captures.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_OWNERCAPTURE_H
#define CAPSTAN_RT_CUDA_OWNERCAPTURE_H

#include "cuda/CudaDevice.h"

namespace capstan::rt {

/// Keeps an object as long as the graph, and what is made of it, lives.
void keepInGraph(CudaDevice &device, CUgraph graph, Ref<RefCounted> object);

/// Lets go of what such graphs have kept: where the driver says that a graph
/// has ended, nothing of it may be called. The context is the current one of no
/// device in particular.
void releaseEndedGraphs();

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_OWNERCAPTURE_H

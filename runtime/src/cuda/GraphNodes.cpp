//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/GraphNodes.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace capstan::rt;

/// Changing one more node would cost the host more than the copy of an input.
static constexpr int64_t mostNodes = 4;

CUgraphNode GraphNodes::last(CUstream stream) const {
  CUstreamCaptureStatus status;
  const CUgraphNode *nodes = nullptr;
  size_t count = 0;
  if (device.driver().cuStreamGetCaptureInfo(stream, &status, nullptr, nullptr,
                                             &nodes, &count) ||
      count != 1)
    return nullptr;
  return nodes[0];
}

CUresult capstan::rt::listNodes(decltype(Driver::cuGraphGetNodes) list,
                                CUgraph graph,
                                std::vector<CUgraphNode> &nodes) {
  size_t count = 0;
  if (CUresult result = list(graph, nullptr, &count))
    return result;
  nodes.resize(count);
  return list(graph, nodes.data(), &count);
}

CUresult capstan::rt::putFirst(const Driver &cu, CUgraph graph,
                               CUgraphNode node) {
  std::vector<CUgraphNode> roots;
  if (CUresult result = listNodes(cu.cuGraphGetRootNodes, graph, roots))
    return result;
  roots.erase(std::remove(roots.begin(), roots.end(), node), roots.end());
  std::vector<CUgraphNode> from(roots.size(), node);
  return roots.empty() ? CUDA_SUCCESS
                       : cu.cuGraphAddDependencies(graph, from.data(),
                                                   roots.data(), roots.size());
}

bool GraphNodes::isMemset(CUgraphNode node) const {
  CUgraphNodeType type;
  return !device.driver().cuGraphNodeGetType(node, &type) &&
         type == CU_GRAPH_NODE_TYPE_MEMSET;
}

bool GraphNodes::readFill(CUgraphNode memset, Fill &fill) const {
  CUDA_MEMSET_NODE_PARAMS set;
  if (device.driver().cuGraphMemsetNodeGetParams(memset, &set) ||
      set.height != 1)
    return false;
  fill = {set.dst, set.width * set.elementSize, set.value, set.elementSize};
  return true;
}

/// The one node that `list` has for a node; null if there are none, several, or
/// edges of a newer kind.
template <typename List>
static CUgraphNode onlyOf(List list, CUgraphNode node) {
  CUgraphNode only = nullptr;
  size_t count = 0;
  if (list(node, nullptr, &count) || count != 1 || list(node, &only, &count))
    return nullptr;
  return only;
}

static bool overlap(const RuntimeKernels::Fill &a,
                    const RuntimeKernels::Fill &b) {
  return a.memory < b.memory + b.bytes && b.memory < a.memory + a.bytes;
}

CUresult GraphNodes::takeFills(CUgraph graph, const Call &call,
                               std::vector<Fill> &fills) {
  const Driver &cu = device.driver();
  auto after = cu.cuGraphNodeGetDependentNodes;
  auto before = cu.cuGraphNodeGetDependencies;
  size_t first = fills.size();
  CUgraphNode previous = call.before;
  while (previous) {
    CUgraphNode node = onlyOf(after, previous);
    CUgraphNode next = node ? onlyOf(after, node) : nullptr;
    // Nothing is done to a graph that isn't a chain here.
    Fill fill;
    if (!next || !isMemset(node) || onlyOf(before, node) != previous ||
        onlyOf(before, next) != node || !readFill(node, fill))
      break;
    // Nothing else of the call has written there yet.
    if (fill.memory < call.memory ||
        fill.memory + fill.bytes > call.memory + call.bytes ||
        std::any_of(fills.begin() + first, fills.end(),
                    [&](const Fill &each) { return overlap(each, fill); }))
      break;
    if (CUresult result = cu.cuGraphAddDependencies(graph, &previous, &next, 1))
      return result;
    if (CUresult result = cu.cuGraphDestroyNode(node))
      return result;
    for (Call &each : calls)
      if (each.before == node)
        each.before = previous;
    fills.push_back(fill);
  }
  return CUDA_SUCCESS;
}

CUresult GraphNodes::replaceByKernel(CUgraph graph, CUgraphNode memset) const {
  const Driver &cu = device.driver();
  size_t numBefore = 0, numAfter = 0;
  // Edges of newer kinds aren't told here.
  if (cu.cuGraphNodeGetDependencies(memset, nullptr, &numBefore) ||
      cu.cuGraphNodeGetDependentNodes(memset, nullptr, &numAfter))
    return CUDA_SUCCESS;
  std::vector<CUgraphNode> before(numBefore), after(numAfter);
  if (cu.cuGraphNodeGetDependencies(memset, before.data(), &numBefore) ||
      cu.cuGraphNodeGetDependentNodes(memset, after.data(), &numAfter))
    return CUDA_SUCCESS;
  Fill set;
  CUgraphNode fill;
  if (!readFill(memset, set) || device.kernels.fillNode(graph, &set, 1, fill))
    return CUDA_SUCCESS;
  std::vector<CUgraphNode> toFill(numBefore, fill), fromFill(numAfter, fill);
  if (CUresult result = cu.cuGraphAddDependencies(graph, before.data(),
                                                  toFill.data(), numBefore))
    return result;
  if (CUresult result = cu.cuGraphAddDependencies(graph, fromFill.data(),
                                                  after.data(), numAfter))
    return result;
  return cu.cuGraphDestroyNode(memset);
}

CUresult GraphNodes::fillByKernels(CUgraph graph) {
  const Driver &cu = device.driver();
  std::vector<Fill> fills;
  for (size_t i = 0; i < calls.size(); ++i)
    if (CUresult result = takeFills(graph, calls[i], fills))
      return result;
  for (size_t i = 0; i < fills.size(); i += RuntimeKernels::mostFills) {
    size_t count = std::min(fills.size() - i, RuntimeKernels::mostFills);
    CUgraphNode node;
    if (CUresult result =
            device.kernels.fillNode(graph, &fills[i], count, node))
      return result;
    if (CUresult result = putFirst(cu, graph, node))
      return result;
  }
  std::vector<CUgraphNode> nodes;
  if (CUresult result = listNodes(cu.cuGraphGetNodes, graph, nodes))
    return result;
  for (CUgraphNode node : nodes)
    if (isMemset(node))
      if (CUresult result = replaceByKernel(graph, node))
        return result;
  return CUDA_SUCCESS;
}

void GraphNodes::addKernel(CUstream stream, const CudaKernel &kernel) {
  if (kernel.info.address_arguments)
    kernels.push_back({last(stream), &kernel, {}, {}, {}});
  else
    hides = true;
}

bool GraphNodes::look(Kernel &kernel) {
  if (!kernel.node || device.driver().cuGraphKernelNodeGetParams(
                          kernel.node, &kernel.parameters))
    return false;
  const capstan_rt_gpu_kernel_info &info = kernel.kernel->info;
  void **recorded = kernel.parameters.kernelParams;
  if (!recorded)
    return false;
  kernel.arguments.assign(recorded, recorded + info.num_arguments);
  kernel.values.resize(info.num_arguments);
  for (int32_t i = 0; i < info.num_arguments; ++i)
    if (info.address_arguments >> i & 1) {
      memcpy(&kernel.values[i], recorded[i], sizeof(CUdeviceptr));
      kernel.arguments[i] = &kernel.values[i];
    }
  kernel.parameters.kernelParams = kernel.arguments.data();
  return true;
}

bool GraphNodes::look() {
  if (looked)
    return true;
  for (Kernel &kernel : kernels)
    if (!look(kernel))
      return false;
  for (Copy &copy : copies)
    if (!copy.node ||
        device.driver().cuGraphMemcpyNodeGetParams(copy.node, &copy.parameters))
      return false;
  looked = true;
  return true;
}

bool GraphNodes::uses(const Kernel &kernel, const Range &range) {
  return std::any_of(kernel.values.begin(), kernel.values.end(),
                     [&](CUdeviceptr each) { return range.has(each); });
}

bool GraphNodes::uses(const Copy &copy, const Range &range) {
  return range.has(copy.parameters.srcDevice) ||
         range.has(copy.parameters.dstDevice);
}

bool GraphNodes::move(CUgraphExec exec, Kernel &kernel, const Range &range) {
  for (CUdeviceptr &address : kernel.values)
    range.move(address);
  return !device.driver().cuGraphExecKernelNodeSetParams(exec, kernel.node,
                                                         &kernel.parameters);
}

bool GraphNodes::move(CUgraphExec exec, Copy &copy, const Range &range) {
  range.move(copy.parameters.srcDevice);
  range.move(copy.parameters.dstDevice);
  return !device.driver().cuGraphExecMemcpyNodeSetParams(
      exec, copy.node, &copy.parameters, device.context());
}

bool GraphNodes::move(CUgraphExec exec, const void *from, int64_t bytes,
                      const void *to) {
  Range range = {reinterpret_cast<CUdeviceptr>(from), CUdeviceptr(bytes),
                 reinterpret_cast<CUdeviceptr>(to)};
  auto inRange = [&](const auto &node) { return uses(node, range); };
  if (hides || !look() ||
      std::count_if(kernels.begin(), kernels.end(), inRange) +
              std::count_if(copies.begin(), copies.end(), inRange) >
          mostNodes)
    return false;
  for (Kernel &kernel : kernels)
    if (uses(kernel, range) && !move(exec, kernel, range))
      return false;
  for (Copy &copy : copies)
    if (uses(copy, range) && !move(exec, copy, range))
      return false;
  return true;
}

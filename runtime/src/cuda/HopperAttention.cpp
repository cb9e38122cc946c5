//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/HopperAttention.h"
#include "base/Dtype.h"
#include "cuda/CudaCode.h"
#include "cuda/CudaDevice.h"

#include <algorithm>

using namespace capstan::rt;
using namespace capstan::rt::varlen;

static constexpr const char *op = "varlen_attention";

#ifdef CAPSTAN_RT_HAS_HOPPER_KERNELS
static constexpr bool built = true;
static constexpr const char tilesCode[] =
#include "VarlenTiles.ptx.inc"
    ;
static constexpr const char bf16Code64[] =
#include "VarlenAttention_bf16_64.ptx.inc"
    ;
static constexpr const char bf16Code128[] =
#include "VarlenAttention_bf16_128.ptx.inc"
    ;
static constexpr const char f16Code64[] =
#include "VarlenAttention_f16_64.ptx.inc"
    ;
static constexpr const char f16Code128[] =
#include "VarlenAttention_f16_128.ptx.inc"
    ;
#else
static constexpr bool built = false;
static constexpr const char *tilesCode = nullptr, *bf16Code64 = nullptr,
                            *bf16Code128 = nullptr, *f16Code64 = nullptr,
                            *f16Code128 = nullptr;
#endif

static constexpr const char *attentionCode[2][2] = {{bf16Code64, bf16Code128},
                                                    {f16Code64, f16Code128}};

void HopperAttention::open() {
  int major = 0, minor = 0;
  const Driver &cu = device.driver();
  cu.cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                          device.gpu());
  cu.cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                          device.gpu());
  hopper = built && major == 9 && minor == 0;
}

void HopperAttention::unload() {
  auto unload = [&](Kernel &kernel) {
    if (kernel.module)
      Captures::unloadLast(device.driver(), kernel.module);
  };
  unload(tiles);
  for (auto &ofType : attention)
    for (Kernel &kernel : ofType)
      unload(kernel);
}

static int64_t tokensOfTile(const capstan_rt_attention_desc &d) {
  return rowsInTile / (d.heads_q / d.heads_k);
}

/// No more tiles than these are in any batch.
static int64_t mostTiles(const capstan_rt_attention_desc &d) {
  int64_t tokens = tokensOfTile(d);
  return (d.tokens_q + tokens - 1) / tokens + d.documents;
}

bool HopperAttention::supports(const capstan_rt_attention_desc &d,
                               const AttentionArguments &a) const {
  Scalar scalar = scalarOf(d.dtype);
  if (!hopper || (scalar != Scalar::BF16 && scalar != Scalar::F16))
    return false;
  if (d.head_dim != d.head_dim_v || d.head_dim > 128 || d.head_dim % 8 ||
      d.heads_q > d.heads_k * rowsInTile)
    return false;
  // The largest score is that of the largest product.
  if (!(static_cast<float>(d.scale) > 0))
    return false;
  // Pieces of 16 bytes.
  if ((d.stride_q | d.stride_k | d.stride_v) % 8)
    return false;
  for (const void *each : {a.q, a.k, a.v, static_cast<const void *>(a.out)})
    if (reinterpret_cast<uintptr_t>(each) % 16)
      return false;
  return std::max(d.tokens_q, d.tokens_k) < unbounded &&
         mostTiles(d) * d.heads_k < INT32_MAX;
}

int32_t HopperAttention::load(const char *code, const char *name,
                              unsigned sharedBytes, Kernel &kernel) {
  std::lock_guard<std::mutex> lock(mutex);
  if (kernel.function)
    return CAPSTAN_RT_OK;
  Relaxed relaxed(device);
  if (!kernel.module)
    CAPSTAN_RT_TRY(loadGpuModule(device, op, code, kernel.module));
  CUfunction function;
  CAPSTAN_CUDA_TRY(device, op, cuModuleGetFunction, &function, kernel.module,
                   name);
  CAPSTAN_CUDA_TRY(device, op, cuFuncSetAttribute, function,
                   CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                   sharedBytes);
  kernel.function = function;
  return CAPSTAN_RT_OK;
}

int64_t HopperAttention::tableBytes(const capstan_rt_attention_desc &d) {
  return mostTiles(d) * sizeof(Tile) + (d.documents + 1) * sizeof(int32_t);
}

/// Bounds of the window; as wide as can be where there is none.
static void boundsOf(const capstan_rt_attention_desc &d, int &left,
                     int &right) {
  auto bound = [](int64_t given) {
    return given < 0 ? unbounded
                     : static_cast<int>(std::min<int64_t>(given, unbounded));
  };
  left = bound(d.window_left);
  right = d.causal ? 0 : bound(d.window_right);
}

int32_t HopperAttention::fillTable(const capstan_rt_attention_desc &d,
                                   const AttentionArguments &arguments,
                                   const int32_t *lengthsQ,
                                   const int32_t *lengthsK, void *table,
                                   CUstream stream) {
  CAPSTAN_RT_TRY(load(tilesCode, "capstan_attention_tiles", 0, tiles));
  int64_t most = mostTiles(d);
  auto *all = static_cast<Tile *>(table);
  Tiles args = {arguments.cuSeqlensQ,
                arguments.cuSeqlensK,
                lengthsQ,
                lengthsK,
                all,
                reinterpret_cast<int *>(all + most),
                static_cast<int>(d.documents),
                static_cast<int>(most),
                static_cast<int>(tokensOfTile(d)),
                /*left=*/0,
                /*right=*/0};
  boundsOf(d, args.left, args.right);
  void *parameters[] = {&args};
  CAPSTAN_CUDA_TRY(device, op, cuLaunchKernel, tiles.function, 1, 1, 1,
                   threadsOfTiles, 1, 1, 0, stream, parameters, nullptr);
  return CAPSTAN_RT_OK;
}

int32_t HopperAttention::run(const capstan_rt_attention_desc &d,
                             const AttentionArguments &a, const void *table,
                             CUstream stream) {
  bool isHalf = scalarOf(d.dtype) == Scalar::F16, isWide = d.head_dim > 64;
  // A tile of queries, two of keys, and one of values.
  unsigned bytes = (rowsInTile + 3 * keysInTile) * (isWide ? 128 : 64) * 2;
  Kernel &kernel = attention[isHalf][isWide];
  CAPSTAN_RT_TRY(
      load(attentionCode[isHalf][isWide], "capstan_attention", bytes, kernel));
  int64_t group = d.heads_q / d.heads_k;
  Attention args = {static_cast<const char *>(a.q),
                    static_cast<const char *>(a.k),
                    static_cast<const char *>(a.v),
                    static_cast<char *>(a.out),
                    a.logsumexp,
                    static_cast<const Tile *>(table),
                    d.stride_q * 2,
                    d.stride_k * 2,
                    d.stride_v * 2,
                    d.heads_q * d.head_dim * 2,
                    d.tokens_q,
                    static_cast<int>(d.heads_k),
                    static_cast<int>(group),
                    static_cast<int>((65536 + group - 1) / group),
                    static_cast<int>(d.head_dim),
                    /*left=*/0,
                    /*right=*/0,
                    static_cast<float>(d.scale),
                    static_cast<float>(d.scale * 1.4426950408889634)};
  boundsOf(d, args.left, args.right);
  void *parameters[] = {&args};
  CUlaunchAttribute early = {};
  early.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
  early.value.programmaticStreamSerializationAllowed = 1;
  CUlaunchConfig config = {};
  config.gridDimX = mostTiles(d) * d.heads_k;
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = threadsOfAttention;
  config.blockDimY = config.blockDimZ = 1;
  config.sharedMemBytes = bytes;
  config.hStream = stream;
  config.attrs = &early;
  config.numAttrs = 1;
  CUresult result = device.driver().cuLaunchKernelEx(&config, kernel.function,
                                                     parameters, nullptr);
  return result ? device.failed(result, "cuLaunchKernelEx", {op, d.location})
                : int32_t(CAPSTAN_RT_OK);
}

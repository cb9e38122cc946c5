//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What libcapstan_cudnn.so has for the runtime: cuDNN's attention over packed
// documents. A library of its own, so that the runtime needs neither cuDNN's
// headers nor exceptions, which cudnn-frontend has.
//
// A function that fails returns false and puts why into `message`, of
// capstan_cudnn_message_bytes. Calls with one handle exclude each other.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDNN_SDPA_H
#define CAPSTAN_RT_CUDNN_SDPA_H

#include <cstdint>

extern "C" {

constexpr int capstan_cudnn_message_bytes = 512;

struct capstan_cudnn;
struct capstan_cudnn_plan;

/// What a plan is made for. Tensors are tokens, `stride*` elements apart, of
/// heads of elements; a document's tokens start where its offset says, in
/// elements.
struct capstan_cudnn_sdpa {
  int32_t isBFloat; // else f16
  int32_t bottomRight, hasLogsumexp;
  /// Offsets are of 64 bits, else of 32. Lengths are of 32 bits.
  int32_t wideOffsets;
  int64_t documents, longestQ, longestK;
  int64_t headsQ, headsK, dim, dimV;
  int64_t strideQ, strideK, strideV;
  /// Keys before and after the diagonal; -1: all.
  int64_t windowLeft, windowRight;
  /// Between heads of the logsumexp; 0 without one.
  int64_t logsumexpStride;
  double scale;
};

/// All on the device: `documents` lengths, one more offset.
struct capstan_cudnn_tensors {
  const void *q, *k, *v;
  const int32_t *lengthsQ, *lengthsK;
  const void *offsetsQ, *offsetsK, *offsetsV, *offsetsO, *offsetsLogsumexp;
  void *out;
  float *logsumexp;
};

/// \param[in] library   cuDNN, as dlopen gave it; stays loaded
/// \param[out] version  such as 91900
bool capstan_cudnn_open(void *library, capstan_cudnn **handle, int64_t *version,
                        char *message);
void capstan_cudnn_close(capstan_cudnn *handle);

/// Chooses and builds cuDNN's kernel, which takes 0.1 to 1.7 s.
/// \param[out] workspace   bytes of device memory that a run needs
bool capstan_cudnn_plan_sdpa(capstan_cudnn *handle,
                             const capstan_cudnn_sdpa *sdpa,
                             capstan_cudnn_plan **plan, int64_t *workspace,
                             char *message);
void capstan_cudnn_plan_release(capstan_cudnn_plan *plan);

/// Enqueues a run on a CUstream.
bool capstan_cudnn_run(capstan_cudnn *handle, const capstan_cudnn_plan *plan,
                       const capstan_cudnn_tensors *tensors, void *workspace,
                       void *stream, char *message);
}

#endif // CAPSTAN_RT_CUDNN_SDPA_H

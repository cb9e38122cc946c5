//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cudnn/Sdpa.h"

#include <cudnn_frontend.h>

#include <cstdio>

namespace fe = cudnn_frontend;

// Where cudnn-frontend looks for cuDNN's functions.
namespace cudnn_frontend {
void *cudnn_dlhandle = nullptr;
}

struct capstan_cudnn {
  cudnnHandle_t handle = nullptr;
};

struct capstan_cudnn_plan {
  fe::graph::Graph graph;
  bool hasLogsumexp = false;
};

namespace {
enum Tensor : int64_t {
  Q = 1,
  K,
  V,
  Out,
  Logsumexp,
  LengthsQ,
  LengthsK,
  OffsetsQ,
  OffsetsK,
  OffsetsV,
  OffsetsO,
  OffsetsLogsumexp
};
} // namespace

static bool failed(char *message, const char *function, const char *why) {
  snprintf(message, capstan_cudnn_message_bytes, "%s: %s", function, why);
  return false;
}

/// Runs code of cudnn-frontend, which may throw.
template <typename Code> static bool guarded(char *message, Code &&code) {
  try {
    return code();
  } catch (const std::exception &thrown) {
    return failed(message, "cudnn-frontend", thrown.what());
  }
}

bool capstan_cudnn_open(void *library, capstan_cudnn **result, int64_t *version,
                        char *message) {
  return guarded(message, [&] {
    fe::cudnn_dlhandle = library;
    *version = static_cast<int64_t>(fe::detail::get_backend_version());
    auto opened = std::make_unique<capstan_cudnn>();
    if (cudnnStatus_t status = fe::detail::create_handle(&opened->handle))
      return failed(message, "cudnnCreate",
                    fe::detail::get_error_string(status));
    *result = opened.release();
    return true;
  });
}

void capstan_cudnn_close(capstan_cudnn *handle) {
  fe::detail::destroy_handle(handle->handle);
  delete handle;
}

static void describe(fe::graph::Graph &graph, const capstan_cudnn_sdpa &d) {
  using fe::graph::Tensor_attributes;
  graph
      .set_io_data_type(d.isBFloat ? fe::DataType_t::BFLOAT16
                                   : fe::DataType_t::HALF)
      .set_intermediate_data_type(fe::DataType_t::FLOAT)
      .set_compute_data_type(fe::DataType_t::FLOAT);
  auto numbers = [&](int64_t id, int64_t count, bool wide) {
    return graph.tensor(Tensor_attributes()
                            .set_uid(id)
                            .set_dim({count, 1, 1, 1})
                            .set_stride({1, 1, 1, 1})
                            .set_data_type(wide ? fe::DataType_t::INT64
                                                : fe::DataType_t::INT32));
  };
  auto lengths = [&](int64_t id) { return numbers(id, d.documents, false); };
  auto offsets = [&](int64_t id) {
    return numbers(id, d.documents + 1, d.wideOffsets);
  };
  auto packed = [&](Tensor_attributes attributes, int64_t id, int64_t heads,
                    int64_t longest, int64_t dim, int64_t stride,
                    int64_t offsetsId) {
    return attributes.set_uid(id)
        .set_dim({d.documents, heads, longest, dim})
        .set_stride({stride * longest, dim, stride, 1})
        .set_ragged_offset(offsets(offsetsId));
  };
  auto input = [&](int64_t id, int64_t heads, int64_t longest, int64_t dim,
                   int64_t stride, int64_t offsetsId) {
    return graph.tensor(packed(Tensor_attributes(), id, heads, longest, dim,
                               stride, offsetsId));
  };

  auto options = fe::graph::SDPA_attributes()
                     .set_generate_stats(d.hasLogsumexp)
                     .set_attn_scale(static_cast<float>(d.scale))
                     .set_padding_mask(true)
                     .set_seq_len_q(lengths(LengthsQ))
                     .set_seq_len_kv(lengths(LengthsK))
                     .set_diagonal_alignment(
                         d.bottomRight ? fe::DiagonalAlignment_t::BOTTOM_RIGHT
                                       : fe::DiagonalAlignment_t::TOP_LEFT);
  // cuDNN's bound on the left excludes itself.
  if (d.windowLeft >= 0)
    options.set_diagonal_band_left_bound(static_cast<int>(d.windowLeft) + 1);
  if (d.windowRight >= 0)
    options.set_diagonal_band_right_bound(static_cast<int>(d.windowRight));
  auto [out, stats] = graph.sdpa(
      input(Q, d.headsQ, d.longestQ, d.dim, d.strideQ, OffsetsQ),
      input(K, d.headsK, d.longestK, d.dim, d.strideK, OffsetsK),
      input(V, d.headsK, d.longestK, d.dimV, d.strideV, OffsetsV), options);
  *out = packed(*out, Out, d.headsQ, d.longestQ, d.dimV, d.headsQ * d.dimV,
                OffsetsO)
             .set_output(true);
  if (d.hasLogsumexp)
    stats->set_output(true)
        .set_uid(Logsumexp)
        .set_data_type(fe::DataType_t::FLOAT)
        .set_dim({d.documents, d.headsQ, d.longestQ, 1})
        .set_stride({d.headsQ * d.logsumexpStride, d.logsumexpStride, 1, 1})
        .set_ragged_offset(offsets(OffsetsLogsumexp));
}

bool capstan_cudnn_plan_sdpa(capstan_cudnn *handle,
                             const capstan_cudnn_sdpa *sdpa,
                             capstan_cudnn_plan **result, int64_t *workspace,
                             char *message) {
  return guarded(message, [&] {
    auto plan = std::make_unique<capstan_cudnn_plan>();
    plan->hasLogsumexp = sdpa->hasLogsumexp;
    describe(plan->graph, *sdpa);
    auto status = plan->graph.build(handle->handle, {fe::HeurMode_t::A});
    if (status.is_good())
      status = plan->graph.get_workspace_size(*workspace);
    if (status.is_bad())
      return failed(message, "cuDNN's attention", status.get_message().c_str());
    *result = plan.release();
    return true;
  });
}

void capstan_cudnn_plan_release(capstan_cudnn_plan *plan) { delete plan; }

bool capstan_cudnn_run(capstan_cudnn *handle, const capstan_cudnn_plan *plan,
                       const capstan_cudnn_tensors *t, void *workspace,
                       void *stream, char *message) {
  return guarded(message, [&] {
    if (cudnnStatus_t status = fe::detail::set_stream(
            handle->handle, static_cast<cudaStream_t>(stream)))
      return failed(message, "cudnnSetStream",
                    fe::detail::get_error_string(status));
    auto address = [](const void *memory) {
      return const_cast<void *>(memory);
    };
    std::unordered_map<int64_t, void *> tensors = {
        {Q, address(t->q)},
        {K, address(t->k)},
        {V, address(t->v)},
        {Out, t->out},
        {LengthsQ, address(t->lengthsQ)},
        {LengthsK, address(t->lengthsK)},
        {OffsetsQ, address(t->offsetsQ)},
        {OffsetsK, address(t->offsetsK)},
        {OffsetsV, address(t->offsetsV)},
        {OffsetsO, address(t->offsetsO)}};
    if (plan->hasLogsumexp) {
      tensors[Logsumexp] = t->logsumexp;
      tensors[OffsetsLogsumexp] = address(t->offsetsLogsumexp);
    }
    auto status = plan->graph.execute(handle->handle, tensors, workspace);
    return status.is_good() ||
           failed(message, "cuDNN's attention", status.get_message().c_str());
  });
}

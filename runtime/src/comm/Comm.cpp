//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "comm/LocalGroup.h"

#include <cstring>

using namespace capstan::rt;

struct capstan_rt_comm : RefCounted {
  Ref<LocalGroup> group;
  int32_t rank;
};

namespace {
class Collect final : public Callback {
public:
  Collect(Ref<LocalGroup> group, int32_t rank, const CollectiveKey &key,
          const void *source, void *destination)
      : group(std::move(group)), rank(rank), key(key), source(source),
        destination(destination) {}
  MaybeError run() override {
    return group->run(rank, key, source, destination);
  }

private:
  Ref<LocalGroup> group;
  int32_t rank;
  CollectiveKey key;
  const void *source;
  void *destination;
};
} // namespace

void capstan_rt_comm_config_init(capstan_rt_comm_config *config) {
  if (config)
    *config = {sizeof(*config), CAPSTAN_RT_COMM_CONFIG_VERSION, /*ranks=*/1,
               /*timeout_ms=*/600000};
}

int32_t capstan_rt_comm_create_local(const capstan_rt_comm_config *config,
                                     capstan_rt_comm **comms) {
  const char *op = "comm_create_local";
  capstan_rt_comm_config defaults;
  capstan_rt_comm_config_init(&defaults);
  if (!config)
    config = &defaults;
  if (config->size != defaults.size || config->version != defaults.version)
    return fail(CAPSTAN_RT_INCOMPATIBLE, {op},
                format("a configuration of version %u and %u bytes",
                       config->version, config->size));
  if (!comms || config->ranks < 1 || config->timeout_ms < 0)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "null pointer, no rank, or a negative timeout");
  auto group =
      Ref<LocalGroup>::adopt(new LocalGroup(config->ranks, config->timeout_ms));
  for (int32_t rank = 0; rank < config->ranks; ++rank) {
    comms[rank] = new Comm;
    comms[rank]->group = group;
    comms[rank]->rank = rank;
  }
  return CAPSTAN_RT_OK;
}

void capstan_rt_comm_retain(capstan_rt_comm *comm) { retainHandle(comm); }

void capstan_rt_comm_release(capstan_rt_comm *comm) { releaseHandle(comm); }

int32_t capstan_rt_comm_rank(const capstan_rt_comm *comm) {
  return comm ? comm->rank : -1;
}

int32_t capstan_rt_comm_size(const capstan_rt_comm *comm) {
  return comm ? comm->group->ranks() : 0;
}

static int32_t enqueue(const char *op, Counter counter, Comm *comm,
                       Stream *stream, const CollectiveKey &key,
                       const void *source, void *destination) {
  if (!comm || !stream || key.count < 0 ||
      (key.count && (!source || !destination)))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "null pointer, or a negative count");
  if (key.reduction != CAPSTAN_RT_SUM && key.reduction != CAPSTAN_RT_MAX)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, "unknown reduction");
  Scalar type = scalarOf(key.dtype);
  if (type == Scalar::Other || type == Scalar::F8E4M3FN)
    return fail(CAPSTAN_RT_UNSUPPORTED, {op},
                format("collectives of %s are not supported",
                       nameOf(key.dtype).c_str()));
  if (strcmp(stream->device->target(), "host"))
    return fail(CAPSTAN_RT_UNSUPPORTED, {op, nullptr, stream->device->name()},
                "local communicators are for memory of the host");
  CAPSTAN_RT_TRY(stream->refuseInCapture(op, "a local collective"));
  stream->device->counters.add(counter);
  return stream->callback(op,
                          std::make_unique<Collect>(comm->group, comm->rank,
                                                    key, source, destination));
}

int32_t capstan_rt_all_gather(capstan_rt_comm *comm, capstan_rt_stream *stream,
                              const void *source, void *destination,
                              int64_t count, capstan_rt_dtype dtype) {
  return enqueue("all_gather", Counter::all_gathers, comm, stream,
                 {Collective::AllGather, dtype, CAPSTAN_RT_SUM, count}, source,
                 destination);
}

int32_t capstan_rt_reduce_scatter(capstan_rt_comm *comm,
                                  capstan_rt_stream *stream, const void *source,
                                  void *destination, int64_t count,
                                  capstan_rt_dtype dtype, int32_t reduction) {
  return enqueue("reduce_scatter", Counter::reduce_scatters, comm, stream,
                 {Collective::ReduceScatter, dtype, reduction, count}, source,
                 destination);
}

int32_t capstan_rt_all_reduce(capstan_rt_comm *comm, capstan_rt_stream *stream,
                              const void *source, void *destination,
                              int64_t count, capstan_rt_dtype dtype,
                              int32_t reduction) {
  return enqueue("all_reduce", Counter::all_reduces, comm, stream,
                 {Collective::AllReduce, dtype, reduction, count}, source,
                 destination);
}

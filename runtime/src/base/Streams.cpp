//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Streams, events and graphs: checks of arguments; backends do the rest.
//
//===----------------------------------------------------------------------===//

#include "base/Backend.h"

using namespace capstan::rt;

int32_t capstan_rt_stream_create(capstan_rt_device *device,
                                 capstan_rt_stream **stream) {
  if (stream)
    *stream = nullptr;
  if (!device || !stream)
    return nullPointer("stream_create");
  return device->createStream(stream);
}

int32_t capstan_rt_stream_wrap(capstan_rt_device *device, void *native,
                               capstan_rt_stream **stream) {
  if (stream)
    *stream = nullptr;
  if (!device || !stream)
    return nullPointer("stream_wrap");
  return device->wrapStream(native, stream);
}

void *capstan_rt_stream_native(capstan_rt_stream *stream) {
  return stream ? stream->native() : nullptr;
}

void capstan_rt_stream_retain(capstan_rt_stream *stream) {
  retainHandle(stream);
}
void capstan_rt_stream_release(capstan_rt_stream *stream) {
  releaseHandle(stream);
}

int32_t capstan_rt_stream_synchronize(capstan_rt_stream *stream) {
  if (!stream)
    return nullPointer("stream_synchronize");
  CAPSTAN_RT_TRY(
      stream->refuseInCapture("stream_synchronize", "a synchronization"));
  return stream->synchronize();
}

int32_t capstan_rt_stream_query(capstan_rt_stream *stream, int32_t *done) {
  if (!stream || !done)
    return nullPointer("stream_query");
  CAPSTAN_RT_TRY(stream->refuseInCapture("stream_query", "a query"));
  *done = stream->query();
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_event_create(capstan_rt_device *device,
                                capstan_rt_event **event) {
  if (event)
    *event = nullptr;
  if (!device || !event)
    return nullPointer("event_create");
  return device->createEvent(event);
}

void capstan_rt_event_retain(capstan_rt_event *event) { retainHandle(event); }
void capstan_rt_event_release(capstan_rt_event *event) { releaseHandle(event); }

static int32_t checkEvent(const char *op, capstan_rt_event *event,
                          capstan_rt_stream *stream) {
  if (!event || !stream)
    return nullPointer(op);
  if (event->device.get() != stream->device.get())
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "event and stream are of different devices");
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_event_record(capstan_rt_event *event,
                                capstan_rt_stream *stream) {
  CAPSTAN_RT_TRY(checkEvent("event_record", event, stream));
  CAPSTAN_RT_TRY(stream->refuseInCapture("event_record", "an event"));
  return stream->record(*event);
}

int32_t capstan_rt_stream_wait_event(capstan_rt_stream *stream,
                                     capstan_rt_event *event) {
  CAPSTAN_RT_TRY(checkEvent("stream_wait_event", event, stream));
  CAPSTAN_RT_TRY(stream->refuseInCapture("stream_wait_event", "an event"));
  return stream->wait(*event);
}

int32_t capstan_rt_event_synchronize(capstan_rt_event *event) {
  return event ? event->synchronize() : nullPointer("event_synchronize");
}

int32_t capstan_rt_event_query(capstan_rt_event *event, int32_t *done) {
  if (!event || !done)
    return nullPointer("event_query");
  *done = event->query();
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_capture_begin(capstan_rt_stream *stream) {
  return stream ? stream->beginCapture(nullptr, {})
                : nullPointer("capture_begin");
}

int32_t capstan_rt_capture_end(capstan_rt_stream *stream,
                               capstan_rt_graph **graph) {
  if (graph)
    *graph = nullptr;
  if (!stream || !graph)
    return nullPointer("capture_end");
  bool capturing = stream->capturing();
  int32_t code = stream->endCapture(graph);
  if (capturing)
    stream->device->counters.add(code ? Counter::fallbacks_capture
                                      : Counter::graph_captures);
  return code;
}

void capstan_rt_graph_retain(capstan_rt_graph *graph) { retainHandle(graph); }
void capstan_rt_graph_release(capstan_rt_graph *graph) { releaseHandle(graph); }

int32_t capstan_rt_graph_launch(capstan_rt_graph *graph,
                                capstan_rt_stream *stream) {
  const char *op = "graph_launch";
  if (!graph || !stream)
    return nullPointer(op);
  if (&graph->device() != stream->device.get())
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "graph and stream are of different devices");
  CAPSTAN_RT_TRY(stream->refuseInCapture(op, "another graph"));
  graph->countReplay();
  return stream->replay(*graph, nullptr, {});
}

int32_t capstan_rt_graph_get_info(const capstan_rt_graph *graph,
                                  capstan_rt_graph_info *info) {
  if (!graph || !info || info->size != sizeof(*info))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"graph_get_info"},
                "null pointer, or a struct of unknown size");
  info->nodes = graph->nodes();
  info->bytes = graph->bytes();
  return CAPSTAN_RT_OK;
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The mutants: modules as a wrong compiler would make them. The backend has to
// make them visibly wrong, every time.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;

namespace {
class MutantTest : public Conformance {
protected:
  /// Whether the module's forward does what packed.mlir says.
  bool packedIsRight(const std::string &name) {
    ModulePtr packed = openModule(device.get(), name);
    auto x = tensor<float>(stream.get(), {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    auto lens = tensor<int32_t>(stream.get(), {2}, {1, 1});
    CallResult result =
        call(lookup(packed, "forward"), stream.get(), {*x, *lens}, 2);
    return result.status == CAPSTAN_RT_OK &&
           read<float>(result.results[0].get(), stream.get()) ==
               std::vector<float>{4, 6, 8, 10, 12, 14, 16, 18} &&
           read<int64_t>(result.results[1].get(), stream.get()) ==
               std::vector<int64_t>{2};
  }

  /// Whether replays of the module's scale use the factor of their time. The
  /// host's scalar changes as well as the device's.
  bool replaysAreRight(const std::string &name, bool onDevice) {
    ModulePtr scaled = openModule(device.get(), name);
    auto x = tensor<float>(stream.get(), {3}, {1, 2, 3});
    auto y = tensor<float>(stream.get(), {3}, {0, 0, 0});
    auto factor =
        onDevice ? tensor<float>(stream.get(), {}, {2}) : scalar<float>(2);
    DLManagedTensorVersioned *in[] = {*x, *factor}, *out[] = {*y};
    capstan_rt_graph *raw;
    EXPECT_OK(capstan_rt_capture_begin(stream.get()));
    EXPECT_OK(capstan_rt_call_into(lookup(scaled, "scale"), stream.get(), 2, in,
                                   1, out));
    EXPECT_OK(capstan_rt_capture_end(stream.get(), &raw));
    GraphPtr graph(raw);
    for (float value : {2.0f, 3.0f}) {
      if (onDevice)
        EXPECT_OK(capstan_rt_buffer_write(factor->buffer.get(), stream.get(), 0,
                                          &value, 4));
      else
        memcpy(factor->dlpack.dl_tensor.data, &value, 4);
      EXPECT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
      if (read<float>(*y, stream.get()) !=
          std::vector<float>{value, 2 * value, 3 * value})
        return false;
    }
    return true;
  }
};
CAPSTAN_RT_CONFORMANCE(MutantTest);
} // namespace

TEST_P(MutantTest, MissingWaitIsSeenEveryTime) {
  for (int64_t delay : {0, 50, 500})
    for (uint64_t seed = 0; seed < 20; ++seed) {
      reset(makeConfig(delay, seed));
      EXPECT_TRUE(packedIsRight("packed"));
      EXPECT_FALSE(packedIsRight("packed_without_wait"))
          << "delay " << delay << " seed " << seed;
    }
}

TEST_P(MutantTest, BakedScalarIsSeenEveryTime) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    reset(makeConfig(/*maxDelayUs=*/50, seed));
    EXPECT_TRUE(replaysAreRight("scaled", /*onDevice=*/true));
    EXPECT_FALSE(replaysAreRight("scaled_baked", /*onDevice=*/false));
  }
}

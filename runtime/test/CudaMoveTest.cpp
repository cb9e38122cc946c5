//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Inputs of graphs at other addresses.
//
//===----------------------------------------------------------------------===//

#include "CudaSupport.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

using namespace capstan::rt::test;

namespace {
/// A region of two inputs of 4 bytes: (a + uses, b), as compiled code runs it.
class CudaMoveTest : public CudaConformance {
protected:
  int32_t forward(const BufferPtr &a, const BufferPtr &b, float *first,
                  float *second) {
    return inForward([&](auto *f) {
      void *in[] = {data(a), data(b)}, *results[2];
      int32_t run;
      EXPECT_OK(capstan_rt_graph_begin(f, &region, nullptr, in, results, &run));
      if (run) {
        ++bodies;
        void *made[2];
        EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made[0]));
        EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made[1]));
        for (int i = 0; i < uses; ++i) {
          float summand = float(i) + 1;
          void *arguments[] = {&in[0], &made[0], &summand};
          EXPECT_OK(capstan_rt_launch_gpu(f, GPU_PLUS, 1, 1, 1, arguments));
        }
        EXPECT_OK(capstan_rt_copy(f, made[1], in[1], 4));
        void *given[] = {made[0], giveInput ? in[1] : made[1]};
        EXPECT_OK(capstan_rt_graph_end(f, &region, nullptr, given, results));
        if (giveInput) {
          EXPECT_OK(capstan_rt_free(f, made[1]));
        }
      }
      capstan_rt_part parts[] = {{results[0], first, 4},
                                 {results[1], second, 4}};
      return capstan_rt_read(f, 2, parts);
    });
  }
  void expect(float a, float b) {
    inputs.push_back(number(a)); // kept, so that no address comes twice
    inputs.push_back(number(b));
    expectOf(inputs[inputs.size() - 2], inputs.back(), a, b);
  }
  void expectOf(const BufferPtr &a, const BufferPtr &b, float valueA,
                float valueB) {
    float first = 0, second = 0;
    ASSERT_OK(forward(a, b, &first, &second));
    EXPECT_EQ(first, valueA + float(uses));
    EXPECT_EQ(second, valueB);
  }
  capstan_rt_counters counters() { return countersOf(module.get()); }

  const int64_t bytes[2] = {4, 4};
  const capstan_rt_graph_region region = {
      sizeof(region), 2, 2, bytes, bytes, nullptr, "m.mlir:1:1"};
  int uses = 1, bodies = 0;
  bool giveInput = false;
  std::vector<BufferPtr> inputs;
};
CAPSTAN_RT_CONFORMANCE_OF_CUDA(CudaMoveTest);
} // namespace

TEST_P(CudaMoveTest, GraphsTakeOverNewAddresses) {
  for (bool given : {false, true}) {
    reset(makeConfig());
    giveInput = given;
    bodies = 0;
    for (int i = 0; i < 6; ++i)
      expect(float(10 * i), float(i));
    EXPECT_EQ(bodies, 2);
    EXPECT_EQ(counters().graph_captures, 1);
    EXPECT_EQ(counters().graph_moves, 8);
    expectOf(inputs[0], inputs[1], 0, 0); // and back
    EXPECT_EQ(counters().graph_captures, 1);
  }
}

TEST_P(CudaMoveTest, ManyUsesAreCopiedInstead) {
  uses = 5;
  for (int i = 0; i < 6; ++i)
    expect(float(10 * i), float(i));
  EXPECT_EQ(counters().graph_captures, 2) << "one for the move";
}

TEST_P(CudaMoveTest, AnAddressOfTwoInputsIsCopiedInstead) {
  BufferPtr both = number(7);
  for (int i = 0; i < 3; ++i)
    expectOf(both, both, 7, 7);
  EXPECT_EQ(counters().graph_captures, 1);
  BufferPtr a = number(1), b = number(2);
  expectOf(a, b, 1, 2);
  expectOf(b, a, 2, 1);
  expectOf(both, both, 7, 7);
  EXPECT_EQ(counters().graph_captures, 2);
}

TEST_P(CudaMoveTest, InputsThatChangePlacesStayRight) {
  BufferPtr a = number(1), b = number(2);
  for (int i = 0; i < 4; ++i) {
    expectOf(a, b, 1, 2);
    expectOf(b, a, 2, 1);
  }
}

TEST_P(CudaMoveTest, ReplaysCostLittle) {
  using Clock = std::chrono::steady_clock;
  BufferPtr a = number(1), b = number(2);
  for (int i = 0; i < 3; ++i)
    expectOf(a, b, 1, 2);
  std::vector<double> times;
  for (int i = 0; i < 300; ++i) {
    ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
    Clock::time_point begin = Clock::now();
    ASSERT_OK(inForward([&](auto *f) {
      void *in[] = {data(a), data(b)}, *results[2];
      int32_t run;
      if (int32_t code =
              capstan_rt_graph_begin(f, &region, nullptr, in, results, &run))
        return code;
      if (int32_t code = capstan_rt_free(f, results[0]))
        return code;
      return capstan_rt_free(f, results[1]);
    }));
    std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  std::printf("a forward of one replay: %.2f us\n", times[times.size() / 2]);
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Who owns the results of an entry.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;
using testing::ElementsAre;

namespace {

const int64_t two[] = {2};
const capstan_rt_dtype f32 = {kDLFloat, 32, 1};
const capstan_rt_value_info onDevice = {
    "x", CAPSTAN_RT_TENSOR, CAPSTAN_RT_DEVICE_SPACE, f32, 1, two};
const capstan_rt_value_info onHost = {
    "h", CAPSTAN_RT_TENSOR, CAPSTAN_RT_HOST_SPACE, f32, 1, two};
const capstan_rt_value_info ofScalar = {
    "s", CAPSTAN_RT_SCALAR, CAPSTAN_RT_HOST_SPACE, f32, 0, nullptr};

float constant[] = {5, 6};

capstan_rt_memref pair(void *base) { return {base, base, {2}, {1}}; }

/// A module with one entry, of the device's x.
struct OneEntry {
  std::vector<capstan_rt_value_info> results;
  capstan_rt_entry_info entry;
  capstan_rt_module_info info;

  OneEntry(std::vector<capstan_rt_value_info> values, capstan_rt_entry code)
      : results(std::move(values)),
        entry{"run",     code,          1, static_cast<int32_t>(results.size()),
              &onDevice, results.data()},
        info{sizeof(info),
             CAPSTAN_RT_ABI_VERSION,
             onGpu ? "cuda" : "host",
             "test",
             1,
             &entry} {}
};

class ResultTest : public Conformance {
protected:
  CallResult run(const OneEntry &code) {
    capstan_rt_module *raw;
    EXPECT_OK(capstan_rt_module_create(device.get(), &code.info, &raw));
    ModulePtr module(raw);
    x = tensor<float>(stream.get(), {2}, {1, 2});
    CallResult result = call(lookup(module, "run"), stream.get(), {*x},
                             static_cast<int32_t>(code.results.size()));
    EXPECT_EQ(capstan_rt_stream_synchronize(stream.get()), CAPSTAN_RT_OK);
    return result;
  }
  std::vector<float> values(const CallResult &result, int i) {
    return read<float>(result.results[i].get(), stream.get());
  }

  std::unique_ptr<Tensor> x;
};
CAPSTAN_RT_CONFORMANCE(ResultTest);
} // namespace

TEST_P(ResultTest, ArgumentsAndConstantsAreCopied) {
  OneEntry code({onDevice, onHost}, [](auto *, auto *in, auto *out) {
    out[0] = in[0];
    out[1] = pair(constant);
    return 0;
  });
  CallResult result = run(code);
  ASSERT_OK(result.status);
  EXPECT_NE(result.results[0]->dl_tensor.data, x->dlpack.dl_tensor.data);
  EXPECT_NE(result.results[1]->dl_tensor.data, constant);
  EXPECT_THAT(values(result, 0), ElementsAre(1, 2));
  EXPECT_THAT(values(result, 1), ElementsAre(5, 6));
}

TEST_P(ResultTest, OneMemoryTwiceIsTwoResults) {
  OneEntry code({onDevice, onDevice}, [](auto *f, auto *in, auto *out) {
    void *m;
    EXPECT_OK(capstan_rt_alloc(f, 8, 8, &m));
    EXPECT_OK(capstan_rt_copy(f, m, in[0].data, 8));
    out[0] = out[1] = pair(m);
    return 0;
  });
  CallResult result = run(code);
  ASSERT_OK(result.status);
  EXPECT_NE(result.results[0]->dl_tensor.data,
            result.results[1]->dl_tensor.data);
  result.results[0] = nullptr;
  EXPECT_THAT(values(result, 1), ElementsAre(1, 2));
}

TEST_P(ResultTest, ResultsMayStartInsideTheirMemory) {
  OneEntry code({onHost}, [](auto *f, auto *, auto *out) {
    void *m;
    EXPECT_OK(capstan_rt_host_alloc(f, 16, 8, &m));
    auto *numbers = static_cast<float *>(m);
    numbers[2] = 7, numbers[3] = 8;
    out[0] = pair(m);
    out[0].data = numbers + 2;
    return 0;
  });
  CallResult result = run(code);
  ASSERT_OK(result.status);
  EXPECT_THAT(values(result, 0), ElementsAre(7, 8));
}

TEST_P(ResultTest, ScalarsComeFromEitherPlace) {
  OneEntry code({ofScalar, ofScalar}, [](auto *, auto *, auto *out) {
    *static_cast<float *>(out[0].data) = 3;
    out[1].data = constant;
    return 0;
  });
  CallResult result = run(code);
  ASSERT_OK(result.status);
  EXPECT_THAT(values(result, 0), ElementsAre(3));
  EXPECT_THAT(values(result, 1), ElementsAre(5));
}

TEST_P(ResultTest, WrongResultsAreErrors) {
  const struct {
    const char *text;
    capstan_rt_entry code;
  } cases[] = {{"wrong tensor: expected size 2 in dimension 0, got 0",
                [](auto *, auto *, auto *) { return 0; }},
               {"wrong tensor: not contiguous",
                [](auto *, auto *in, auto *out) {
                  out[0] = in[0];
                  out[0].strides[0] = 2;
                  return 0;
                }},
               {"wrong tensor: the data is null",
                [](auto *, auto *, auto *out) {
                  out[0] = pair(nullptr);
                  return 0;
                }},
               {"memory of another space", [](auto *f, auto *, auto *out) {
                  void *m;
                  EXPECT_OK(capstan_rt_host_alloc(f, 8, 8, &m));
                  out[0] = pair(m);
                  return 0;
                }}};
  for (const auto &each : cases) {
    OneEntry code({onDevice}, each.code);
    EXPECT_FAILS(CAPSTAN_RT_INTERNAL, each.text, run(code).status);
  }
}

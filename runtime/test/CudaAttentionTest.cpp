//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention by cuDNN and by the runtime's kernels: types of 16 bits, padding
// that holds NaN, graphs.
//
//===----------------------------------------------------------------------===//

#include "AttentionProblem.h"
#include "CudaSupport.h"

using namespace capstan::rt::test;
using testing::Each;
using testing::HasSubstr;

namespace {

/// Numbers of 16 bits.
struct BF16 {
  static constexpr DLDataType dtype = {kDLBfloat, 16, 1};
  static constexpr double tolerance = 0.02;
  static uint16_t pack(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return std::isnan(value) ? 0x7fc0
                             : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }
  static float unpack(uint16_t half) {
    uint32_t bits = uint32_t(half) << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
  }
};
struct F16 {
  static constexpr DLDataType dtype = {kDLFloat, 16, 1};
  static constexpr double tolerance = 0.004;
  static uint16_t pack(float value) {
    _Float16 half = value;
    uint16_t bits;
    memcpy(&bits, &half, sizeof(bits));
    return bits;
  }
  static float unpack(uint16_t bits) {
    _Float16 half;
    memcpy(&half, &bits, sizeof(half));
    return half;
  }
};

std::vector<uint16_t> halves(size_t count, uint16_t value) {
  return std::vector<uint16_t>(count, value);
}

class CudaAttentionTest : public CudaConformance {
protected:
  /// Problem and tensors of one type; `padding` tokens behind the last document
  /// are NaN.
  template <typename Type> struct Case {
    Problem<float> p;
    std::vector<double> out, lse;
    std::unique_ptr<Tensor> q, k, v, cuQ, cuK, result, resultLse;

    Case(Problem<float> problem, capstan_rt_stream *s, int64_t padding = 0)
        : p(std::move(problem)) {
      p.d.dtype = {Type::dtype.code, Type::dtype.bits, 1};
      auto upload = [&](std::vector<float> &values, int64_t token) {
        std::vector<uint16_t> packed;
        for (float &value : values) {
          packed.push_back(Type::pack(value));
          value = Type::unpack(packed.back());
        }
        packed.resize(packed.size() + padding * token, Type::pack(NAN));
        return makeTensor(Type::dtype, {int64_t(packed.size())}, packed.data(),
                          s);
      };
      q = upload(p.q, p.d.heads_q * p.d.head_dim);
      k = upload(p.k, p.d.heads_k * p.d.head_dim);
      v = upload(p.v, p.d.heads_k * p.d.head_dim_v);
      p.solve(out, lse);
      p.d.tokens_q += padding, p.d.tokens_k += padding;
      cuQ = tensor<int32_t>(s, {p.d.documents + 1}, p.lengthsQ);
      cuK = tensor<int32_t>(s, {p.d.documents + 1}, p.lengthsK);
      int64_t size = p.d.tokens_q * p.d.heads_q * p.d.head_dim_v;
      result = makeTensor(Type::dtype, {size},
                          halves(size, Type::pack(NAN)).data(), s);
      resultLse = tensor<float>(s, {p.d.heads_q * p.d.tokens_q},
                                std::vector<float>(p.d.heads_q * p.d.tokens_q));
    }

    static void *data(const std::unique_ptr<Tensor> &t) {
      return t->dlpack.dl_tensor.data;
    }
    static const int32_t *numbers(const std::unique_ptr<Tensor> &t) {
      return static_cast<const int32_t *>(data(t));
    }
    int32_t enqueue(capstan_rt_forward *f, bool withLse = false) {
      return capstan_rt_varlen_attention(
          f, &p.d, data(q), data(k), data(v), numbers(cuQ), numbers(cuK),
          data(result),
          withLse ? static_cast<float *>(data(resultLse)) : nullptr);
    }
    void expect(capstan_rt_stream *s, bool withLse = false) {
      auto found = capstan::rt::test::read<uint16_t>(*result, s);
      ASSERT_GE(found.size(), out.size());
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(Type::unpack(found[i]), out[i], Type::tolerance)
            << "at " << i;
      if (!withLse)
        return;
      auto sums = capstan::rt::test::read<float>(*resultLse, s);
      int64_t tokens = p.lengthsQ.back();
      for (int64_t h = 0; h < p.d.heads_q; ++h)
        for (int64_t i = 0; i < tokens; ++i) {
          double expected = lse[h * tokens + i];
          float sum = sums[h * p.d.tokens_q + i];
          if (std::isinf(expected))
            ASSERT_EQ(sum, -INFINITY) << "head " << h << ", query " << i;
          else
            ASSERT_NEAR(sum, expected, 2e-3) << "head " << h << ", query " << i;
        }
    }
  };

  /// Whether the GPU is one for which the runtime has kernels.
  bool hasKernels() {
    auto *attribute =
        driver<decltype(cuDeviceGetAttribute)>("cuDeviceGetAttribute");
    int major = 0, minor = 0;
    attribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0);
    attribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0);
    return major == 9 && minor == 0;
  }
  void useOnly(capstan_rt_attention_by by) {
    capstan_rt_device_config config = makeConfig();
    config.attention = by;
    if (by == CAPSTAN_RT_ATTENTION_BY_KERNELS)
      config.cudnn_library = "/nowhere/libcudnn.so.9";
    reset(config);
  }
  /// Runs a test with each of what computes attention.
  void eachWay(const std::function<void()> &test) {
    {
      SCOPED_TRACE("by the library");
      useOnly(CAPSTAN_RT_ATTENTION_BY_LIBRARY);
      test();
    }
    if (!hasKernels())
      return;
    SCOPED_TRACE("by kernels");
    useOnly(CAPSTAN_RT_ATTENTION_BY_KERNELS);
    test();
  }

  template <typename Type>
  void compareOnce(Problem<float> problem, bool withLse, int64_t padding) {
    Case<Type> c(std::move(problem), stream.get(), padding);
    ASSERT_OK(inForward([&](auto *f) { return c.enqueue(f, withLse); }));
    c.expect(stream.get(), withLse);
  }
  template <typename Type>
  void compare(Problem<float> problem, bool withLse = false,
               int64_t padding = 0) {
    eachWay([&] { compareOnce<Type>(problem, withLse, padding); });
  }
  static Problem<float> causal(std::vector<int32_t> lengths, int64_t headsQ,
                               int64_t headsK, int64_t dim) {
    Problem<float> p(lengths, lengths, headsQ, headsK, dim, dim);
    p.d.causal = 1;
    return p;
  }
};
CAPSTAN_RT_CONFORMANCE_OF_CUDA(CudaAttentionTest);
} // namespace

TEST_P(CudaAttentionTest, NamesItsLibrary) {
  const char *library;
  ASSERT_OK(capstan_rt_attention_library(device.get(), &library));
  EXPECT_THAT(library, HasSubstr("cuDNN 9"));
}

TEST_P(CudaAttentionTest, HeadSizes) {
  for (int64_t dim : {8, 40, 64, 96, 128}) {
    SCOPED_TRACE(dim);
    compare<BF16>(causal({50, 1, 130}, 4, 2, dim));
    compare<F16>(Problem<float>({50, 1, 130}, {50, 1, 130}, 2, 2, dim, dim));
  }
}

TEST_P(CudaAttentionTest, HeadsThatOnlyTheLibraryHas) {
  compareOnce<BF16>(causal({50, 1, 130}, 4, 2, 256), false, 0);
  Problem<float> p({50, 1}, {50, 1}, 4, 2, 128, 64);
  compareOnce<BF16>(p, false, 0);
}

TEST_P(CudaAttentionTest, GroupsOfHeads) {
  for (int64_t group : {1, 3, 5, 8, 16})
    compare<BF16>(causal({70, 1, 129}, 2 * group, 2, 64), /*withLse=*/true);
}

TEST_P(CudaAttentionTest, ChosenByTime) {
  for (int i = 0; i < 3; ++i)
    compareOnce<BF16>(causal({50, 1, 130}, 4, 2, 128), i == 1, 0);
}

TEST_P(CudaAttentionTest, RandomProblems) {
  std::mt19937 random(1);
  auto among = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random);
  };
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    std::vector<int32_t> queries, keys;
    for (int64_t count = among(1, 6); count--;) {
      queries.push_back(among(0, 3) ? among(0, 150) : 0);
      keys.push_back(among(0, 3) ? queries.back() : among(0, 300));
    }
    int64_t headsK = among(1, 3);
    Problem<float> p(queries, keys, headsK * among(1, 6), headsK, 64, 64);
    p.d.causal = among(0, 1);
    p.d.window_left = among(0, 1) ? among(0, 200) : -1;
    p.d.window_right = !p.d.causal && among(0, 1) ? among(0, 70) : -1;
    compare<BF16>(p, /*withLse=*/among(0, 1), /*padding=*/among(0, 9));
  }
}

TEST_P(CudaAttentionTest, LogsumexpPerHead) {
  compare<BF16>(causal({50, 1, 130}, 6, 2, 64), /*withLse=*/true);
  compare<F16>(causal({70}, 2, 1, 128), /*withLse=*/true, /*padding=*/9);
}

TEST_P(CudaAttentionTest, CausalIsAlignedToTheEnd) {
  // More keys than queries, fewer, and none: queries without keys.
  Problem<float> p({30, 50, 4, 0}, {70, 20, 0, 6}, 2, 2, 64, 64);
  p.d.causal = 1;
  compare<BF16>(p);
  compare<BF16>(p, /*withLse=*/true);
}

TEST_P(CudaAttentionTest, Windows) {
  for (int64_t left : {-1, 0, 20, 1000}) {
    SCOPED_TRACE(left);
    Problem<float> p = causal({200, 6}, 2, 1, 64);
    p.d.window_left = left;
    compare<BF16>(p);
    Problem<float> longer({20, 6}, {150, 9}, 2, 1, 64, 64);
    longer.d.causal = 1, longer.d.window_left = left;
    compare<BF16>(longer);
  }
}

TEST_P(CudaAttentionTest, WindowsOfMoreQueriesThanKeys) {
  Problem<float> p({200}, {10}, 2, 1, 64, 64);
  p.d.window_right = 10; // the first query is 190 before the first key
  compare<BF16>(p);
}

TEST_P(CudaAttentionTest, ScaleOfZero) {
  useOnly(CAPSTAN_RT_ATTENTION_BY_TIME);
  Problem<float> p({30}, {30}, 2, 1, 64, 64);
  p.d.scale = 0; // the mean of all values
  compareOnce<BF16>(p, false, 0);
}

TEST_P(CudaAttentionTest, SameLengthsForOtherGroupsOfHeads) {
  eachWay([&] {
    // Tiles of 21 tokens, then of 16: two of each are 22 tokens.
    Case<BF16> three(causal({22}, 3, 1, 64), stream.get());
    Case<BF16> four(causal({22}, 4, 1, 64), stream.get());
    three.p.d.lengths = four.p.d.lengths = 1;
    ASSERT_OK(inForward([&](auto *f) {
      int32_t status = three.enqueue(f);
      return status ? status : four.enqueue(f);
    }));
    three.expect(stream.get());
    four.expect(stream.get());
  });
}

TEST_P(CudaAttentionTest, ManyAndEmptyDocuments) {
  std::vector<int32_t> lengths;
  for (int i = 0; i < 77; ++i)
    lengths.push_back(i % 5 ? i % 9 : 0);
  compare<BF16>(causal(lengths, 2, 1, 64));
  compare<BF16>(causal({0, 4, 0}, 2, 2, 64));
  compare<BF16>(causal({0}, 2, 2, 64));
  compare<BF16>(causal({}, 2, 2, 64));
}

TEST_P(CudaAttentionTest, PaddingMayHoldNaN) {
  for (int32_t last : {1, 63, 64, 65, 100, 127, 128})
    for (int64_t padding : {1, 28, 200}) {
      SCOPED_TRACE(testing::Message() << last << " and " << padding);
      compare<BF16>(causal({40, last}, 4, 2, 128), false, padding);
    }
}

TEST_P(CudaAttentionTest, BadLengthsOnTheDevice) {
  eachWay([&] {
    auto expectBad = [&](const char *text, std::vector<int32_t> lengths,
                         int64_t longest, bool ofKeys) {
      Case<BF16> c(causal({3, 4}, 1, 1, 64), stream.get());
      (ofKeys ? c.cuK : c.cuQ) = tensor<int32_t>(stream.get(), {3}, lengths);
      (ofKeys ? c.p.d.max_k : c.p.d.max_q) = longest;
      EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, text, [&] {
        int32_t status = inForward([&](auto *f) { return c.enqueue(f); });
        return status ? status : capstan_rt_stream_synchronize(stream.get());
      }());
      EXPECT_THAT(
          capstan_rt_last_message(),
          testing::StartsWith("attention.mlir:1:1: varlen_attention on"));
      EXPECT_THAT(capstan::rt::test::read<uint16_t>(*c.result, stream.get()),
                  Each(BF16::pack(NAN)))
          << "nothing is written";
    };
    for (bool ofKeys : {false, true}) {
      std::string name = ofKeys ? "cu_seqlens_k " : "cu_seqlens_q ";
      expectBad((name + "doesn't start at 0").c_str(), {1, 3, 7}, 9, ofKeys);
      expectBad((name + "decreases").c_str(), {0, 8, 7}, 9, ofKeys);
      expectBad((name + "ends behind").c_str(), {0, 4, 8}, 9, ofKeys);
      expectBad((name + "says that a document").c_str(), {0, 3, 7}, 3, ofKeys);
    }
  });
}

TEST_P(CudaAttentionTest, ProjectionsInOneTensor) {
  eachWay([&] {
    // A token holds its heads of q, then of k, then of v.
    Case<BF16> c(causal({40, 1, 60}, 4, 2, 64), stream.get());
    const int64_t tokens = c.p.d.tokens_q, row = (4 + 2 + 2) * 64;
    std::vector<uint16_t> packed;
    for (int64_t i = 0; i < tokens; ++i)
      for (auto [values, width] :
           {std::pair(&c.p.q, 256), std::pair(&c.p.k, 128),
            std::pair(&c.p.v, 128)})
        for (int64_t j = 0; j < width; ++j)
          packed.push_back(BF16::pack((*values)[i * width + j]));
    auto all =
        makeTensor(BF16::dtype, {tokens * row}, packed.data(), stream.get());
    c.p.d.stride_q = c.p.d.stride_k = c.p.d.stride_v = row;
    auto *memory = static_cast<uint16_t *>(c.data(all));
    ASSERT_OK(inForward([&](auto *f) {
      return capstan_rt_varlen_attention(
          f, &c.p.d, memory, memory + 256, memory + 384, c.numbers(c.cuQ),
          c.numbers(c.cuK), c.data(c.result), nullptr);
    }));
    c.expect(stream.get());
  });
}

TEST_P(CudaAttentionTest, GraphsTakeNewLengths) {
  eachWay([&] {
    Case<BF16> first(causal({40, 60, 0}, 4, 2, 128), stream.get());
    Case<BF16> second(causal({10, 20, 70}, 4, 2, 128), stream.get());
    first.p.d.max_q = first.p.d.max_k = 100;
    ASSERT_OK(inForward([&](auto *f) { return first.enqueue(f); }));
    ASSERT_OK(capstan_rt_capture_begin(stream.get()));
    ASSERT_OK(inForward([&](auto *f) { return first.enqueue(f); }));
    capstan_rt_graph *captured;
    ASSERT_OK(capstan_rt_capture_end(stream.get(), &captured));
    GraphPtr graph(captured);
    auto copy = [&](const std::unique_ptr<Tensor> &to,
                    const std::unique_ptr<Tensor> &from) {
      const DLTensor &t = from->dlpack.dl_tensor;
      ASSERT_EQ(driver<decltype(cuMemcpyDtoD_v2)>("cuMemcpyDtoD_v2")(
                    reinterpret_cast<CUdeviceptr>(to->dlpack.dl_tensor.data),
                    reinterpret_cast<CUdeviceptr>(t.data),
                    t.shape[0] * t.dtype.bits / 8),
                CUDA_SUCCESS);
    };
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
    first.expect(stream.get());
    copy(first.q, second.q), copy(first.k, second.k), copy(first.v, second.v);
    copy(first.cuQ, second.cuQ), copy(first.cuK, second.cuK);
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
    first.out = second.out;
    first.expect(stream.get());
  });
}

TEST_P(CudaAttentionTest, SameLengthsAreLookedAtOnce) {
  eachWay([&] {
    Case<BF16> a(causal({40, 60}, 4, 2, 128), stream.get());
    Case<BF16> b(causal({40, 60}, 4, 2, 128), stream.get());
    a.p.d.lengths = b.p.d.lengths = 1;
    // What the second would have seen: but it was said to be the same.
    b.cuQ = tensor<int32_t>(stream.get(), {3}, {0, 7, 3});
    b.cuK = tensor<int32_t>(stream.get(), {3}, {0, 7, 3});
    ASSERT_OK(inForward([&](auto *f) {
      int32_t status = a.enqueue(f);
      return status ? status : b.enqueue(f);
    }));
    a.expect(stream.get());
    b.expect(stream.get());
  });
}

TEST_P(CudaAttentionTest, NothingIsReadBehindTheTensors) {
  eachWay([&] {
    // Tensors that end where mapped memory ends.
    const size_t size = 4 << 20;
    capstan_rt_stream *s = stream.get();
    CUmemAllocationProp properties = {};
    properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, {0}};
    CUmemAccessDesc access = {properties.location,
                              CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    auto place = [&](std::unique_ptr<Tensor> &tensor) {
      CUdeviceptr range;
      CUmemGenericAllocationHandle memory;
      ASSERT_EQ(driver<decltype(cuMemAddressReserve)>("cuMemAddressReserve")(
                    &range, 2 * size, 0, 0, 0),
                CUDA_SUCCESS);
      ASSERT_EQ(driver<decltype(cuMemCreate)>("cuMemCreate")(&memory, size,
                                                             &properties, 0),
                CUDA_SUCCESS);
      ASSERT_EQ(
          driver<decltype(cuMemMap)>("cuMemMap")(range, size, 0, memory, 0),
          CUDA_SUCCESS);
      ASSERT_EQ(driver<decltype(cuMemSetAccess)>("cuMemSetAccess")(range, size,
                                                                   &access, 1),
                CUDA_SUCCESS);
      DLTensor &t = tensor->dlpack.dl_tensor;
      size_t bytes = t.shape[0] * t.dtype.bits / 8;
      CUdeviceptr at = range + size - bytes;
      ASSERT_EQ(driver<decltype(cuMemcpyDtoD_v2)>("cuMemcpyDtoD_v2")(
                    at, reinterpret_cast<CUdeviceptr>(t.data), bytes),
                CUDA_SUCCESS);
      t.data = reinterpret_cast<void *>(at);
    };
    for (int32_t last : {1, 64, 65, 100}) {
      Case<BF16> c(causal({40, last}, 4, 2, 128), s);
      ASSERT_OK(capstan_rt_stream_synchronize(s));
      for (auto *tensor : {&c.q, &c.k, &c.v, &c.result})
        place(*tensor);
      ASSERT_OK(inForward([&](auto *f) { return c.enqueue(f); }));
      c.expect(s);
    }
  });
}

TEST_P(CudaAttentionTest, OffsetsOf64Bits) {
  eachWay([&] {
    // The second document starts behind 2^31 elements.
    const int32_t far = (1 << 20) + 3;
    const int64_t row = 2 * 1024;
    Problem<float> p({8}, {8}, 16, 2, 128, 128);
    Case<BF16> c(p, stream.get());
    int64_t bytes = (far + 8) * row * 2;
    BufferPtr q, out;
    capstan_rt_buffer *made[2] = {};
    for (auto &buffer : made)
      if (capstan_rt_buffer_create(stream.get(), bytes, &buffer))
        GTEST_SKIP() << capstan_rt_last_message();
    q.reset(made[0]), out.reset(made[1]);
    auto *memcpyDtoD = driver<decltype(cuMemcpyDtoD_v2)>("cuMemcpyDtoD_v2");
    auto at = [&](const BufferPtr &buffer) {
      return reinterpret_cast<CUdeviceptr>(
                 capstan_rt_buffer_data(buffer.get())) +
             far * row * 2;
    };
    ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
    memcpyDtoD(at(q), reinterpret_cast<CUdeviceptr>(c.data(c.q)), 8 * row * 2);
    auto cuQ = tensor<int32_t>(stream.get(), {3}, {0, far, far + 8});
    auto cuK = tensor<int32_t>(stream.get(), {3}, {0, 0, 8});
    capstan_rt_attention_desc d = c.p.d;
    d.documents = 2, d.tokens_q = far + 8, d.max_q = far;
    ASSERT_OK(inForward([&](auto *f) {
      return capstan_rt_varlen_attention(
          f, &d, capstan_rt_buffer_data(q.get()), c.data(c.k), c.data(c.v),
          c.numbers(cuQ), c.numbers(cuK), capstan_rt_buffer_data(out.get()),
          nullptr);
    }));
    ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
    memcpyDtoD(reinterpret_cast<CUdeviceptr>(c.data(c.result)), at(out),
               8 * row * 2);
    c.expect(stream.get());
  });
}

TEST_P(CudaAttentionTest, SaysWhatItDoesNotHave) {
  Case<BF16> c(causal({3}, 1, 1, 64), stream.get());
  c.p.d.dtype = {kDLFloat, 32, 1};
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_UNSUPPORTED, "attention of f32",
                       c.enqueue(f));
  Case<BF16> odd(causal({3}, 1, 1, 61), stream.get());
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_UNSUPPORTED, "cuDNN", odd.enqueue(f));
}

TEST_P(CudaAttentionTest, UnknownChoiceIsRefused) {
  capstan_rt_device_config config = makeConfig();
  config.attention = 3;
  capstan_rt_device *made;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "attention",
               capstan_rt_device_create("cuda", &config, &made));
}

TEST_P(CudaAttentionTest, WithoutTheLibrary) {
  capstan_rt_device_config config = makeConfig();
  config.cudnn_library = "/nowhere/libcudnn.so.9";
  reset(config);
  if (hasKernels())
    compareOnce<BF16>(causal({50, 1, 130}, 4, 2, 128), false, 0);
  Case<BF16> wide(causal({3}, 1, 1, 256), stream.get());
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_NOT_FOUND, "nvidia-cudnn-cu13",
                       wide.enqueue(f));
}

TEST_P(CudaAttentionTest, MissingLibraryIsNamed) {
  capstan_rt_device_config config = makeConfig();
  config.cudnn_library = "/nowhere/libcudnn.so.9";
  reset(config);
  const char *library;
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "/nowhere/libcudnn.so.9",
               capstan_rt_attention_library(device.get(), &library));
  EXPECT_THAT(capstan_rt_last_message(), HasSubstr("nvidia-cudnn-cu13"));
}

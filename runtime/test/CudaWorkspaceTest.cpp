//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Workspaces of libraries in graphs: what calls set there first is set at the
// graph's beginning.
//
//===----------------------------------------------------------------------===//

#include "CudaSupport.h"

#include <cstdio>
#include <random>

using namespace capstan::rt::test;

namespace {
/// Few results of long sums, for which libraries split the sum and count what
/// is done in the workspace.
constexpr int64_t shapes[][3] = {{16, 64, 4096},  {64, 64, 8192},
                                 {128, 256, 512}, {8, 512, 1024},
                                 {16, 64, 4096},  {48, 96, 3072}};
constexpr int count = std::size(shapes);

class CudaWorkspaceTest : public CudaConformance {
protected:
  /// Matrices for the products, of elements of `bytes`.
  void make(capstan_rt_dtype dtype) {
    int64_t bytes = dtype.bits / 8;
    for (int i = 0; i < count; ++i) {
      auto [m, n, k] = shapes[i];
      capstan_rt_gemm_desc d = {};
      d.size = sizeof(d);
      d.dtype = dtype;
      d.batch = 1;
      d.m = m, d.n = n, d.k = k;
      d.lda = k, d.ldb = d.ldc = n;
      d.location = "w.mlir:1:1";
      descs[i] = d;
      a[i] = makeBuffer(stream.get(), m * k * bytes);
      b[i] = makeBuffer(stream.get(), k * n * bytes);
      resultBytes[i] = m * n * bytes;
      c[i] = makeBuffer(stream.get(), resultBytes[i]);
      expected[i] = makeBuffer(stream.get(), resultBytes[i]);
      fill(b[i], dtype);
    }
  }
  void fill(const BufferPtr &buffer, capstan_rt_dtype dtype) {
    std::uniform_real_distribution<float> some(-1, 1);
    std::vector<char> bytes(capstan_rt_buffer_bytes(buffer.get()));
    size_t size = dtype.bits / 8;
    for (size_t at = 0; at < bytes.size(); at += size) {
      float value = some(random);
      // bf16 is the upper half of f32.
      memcpy(&bytes[at], reinterpret_cast<char *>(&value) + 4 - size, size);
    }
    EXPECT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0,
                                      bytes.data(), bytes.size()));
  }
  int32_t multiply(int i, const BufferPtr &to) {
    return capstan_rt_gemm_enqueue(stream.get(), &descs[i], data(a[i]),
                                   data(b[i]), data(to));
  }
  std::vector<char> bytesOf(const BufferPtr &buffer) {
    std::vector<char> bytes(capstan_rt_buffer_bytes(buffer.get()));
    EXPECT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0,
                                     bytes.data(), bytes.size()));
    return bytes;
  }
  void expectProducts(int batch) {
    for (int i = 0; i < count; ++i)
      EXPECT_TRUE(bytesOf(c[i]) == bytesOf(expected[i]))
          << "product " << i << " of batch " << batch;
  }

  /// A region of all products.
  int32_t products(capstan_rt_forward *f) {
    void *in[2 * count], *results[count], *made[count];
    for (int i = 0; i < count; ++i)
      in[2 * i] = data(a[i]), in[2 * i + 1] = data(b[i]);
    int64_t inputBytes[2 * count];
    for (int i = 0; i < 2 * count; ++i)
      inputBytes[i] = capstan_rt_buffer_bytes((i % 2 ? b : a)[i / 2].get());
    std::copy_n(inputBytes, 2 * count, regionInputs);
    int32_t run;
    EXPECT_OK(capstan_rt_graph_begin(f, &region, nullptr, in, results, &run));
    if (run) {
      void *temporary; // its memory is a workspace's later, if it may be
      EXPECT_OK(capstan_rt_alloc(f, 1 << 20, 256, &temporary));
      EXPECT_OK(capstan_rt_copy(f, temporary, in[0], 1 << 12));
      EXPECT_OK(capstan_rt_free(f, temporary));
      for (int i = 0; i < count; ++i) {
        EXPECT_OK(capstan_rt_alloc(f, resultBytes[i], 256, &made[i]));
        EXPECT_OK(
            capstan_rt_gemm(f, &descs[i], in[2 * i], in[2 * i + 1], made[i]));
      }
      EXPECT_OK(capstan_rt_graph_end(f, &region, nullptr, made, results));
    }
    for (int i = 0; i < count; ++i)
      EXPECT_OK(capstan_rt_copy(f, data(c[i]), results[i], resultBytes[i]));
    return CAPSTAN_RT_OK;
  }
  /// Another region, whose graph writes over what the memory had.
  int32_t dirt(capstan_rt_forward *f) {
    void *in = data(a[0]), *result, *made, *most;
    int32_t run;
    EXPECT_OK(capstan_rt_graph_begin(f, &other, nullptr, &in, &result, &run));
    if (run) {
      constexpr int64_t bytes = 16 << 20;
      EXPECT_OK(capstan_rt_alloc(f, bytes, 256, &most));
      EXPECT_OK(capstan_rt_alloc(f, 4, 256, &made));
      AddArguments add = {static_cast<float *>(most), 1};
      EXPECT_OK(launch(f, addKernel, &add, sizeof(add), bytes / 4));
      EXPECT_OK(capstan_rt_copy(f, made, most, 4));
      EXPECT_OK(capstan_rt_graph_end(f, &other, nullptr, &made, &result));
    }
    return CAPSTAN_RT_OK;
  }

  capstan_rt_gemm_desc descs[count];
  BufferPtr a[count], b[count], c[count], expected[count];
  std::mt19937 random;
  int64_t resultBytes[count], regionInputs[2 * count] = {};
  const int64_t four = 4;
  const capstan_rt_graph_region region = {sizeof(region), 2 * count,   count,
                                          regionInputs,   resultBytes, nullptr,
                                          "w.mlir:1:1"};
  const capstan_rt_graph_region other = {
      sizeof(other), 1, 1, &four, &four, nullptr, "w.mlir:2:1"};
};
CAPSTAN_RT_CONFORMANCE_OF_CUDA(CudaWorkspaceTest);

constexpr capstan_rt_dtype types[] = {{kDLFloat, 32, 1}, {kDLBfloat, 16, 1}};
} // namespace

TEST_P(CudaWorkspaceTest, ReplaysOfManyProducts) {
  for (capstan_rt_dtype dtype : types) {
    module = makeModule();
    make(dtype);
    for (int batch = 0; batch < 6; ++batch) {
      for (int i = 0; i < count; ++i) {
        fill(a[i], dtype);
        ASSERT_OK(multiply(i, expected[i])); // the first chooses an algorithm
      }
      ASSERT_OK(inForward([&](auto *f) { return products(f); }));
      expectProducts(batch);
      ASSERT_OK(inForward([&](auto *f) { return dirt(f); }));
    }
    EXPECT_EQ(countersOf(module.get()).graph_captures, 2);
    EXPECT_EQ(countersOf(module.get()).graph_replays, 10);
  }
}

TEST_P(CudaWorkspaceTest, NodesOfManyProducts) {
  for (capstan_rt_dtype dtype : types) {
    make(dtype);
    for (int i = 0; i < count; ++i) {
      fill(a[i], dtype);
      ASSERT_OK(multiply(i, expected[i]));
    }
    capstan_rt_graph *raw;
    ASSERT_OK(capstan_rt_capture_begin(stream.get()));
    for (int i = 0; i < count; ++i)
      ASSERT_OK(multiply(i, c[i]));
    ASSERT_OK(capstan_rt_capture_end(stream.get(), &raw));
    GraphPtr graph(raw);
    capstan_rt_graph_info info = {sizeof(info), 0, 0};
    ASSERT_OK(capstan_rt_graph_get_info(graph.get(), &info));
    std::printf("%d products of %d bits: %d nodes, %d bytes\n", count,
                dtype.bits, int(info.nodes), int(info.bytes));
    for (int batch = 0; batch < 3; ++batch) {
      ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
      expectProducts(batch);
    }
  }
}

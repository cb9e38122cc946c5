//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <set>
#include <thread>

using namespace capstan::rt::test;

TEST(Status, NamesAreKnown) {
  EXPECT_STREQ(capstan_rt_status_name(CAPSTAN_RT_OK), "OK");
  EXPECT_STREQ(capstan_rt_status_name(CAPSTAN_RT_INTERNAL), "INTERNAL");
  EXPECT_STREQ(capstan_rt_status_name(-1), "UNKNOWN");
  EXPECT_STREQ(capstan_rt_status_name(1000), "UNKNOWN");
}

TEST(Status, LastErrorHasItsParts) {
  capstan_rt_device *device;
  ASSERT_EQ(capstan_rt_device_create("tpu", nullptr, &device),
            CAPSTAN_RT_NOT_FOUND);
  EXPECT_EQ(device, nullptr);
  capstan_rt_error error = {};
  error.size = sizeof(error);
  ASSERT_OK(capstan_rt_last_error(&error));
  EXPECT_EQ(error.code, CAPSTAN_RT_NOT_FOUND);
  EXPECT_STREQ(error.op, "device_create");
  EXPECT_STREQ(error.message, "no backend 'tpu'; there are 'host' and 'cuda'");
  EXPECT_STREQ(error.location, "");
  EXPECT_STREQ(capstan_rt_last_message(),
               "device_create: no backend 'tpu'; there are 'host' and 'cuda'");
}

TEST(Status, LastErrorRejectsBadStructs) {
  capstan_rt_error error = {};
  EXPECT_EQ(capstan_rt_last_error(nullptr), CAPSTAN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(capstan_rt_last_error(&error), CAPSTAN_RT_INVALID_ARGUMENT);
}

TEST(Status, ThreadsDontSeeEachOthersErrors) {
  std::vector<std::thread> threads;
  std::vector<std::string> messages(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      std::string name = "backend" + std::to_string(i);
      for (int repeat = 0; repeat < 100; ++repeat) {
        capstan_rt_device *device;
        capstan_rt_device_create(name.c_str(), nullptr, &device);
      }
      messages[i] = capstan_rt_last_message();
    });
  for (std::thread &thread : threads)
    thread.join();
  for (int i = 0; i < 8; ++i)
    EXPECT_THAT(messages[i],
                testing::HasSubstr("'backend" + std::to_string(i) + "'"));
}

TEST(Abi, EveryEntryHasAnAddress) {
  std::set<void *> addresses;
  int count = 0;
#define CAPSTAN_RT_CALL(NAME, ...)                                             \
  ++count;                                                                     \
  addresses.insert(capstan_rt_entry_point("capstan_rt_" #NAME));
#include "capstan_rt/entry_points.def"
  EXPECT_EQ(addresses.size(), static_cast<size_t>(count));
  EXPECT_EQ(addresses.count(nullptr), 0u);
  EXPECT_EQ(capstan_rt_entry_point("capstan_rt_alloc"),
            reinterpret_cast<void *>(&capstan_rt_alloc));
}

TEST(Abi, OtherNamesHaveNone) {
  EXPECT_EQ(capstan_rt_entry_point("capstan_rt_device_create"), nullptr);
  EXPECT_EQ(capstan_rt_entry_point("alloc"), nullptr);
  EXPECT_EQ(capstan_rt_entry_point(""), nullptr);
  EXPECT_EQ(capstan_rt_entry_point(nullptr), nullptr);
}

TEST(Abi, SizesAreThoseThatModulesWereCompiledWith) {
  EXPECT_EQ(sizeof(capstan_rt_memref), 16u + 2 * 8 * CAPSTAN_RT_MAX_RANK);
  EXPECT_EQ(sizeof(capstan_rt_value_info), 32u);
  EXPECT_EQ(sizeof(capstan_rt_entry_info), 40u);
  EXPECT_EQ(sizeof(capstan_rt_module_info), 40u);
  EXPECT_EQ(sizeof(capstan_rt_gemm_desc), 144u);
  EXPECT_EQ(sizeof(capstan_rt_attention_desc), 144u);
  EXPECT_EQ(sizeof(capstan_rt_part), 24u);
}

TEST(Abi, NullForwardIsAnError) {
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "the forward is null",
               capstan_rt_fail(nullptr, 1, "x", "y"));
  void *memory;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "alloc: the forward is null",
               capstan_rt_alloc(nullptr, 8, 8, &memory));
}

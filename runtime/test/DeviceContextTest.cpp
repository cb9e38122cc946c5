//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The current device, and what devices can do, on a host with four of them.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <atomic>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace capstan::rt::test;

namespace {
constexpr int64_t size = sizeof(capstan_rt_capabilities);
const capstan_rt_capabilities machine[] = {{size, 90, 132, 232448, 1, 1},
                                           {size, 90, 114, 232448, 1, 1},
                                           {size, 80, 108, 166912, 0, 0},
                                           {size, 120, 188, 101376, 1, 0}};

class DeviceContextTest : public Conformance {
protected:
  void SetUp() override { use(machine, 4); }
  void TearDown() override { capstan_rt_device_set_current(device.get(), 0); }
  void use(const capstan_rt_capabilities *devices, int64_t count) {
    capstan_rt_device_config config = makeConfig();
    config.devices = devices;
    config.num_devices = count;
    reset(config);
    capstan_rt_device_set_current(device.get(), 0);
  }
  int32_t current() {
    int32_t ordinal = -1;
    EXPECT_OK(capstan_rt_device_get_current(device.get(), &ordinal));
    return ordinal;
  }
  int64_t architecture(int32_t ordinal) {
    capstan_rt_capabilities read;
    read.size = size;
    EXPECT_OK(capstan_rt_device_capabilities(device.get(), ordinal, &read));
    return read.architecture;
  }
};
CAPSTAN_RT_CONFORMANCE_OF_HOST(DeviceContextTest);

/// As capstan_rt_device_capability, of a forward.
int32_t ask(capstan_rt_forward *f, int64_t device, int32_t what,
            int64_t &answer) {
  return capstan_rt_device_capability(f, device, what, &answer);
}
} // namespace

TEST_P(DeviceContextTest, EachDeviceHasItsOwnTable) {
  int32_t count;
  ASSERT_OK(capstan_rt_device_count(device.get(), &count));
  EXPECT_EQ(count, 4);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(architecture(i), machine[i].architecture);
  EXPECT_EQ(countersOf(device.get()).capability_queries, 4);
  ASSERT_OK(inForward([](capstan_rt_forward *f) {
    const int64_t *fields = &machine[2].architecture;
    for (int32_t what = 0; what < 5; ++what) {
      int64_t answer = -1;
      EXPECT_OK(ask(f, 2, what, answer));
      EXPECT_EQ(answer, fields[what]);
    }
    return 0;
  }));
  EXPECT_EQ(lastForwardOf(module.get()).capability_lookups, 5);
  EXPECT_EQ(countersOf(device.get()).capability_queries, 4);
}

TEST_P(DeviceContextTest, SixteenThreadsAskFirst) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&, t] {
      for (++ready; ready < 16;)
        ;
      for (int i = 0; i < 4; ++i)
        EXPECT_EQ(architecture((i + t) % 4), machine[(i + t) % 4].architecture);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(countersOf(device.get()).capability_queries, 4);
}

TEST_P(DeviceContextTest, TheCurrentDeviceIsTheThreads) {
  ASSERT_OK(capstan_rt_device_set_current(device.get(), 3));
  std::thread([&] {
    EXPECT_EQ(current(), 0);
    EXPECT_OK(capstan_rt_device_set_current(device.get(), 1));
  }).join();
  EXPECT_EQ(current(), 3);
  int64_t before = countersOf(device.get()).set_device_calls;
  ASSERT_OK(capstan_rt_device_set_current(device.get(), 3));
  EXPECT_EQ(countersOf(device.get()).set_device_calls, before);
}

TEST_P(DeviceContextTest, AChangeLastsAndAFailedForwardLeavesNone) {
  auto change = [](int32_t code) {
    return [code](capstan_rt_forward *f) {
      int64_t before = -1;
      EXPECT_OK(capstan_rt_current_device(f, &before));
      EXPECT_OK(capstan_rt_set_device(f, before + 1));
      EXPECT_OK(capstan_rt_set_device(f, before + 2));
      return code ? capstan_rt_fail(f, code, "no", "here") : 0;
    };
  };
  ASSERT_OK(inForward(change(0)));
  EXPECT_EQ(current(), 2);
  EXPECT_EQ(lastForwardOf(module.get()).set_device_calls, 2);
  capstan_rt_device_set_current(device.get(), 1);
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "no",
               inForward(change(CAPSTAN_RT_CHECK_FAILED)));
  EXPECT_EQ(current(), 1);
}

TEST_P(DeviceContextTest, RejectsWhatIsNotThere) {
  int64_t answer;
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no device 4: there are 4",
                       capstan_rt_set_device(f, 4));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no device -1",
                       ask(f, -1, 0, answer));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no capability of number 5",
                       ask(f, 0, 5, answer));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
                       capstan_rt_current_device(f, nullptr));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no device 7",
               capstan_rt_device_set_current(device.get(), 7));
  capstan_rt_capabilities read = {};
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "capabilities of 0 bytes",
               capstan_rt_device_capabilities(device.get(), 0, &read));
}

TEST_P(DeviceContextTest, RejectsBadDeclarations) {
  capstan_rt_device *bad;
  capstan_rt_device_config config = makeConfig();
  config.num_devices = 1;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "devices without their number",
               capstan_rt_device_create("host", &config, &bad));
  capstan_rt_capabilities unsized = {};
  config.devices = &unsized;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "capabilities of unknown size",
               capstan_rt_device_create("host", &config, &bad));
}

TEST_P(DeviceContextTest, TracesSayWhichDeviceWorks) {
  std::string path = testing::TempDir() + "capstan_device_trace.json";
  ASSERT_OK(capstan_rt_trace_start(device.get()));
  ASSERT_OK(inForward([](capstan_rt_forward *f) {
    for (int64_t ordinal : {2, 0, 3}) {
      EXPECT_OK(capstan_rt_set_device(f, ordinal));
      EXPECT_OK(launch(f, addKernel, nullptr, 0, 0));
    }
    return 0;
  }));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  ASSERT_OK(capstan_rt_trace_stop(device.get(), path.c_str()));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_THAT(text.str(), testing::ContainsRegex("device\":2(.|\n)*"
                                                 "device\":0(.|\n)*"
                                                 "device\":3"));
}

TEST_P(DeviceContextTest, AForkedProcessAsksAgain) {
  EXPECT_EQ(architecture(0), 90);
  pid_t child = fork();
  if (child == 0) // what is full stays, what is empty is filled
    _exit(architecture(0) == 90 && architecture(2) == 80 ? 0 : 1);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(countersOf(device.get()).capability_queries, 1);
}

TEST_P(DeviceContextTest, CodeForAChipLoadsOnThatChipAlone) {
  capstan_rt_module_info info = {};
  info.size = sizeof(info);
  info.abi_version = CAPSTAN_RT_ABI_VERSION;
  info.producer = "test";
  capstan_rt_module *loaded;
  auto load = [&](const char *target) {
    info.target = target;
    return capstan_rt_module_create(device.get(), &info, &loaded);
  };
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE,
               "compiled for sm_90 alone; device 2 is sm_80",
               load("host:sm_90"));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "unknown chip 'gfx90a'",
               load("host:gfx90a"));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "compiled for 'hostile'",
               load("hostile"));
  use(machine, 2); // both are sm_90
  ASSERT_OK(load("host:sm_90"));
  capstan_rt_module_release(loaded);
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <fstream>
#include <sstream>

using namespace capstan::rt::test;

namespace {
class ModuleTest : public Conformance {
protected:
  int32_t open(const std::string &path) {
    capstan_rt_module *opened;
    int32_t status =
        capstan_rt_module_open(device.get(), path.c_str(), &opened);
    EXPECT_EQ(opened == nullptr, status != CAPSTAN_RT_OK);
    capstan_rt_module_release(opened);
    return status;
  }
  /// A file that ends with the test.
  std::string write(const std::string &contents) {
    std::string path = testing::TempDir() + "capstan_rt_broken.so";
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }
  void TearDown() override {
    std::remove((testing::TempDir() + "capstan_rt_broken.so").c_str());
  }
  static std::string contentsOf(const std::string &path) {
    std::ostringstream contents;
    contents << std::ifstream(path, std::ios::binary).rdbuf();
    return contents.str();
  }
  int32_t create(const capstan_rt_module_info &info) {
    capstan_rt_module *created;
    int32_t status = capstan_rt_module_create(device.get(), &info, &created);
    capstan_rt_module_release(created);
    return status;
  }
};
CAPSTAN_RT_CONFORMANCE(ModuleTest);
} // namespace

TEST_P(ModuleTest, OpensAndFindsEntries) {
  ModulePtr packed = openModule(device.get(), "packed");
  const capstan_rt_module_info *info = capstan_rt_module_get_info(packed.get());
  ASSERT_EQ(info->num_entries, 1);
  EXPECT_STREQ(info->entries[0].name, "forward");
  EXPECT_STREQ(info->entries[0].arguments[1].name, "lens");
  const capstan_rt_function *function = lookup(packed, "forward");
  EXPECT_EQ(lookup(packed, "forward"), function);
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "no entry 'backward'; there is 'forward'",
               capstan_rt_module_lookup(packed.get(), "backward", &function));
  EXPECT_EQ(function, nullptr);
}

TEST_P(ModuleTest, MissingFile) {
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "can't open '/nowhere/model.so'",
               open("/nowhere/model.so"));
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "can't open 'libm.so.6'",
               open("libm.so.6")); // never searched for
}

TEST_P(ModuleTest, FileThatIsNoLibrary) {
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "not a shared library",
               open(write("module {}")));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "not a shared library",
               open(write("")));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "not a shared library",
               open(testing::TempDir()));
}

TEST_P(ModuleTest, TruncatedAtEveryPlace) {
  std::string whole = contentsOf(modulePath("packed"));
  ASSERT_GT(whole.size(), 4096u);
  for (size_t keep : {size_t(16), size_t(63), size_t(64), size_t(100),
                      size_t(4096), whole.size() / 2, whole.size() - 1})
    EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "shared library",
                 open(write(whole.substr(0, keep))));
}

TEST_P(ModuleTest, CorruptedHeader) {
  std::string bytes = contentsOf(modulePath("packed"));
  bytes[18] = 0; // the machine
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "another kind of processor",
               open(write(bytes)));
  bytes = contentsOf(modulePath("packed"));
  bytes[39] = 0x7f; // the place of the segments
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "truncated shared library",
               open(write(bytes)));
}

TEST_P(ModuleTest, OtherVersionsTargetsAndLibraries) {
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE,
               "compiled for version 99 of the ABI; this runtime has version 3",
               open(CAPSTAN_RT_TEST_MODULES "wrong_version.so"));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE,
               "compiled for 'another'; this device is '" + GetParam() + "'",
               open(CAPSTAN_RT_TEST_MODULES "wrong_target.so"));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "has 8 bytes",
               open(CAPSTAN_RT_TEST_MODULES "wrong_size.so"));
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "exports no capstan_module",
               open(CAPSTAN_RT_TEST_MODULES "no_symbol.so"));
}

TEST_P(ModuleTest, BrokenSignatures) {
  ModulePtr packed = openModule(device.get(), "packed");
  capstan_rt_module_info good = *capstan_rt_module_get_info(packed.get());
  good.size = sizeof(good); // without the kernels of a GPU
  EXPECT_OK(create(good));

  capstan_rt_module_info info = good;
  info.entries = nullptr;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "list of entries", create(info));

  capstan_rt_entry_info entry = good.entries[0];
  info = good;
  info.entries = &entry;
  entry.entry = nullptr;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "no name or no code", create(info));
  entry = good.entries[0];
  entry.num_arguments = -1;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "broken list of arguments",
               create(info));

  entry = good.entries[0];
  entry.num_results = 1;
  capstan_rt_value_info value = entry.results[0];
  entry.results = &value;
  value.rank = CAPSTAN_RT_MAX_RANK + 1;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "result of unsupported rank",
               create(info));
  value = good.entries[0].results[0];
  value.name = nullptr;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "without a name", create(info));
  value = good.entries[0].results[0];
  value.dtype.bits = 0;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "unknown type", create(info));
}

TEST_P(ModuleTest, RejectsNull) {
  capstan_rt_module *opened;
  const capstan_rt_function *function;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_module_open(nullptr, "x", &opened));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_module_open(device.get(), nullptr, &opened));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_module_create(device.get(), nullptr, &opened));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_module_lookup(nullptr, "x", &function));
  EXPECT_EQ(capstan_rt_module_get_info(nullptr), nullptr);
}

TEST_P(ModuleTest, StaysLoadedWhileItsWorkRuns) {
  reset(makeConfig(/*maxDelayUs=*/2000));
  auto x = tensor<float>(stream.get(), {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  auto lens = tensor<int32_t>(stream.get(), {2}, {1, 1});
  ModulePtr packed = openModule(device.get(), "packed");
  CallResult result =
      call(lookup(packed, "forward"), stream.get(), {*x, *lens}, 2);
  ASSERT_OK(result.status);
  packed = nullptr;
  EXPECT_THAT(read<float>(result.results[0].get(), stream.get()),
              testing::ElementsAre(4, 6, 8, 10, 12, 14, 16, 18));
}

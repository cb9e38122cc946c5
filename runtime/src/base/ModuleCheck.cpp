//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "base/Module.h"

#include <cstdio>
#include <cstring>
#include <elf.h>
#include <memory>

using namespace capstan::rt;

static int32_t bad(const char *from, const std::string &what) {
  return fail(CAPSTAN_RT_INCOMPATIBLE, {"module"},
              format("%s: %s", from, what.c_str()));
}

static const char *problemOf(const capstan_rt_value_info &value) {
  if (!value.name)
    return "without a name";
  if (value.kind != CAPSTAN_RT_TENSOR && value.kind != CAPSTAN_RT_SCALAR)
    return "of unknown kind";
  if (value.space != CAPSTAN_RT_DEVICE_SPACE &&
      value.space != CAPSTAN_RT_HOST_SPACE)
    return "of unknown space";
  if (int64_t bytes = bytesOf(value.dtype); bytes < 1 || bytes > 16)
    return "of unknown type";
  if (value.kind == CAPSTAN_RT_SCALAR)
    return nullptr;
  if (value.rank < 0 || value.rank > CAPSTAN_RT_MAX_RANK)
    return "of unsupported rank";
  if (value.rank && !value.dims)
    return "without sizes";
  for (int32_t i = 0; i < value.rank; ++i)
    if (value.dims[i] < -1)
      return "with a negative size";
  return nullptr;
}

static int32_t checkValues(const char *from, const capstan_rt_entry_info &entry,
                           const char *what, int32_t count,
                           const capstan_rt_value_info *values) {
  if (count < 0 || (count && !values))
    return bad(from,
               format("entry '%s' has a broken list of %ss", entry.name, what));
  for (int32_t i = 0; i < count; ++i)
    if (const char *problem = problemOf(values[i]))
      return bad(from,
                 format("entry '%s' has a %s %s", entry.name, what, problem));
  return CAPSTAN_RT_OK;
}

static const char *problemOf(const capstan_rt_gpu_kernel_info &kernel) {
  if (!kernel.name)
    return "no name";
  if (kernel.block_x < 1 || kernel.block_y < 1 || kernel.block_z < 1)
    return "no block";
  if (kernel.shared_bytes < 0 || kernel.num_arguments < 0)
    return "a negative number";
  if (kernel.num_checks < 0 || kernel.num_checks > 65536 ||
      (kernel.num_checks && (!kernel.checks || !kernel.takes_failure)))
    return "a broken list of checks";
  if (kernel.takes_failure && kernel.num_arguments < 2)
    return "no arguments for the failure record";
  return nullptr;
}

static int32_t checkGpuCode(const char *from,
                            const capstan_rt_gpu_module_info &info) {
  if (info.num_kernels < 0 || info.code_bytes < 0 ||
      (info.num_kernels && (!info.kernels || !info.code || !info.code_bytes)))
    return bad(from, "its list of kernels is broken");
  for (int64_t i = 0; i < info.num_kernels; ++i)
    if (const char *problem = problemOf(info.kernels[i]))
      return bad(from, format("kernel %lld has %s", static_cast<long long>(i),
                              problem));
  for (int64_t i = 0; i < info.num_kernels; ++i)
    if (kernelBytesOf(info, i).each && !info.kernels[i].num_arguments)
      return bad(from, format("kernel %lld has no number of iterations",
                              static_cast<long long>(i)));
  if (info.num_constants < 0 || (info.num_constants && !info.constants))
    return bad(from, "its list of constants is broken");
  for (int64_t i = 0; i < info.num_constants; ++i)
    if (info.constants[i].bytes < 0 ||
        (info.constants[i].bytes && !info.constants[i].data))
      return bad(
          from, format("constant %lld has no data", static_cast<long long>(i)));
  return CAPSTAN_RT_OK;
}

/// Code that was folded for a chip may ask any device what it can do.
static int32_t checkChip(const char *from, const char *chip, Device &device) {
  int architecture = 0, read = 0;
  if (sscanf(chip, "sm_%5d%n", &architecture, &read) != 1 || chip[read])
    return bad(from, format("compiled for the unknown chip '%s'", chip));
  for (int32_t i = 0; i < device.deviceCount(); ++i) {
    const capstan_rt_capabilities *table;
    CAPSTAN_RT_TRY(device.capabilitiesOf("module", i, table));
    if (table->architecture != architecture)
      return bad(from,
                 format("compiled for %s alone; device %d is sm_%lld", chip, i,
                        static_cast<long long>(table->architecture)));
  }
  return CAPSTAN_RT_OK;
}

int32_t capstan::rt::checkModuleInfo(const capstan_rt_module_info *info,
                                     Device &device, const char *from) {
  // The version first: it decides what the rest of the struct looks like.
  if (info->abi_version != CAPSTAN_RT_ABI_VERSION)
    return bad(from, format("compiled for version %u of the ABI; this runtime "
                            "has version %d",
                            info->abi_version, CAPSTAN_RT_ABI_VERSION));
  const capstan_rt_gpu_module_info *gpu = gpuInfoOf(*info);
  if (!gpu && info->size != sizeof(*info))
    return bad(from, format("its module info has %u bytes, not %zu", info->size,
                            sizeof(*info)));
  size_t length = strlen(device.target());
  if (!info->target || strncmp(info->target, device.target(), length) ||
      (info->target[length] && info->target[length] != ':'))
    return bad(from,
               format("compiled for '%s'; this device is '%s'",
                      info->target ? info->target : "(null)", device.target()));
  if (info->target[length])
    CAPSTAN_RT_TRY(checkChip(from, info->target + length + 1, device));
  if (gpu)
    CAPSTAN_RT_TRY(checkGpuCode(from, *gpu));
  if (info->num_entries < 0 || (info->num_entries && !info->entries))
    return bad(from, "its list of entries is broken");
  for (int64_t i = 0; i < info->num_entries; ++i) {
    const capstan_rt_entry_info &entry = info->entries[i];
    if (!entry.name || !entry.entry)
      return bad(from, "an entry has no name or no code");
    CAPSTAN_RT_TRY(checkValues(from, entry, "argument", entry.num_arguments,
                               entry.arguments));
    CAPSTAN_RT_TRY(
        checkValues(from, entry, "result", entry.num_results, entry.results));
  }
  return CAPSTAN_RT_OK;
}

#if defined(__x86_64__)
static constexpr int machine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr int machine = EM_AARCH64;
#else
#error "say which ELF machine this is"
#endif

/// Null if [offset, offset + bytes) of every segment is in the file.
static const char *problemOf(FILE *file) {
  Elf64_Ehdr header;
  if (fread(&header, sizeof(header), 1, file) != 1 ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
    return "not a shared library";
  if (header.e_machine != machine)
    return "compiled for another kind of processor";
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    return "a damaged shared library";
  if (fseek(file, 0, SEEK_END))
    return "not readable";
  uint64_t size = static_cast<uint64_t>(ftell(file));
  // Linkers put the sections' table last: without it something is missing.
  uint64_t table = uint64_t(header.e_shnum) * header.e_shentsize;
  if (header.e_shoff > size || table > size - header.e_shoff)
    return "a truncated shared library";
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    uint64_t at = header.e_phoff + i * sizeof(segment);
    if (at > size || fseek(file, static_cast<long>(at), SEEK_SET) ||
        fread(&segment, sizeof(segment), 1, file) != 1)
      return "a truncated shared library";
    if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset)
      return "a truncated shared library";
  }
  return nullptr;
}

int32_t capstan::rt::checkSharedLibrary(const char *path) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path, "rb"), fclose);
  if (!file)
    return fail(CAPSTAN_RT_NOT_FOUND, {"module_open"},
                format("can't open '%s': %s", path, strerror(errno)));
  if (const char *problem = problemOf(file.get()))
    return fail(CAPSTAN_RT_INCOMPATIBLE, {"module_open"},
                format("'%s' is %s", path, problem));
  return CAPSTAN_RT_OK;
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// numpy's .npz: a zip archive of .npy files, read and written by libzip.
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <zip.h>

using namespace capstan::run;
using llvm::StringRef;

namespace {
struct CloseArchive {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;

struct CloseFile {
  void operator()(zip_file_t *file) const { zip_fclose(file); }
};
} // namespace

static llvm::Expected<Archive> open(StringRef path, int flags) {
  int code;
  Archive archive(zip_open(path.str().c_str(), flags, &code));
  if (archive)
    return archive;
  zip_error_t reason;
  zip_error_init_with_code(&reason, code);
  llvm::Error result = error("can't open %s: %s", path.str().c_str(),
                             zip_error_strerror(&reason));
  zip_error_fini(&reason);
  return result;
}

llvm::Expected<Tensors> capstan::run::readNpz(StringRef path) {
  auto archive = open(path, ZIP_RDONLY);
  if (!archive)
    return archive.takeError();
  Tensors tensors;
  for (zip_int64_t i = 0, e = zip_get_num_entries(archive->get(), 0); i < e;
       ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive->get(), i, 0, &stat) != 0 ||
        !(stat.valid & ZIP_STAT_NAME) || !(stat.valid & ZIP_STAT_SIZE))
      return error("%s: entry %lld has no name or size", path.str().c_str(),
                   (long long)i);
    StringRef name = stat.name;
    std::string what = (path + "(" + name + ")").str();
    if (!name.consume_back(".npy"))
      return error("%s: not a .npy file", what.c_str());
    std::unique_ptr<zip_file_t, CloseFile> file(
        zip_fopen_index(archive->get(), i, 0));
    // The size is what the archive says of itself: nothing is allocated for a
    // file that can't be opened, nor more than libzip then delivers.
    std::shared_ptr<llvm::WritableMemoryBuffer> bytes =
        file ? llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
                   std::max<uint64_t>(stat.size, 1))
             : nullptr;
    // The checksum is compared where the entry ends.
    char end;
    if (!bytes ||
        zip_fread(file.get(), bytes->getBufferStart(), stat.size) !=
            zip_int64_t(stat.size) ||
        zip_fread(file.get(), &end, 1) != 0)
      return error("%s: damaged, or too large", what.c_str());
    auto tensor =
        parseNpy(what, StringRef(bytes->getBufferStart(), stat.size), bytes);
    if (!tensor)
      return tensor.takeError();
    tensors[name.str()] = std::move(*tensor);
  }
  return tensors;
}

llvm::Error
capstan::run::writeNpz(StringRef path,
                       llvm::ArrayRef<std::pair<std::string, Tensor>> tensors) {
  auto archive = open(path, ZIP_CREATE | ZIP_TRUNCATE);
  if (!archive)
    return archive.takeError();
  auto failed = [&] {
    return error("can't write %s: %s", path.str().c_str(),
                 zip_strerror(archive->get()));
  };
  // libzip reads the pieces when it closes the archive.
  std::vector<std::pair<std::string, Tensor>> kept;
  kept.reserve(tensors.size());
  for (const auto &[name, tensor] : tensors) {
    auto wide = widen(tensor);
    if (!wide)
      return wide.takeError();
    kept.push_back({npyHeader(*wide), *wide});
    const auto &[header, data] = kept.back();
    zip_buffer_fragment_t parts[2] = {
        {reinterpret_cast<zip_uint8_t *>(const_cast<char *>(header.data())),
         header.size()},
        {reinterpret_cast<zip_uint8_t *>(const_cast<char *>(data.data)),
         zip_uint64_t(data.bytes())}};
    zip_source_t *source =
        zip_source_buffer_fragment(archive->get(), parts, 2, /*freep=*/0);
    if (!source)
      return failed();
    zip_int64_t index = zip_file_add(archive->get(), (name + ".npy").c_str(),
                                     source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return failed();
    }
    zip_set_file_compression(archive->get(), index, ZIP_CM_STORE, 0);
  }
  if (zip_close(archive->get()) != 0)
    return failed();
  (void)archive->release();
  return llvm::Error::success();
}

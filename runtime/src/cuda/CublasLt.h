//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// cuBLASLt: the part of its interface that is used, declared here since its
// header comes only in packages of hundreds of megabytes. Where there is one,
// CublasLtCheck.cpp compares.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUBLASLT_H
#define CAPSTAN_RT_CUDA_CUBLASLT_H

#include "base/Error.h"
#include "cuda/Driver.h"

namespace capstan::rt::lt {

using Status = int;
using Handle = struct Context *;
using Desc = struct DescData *;
using Layout = struct LayoutData *;
using Preference = struct PreferenceData *;

struct Algo {
  uint64_t data[8];
};
struct Heuristic {
  Algo algo;
  size_t workspace;
  Status state;
  float waves;
  int reserved[4];
};

enum DataType { R_32F = 0, R_64F = 1, R_16F = 2, R_16BF = 14, R_8F_E4M3 = 28 };
enum ComputeType { Compute32F = 68, Compute64F = 70 };
enum Operation { Plain = 0, Transposed = 1 };
enum DescAttribute {
  TransposeA = 3,
  TransposeB = 4,
  Epilogue = 7,
  BiasPointer = 8,
  ScalePointerA = 17,
  ScalePointerB = 18,
  ScaleModeA = 31,
  ScaleModeB = 32
};
enum { AddBias = 4 };   // an epilogue
enum { OuterVector = 3 }; // a scale for each row or column of c
enum LayoutAttribute { BatchCount = 5, BatchStride = 6 };
enum PreferenceAttribute {
  MostWorkspace = 1,
  AlignmentA = 5,
  AlignmentB = 6,
  AlignmentC = 7,
  AlignmentD = 8
};

} // namespace capstan::rt::lt

namespace capstan::rt {

/// The loaded library; stays loaded.
struct CublasLt {
  size_t (*GetVersion)() = nullptr;
  lt::Status (*Create)(lt::Handle *) = nullptr;
  lt::Status (*Destroy)(lt::Handle) = nullptr;
  lt::Status (*MatmulDescCreate)(lt::Desc *, lt::ComputeType,
                                 lt::DataType) = nullptr;
  lt::Status (*MatmulDescDestroy)(lt::Desc) = nullptr;
  lt::Status (*MatmulDescSetAttribute)(lt::Desc, lt::DescAttribute,
                                       const void *, size_t) = nullptr;
  lt::Status (*MatrixLayoutCreate)(lt::Layout *, lt::DataType, uint64_t,
                                   uint64_t, int64_t) = nullptr;
  lt::Status (*MatrixLayoutDestroy)(lt::Layout) = nullptr;
  lt::Status (*MatrixLayoutSetAttribute)(lt::Layout, lt::LayoutAttribute,
                                         const void *, size_t) = nullptr;
  lt::Status (*MatmulPreferenceCreate)(lt::Preference *) = nullptr;
  lt::Status (*MatmulPreferenceDestroy)(lt::Preference) = nullptr;
  lt::Status (*MatmulPreferenceSetAttribute)(lt::Preference,
                                             lt::PreferenceAttribute,
                                             const void *, size_t) = nullptr;
  lt::Status (*MatmulAlgoGetHeuristic)(lt::Handle, lt::Desc, lt::Layout,
                                       lt::Layout, lt::Layout, lt::Layout,
                                       lt::Preference, int, lt::Heuristic *,
                                       int *) = nullptr;
  lt::Status (*MatmulAlgoCheck)(lt::Handle, lt::Desc, lt::Layout, lt::Layout,
                                lt::Layout, lt::Layout, const lt::Algo *,
                                lt::Heuristic *) = nullptr;
  lt::Status (*Matmul)(lt::Handle, lt::Desc, const void *, const void *,
                       lt::Layout, const void *, lt::Layout, const void *,
                       const void *, lt::Layout, void *, lt::Layout,
                       const lt::Algo *, void *, size_t, CUstream) = nullptr;

  /// Loads `path`; or else the library that the process has, that of a Python
  /// environment around this library or VIRTUAL_ENV, or the system's.
  /// \param[in] path      null or empty: any
  /// \param[in] newest    the highest version that the driver can run
  /// \param[out] found    what was loaded
  int32_t load(const char *path, int newest, const char *device,
               std::string &found);
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUBLASLT_H

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Compares CublasLt.h with the library's own header, where there is one.
//
//===----------------------------------------------------------------------===//

#include "cuda/CublasLt.h"

#include <cstddef>

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>

using namespace capstan::rt;

static_assert(sizeof(lt::Algo) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(lt::Heuristic) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(lt::Heuristic, workspace) ==
              offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(lt::Heuristic, state) ==
              offsetof(cublasLtMatmulHeuristicResult_t, state));
static_assert(sizeof(lt::Status) == sizeof(cublasStatus_t) &&
              CUBLAS_STATUS_SUCCESS == 0);

static constexpr bool same(int a, int b) { return a == b; }
static_assert(same(lt::R_32F, CUDA_R_32F) && same(lt::R_64F, CUDA_R_64F) &&
              same(lt::R_16F, CUDA_R_16F) && same(lt::R_16BF, CUDA_R_16BF) &&
              same(lt::R_8F_E4M3, CUDA_R_8F_E4M3));
static_assert(same(lt::Compute32F, CUBLAS_COMPUTE_32F) &&
              same(lt::Compute64F, CUBLAS_COMPUTE_64F));
static_assert(same(lt::Plain, CUBLAS_OP_N) &&
              same(lt::Transposed, CUBLAS_OP_T));
static_assert(same(lt::TransposeA, CUBLASLT_MATMUL_DESC_TRANSA) &&
              same(lt::TransposeB, CUBLASLT_MATMUL_DESC_TRANSB));
static_assert(same(lt::Epilogue, CUBLASLT_MATMUL_DESC_EPILOGUE) &&
              same(lt::AddBias, CUBLASLT_EPILOGUE_BIAS) &&
              same(lt::BiasPointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER));
static_assert(same(lt::ScalePointerA, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER) &&
              same(lt::ScalePointerB, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER));
#if CUBLAS_VERSION >= 120900
static_assert(same(lt::ScaleModeA, CUBLASLT_MATMUL_DESC_A_SCALE_MODE) &&
              same(lt::ScaleModeB, CUBLASLT_MATMUL_DESC_B_SCALE_MODE) &&
              same(lt::OuterVector,
                   CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F));
#endif
static_assert(same(lt::BatchCount, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) &&
              same(lt::BatchStride,
                   CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET));
static_assert(
    same(lt::MostWorkspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) &&
    same(lt::AlignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES) &&
    same(lt::AlignmentB, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES) &&
    same(lt::AlignmentC, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES) &&
    same(lt::AlignmentD, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES));
#endif

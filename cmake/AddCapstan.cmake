set(CAPSTAN_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter)

# Every Capstan library is a static archive over the shared MLIR and LLVM:
# mixing those with MLIR's static component libraries would register twice.
function(add_capstan_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} capstan-headers)
  target_compile_options(${name} PRIVATE ${CAPSTAN_WARNINGS})
  if(CAPSTAN_PRECOMPILE_HEADERS)
    target_precompile_headers(${name} REUSE_FROM CapstanPrecompiled)
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  target_include_directories(${name} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  set_property(GLOBAL APPEND PROPERTY CAPSTAN_LIBS ${name})
endfunction()

function(add_capstan_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_options(${name} PRIVATE ${CAPSTAN_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY CAPSTAN_TOOLS ${name})
endfunction()

# Headers that take longer to parse than most of what includes them to compile.
if(CAPSTAN_PRECOMPILE_HEADERS)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/Precompiled.cpp CONTENT "")
  add_library(CapstanPrecompiled OBJECT ${PROJECT_BINARY_DIR}/Precompiled.cpp)
  target_compile_options(CapstanPrecompiled PRIVATE ${CAPSTAN_WARNINGS})
  target_precompile_headers(CapstanPrecompiled PRIVATE
    <mlir/Dialect/Affine/IR/AffineOps.h>
    <mlir/Dialect/Bufferization/IR/Bufferization.h>
    <mlir/Dialect/ControlFlow/IR/ControlFlowOps.h>
    <mlir/Dialect/Func/IR/FuncOps.h>
    <mlir/Dialect/GPU/IR/GPUDialect.h>
    <mlir/Dialect/LLVMIR/LLVMDialect.h>
    <mlir/Dialect/Linalg/IR/Linalg.h>
    <mlir/Dialect/Math/IR/Math.h>
    <mlir/Dialect/MemRef/IR/MemRef.h>
    <mlir/Dialect/SCF/IR/SCF.h>
    <mlir/Dialect/Tensor/IR/Tensor.h>
    <mlir/Dialect/Vector/IR/VectorOps.h>
    <mlir/IR/BuiltinOps.h>
    <mlir/Pass/Pass.h>)
endif()

# Runs one mlir-tblgen job per pair OUTPUT FLAG on FILE.td and hangs the
# result on capstan-headers.
function(capstan_tablegen td target)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs output)
    list(POP_FRONT pairs flags)
    separate_arguments(flags)
    mlir_tablegen(${output} ${flags} -I${PROJECT_SOURCE_DIR}/include)
  endwhile()
  add_public_tablegen_target(${target})
  add_dependencies(capstan-headers ${target})
endfunction()

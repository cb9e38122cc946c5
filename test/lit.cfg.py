"""The lit suite of the compiler: FileCheck tests by layer, mirroring lib/.

    %python       the Python that runs lit        %capstan_src  source tree
    %mlir_opt     stock mlir-opt, without Capstan %capstan_bin  Capstan's tools
    %plugin       Capstan as a plugin             %capstan_obj  build tree
    %corpus       folder of the unpacked corpus   %mlir_dir     MLIR's CMake package
    %mlir_include MLIR's headers                  %clang_format the house's clang-format
    %cmake        cmake

Capstan's tools and LLVM's (FileCheck, not, count, split-file) are on PATH.
"""

import glob
import importlib.util
import os
import shutil
import subprocess
import sys

import lit.formats

config.name = "Capstan"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py"]
config.excludes = ["Inputs", "lit.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.capstan_obj, "test")

capstan_bin = os.path.join(config.capstan_obj, "bin")
config.environment["PATH"] = os.pathsep.join([capstan_bin, config.llvm_tools, os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--enable-var-scope"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
if "HOME" in os.environ:
    config.environment["HOME"] = os.environ["HOME"]  # ccache

config.substitutions += [
    ("%python", sys.executable),
    ("%cmake", shutil.which("cmake") or "cmake"),
    ("%mlir_opt", os.path.join(config.llvm_tools, "mlir-opt")),
    ("%mlir_include", config.mlir_include),
    ("%mlir_dir", config.mlir_dir),
    ("%clang_format", os.path.join(os.path.dirname(sys.executable), "clang-format")),
    ("%capstan_src", config.capstan_src),
    ("%capstan_obj", config.capstan_obj),
    ("%capstan_bin", capstan_bin),
    ("%plugin", os.path.join(config.capstan_obj, "lib", "CapstanPlugin.so")),
    ("%corpus", config.corpus),
]

if config.asan:
    config.available_features.add("asan")
    # The shared MLIR and LLVM are not instrumented.
    # What asks for more memory than there is has to be told so.
    options = "detect_odr_violation=0:detect_container_overflow=0:allow_user_poisoning=0"
    options += ":allocator_may_return_null=1"
    config.environment["ASAN_OPTIONS"] = options
    # A Python that loads an instrumented library has to have the sanitizer first; it
    # keeps memory to its end.
    library = subprocess.run(
        ["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    python = os.path.join(config.test_exec_root, "python-with-asan")
    os.makedirs(config.test_exec_root, exist_ok=True)
    with open(python, "w") as script:
        script.write(
            f"#!/bin/sh\nexport LD_PRELOAD={library} ASAN_OPTIONS={options}:detect_leaks=0\n"
        )
        script.write(f'exec {sys.executable} "$@"\n')
    os.chmod(python, 0o755)
    config.substitutions.insert(0, ("%python", python))
runtime = os.path.join(config.capstan_obj, "lib", "libcapstan_rt.so.0")
if os.path.exists(runtime):
    config.available_features.add("runtime")
    config.environment["CAPSTAN_RT"] = runtime
compiler = os.path.join(config.capstan_obj, "lib", "libcapstan_compiler.so.0")
if os.path.exists(compiler):
    config.available_features.add("c-api")
    config.substitutions.append(("%compiler", compiler))
if importlib.util.find_spec("numpy"):
    config.available_features.add("numpy")
if glob.glob("/dev/nvidia[0-9]*"):
    config.available_features.add("cuda")
if chromium := shutil.which("chromium") or shutil.which("chromium-browser"):
    config.available_features.add("chromium")
    config.substitutions.append(("%chromium", chromium))

#!/usr/bin/env python3
"""Starts a new pass, op or runtime entry: source, build entry, documentation
stub, and a test that fails until the work is done.

    utils/new.py pass sink-checks    flag --capstan-sink-checks, lib/Transforms/SinkChecks.cpp
    utils/new.py op dp_gather        operation capstan.dp_gather
    utils/new.py entry stream_wait   a line of runtime/include/capstan_rt/entry_points.def

A name may be spelled in any case: sink-checks, sink_checks or SinkChecks.
"""

import argparse
import re
import sys
from pathlib import Path

BANNER = """\
//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
"""

PASS_SOURCE = """\
//
// TODO: what the pass does, why it is right, and an example.
//
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/Passes.h"

using namespace mlir;

namespace capstan {{
#define GEN_PASS_DEF_CAPSTAN{upper}
#include "capstan/Transforms/Passes.h.inc"
}} // namespace capstan

using namespace capstan;

namespace {{
struct {camel}{base_break}: public capstan::impl::Capstan{camel}Base<{camel}> {{
  void runOnOperation() override {{
    getOperation()->emitError("capstan-{kebab} is not written yet");
    signalPassFailure();
  }}
}};
}} // namespace
"""

PASS_DEF = """\
def Capstan{camel} : Pass<"capstan-{kebab}", "::mlir::ModuleOp"> {{
  let summary = "TODO: one line";
  let description = [{{
    TODO: what it does, what it keeps, what it would not do and why.

    ```mlir
    // TODO: before and after
    ```
  }}];
}}
"""

PASS_TEST = """\
// RUN: capstan-opt %s --capstan-{kebab} --split-input-file --verify-diagnostics | FileCheck %s

// TODO: a positive test and a rejection test for each thing that the pass does.
// CHECK-LABEL: func.func @positive
// CHECK: TODO
func.func @positive() {{
  return
}}
"""

OP_DEF = """\
def Capstan_{camel}Op : Capstan_Op<"{snake}", [Pure]> {{
  let summary = "TODO: one line";
  let description = [{{
    TODO: what it does, and its constraints one by one.

    ```mlir
    %1 = capstan.{snake} %0 : tensor<4xi32> -> tensor<4xi32>
    ```
  }}];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
}}
"""

OP_TEST = """\
// RUN: capstan-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @parse_print
// CHECK: capstan.{snake} %{{{{.*}}}} : tensor<4xi32> -> tensor<4xi32>
func.func @parse_print(%source: tensor<4xi32>) -> tensor<4xi32> {{
  %0 = capstan.{snake} %source : tensor<4xi32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}}

// -----

func.func @rejected(%source: tensor<4xi32>) -> tensor<4xi32> {{
  // expected-error @below {{{{TODO: one test for each constraint}}}}
  %0 = capstan.{snake} %source : tensor<4xi32> -> tensor<4xi32>
  return %0 : tensor<4xi32>
}}
"""

ENTRY_LINE = """\
/* TODO: the parameters after the forward: PTR, I64 or I32. */
CAPSTAN_RT_CALL({snake}, PTR)

"""

ENTRY_DECLARATION = """\
/**
 * TODO: what it does, shapes, units, ownership, errors.
 * \\param[in] operand   TODO
 */
int32_t capstan_rt_{snake}(capstan_rt_forward *forward,{break_}void *operand);

"""

ENTRY_SOURCE = """\

int32_t capstan_rt_{snake}(capstan_rt_forward *forward,{break_}void *operand) {{
  REQUIRE_FORWARD("{snake}");
  const char *message = "not written yet";
  return forward->fail(CAPSTAN_RT_UNSUPPORTED, {{"{snake}"}}, message);
}}
"""

ENTRY_TEST = """\

// TODO: what it does, what it rejects, on every backend.
TEST_P(EntryTest, {camel}) {{
  ASSERT_OK(inForward([](auto *f) {{
    void *operand = nullptr;
    return capstan_rt_{snake}(f, operand);
  }}));
}}
"""


class Name:
    """One name in every spelling that the tree uses."""

    def __init__(self, text: str):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
        words = re.sub(r"[_-]+", "-", words).lower().removeprefix("capstan-")
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", words):
            sys.exit(f"new.py: not a name: {text}")
        self.kebab = words
        self.snake = words.replace("-", "_")
        self.camel = "".join(word.capitalize() for word in words.split("-"))
        self.upper = self.camel.upper()
        # clang-format breaks the line of the pass class where the name is long.
        self.base_break = " " if len(self.camel) <= 11 else "\n    "
        # It breaks those of an entry, too.
        start = len(f"int32_t capstan_rt_{self.snake}(")
        fits = start + len("capstan_rt_forward *forward, void *operand) {") <= 80
        self.break_ = " " if fits else "\n" + " " * start

    def fill(self, template: str) -> str:
        return template.format_map(vars(self))


class Tree:
    """Edits that are written together, or not at all if one is impossible."""

    def __init__(self, root: Path):
        self.root = root
        self.edits: dict[Path, str] = {}

    def create(self, path: str, text: str):
        if (self.root / path).exists():
            sys.exit(f"new.py: {path} exists")
        self.edits[self.root / path] = text

    def insert_before(self, path: str, anchor: str, text: str):
        """Inserts text before the last line that matches the pattern `anchor`."""
        old = (self.root / path).read_text()
        found = list(re.finditer(anchor, old, re.MULTILINE))
        if not found:
            sys.exit(f"new.py: {path} has no line like {anchor}")
        at = found[-1].start()
        self.edits[self.root / path] = old[:at] + text + old[at:]

    def append(self, path: str, text: str):
        self.edits[self.root / path] = (self.root / path).read_text() + text

    def add_source(self, path: str, library: str, source: str):
        """Adds a source file to a library of a CMake file, in order."""
        old = (self.root / path).read_text()
        match = re.search(rf"add_capstan_library\({library}\n((?:  \S+\.cpp\n)+)", old)
        if not match:
            sys.exit(f"new.py: {path} has no list of sources for {library}")
        lines = sorted({*match[1].splitlines(keepends=True), f"  {source}\n"})
        self.edits[self.root / path] = old[: match.start(1)] + "".join(lines) + old[match.end(1) :]

    def write(self):
        for path, text in self.edits.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(path.relative_to(self.root))


def new_pass(tree: Tree, name: Name):
    tree.create(f"lib/Transforms/{name.camel}.cpp", BANNER + name.fill(PASS_SOURCE))
    tree.create(f"test/Transforms/{name.kebab}.mlir", name.fill(PASS_TEST))
    tree.add_source("lib/Transforms/CMakeLists.txt", "CapstanTransforms", f"{name.camel}.cpp")
    tree.insert_before(
        "include/capstan/Transforms/Passes.td", r"^#endif", name.fill(PASS_DEF) + "\n"
    )


def new_op(tree: Tree, name: Name):
    tree.create(f"test/Dialect/{name.kebab}.mlir", name.fill(OP_TEST))
    tree.insert_before(
        "include/capstan/Dialect/CapstanOps.td", r"^#endif", name.fill(OP_DEF) + "\n"
    )


def new_entry(tree: Tree, name: Name):
    headers = "runtime/include/capstan_rt"
    if f"CAPSTAN_RT_CALL({name.snake}," in (tree.root / headers / "entry_points.def").read_text():
        sys.exit(f"new.py: entry {name.snake} exists")
    tree.insert_before(
        f"{headers}/entry_points.def", r"^#undef CAPSTAN_RT_CALL", name.fill(ENTRY_LINE)
    )
    tree.insert_before(f"{headers}/compiled.h", r"^#ifdef __cplus", name.fill(ENTRY_DECLARATION))
    tree.append("runtime/src/base/EntryPoints.cpp", name.fill(ENTRY_SOURCE))
    tree.append("runtime/test/EntryTest.cpp", name.fill(ENTRY_TEST))


def main():
    kinds = {"pass": new_pass, "op": new_op, "entry": new_entry}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("name")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    args = parser.parse_args()

    tree = Tree(args.root.resolve())
    kinds[args.kind](tree, Name(args.name))
    tree.write()
    print("then: ./dev format, ./dev docs, and write the test first")


if __name__ == "__main__":
    main()

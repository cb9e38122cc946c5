//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

/// The passes that commas part, those of options and nested pipelines aside.
static SmallVector<StringRef> splitPipeline(StringRef pipeline) {
  SmallVector<StringRef> parts;
  int depth = 0;
  size_t begin = 0;
  for (auto [i, c] : llvm::enumerate(pipeline)) {
    depth += StringRef("({").contains(c) - StringRef(")}").contains(c);
    if (c == ',' && depth == 0) {
      parts.push_back(pipeline.slice(begin, i));
      begin = i + 1;
    }
  }
  parts.push_back(pipeline.substr(begin));
  return parts;
}

llvm::Error capstan::parsePipeline(StringRef text, OpPassManager &pm) {
  auto wrong = [](const Twine &why) {
    return llvm::createStringError("wrong pipeline: " + why);
  };
  if (text.consume_front("builtin.module("))
    text.consume_back(")");
  if (text.trim().empty())
    return llvm::Error::success();
  for (StringRef pass : splitPipeline(text)) {
    if (pass.trim().empty())
      return wrong("no pass between two commas");
    OpPassManager scratch(ModuleOp::getOperationName());
    std::string nested = ("func.func(" + pass + ")").str(), errors;
    llvm::raw_string_ostream os(errors);
    bool isOfFunctions =
        failed(parsePassPipeline(pass, scratch, os)) &&
        succeeded(parsePassPipeline(nested, scratch, llvm::nulls()));
    if (isOfFunctions)
      errors.clear();
    if (!errors.empty() ||
        failed(parsePassPipeline(isOfFunctions ? nested : pass, pm, os)))
      return wrong(StringRef(errors).trim());
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Graph regions: a call whose work is captured once and then replayed.
//
//   %y = capstan.call_graph @body(%x) : (memref<?xf32>) -> memref<64xf32>
//   // becomes
//   %run = graph_begin(region, live bytes, inputs, results)
//   if %run {
//     %made = call @body(inputs)
//     graph_end(region, live bytes, made, results)
//   }
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace capstan;

void capstan::lower(RuntimeBuilder &b, CountFallbackOp op) {
  b.call(RuntimeEntry::fallback,
         {b.i32(static_cast<int32_t>(op.getReason())), b.string(op.getLoc())});
}

void capstan::lower(RuntimeBuilder &b, CountPaddingOp op) {
  Value added = LLVM::SubOp::create(b, op.getPadded(), op.getLive());
  b.call(RuntimeEntry::padding, {op.getLive(), added});
}

/// A constant array.
static LLVM::GlobalOp table(RuntimeBuilder &b, StringRef name, Type element,
                            ArrayRef<int64_t> values) {
  auto type = LLVM::LLVMArrayType::get(element, values.size());
  return b.global(name, type, [&](RuntimeBuilder &b) -> Value {
    SmallVector<Value> elements;
    for (int64_t value : values)
      elements.push_back(LLVM::ConstantOp::create(
          b, element, IntegerAttr::get(element, value)));
    return b.makeStruct(type, elements);
  });
}

/// A constant array of the buffers' sizes in bytes.
static LLVM::GlobalOp sizes(RuntimeBuilder &b, StringRef name,
                            TypeRange buffers) {
  SmallVector<int64_t> bytes;
  for (Type buffer : buffers) {
    auto memref = cast<MemRefType>(buffer);
    bytes.push_back(memref.getNumElements() *
                    b.sizeOf(b.memoryType(memref.getElementType())));
  }
  return table(b, name, b.rt.i64, bytes);
}

/// How an input is given; see CAPSTAN_RT_INPUT_*.
enum InputKind { whole, prefix, number };

static InputKind kindOf(Type input, Type argument) {
  if (!isa<MemRefType>(input))
    return number;
  return input == argument ? whole : prefix;
}

static Value region(RuntimeBuilder &b, CallGraphOp op, FunctionType body) {
  std::string name = op.getCallee().str();
  LLVM::GlobalOp inputs, kinds,
      results = sizes(b, name + ".results", body.getResults());
  if (body.getNumInputs()) {
    inputs = sizes(b, name + ".inputs", body.getInputs());
    SmallVector<int64_t> each;
    for (auto [input, argument] :
         llvm::zip_equal(op.getInputs().getTypes(), body.getInputs()))
      each.push_back(kindOf(input, argument));
    kinds = table(b, name + ".kinds", b.rt.i8, each);
  }
  Location loc = op.getLoc();
  return b.addressOf(b.global(
      name + ".region", b.rt.graph_region, [&](RuntimeBuilder &b) -> Value {
        return b.makeStruct(
            b.rt.graph_region,
            {b.i32(b.sizeOf(b.rt.graph_region)), b.i32(body.getNumInputs()),
             b.i32(body.getNumResults()),
             inputs ? b.addressOf(inputs) : b.null(), b.addressOf(results),
             kinds ? b.addressOf(kinds) : b.null(), b.string(loc)});
      }));
}

static Value elementAt(RuntimeBuilder &b, Type type, Value array, size_t i) {
  return LLVM::GEPOp::create(b, b.rt.ptr, type, array,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
}

/// The live bytes of inputs and results.
static Value liveBytes(RuntimeBuilder &b, CallGraphOp op) {
  size_t numInputs = op.getInputs().size();
  Value live = b.slot(b.rt.i64, numInputs + op.getNumResults());
  auto store = [&](size_t i, Value bytes) {
    LLVM::StoreOp::create(b, bytes, elementAt(b, b.rt.i64, live, i));
  };
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    if (isa<MemRefType>(input.getType()))
      store(i, b.bytesOf(input));
  ValueRange sizes = op.getSizes();
  for (auto [i, type] : llvm::enumerate(op.getResultTypes())) {
    auto buffer = cast<MemRefType>(type);
    store(numInputs + i,
          b.bytesOf(buffer, sizes.take_front(buffer.getNumDynamicDims())));
    sizes = sizes.drop_front(buffer.getNumDynamicDims());
  }
  return live;
}

/// Where the inputs are: buffers on the device, numbers in the frame.
static void storeInputs(RuntimeBuilder &b, ValueRange inputs, Value array) {
  for (auto [i, input] : llvm::enumerate(inputs)) {
    Value pointer;
    if (isa<MemRefType>(input.getType())) {
      pointer = b.dataOf(input);
    } else {
      pointer = b.slot(b.memoryType(input.getType()));
      b.storeTo(input, pointer);
    }
    LLVM::StoreOp::create(b, pointer, elementAt(b, b.rt.ptr, array, i));
  }
}

/// Row-major buffers at the pointers of an array.
static SmallVector<Value> buffersAt(RuntimeBuilder &b, Value array,
                                    TypeRange types, ValueRange sizes = {}) {
  SmallVector<Value> buffers;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto buffer = cast<MemRefType>(type);
    int64_t dynamic = buffer.getNumDynamicDims();
    buffers.push_back(b.makeBuffer(
        LLVM::LoadOp::create(b, b.rt.ptr, elementAt(b, b.rt.ptr, array, i)),
        buffer, sizes.take_front(dynamic)));
    sizes = sizes.drop_front(dynamic);
  }
  return buffers;
}

void capstan::lower(RuntimeBuilder &b, CallGraphOp op, FunctionType body,
                    HostCall callHost) {
  Value desc = region(b, op, body), live = liveBytes(b, op);
  auto array = [&](int64_t count) {
    return b.slot(b.rt.ptr, std::max<int64_t>(1, count));
  };
  Value inputs = array(body.getNumInputs()), run = b.slot(b.rt.i32);
  Value results = array(body.getNumResults()),
        made = array(body.getNumResults());
  storeInputs(b, op.getInputs(), inputs);
  b.call(RuntimeEntry::graph_begin, {desc, live, inputs, results, run});
  Value runs =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne,
                           LLVM::LoadOp::create(b, b.rt.i32, run), b.i32(0));
  Block *block = b.getInsertionBlock();
  Block *next = block->splitBlock(b.getInsertionPoint());
  Block *bodyBlock = b.createBlock(next);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, runs, bodyBlock, ValueRange(), next,
                           ValueRange());
  b.setInsertionPointToStart(bodyBlock);
  cf::BranchOp::create(b, next);
  b.setInsertionPointToStart(bodyBlock);
  storeInputs(b,
              callHost(op.getCalleeAttr(), body.getResults(),
                       buffersAt(b, inputs, body.getInputs())),
              made);
  b.call(RuntimeEntry::graph_end, {desc, live, made, results});

  b.setInsertionPointToStart(next);
  op->replaceAllUsesWith(
      buffersAt(b, results, op.getResultTypes(), op.getSizes()));
}

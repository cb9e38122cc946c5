//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/TensorMemory.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace capstan;

int64_t capstan::bytesOf(ArrayRef<int64_t> shape, Type elementType) {
  constexpr int64_t most = int64_t(1) << 50;
  int64_t bytes = llvm::divideCeil(
      elementType.isIntOrFloat() ? elementType.getIntOrFloatBitWidth() : 64, 8);
  for (int64_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes))
      return size ? most : 0;
  return std::min(bytes, most);
}

namespace {
class Memory {
public:
  Memory(func::FuncOp function, ArrayRef<BlockArgument> arguments);
  TensorPeak peak() const;

private:
  struct Buffer {
    Value value;
    int64_t bytes;
    unsigned begin, end; // moments
  };

  /// The operations of an operation, or of its regions.
  struct Span {
    unsigned begin, end;
  };

  unsigned lastUse(Value value) const;
  void add(Value value, unsigned begin);
  void share(Value value, Value with);
  Value sharedBy(OpResult result) const;
  void visit(Operation *op);

  DenseMap<Operation *, Span> spans;
  SmallVector<Buffer> buffers;
  DenseMap<Value, unsigned> bufferOf;
};
} // namespace

static bool isOnDevice(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && isDeviceType(type);
}

unsigned Memory::lastUse(Value value) const {
  unsigned last = 0;
  for (Operation *user : value.getUsers())
    if (Operation *op = value.getParentBlock()->findAncestorOpInBlock(*user))
      last = std::max(last, spans.lookup(op).end);
  return last;
}

void Memory::add(Value value, unsigned begin) {
  auto type = cast<RankedTensorType>(value.getType());
  bufferOf[value] = buffers.size();
  buffers.push_back({value, bytesOf(type.getShape(), type.getElementType()),
                     begin, std::max(begin, lastUse(value))});
}

void Memory::share(Value value, Value with) {
  auto it = bufferOf.find(with);
  if (it == bufferOf.end())
    return;
  unsigned n = bufferOf[value] = it->second;
  buffers[n].end = std::max(buffers[n].end, lastUse(value));
}

/// Whether matrix products read the operand instead.
static bool isReadTransposed(Operation *op) {
  return isa<linalg::TransposeOp>(op) &&
         llvm::all_of(op->getUsers(), [](Operation *user) {
           return isa<linalg::ContractionOpInterface, GemmOp, GroupedGemmOp>(
               user);
         });
}

/// The operand whose memory a result takes; null if it has its own.
Value Memory::sharedBy(OpResult result) const {
  Operation *op = result.getOwner();
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp,
          tensor::ExtractSliceOp>(op) ||
      isReadTransposed(op))
    return op->getOperand(0);
  Value init;
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    init = destination.getTiedOpOperand(result)->get();
  else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    init = insert.getDest();
  else if (auto loop = dyn_cast<scf::ForOp>(op))
    init = loop.getTiedLoopInit(result)->get();
  auto it = bufferOf.find(init);
  bool dies =
      it != bufferOf.end() && buffers[it->second].end <= spans.lookup(op).end;
  return dies ? init : Value();
}

void Memory::visit(Operation *op) {
  // A tensor without contents has memory where it gets some.
  if (isa<tensor::EmptyOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
    return;
  for (OpResult result : op->getResults()) {
    if (!isOnDevice(result))
      continue;
    if (Value other = sharedBy(result))
      share(result, other);
    else
      add(result, spans.lookup(op).begin);
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      Buffer &buffer = buffers[bufferOf.lookup(result)];
      buffer.end = std::max(buffer.end, spans.lookup(op).end);
      share(loop.getTiedLoopRegionIterArg(result), result);
    }
  }
}

Memory::Memory(func::FuncOp function, ArrayRef<BlockArgument> arguments) {
  unsigned moment = 0;
  SmallVector<Operation *> order;
  walkHostCode(function, [&](Operation *op) {
    order.push_back(op);
    spans[op] = {moment, moment};
    ++moment;
    for (Operation *around = op->getParentOp(); around != function;
         around = around->getParentOp())
      spans[around].end = moment;
  });
  for (BlockArgument argument : arguments) {
    add(argument, 0);
    buffers.back().end = moment;
  }
  for (Operation *op : order)
    visit(op);
}

TensorPeak Memory::peak() const {
  SmallVector<std::pair<unsigned, int64_t>> changes;
  for (const Buffer &buffer : buffers) {
    changes.push_back({buffer.begin, buffer.bytes});
    changes.push_back({buffer.end + 1, -buffer.bytes});
  }
  llvm::sort(changes); // what ends at a moment comes before what begins there
  TensorPeak peak;
  unsigned at = 0;
  int64_t bytes = 0;
  for (auto [moment, change] : changes) {
    bytes += change;
    if (bytes > peak.bytes) {
      peak.bytes = bytes;
      at = moment;
    }
  }
  for (const Buffer &buffer : buffers)
    if (buffer.begin <= at && at <= buffer.end)
      peak.alive.push_back({buffer.value, buffer.bytes});
  llvm::stable_sort(peak.alive,
                    [](auto &x, auto &y) { return x.second > y.second; });
  return peak;
}

TensorPeak capstan::findTensorPeak(func::FuncOp function,
                                   ArrayRef<BlockArgument> arguments) {
  return Memory(function, arguments).peak();
}

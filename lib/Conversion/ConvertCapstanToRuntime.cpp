//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes host code calls of the runtime, each with a check of its status.
//
//   %m = memref.alloc(%n) {alignment = 64 : i64} : memref<?xf32>
//   // becomes
//   %status = llvm.call @capstan_rt_alloc(%forward, %bytes, %c64, %slot)
//   cf.cond_br %ok, ^next, ^fail(%status : i32)
//
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CONVERTCAPSTANTORUNTIME
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
constexpr int64_t alignment = 64;
/// Status of a failed check; see capstan_rt/status.h.
constexpr int64_t failedCheck = 1;

/// A check in a kernel.
struct Check {
  std::string message;
  Location location;
};

/// Constants are in memory that host code reads, and so is a frame.
static bool isLocal(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer.getDefiningOp<memref::GetGlobalOp>() ||
         buffer.getDefiningOp<memref::AllocaOp>();
}

/// Converts one module.
class Converter {
public:
  Converter(ModuleOp module, const LLVMTypeConverter &types)
      : module(module), b(module, types) {}

  LogicalResult run(StringRef target);

private:
  void convertKernel(func::FuncOp kernel);
  void convertArguments(func::FuncOp kernel);
  LogicalResult convertSignature(func::FuncOp function);
  LogicalResult convertHostCode(func::FuncOp function);
  LogicalResult convert(Operation *op);

  void alloc(memref::AllocOp op);
  void free(memref::DeallocOp op);
  void copy(memref::CopyOp op);
  void store(memref::StoreOp op);
  void load(memref::LoadOp op);
  void assertion(cf::AssertOp op);
  void callHost(func::CallOp op);
  void item(ItemOp op);
  void toHost(ToHostOp op);
  void fetch(FetchOp op);
  void fetchStart(FetchStartOp op);
  LogicalResult fetchWait(FetchWaitOp op);
  void deviceCheck(DeviceCheckOp op);
  void launch(LaunchOp op);
  LogicalResult gemm(GemmOp op);
  LogicalResult attention(VarlenAttentionOp op);

  /// Memory of `bytes` bytes.
  Value allocate(RuntimeEntry entry, Value bytes);
  /// A host buffer of the shape of `source`.
  Value hostBufferLike(MemRefType type, Value source);
  /// The address of an element.
  Value elementOf(Value buffer, ValueRange indices);
  Value dtype(Type element);
  void storeFields(Type type, Value pointer, ValueRange fields);
  /// Makes part `i` of `parts` copy `source` to `place`, which is a buffer, or
  /// the address of a scalar of type `type`.
  void storePart(Value parts, unsigned i, Value source, Type type, Value place);
  /// Gives `results` what has arrived at `places`.
  void loadParts(ValueRange results, ArrayRef<Value> places);
  LLVM::LLVMFuncOp thunk(func::FuncOp kernel, Type argumentsType);
  Value kernelInfo(LaunchOp op, func::FuncOp kernel);

  void releaseFutures();

  /// What a fetch that was started has to give.
  struct Started {
    Value fetch;                ///< slot of the handle; null when waited for
    Value items;                ///< host memory of the scalars
    SmallVector<Value> results; ///< buffers, or addresses of scalars
    bool alwaysWaited = false;  ///< in the block that starts it
  };

  void release(Operation *op, const Started &info);

  ModuleOp module;
  RuntimeBuilder b;
  llvm::MapVector<Operation *, Started> started;
  llvm::DenseMap<Operation *, SmallVector<Check>> checks;
  llvm::DenseMap<Operation *, SmallVector<Type>> kernelTypes;
  llvm::DenseMap<Operation *, SmallVector<bool>> distinct;
  llvm::DenseMap<Operation *, LLVM::LLVMFuncOp> thunks;
  llvm::StringMap<LLVM::GlobalOp> infos;
};

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Kernels only load from, store to and measure their buffers; booleans are
/// bytes there, since LLVM doesn't vectorize single bits.
static void accessAsBytes(RuntimeBuilder &b, Value buffer, MemRefType type,
                          BlockArgument argument) {
  auto bytes = MemRefType::get(type.getShape(), b.getI8Type(), type.getLayout(),
                               type.getMemorySpace());
  Value view = b.fromLLVM(buffer, bytes);
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    if (auto load = dyn_cast<memref::LoadOp>(user)) {
      b.startAt(load);
      Value byte = memref::LoadOp::create(b, view, load.getIndices());
      Value bit = arith::TruncIOp::create(b, load.getType(), byte);
      load.replaceAllUsesWith(bit);
      load.erase();
    } else if (auto store = dyn_cast<memref::StoreOp>(user)) {
      b.startAt(store);
      Value byte =
          arith::ExtUIOp::create(b, b.getI8Type(), store.getValueToStore());
      memref::StoreOp::create(b, byte, view, store.getIndices());
      store.erase();
    } else if (auto dim = dyn_cast<memref::DimOp>(user)) {
      dim.getSourceMutable().assign(view);
    }
  }
}

/// A buffer is taken as its descriptor, and, if it is distinct from the others,
/// its first element as a pointer of its own, which carries the attribute.
void Converter::convertArguments(func::FuncOp kernel) {
  SmallVector<Type> &original = kernelTypes[kernel];
  llvm::append_range(original, kernel.getArgumentTypes());
  SmallVector<bool> &isDistinct = distinct[kernel];
  isDistinct.resize(original.size());
  StringRef noalias = LLVM::LLVMDialect::getNoAliasAttrName();
  for (int64_t i = original.size() - 1; i >= 0; --i) {
    auto type = dyn_cast<MemRefType>(original[i]);
    if (!type)
      continue;
    BlockArgument argument = kernel.getArgument(i);
    isDistinct[i] = bool(kernel.removeArgAttr(i, noalias));
    b.setInsertionPointToStart(&kernel.getBody().front());
    b.setLoc(kernel.getLoc());
    // The uses move to a view of the descriptor.
    auto placeholder = LLVM::UndefOp::create(b, b.types.convertType(type));
    Value descriptor = placeholder;
    if (isDistinct[i]) {
      (void)kernel.insertArgument(
          i + 1, b.rt.ptr,
          b.getDictionaryAttr(b.getNamedAttr(noalias, b.getUnitAttr())),
          kernel.getLoc());
      descriptor = LLVM::InsertValueOp::create(
          b, descriptor, kernel.getArgument(i + 1), int64_t(1));
    }
    Operation *last = descriptor.getDefiningOp();
    if (type.getElementType().isInteger(1))
      accessAsBytes(b, descriptor, type, argument);
    if (!argument.use_empty()) {
      b.setInsertionPointAfter(last);
      argument.replaceAllUsesWith(b.fromLLVM(descriptor, type));
    }
    argument.setType(placeholder.getType());
    placeholder.replaceAllUsesWith(Value(argument));
    placeholder->erase();
  }
  kernel.setFunctionType(b.getFunctionType(kernel.getBody().getArgumentTypes(),
                                           kernel.getResultTypes()));
}

/// A kernel returns 0, or 1 + the number of the check that failed.
void Converter::convertKernel(func::FuncOp kernel) {
  convertArguments(kernel);
  SmallVector<cf::AssertOp> asserts;
  SmallVector<func::ReturnOp> returns;
  kernel.walk([&](Operation *op) {
    if (auto check = dyn_cast<cf::AssertOp>(op))
      asserts.push_back(check);
    else if (auto ret = dyn_cast<func::ReturnOp>(op))
      returns.push_back(ret);
  });
  kernel.setFunctionType(
      b.getFunctionType(kernel.getArgumentTypes(), {b.rt.i32}));
  kernel->setAttr("llvm.linkage", LLVM::LinkageAttr::get(
                                      b.getContext(), LLVM::Linkage::Internal));
  for (func::ReturnOp ret : returns) {
    b.startAt(ret);
    Value zero = b.i32(0);
    ret->insertOperands(0, zero);
  }
  SmallVector<Check> &table = checks[kernel];
  for (cf::AssertOp check : asserts) {
    table.push_back({check.getMsg().str(), check.getLoc()});
    b.startAt(check);
    b.returnUnless(check.getArg(), b.i32(table.size()));
    check.erase();
  }
}

/// `(A) -> R` becomes `(!llvm.ptr, A) -> (i32, R)`.
LogicalResult Converter::convertSignature(func::FuncOp function) {
  if (function.isExternal())
    return function.emitOpError(
        "has no definition; host code can call only what the module defines");
  if (failed(function.insertArgument(0, b.rt.ptr, {}, function.getLoc())) ||
      failed(function.insertResult(0, b.rt.i32, {})))
    return failure();
  function.walk([&](func::ReturnOp ret) {
    b.startAt(ret);
    Value zero = b.i32(0);
    ret->insertOperands(0, zero);
  });
  return success();
}

LogicalResult Converter::convertHostCode(func::FuncOp function) {
  SmallVector<Operation *> ops;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != function)
      ops.push_back(op);
  });
  bool failed = false;
  for (Operation *op : ops) {
    b.startAt(op);
    failed |= mlir::failed(convert(op));
  }
  return failure(failed);
}

LogicalResult Converter::convert(Operation *op) {
  auto done = [&](auto convertOne) {
    convertOne();
    op->erase();
    return success();
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](memref::AllocOp alloc) {
        return done([&] { this->alloc(alloc); });
      })
      .Case([&](memref::DeallocOp dealloc) {
        return done([&] { free(dealloc); });
      })
      .Case([&](memref::CopyOp copy) -> LogicalResult {
        if (isHostType(copy.getSource().getType()) &&
            isHostType(copy.getTarget().getType()))
          return success(); // upstream's
        auto source = dyn_cast<MemRefType>(copy.getSource().getType());
        auto target = dyn_cast<MemRefType>(copy.getTarget().getType());
        if (!source || !target || !isDeviceType(target) ||
            !source.getLayout().isIdentity() ||
            !target.getLayout().isIdentity())
          return op->emitOpError("has no lowering to runtime calls");
        return done([&] { this->copy(copy); });
      })
      .Case([&](memref::StoreOp store) -> LogicalResult {
        Type type = store.getMemRef().getType();
        if (isHostType(type) || isLocal(store.getMemRef()))
          return success();
        return done([&] { this->store(store); });
      })
      .Case([&](memref::LoadOp load) -> LogicalResult {
        Type type = load.getMemRef().getType();
        if (isHostType(type) || isLocal(load.getMemRef()))
          return success();
        return done([&] { this->load(load); });
      })
      .Case([&](cf::AssertOp check) { return done([&] { assertion(check); }); })
      .Case([&](func::CallOp call) { return done([&] { callHost(call); }); })
      .Case([&](ItemOp item) { return done([&] { this->item(item); }); })
      .Case([&](ToHostOp read) { return done([&] { toHost(read); }); })
      .Case([&](FetchOp fetch) { return done([&] { this->fetch(fetch); }); })
      .Case([&](FetchStartOp start) {
        fetchStart(start);
        return success(); // erased with its waits
      })
      .Case([&](FetchWaitOp wait) { return fetchWait(wait); })
      .Case([&](DeviceCheckOp check) {
        return done([&] { deviceCheck(check); });
      })
      .Case(
          [&](LaunchOp launch) { return done([&] { this->launch(launch); }); })
      .Case([&](GemmOp gemm) { return this->gemm(gemm); })
      .Case([&](VarlenAttentionOp op) { return attention(op); })
      .Default([&](Operation *op) -> LogicalResult {
        if (isa_and_nonnull<CapstanDialect>(op->getDialect()) ||
            !op->getDialect())
          return op->emitOpError("has no lowering to runtime calls");
        return success();
      });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value Converter::allocate(RuntimeEntry entry, Value bytes) {
  Value slot = b.slot(b.rt.ptr);
  b.call(entry, {bytes, b.i64(alignment), slot});
  return LLVM::LoadOp::create(b, b.rt.ptr, slot);
}

void Converter::alloc(memref::AllocOp op) {
  MemRefType type = op.getType();
  Value bytes = b.bytesOf(type, op.getDynamicSizes());
  Value memory = allocate(
      isHostType(type) ? RuntimeEntry::host_alloc : RuntimeEntry::alloc, bytes);
  op.replaceAllUsesWith(b.makeBuffer(memory, type, op.getDynamicSizes()));
}

void Converter::free(memref::DeallocOp op) {
  Value buffer = op.getMemref();
  b.call(isHostType(buffer.getType()) ? RuntimeEntry::host_free
                                      : RuntimeEntry::free,
         b.baseOf(buffer));
}

void Converter::copy(memref::CopyOp op) {
  b.call(isHostType(op.getSource().getType()) ? RuntimeEntry::to_device
                                              : RuntimeEntry::copy,
         {b.dataOf(op.getTarget()), b.dataOf(op.getSource()),
          b.bytesOf(op.getSource())});
}

Value Converter::elementOf(Value buffer, ValueRange indices) {
  auto type = cast<MemRefType>(buffer.getType());
  MemRefDescriptor descriptor(b.toLLVM(buffer));
  Value offset = b.i64(0);
  for (auto [i, index] : llvm::enumerate(indices)) {
    Value stride = descriptor.stride(b, b.getLoc(), i);
    offset = arith::AddIOp::create(
        b, offset, arith::MulIOp::create(b, b.toI64(index), stride));
  }
  return LLVM::GEPOp::create(b, b.rt.ptr, b.memoryType(type.getElementType()),
                             b.dataOf(buffer), ValueRange(offset));
}

/// Host code writes a device element: `tensor.from_elements`, `tensor.insert`.
void Converter::store(memref::StoreOp op) {
  Type type = op.getMemRefType().getElementType();
  Value slot = b.slot(b.memoryType(type));
  b.storeTo(op.getValueToStore(), slot);
  b.call(RuntimeEntry::to_device, {elementOf(op.getMemRef(), op.getIndices()),
                                   slot, b.i64(b.sizeOf(b.memoryType(type)))});
}

/// A read of device data that the host-sync passes didn't see.
void Converter::load(memref::LoadOp op) {
  auto read = ItemOp::create(b, op.getType(), op.getMemRef(), op.getIndices());
  op.replaceAllUsesWith(read.getResult());
  b.startAt(read);
  item(read);
  read.erase();
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void Converter::assertion(cf::AssertOp op) {
  Value failed =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, op.getArg(),
                           LLVM::ConstantOp::create(b, b.getI1Type(), 0));
  // Only a failing check calls the runtime.
  Block *block = b.getInsertionBlock();
  Block *next = block->splitBlock(b.getInsertionPoint());
  auto *region = block->getParent();
  Block *report = b.createBlock(region, std::next(block->getIterator()));
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, failed, report, ValueRange(), next, ValueRange());
  b.setInsertionPointToStart(report);
  cf::BranchOp::create(b, next);
  b.setInsertionPointToStart(report);
  b.call(RuntimeEntry::fail,
         {b.i32(failedCheck), b.string(op.getMsg()), b.string(op.getLoc())});
}

void Converter::callHost(func::CallOp op) {
  SmallVector<Value> operands{
      cast<func::FuncOp>(op->getParentOp()).getArgument(0)};
  llvm::append_range(operands, op.getOperands());
  SmallVector<Type> types{b.rt.i32};
  llvm::append_range(types, op.getResultTypes());
  auto call = func::CallOp::create(b, op.getCallee(), types, operands);
  b.checkStatus(call.getResult(0));
  op.replaceAllUsesWith(call.getResults().drop_front());
}

//===----------------------------------------------------------------------===//
// Reads
//===----------------------------------------------------------------------===//

Value Converter::hostBufferLike(MemRefType type, Value source) {
  SmallVector<Value> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(size))
      sizes.push_back(memref::DimOp::create(b, source, i));
  Value memory = allocate(RuntimeEntry::host_alloc, b.bytesOf(type, sizes));
  return b.makeBuffer(memory, type, sizes);
}

void Converter::storeFields(Type type, Value pointer, ValueRange fields) {
  for (auto [i, value] : llvm::enumerate(fields))
    LLVM::StoreOp::create(b, value,
                          b.field(type, pointer, {0, static_cast<int32_t>(i)}));
}

void Converter::item(ItemOp op) {
  Type type = op.getType();
  Value result = b.slot(b.memoryType(type)), part = b.slot(b.rt.part);
  storeFields(b.rt.part, part,
              {elementOf(op.getSource(), op.getIndices()), result,
               b.i64(b.sizeOf(b.memoryType(type)))});
  b.call(RuntimeEntry::read, {b.i64(1), part});
  op.replaceAllUsesWith(b.loadFrom(type, result));
}

void Converter::toHost(ToHostOp op) {
  Value result = hostBufferLike(cast<MemRefType>(op.getType()), op.getSource());
  Value part = b.slot(b.rt.part);
  storeFields(b.rt.part, part,
              {b.dataOf(op.getSource()), b.dataOf(result), b.bytesOf(result)});
  b.call(RuntimeEntry::read, {b.i64(1), part});
  op.replaceAllUsesWith(result);
}

void Converter::storePart(Value parts, unsigned i, Value source, Type type,
                          Value place) {
  bool isBuffer = isa<MemRefType>(type);
  Value bytes =
      isBuffer ? b.bytesOf(place) : b.i64(b.sizeOf(b.memoryType(type)));
  Value part = b.field(b.rt.part, parts, {static_cast<int32_t>(i)});
  storeFields(b.rt.part, part,
              {b.dataOf(source), isBuffer ? b.dataOf(place) : place, bytes});
}

void Converter::loadParts(ValueRange results, ArrayRef<Value> places) {
  for (auto [result, place] : llvm::zip(results, places))
    result.replaceAllUsesWith(isa<MemRefType>(result.getType())
                                  ? place
                                  : b.loadFrom(result.getType(), place));
}

void Converter::fetch(FetchOp op) {
  int64_t count = op.getNumResults();
  Value parts = b.slot(b.rt.part, count);
  SmallVector<Value> places;
  for (auto [i, source, result] :
       llvm::enumerate(op.getSources(), op.getResults())) {
    auto buffer = dyn_cast<MemRefType>(result.getType());
    places.push_back(buffer ? hostBufferLike(buffer, source)
                            : b.slot(b.memoryType(result.getType())));
    storePart(parts, i, source, result.getType(), places.back());
  }
  b.call(RuntimeEntry::read, {b.i64(count), parts});
  loadParts(op.getResults(), places);
}

/// Scalars arrive in host memory of the runtime: the copy may outlive the
/// frame if the forward fails.
void Converter::fetchStart(FetchStartOp op) {
  ArrayRef<Type> types = op.getFuture().getType().getTypes();
  int64_t count = types.size();
  Started &info = started[op];
  info.fetch = b.slot(b.rt.ptr);
  info.alwaysWaited = llvm::any_of(op->getUsers(), [&](Operation *user) {
    return user->getBlock() == op->getBlock();
  });
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfter(info.fetch.getDefiningOp());
    LLVM::StoreOp::create(b, b.null(), info.fetch);
  }
  // In a loop, the one that it started before.
  if (!info.alwaysWaited)
    release(op, info);
  b.startAt(op);
  info.items = allocate(RuntimeEntry::host_alloc, b.i64(8 * count));
  Value parts = b.slot(b.rt.part, count);
  for (auto [i, source, type] : llvm::enumerate(op.getSources(), types)) {
    auto buffer = dyn_cast<MemRefType>(type);
    Value place = buffer
                      ? hostBufferLike(buffer, source)
                      : Value(LLVM::GEPOp::create(
                            b, b.rt.ptr, b.rt.i64, info.items,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)}));
    storePart(parts, i, source, type, place);
    info.results.push_back(place);
  }
  b.call(RuntimeEntry::fetch_start, {b.i64(count), parts, info.fetch});
}

LogicalResult Converter::fetchWait(FetchWaitOp op) {
  auto start = op.getFuture().getDefiningOp<FetchStartOp>();
  if (!start)
    return op.emitOpError("has no lowering: it must see its fetch.start");
  Started &info = started[start];
  Value fetch = LLVM::LoadOp::create(b, b.rt.ptr, info.fetch);
  b.call(RuntimeEntry::fetch_wait, fetch);
  LLVM::StoreOp::create(b, b.null(), info.fetch);
  loadParts(op.getResults(), info.results);
  b.call(RuntimeEntry::host_free, info.items);
  op.erase();
  return success();
}

void Converter::deviceCheck(DeviceCheckOp op) {
  b.call(RuntimeEntry::device_check,
         {b.dataOf(op.getCondition()), b.string(op.getMessage()),
          b.string(op.getLoc())});
}

//===----------------------------------------------------------------------===//
// Kernels and products
//===----------------------------------------------------------------------===//

/// `i32 @NAME.thunk(arguments, begin, end)` unpacks the arguments.
LLVM::LLVMFuncOp Converter::thunk(func::FuncOp kernel, Type argumentsType) {
  LLVM::LLVMFuncOp &known = thunks[kernel];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(b);
  Location loc = b.getLoc();
  b.setLoc(kernel.getLoc());
  b.setInsertionPointAfter(kernel);
  known = LLVM::LLVMFuncOp::create(
      b, (kernel.getSymName() + ".thunk").str(),
      LLVM::LLVMFunctionType::get(b.rt.i32, {b.rt.ptr, b.rt.i64, b.rt.i64}),
      LLVM::Linkage::Internal);
  Block *body = known.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  SmallVector<Value> operands;
  for (auto [i, type] :
       llvm::enumerate(ArrayRef(kernelTypes[kernel]).drop_back(2))) {
    Value place = b.field(argumentsType, body->getArgument(0),
                          {0, static_cast<int32_t>(i)});
    if (!isa<MemRefType>(type)) {
      operands.push_back(b.loadFrom(type, place));
      continue;
    }
    Value descriptor =
        LLVM::LoadOp::create(b, b.types.convertType(type), place);
    operands.push_back(descriptor);
    if (distinct[kernel][i])
      operands.push_back(
          LLVM::ExtractValueOp::create(b, descriptor, int64_t(1)));
  }
  operands.push_back(b.toIndex(body->getArgument(1)));
  operands.push_back(b.toIndex(body->getArgument(2)));
  auto call = func::CallOp::create(b, kernel, operands);
  LLVM::ReturnOp::create(b, call.getResult(0));
  b.setLoc(loc);
  return known;
}

/// Equal kernels share code; each launch has its own place.
Value Converter::kernelInfo(LaunchOp op, func::FuncOp kernel) {
  Value name = b.string(op.getKernel()), location = b.string(op.getLoc());
  auto symbol = [](Value value) {
    return value.getDefiningOp<LLVM::AddressOfOp>().getGlobalName().str();
  };
  LLVM::GlobalOp &known = infos[symbol(name) + symbol(location)];
  if (!known) {
    ArrayRef<Check> table = checks[kernel];
    auto tableType = LLVM::LLVMArrayType::get(b.rt.checkInfo, table.size());
    LLVM::GlobalOp tableGlobal;
    if (!table.empty())
      tableGlobal =
          b.global((kernel.getSymName() + ".checks").str(), tableType,
                   [&](RuntimeBuilder &b) -> Value {
                     SmallVector<Value> entries;
                     for (const Check &check : table)
                       entries.push_back(b.makeStruct(
                           b.rt.checkInfo, {b.string(check.message),
                                            b.string(check.location)}));
                     return b.makeStruct(tableType, entries);
                   });
    known = b.global((kernel.getSymName() + ".info").str(), b.rt.kernelInfo,
                     [&](RuntimeBuilder &b) -> Value {
                       return b.makeStruct(
                           b.rt.kernelInfo,
                           {b.string(op.getKernel()), b.string(op.getLoc()),
                            b.i64(table.size()),
                            tableGlobal ? b.addressOf(tableGlobal) : b.null()});
                     });
  }
  return b.addressOf(known);
}

void Converter::launch(LaunchOp op) {
  auto kernel = module.lookupSymbol<func::FuncOp>(op.getKernelAttr());
  SmallVector<Type> fields;
  for (Type type : op.getInputs().getTypes())
    fields.push_back(b.memoryType(type));
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
  Value arguments = b.slot(type);
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    b.storeTo(input, b.field(type, arguments, {0, static_cast<int32_t>(i)}));
  Value function = LLVM::AddressOfOp::create(b, thunk(kernel, type));
  b.call(RuntimeEntry::launch,
         {kernelInfo(op, kernel), function, arguments, b.i64(b.sizeOf(type)),
          b.toI64(op.getExtent())});
}

Value Converter::dtype(Type element) {
  auto [code, bits] = *dtypeOf(element);
  return b.makeStruct(b.rt.dtype, {LLVM::ConstantOp::create(b, b.rt.i8, code),
                                   LLVM::ConstantOp::create(b, b.rt.i8, bits),
                                   LLVM::ConstantOp::create(b, b.rt.i16, 1)});
}

LogicalResult Converter::gemm(GemmOp op) {
  auto type = cast<MemRefType>(op.getC().getType());
  int64_t batch = type.getRank() - 2;
  SmallVector<MemRefDescriptor> matrices;
  for (Value matrix : op.getOperands()) {
    auto matrixType = cast<MemRefType>(matrix.getType());
    if (!matrixType.isLastDimUnitStride())
      return op.emitOpError("has no lowering: rows must be contiguous");
    matrices.push_back(MemRefDescriptor(b.toLLVM(matrix)));
  }
  auto size = [&](unsigned matrix, int64_t dim) {
    return matrices[matrix].size(b, op.getLoc(), dim);
  };
  auto stride = [&](unsigned matrix, int64_t dim) {
    return matrices[matrix].stride(b, op.getLoc(), dim);
  };
  Value desc = b.slot(b.rt.gemmDesc);
  SmallVector<Value> fields{b.i32(b.sizeOf(b.rt.gemmDesc)),
                            dtype(type.getElementType()),
                            b.i32(op.getTransposeA()),
                            b.i32(op.getTransposeB()),
                            b.i32(op.getAccumulate()),
                            batch ? size(2, 0) : b.i64(1),
                            size(2, batch),
                            size(2, batch + 1),
                            size(0, batch + (op.getTransposeA() ? 0 : 1))};
  for (unsigned i = 0; i < 3; ++i)
    fields.push_back(stride(i, batch));
  for (unsigned i = 0; i < 3; ++i)
    fields.push_back(batch ? stride(i, 0) : b.i64(0));
  fields.push_back(b.string(op.getLoc()));
  storeFields(b.rt.gemmDesc, desc, fields);
  b.call(RuntimeEntry::gemm,
         {desc, b.dataOf(op.getA()), b.dataOf(op.getB()), b.dataOf(op.getC())});
  op.erase();
  return success();
}

/// Before `op`: releases the fetch in the slot, if there is one.
void Converter::release(Operation *op, const Started &info) {
  b.startAt(op);
  Value fetch = LLVM::LoadOp::create(b, b.rt.ptr, info.fetch);
  Value pending =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, fetch, b.null());
  Block *block = op->getBlock();
  Block *next = block->splitBlock(op);
  Block *unwaited = b.createBlock(next);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, pending, unwaited, ValueRange(), next,
                           ValueRange());
  b.setInsertionPointToStart(unwaited);
  LLVM::StoreOp::create(b, b.null(), info.fetch);
  auto jump = cf::BranchOp::create(b, next);
  b.setInsertionPoint(jump);
  b.call(RuntimeEntry::fetch_release, fetch);
}

/// A future that a path doesn't wait for is released where the function
/// returns, or where its fetch starts again.
void Converter::releaseFutures() {
  for (auto &[op, info] : started) {
    if (!info.alwaysWaited) {
      SmallVector<Operation *> ends;
      for (auto ret :
           op->getParentOfType<func::FuncOp>().getOps<func::ReturnOp>())
        if (ret.getOperand(0).getDefiningOp<LLVM::ConstantOp>())
          ends.push_back(ret);
      for (Operation *end : ends)
        release(end, info);
    }
    op->erase();
  }
}

LogicalResult Converter::attention(VarlenAttentionOp op) {
  auto type = cast<MemRefType>(op.getOut().getType());
  auto size = [&](Value buffer, int64_t dim) {
    return b.toI64(memref::DimOp::create(b, buffer, dim));
  };
  for (Value operand : op.getOperands())
    if (auto buffer = dyn_cast<MemRefType>(operand.getType()))
      if (!buffer.getLayout().isIdentity())
        return op.emitOpError("has no lowering: operands must be contiguous");
  Value documents =
      arith::SubIOp::create(b, size(op.getCuSeqlensQ(), 0), b.i64(1));
  Value desc = b.slot(b.rt.attentionDesc);
  storeFields(b.rt.attentionDesc, desc,
              {b.i32(b.sizeOf(b.rt.attentionDesc)),
               dtype(type.getElementType()), documents, size(op.getQ(), 0),
               size(op.getK(), 0), b.toI64(op.getMaxQ()), b.toI64(op.getMaxK()),
               size(op.getQ(), 1), size(op.getK(), 1), size(op.getQ(), 2),
               size(op.getV(), 2),
               LLVM::ConstantOp::create(b, b.getF64Type(), op.getScaleAttr()),
               b.i32(op.getCausal()), b.i64(op.getWindowLeft()),
               b.i64(op.getWindowRight()), b.string(op.getLoc())});
  Value logsumexp = op.getLogsumexp() ? b.dataOf(op.getLogsumexp()) : b.null();
  b.call(RuntimeEntry::varlen_attention,
         {desc, b.dataOf(op.getQ()), b.dataOf(op.getK()), b.dataOf(op.getV()),
          b.dataOf(op.getCuSeqlensQ()), b.dataOf(op.getCuSeqlensK()),
          b.dataOf(op.getOut()), logsumexp});
  op.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Module
//===----------------------------------------------------------------------===//

LogicalResult Converter::run(StringRef target) {
  SmallVector<func::FuncOp> host, entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function->hasAttr("capstan.kernel")) {
      convertKernel(function);
      continue;
    }
    host.push_back(function);
    if (function.isPublic() && !function.isExternal())
      entries.push_back(function);
  }
  bool failed = false;
  for (func::FuncOp function : host)
    failed |= mlir::failed(convertSignature(function));
  if (failed)
    return failure();
  for (func::FuncOp function : host)
    failed |= mlir::failed(convertHostCode(function));
  if (failed)
    return failure();

  releaseFutures();
  for (func::FuncOp function : host) {
    function.setPrivate();
    function->setAttr(
        "llvm.linkage",
        LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  }
  return emitModuleInfo(b, entries, target);
}

struct ConvertToRuntime
    : public capstan::impl::ConvertCapstanToRuntimeBase<ConvertToRuntime> {
  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter types(&getContext(), options);
    types.addTypeAttributeConversion([](BaseMemRefType, HostAttr host) {
      return IntegerAttr::get(IntegerType::get(host.getContext(), 64), 0);
    });
    if (failed(Converter(getOperation(), types).run("host")))
      return signalPassFailure();

    // From here on, all memory is memory.
    AttrTypeReplacer replacer;
    replacer.addReplacement([](MemRefType type) -> Type {
      if (!isHostType(type))
        return type;
      return MemRefType::get(type.getShape(), type.getElementType(),
                             type.getLayout());
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};
} // namespace

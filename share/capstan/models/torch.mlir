// What the operations and types of torch-mlir's torch dialect do. Keys: docs/op-models.md.
//
// How this file was decided:
// - Every key is a fact that a pass may rely on, so what is doubtful is left out. An op without
//   entry is a barrier, and a key that is missing only keeps a pass from doing something.
// - `deterministic`: equal operands give equal results. Float sums whose order of atomic
//   additions changes from run to run (`scatter_add`, `index_put` with accumulation) count as
//   deterministic: nobody relies on two of them differing, so one result may serve for both.
//   Draws of a random op are to differ, so such an op never is.
// - An op that writes memory is never called deterministic: what it read is overwritten.
// - `total`: no value and no shape makes it fail. Element types and settings (dtype, layout,
//   memory format) are taken to be ones that the op supports, as importers check, and memory to
//   suffice. What keeps an op from being total: two tensor operands (sizes may not match),
//   dimension numbers, sizes, indices, and scalars (PyTorch refuses one that the element type
//   can't hold).
// - `no_fault`: can fail, but only with an error and only by shapes, element types and host
//   operands. Left out where the contents of a tensor (indices, lengths, targets, divisors) can
//   make a kernel read out of bounds, and on custom operators.
// - `fresh` is left out where an op may return its operand as it is.
// - An op that changes sizes, strides or storage of an existing tensor (`resize_`, `t_`, `set_`)
//   is a barrier.
// - Ops that copy between devices without an operand that says so (`copy_`, `to.other`) are not
//   host syncs here, and neither is `index_put` with a mask (see there).
//
// utils/check_torch_model.py compares the `torch.aten` entries with PyTorch's own schemas.

module {
  //===--------------------------------------------------------------------===//
  // Types
  //===--------------------------------------------------------------------===//
  capstan.foreign_type "torch.vtensor"
      {kind = tensor, size = {op = "torch.aten.size.int",
       dim = "torch.constant.int", type = "torch.int"}}
  capstan.foreign_type "torch.tensor"
      {kind = memory, size = {op = "torch.aten.size.int",
       dim = "torch.constant.int", type = "torch.int"}}
  capstan.foreign_type
      "torch.int"
      {kind = host, default = {op = "torch.constant.int", attrs = {value = 0 : i64}}}
  capstan.foreign_type
      "torch.float"
      {kind = host, default = {op = "torch.constant.float", attrs = {value = 0.0 : f64}}}
  capstan.foreign_type
      "torch.bool"
      {kind = host, default = {op = "torch.constant.bool", attrs = {value = false}}}
  capstan.foreign_type
      "torch.none"
      {kind = host, default = {op = "torch.constant.none", attrs = {}}}
  capstan.foreign_type
      "torch.str"
      {kind = host, default = {op = "torch.constant.str", attrs = {value = ""}}}
  capstan.foreign_type "torch.Device", "torch.number", "torch.Generator" {kind = host}
  // Containers: of tensors, too. An optional tensor is not a host value.
  capstan.foreign_type
      "torch.list", "torch.tuple", "torch.dict", "torch.optional", "torch.union", "torch.any"
      {kind = list}
  // Modules hold parameters and buffers that may change.
  capstan.foreign_type "torch.nn.Module" {kind = memory}

  //===--------------------------------------------------------------------===//
  // Constants
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.constant.none", "torch.constant.int", "torch.constant.float", "torch.constant.bool",
      "torch.constant.str", "torch.constant.device", "torch.constant.number"
      {kind = constant}

  capstan.foreign_op "torch.vtensor.literal" {kind = constant, device = "cpu"}

  // Every execution makes new storage, which may be written later.
  capstan.foreign_op "torch.tensor.literal" {deterministic, total, device = "cpu", fresh = [0]}

  // The size that a symbol stands for; fixed during a call.
  capstan.foreign_op "torch.symbolic_int" {deterministic, total}

  //===--------------------------------------------------------------------===//
  // Control flow and checks
  //===--------------------------------------------------------------------===//

  capstan.foreign_op "torch.prim.Loop"
      {kind = loop, loop = {trip = 0, condition = 1, first_init = 2, induction = 0, first_arg = 1,
       yield_condition = 0, first_yield = 1, guard = {positive = "torch.aten.gt.int",
       branch = "torch.prim.If", yield = "torch.prim.If.yield", bool = "torch.bool"}}}

  capstan.foreign_op "torch.prim.If" {kind = branch, condition = 0}

  capstan.foreign_op "torch.prim.Loop.condition", "torch.prim.If.yield" {kind = yield}

  capstan.foreign_op "torch.aten._assert_scalar", "torch.runtime.assert"
      {kind = check, condition = 0}

  // These test a tensor on the device, and do not wait for it.
  capstan.foreign_op "torch.aten._assert_async", "torch.aten._assert_async.msg"
      {kind = check, condition = 0}

  // A check of sizes and types, which are known on the host. It may fail, so it is not total.
  capstan.foreign_op "torch.aten._assert_tensor_metadata" {deterministic, no_fault}

  // Fail if operand 0 is out of range.
  capstan.foreign_op "torch.aten.sym_constrain_range", "torch.aten.sym_constrain_range_for_size"
      {deterministic, no_fault}

  capstan.foreign_op "torch.bind_symbolic_shape" {deterministic, no_fault, shape_only = [0]}

  // Named here so that a report does not list them as unknown.
  capstan.foreign_op "torch.prim.RaiseException", "torch.prim.Print", "torch.aten.warn"
      {kind = barrier}

  //===--------------------------------------------------------------------===//
  // Value and memory, casts
  //===--------------------------------------------------------------------===//

  // From a value to new storage with these contents, and back (a snapshot).
  capstan.foreign_op "torch.copy.to_tensor" {deterministic, total, fresh = [0]}

  capstan.foreign_op "torch.copy.to_vtensor" {deterministic, total, reads = [0]}

  capstan.foreign_op "torch.overwrite.tensor.contents" {reads = [0], writes = [1]}

  capstan.foreign_op "torch.derefine" {deterministic, total, aliases = [[0, 0]], fold = "same(0)"}

  // Not total: undefined where the cast does not hold, which is on paths that do not run.
  capstan.foreign_op "torch.tensor_static_info_cast", "torch.prim.unchecked_cast"
      {deterministic, no_fault, aliases = [[0, 0]], fold = "same(0)"}

  capstan.foreign_op "torch.prim.NumToTensor.Scalar"
      {deterministic, total, fresh = [0], device = "cpu", fold = "splat(0)"}

  capstan.foreign_op "torch.prim.Uninitialized" {undefined}

  // The backend contract: builtin types in and out.
  capstan.foreign_op "torch_c.to_builtin_tensor", "torch_c.from_builtin_tensor" {deterministic}

  capstan.foreign_op
      "torch_c.to_i1", "torch_c.from_i1", "torch_c.to_i64", "torch_c.from_i64", "torch_c.to_f64",
      "torch_c.from_f64"
      {deterministic, total, fold = "same(0)"}

  capstan.foreign_op "torch_c.get_next_seed" {random}

  //===--------------------------------------------------------------------===//
  // Containers
  //===--------------------------------------------------------------------===//
  // A list of tensors may be the only way by which an op reaches their storage: every element
  // counts.

  capstan.foreign_op
      "torch.prim.ListConstruct", "torch.prim.TupleConstruct", "torch.prim.DictConstruct"
      {deterministic, total, aliases = "all"}

  capstan.foreign_op "torch.prim.TupleUnpack" {deterministic, total, aliases = "all"}

  // Fails if the number of elements is another one.
  capstan.foreign_op "torch.prim.ListUnpack" {deterministic, no_fault, aliases = "all"}

  capstan.foreign_op
      "torch.prim.TupleIndex", "torch.aten.__getitem__.t", "torch.aten.__getitem__.Dict_str"
      {deterministic, no_fault, aliases = [[0, 0]]}

  capstan.foreign_op "torch.aten.get.default_str" {deterministic, no_fault, aliases = "all"}

  capstan.foreign_op "torch.aten.list.t", "torch.aten.add.t" {deterministic, total, aliases = "all"}

  capstan.foreign_op "torch.aten.slice.t", "torch.aten.mul.left_t" {deterministic, no_fault,
      aliases = "all"}

  capstan.foreign_op
      "torch.aten.keys.str", "torch.aten.len.t", "torch.aten.eq.int_list", "torch.aten.ne.int_list",
      "torch.aten.__contains__.int_list", "torch.aten.__contains__.str_list",
      "torch.aten.__contains__.str", "torch.aten.all.bool", "torch.aten.any.bool"
      {deterministic, total}

  // These change the list (operand 0) itself. append.t and _set_item.t also return it.
  capstan.foreign_op "torch.aten.append.t", "torch.aten._set_item.t" {writes = [0], aliases = "all"}

  capstan.foreign_op
      "torch.aten.insert.t", "torch.aten.sort.int", "torch.aten._set_item.str",
      "torch.aten.Delete.Dict_str"
      {writes = [0]}

  //===--------------------------------------------------------------------===//
  // Host arithmetic
  //===--------------------------------------------------------------------===//
  // Integers wrap; nothing here fails unless a division, a root or a conversion does.

  capstan.foreign_op "torch.aten.add.int" {deterministic, total, fold = "add(0,1)"}

  capstan.foreign_op "torch.aten.sub.int" {deterministic, total, fold = "sub(0,1)"}

  capstan.foreign_op "torch.aten.mul.int" {deterministic, total, fold = "mul(0,1)"}

  capstan.foreign_op
      "torch.aten.neg.int", "torch.aten.neg.float", "torch.aten.add.float",
      "torch.aten.add.float_int", "torch.aten.sub.float", "torch.aten.mul.float",
      "torch.aten.mul.float_int", "torch.aten.mul.int_float"
      {deterministic, total}

  capstan.foreign_op "torch.prim.max.int", "torch.prim.min.int", "torch.prim.abs.Scalar"
      {deterministic, total}

  // Fail on an empty list.
  capstan.foreign_op "torch.prim.max.self_int", "torch.prim.min.self_int" {deterministic, no_fault}

  // Fail on division by zero.
  capstan.foreign_op
      "torch.aten.floordiv.int", "torch.aten.remainder.int", "torch.aten.div.int",
      "torch.aten.div.float", "torch.aten.div"
      {deterministic, no_fault}

  // Fail outside their domain (ceil: NaN and infinity).
  capstan.foreign_op
      "torch.aten.sqrt.int", "torch.aten.log.int", "torch.aten.pow.int_float",
      "torch.aten.ceil.float", "torch.aten.ceil.Scalar"
      {deterministic, no_fault}

  // Arithmetic on numbers whose kind is known only when it runs.
  capstan.foreign_op "torch.aten.add", "torch.aten.sub", "torch.aten.mul" {deterministic, no_fault}

  capstan.foreign_op "torch.aten.lt.int"
      {deterministic, total, fold = "lt(0,1)", device_form = {op = "torch.aten.lt.Scalar",
       type = "torch.vtensor<[],i1>"}}

  capstan.foreign_op "torch.aten.le.int"
      {deterministic, total, fold = "le(0,1)", device_form = {op = "torch.aten.le.Scalar",
       type = "torch.vtensor<[],i1>"}}

  capstan.foreign_op "torch.aten.gt.int"
      {deterministic, total, fold = "gt(0,1)", device_form = {op = "torch.aten.gt.Scalar",
       type = "torch.vtensor<[],i1>"}}

  capstan.foreign_op "torch.aten.ge.int"
      {deterministic, total, fold = "ge(0,1)", device_form = {op = "torch.aten.ge.Scalar",
       type = "torch.vtensor<[],i1>"}}

  capstan.foreign_op "torch.aten.eq.int", "torch.aten.eq.bool"
      {deterministic, total, fold = "eq(0,1)", device_form = {op = "torch.aten.eq.Scalar",
       type = "torch.vtensor<[],i1>"}}

  capstan.foreign_op "torch.aten.ne.int", "torch.aten.ne.bool"
      {deterministic, total, fold = "ne(0,1)", device_form = {op = "torch.aten.ne.Scalar",
       type = "torch.vtensor<[],i1>"}}

  capstan.foreign_op
      "torch.aten.lt.float", "torch.aten.lt.float_int", "torch.aten.gt.float",
      "torch.aten.gt.float_int", "torch.aten.ge.float", "torch.aten.ge.float_int",
      "torch.aten.eq.float", "torch.aten.ne.float_int"
      {deterministic, total}

  capstan.foreign_op
      "torch.aten.eq.str", "torch.aten.ne.str", "torch.aten.eq.device", "torch.aten.__is__",
      "torch.aten.__isnot__"
      {deterministic, total}

  capstan.foreign_op "torch.aten.__and__.bool" {deterministic, total, fold = "and(0,1)"}

  capstan.foreign_op "torch.aten.__or__.bool" {deterministic, total, fold = "or(0,1)"}

  capstan.foreign_op "torch.aten.__not__" {deterministic, total, fold = "not(0)"}

  capstan.foreign_op "torch.aten.Int.bool" {deterministic, total, fold = "same(0)"}

  capstan.foreign_op "torch.aten.Bool.int" {deterministic, total, fold = "to_bool(0)"}

  capstan.foreign_op "torch.aten.Bool.float" {deterministic, total}

  capstan.foreign_op "torch.aten.Int.Scalar" {deterministic, no_fault, fold = "same(0)"}

  capstan.foreign_op "torch.aten.Int.float", "torch.aten.Float.Scalar", "torch.aten.Float.str"
      {deterministic, no_fault}

  capstan.foreign_op "torch.aten.__range_length", "torch.aten.__derive_index" {deterministic,
      no_fault}

  capstan.foreign_op "torch.aten.add.str", "torch.aten.join", "torch.aten.len.str"
      {deterministic, total}

  capstan.foreign_op "torch.aten.str", "torch.aten.format", "torch.aten.device.with_index"
      {deterministic, no_fault}

  //===--------------------------------------------------------------------===//
  // Facts about a tensor: known on the host, no read of its contents
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.dim", "torch.aten.numel", "torch.aten.sym_numel", "torch.aten.is_floating_point",
      "torch.aten.is_complex", "torch.aten.is_signed", "torch.aten.size"
      {deterministic, total, shape_only = [0]}

  capstan.foreign_op "torch.prim.dtype" {deterministic, total, shape_only = [0]}

  capstan.foreign_op "torch.aten.is_same_size" {deterministic, no_fault, shape_only = [0, 1]}

  // size.int fails on a dimension that is not there.
  capstan.foreign_op "torch.aten.size.int", "torch.aten.sym_size.int", "torch.aten.len.Tensor"
      {deterministic, no_fault, shape_only = [0]}

  // Two tensors of one shape may differ in these, so they are not `shape_only`.
  capstan.foreign_op
      "torch.aten.sym_stride.int", "torch.aten.sym_storage_offset", "torch.aten.sym_is_contiguous",
      "torch.prim.device", "torch.prim.layout"
      {deterministic, no_fault}

  capstan.foreign_op "torch.aten._shape_as_tensor"
      {deterministic, no_fault, shape_only = [0], fresh = [0], device = "cpu"}

  capstan.foreign_op "torch.promote_dtypes" {deterministic, total}

  //===--------------------------------------------------------------------===//
  // Host syncs: one value
  //===--------------------------------------------------------------------===//

  capstan.foreign_op "torch.aten.Int.Tensor", "torch.aten.IntImplicit"
      {kind = host_sync, deterministic, fold = "same(0)", sync = {source = 0, conversion = "int"}}

  capstan.foreign_op "torch.aten.Float.Tensor", "torch.aten.FloatImplicit"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "float"}}

  capstan.foreign_op "torch.aten.Bool.Tensor", "torch.aten.is_nonzero"
      {kind = host_sync, deterministic, fold = "to_bool(0)", sync = {source = 0,
       conversion = "bool"}}

  capstan.foreign_op "torch.aten.item", "torch.aten.ScalarImplicit"
      {kind = host_sync, deterministic, fold = "same(0)", sync = {source = 0, conversion = "item"}}

  capstan.foreign_op "torch.aten._local_scalar_dense"
      {kind = host_sync, deterministic, fold = "same(0)", sync = {source = 0,
       conversion = "scalar"}}

  //===--------------------------------------------------------------------===//
  // Host syncs: copies to the CPU
  //===--------------------------------------------------------------------===//
  // Syncs only if the device operand says cpu. A copy that does not block (non_blocking) counts
  // as one that does.

  capstan.foreign_op "torch.aten._to_copy"
      {kind = host_sync, deterministic, fresh = [0], fold = "same(0)", sync = {source = 0,
       conversion = "copy", when = {operand = 3, device = "cpu"}}, device_operand = 3}

  capstan.foreign_op "torch.aten.to.dtype_layout"
      {kind = host_sync, deterministic, aliases = [[0, 0]], fold = "same(0)", sync = {source = 0,
       conversion = "copy", when = {operand = 3, device = "cpu"}}, device_operand = 3}

  capstan.foreign_op "torch.aten.to.device", "torch.aten.to.prim_Device"
      {kind = host_sync, deterministic, aliases = [[0, 0]], fold = "same(0)", sync = {source = 0,
       conversion = "copy", when = {operand = 1, device = "cpu"}}, device_operand = 1}

  capstan.foreign_op "torch.aten.cpu"
      {kind = host_sync, deterministic, aliases = [[0, 0]], fold = "same(0)", device = "cpu",
       sync = {source = 0, conversion = "copy"}}

  capstan.foreign_op "torch.prims.device_put"
      {kind = host_sync, deterministic, aliases = [[0, 0]], fold = "same(0)", sync = {source = 0,
       conversion = "copy", when = {operand = 1, device = "cpu"}}, device_operand = 1}

  //===--------------------------------------------------------------------===//
  // Host syncs: sizes that depend on contents
  //===--------------------------------------------------------------------===//
  // The result stays on the device; the host waits for its size. `dynamic_size` also marks reads
  // that have more than one source, and reads inside an op whose result has a known size:
  // neither joins a fetch.

  capstan.foreign_op "torch.aten.nonzero", "torch.aten.nonzero_numpy", "torch.aten.argwhere"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "nonzero", dynamic_size},
       fresh = [0]}

  // The form with only a condition: nonzero as a list.
  capstan.foreign_op "torch.aten.where"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "nonzero", dynamic_size},
       fresh = [0]}

  capstan.foreign_op "torch.aten.masked_select"
      {kind = host_sync, deterministic, sync = {source = 1, conversion = "size", dynamic_size},
       fresh = [0]}

  // Their size is one more than the largest element, unless one_hot is given num_classes.
  capstan.foreign_op "torch.aten.bincount", "torch.aten.one_hot"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "size", dynamic_size},
       fresh = [0]}

  capstan.foreign_op
      "torch.aten.unique_consecutive", "torch.aten.unique_dim", "torch.aten.unique_dim_consecutive",
      "torch.aten._unique2"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "size", dynamic_size},
       fresh = [0, 1, 2]}

  capstan.foreign_op "torch.aten._unique"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "size", dynamic_size},
       fresh = [0, 1]}

  // With an output size (operand 1, or 3) there is nothing to wait for.
  capstan.foreign_op "torch.aten.repeat_interleave.Tensor"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "size", dynamic_size,
       when = {operand = 1, none}}, fresh = [0]}

  capstan.foreign_op "torch.aten.repeat_interleave.self_Tensor"
      {kind = host_sync, deterministic, sync = {source = 1, conversion = "size", dynamic_size,
       when = {operand = 3, none}}, fresh = [0]}

  // The start of the view is read.
  capstan.foreign_op "torch.aten.narrow.Tensor"
      {kind = host_sync, deterministic, sync = {source = 2, conversion = "size", dynamic_size},
       aliases = [[0, 0]]}

  capstan.foreign_op "torch.aten.tensor_split.tensor_indices_or_sections"
      {kind = host_sync, deterministic, sync = {source = 1, conversion = "size", dynamic_size},
       aliases = [[0, 0]]}

  // Read one truth value computed from operands 0 and 1.
  capstan.foreign_op "torch.aten.equal", "torch.aten.allclose"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "equal", dynamic_size}}

  capstan.foreign_op "torch.prim.tolist"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "tolist", dynamic_size}}

  //===--------------------------------------------------------------------===//
  // Factories
  //===--------------------------------------------------------------------===//
  // The contents depend on the operands only, or on nothing.

  capstan.foreign_op "torch.aten.zeros"
      {deterministic, no_fault, fresh = [0], device_operand = 3, fold = "const(0)"}

  capstan.foreign_op "torch.aten.ones"
      {deterministic, no_fault, fresh = [0], device_operand = 3, fold = "const(1)"}

  capstan.foreign_op "torch.aten.full"
      {deterministic, no_fault, fresh = [0], device_operand = 4, fold = "splat(1)"}

  capstan.foreign_op "torch.aten.scalar_tensor"
      {deterministic, no_fault, fresh = [0], device_operand = 3, fold = "splat(0)"}

  capstan.foreign_op "torch.aten.zeros_like"
      {deterministic, no_fault, fresh = [0], shape_only = [0], device_operand = 3,
       fold = "const(0)"}

  capstan.foreign_op "torch.aten.ones_like"
      {deterministic, no_fault, fresh = [0], shape_only = [0], device_operand = 3,
       fold = "const(1)"}

  capstan.foreign_op "torch.aten.full_like"
      {deterministic, no_fault, fresh = [0], shape_only = [0], device_operand = 4,
       fold = "splat(1)"}

  capstan.foreign_op "torch.aten.new_zeros"
      {deterministic, no_fault, fresh = [0], shape_only = [0], device_operand = 4,
       fold = "const(0)"}

  capstan.foreign_op "torch.aten.new_ones"
      {deterministic, no_fault, fresh = [0], shape_only = [0], device_operand = 4,
       fold = "const(1)"}

  capstan.foreign_op "torch.aten.new_full"
      {deterministic, no_fault, fresh = [0], shape_only = [0], device_operand = 5,
       fold = "splat(2)"}

  capstan.foreign_op "torch.aten.tensor.int", "torch.aten.tensor.bool"
      {deterministic, no_fault, fresh = [0], device_operand = 2, fold = "splat(0)"}

  capstan.foreign_op "torch.aten.tensor", "torch.aten.tensor.float"
      {deterministic, no_fault, fresh = [0], device_operand = 2}

  capstan.foreign_op "torch.aten.arange", "torch.aten.eye"
      {deterministic, no_fault, fresh = [0], device_operand = 3}

  capstan.foreign_op
      "torch.aten.arange.start", "torch.aten.eye.m", "torch.aten.hann_window.periodic",
      "torch.prims.iota"
      {deterministic, no_fault, fresh = [0], device_operand = 4}

  capstan.foreign_op
      "torch.aten.arange.start_step", "torch.aten.linspace", "torch.aten.tril_indices",
      "torch.aten.triu_indices"
      {deterministic, no_fault, fresh = [0], device_operand = 5}

  capstan.foreign_op "torch.aten.logspace" {deterministic, no_fault, fresh = [0],
      device_operand = 6}

  // Shapes only; the contents are whatever was there.
  capstan.foreign_op "torch.aten.empty.memory_format" {undefined, fresh = [0], device_operand = 3}

  capstan.foreign_op "torch.aten.empty_strided", "torch.aten.empty_permuted"
      {undefined, fresh = [0], device_operand = 4}

  capstan.foreign_op "torch.aten.empty_like"
      {undefined, fresh = [0], shape_only = [0], device_operand = 3}

  capstan.foreign_op "torch.aten.new_empty"
      {undefined, fresh = [0], shape_only = [0], device_operand = 4}

  capstan.foreign_op "torch.aten.new_empty_strided"
      {undefined, fresh = [0], shape_only = [0], device_operand = 5}

  // The functional form: contents of what was added are undefined.
  capstan.foreign_op "torch.aten.resize" {undefined, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Random
  //===--------------------------------------------------------------------===//

  capstan.foreign_op "torch.aten.rand", "torch.aten.randn", "torch.aten.randperm"
      {random, fresh = [0], device_operand = 3}

  capstan.foreign_op
      "torch.aten.rand.generator", "torch.aten.randn.generator", "torch.aten.randperm.generator",
      "torch.aten.randint"
      {random, fresh = [0], device_operand = 4}

  capstan.foreign_op "torch.aten.randint.low", "torch.aten.randint.generator"
      {random, fresh = [0], device_operand = 5}

  capstan.foreign_op "torch.aten.randint.low_generator", "torch.aten.normal.float_float"
      {random, fresh = [0], device_operand = 6}

  capstan.foreign_op "torch.aten.rand_like", "torch.aten.randn_like"
      {random, fresh = [0], shape_only = [0], device_operand = 3}

  capstan.foreign_op "torch.aten.randint_like"
      {random, fresh = [0], shape_only = [0], device_operand = 4}

  capstan.foreign_op "torch.aten.randint_like.low_dtype"
      {random, fresh = [0], shape_only = [0], device_operand = 5}

  capstan.foreign_op
      "torch.aten.bernoulli", "torch.aten.bernoulli.p", "torch.aten.bernoulli.Tensor",
      "torch.valsem.aten.bernoulli.float", "torch.aten.multinomial", "torch.aten.poisson",
      "torch.aten.binomial", "torch.aten.normal.Tensor_Tensor", "torch.aten.normal.Tensor_float",
      "torch.aten.normal.float_Tensor", "torch.aten.normal_functional", "torch.aten.uniform",
      "torch.aten.exponential", "torch.aten.geometric", "torch.aten.cauchy",
      "torch.aten.log_normal", "torch.aten.random", "torch.aten.random.from",
      "torch.aten.random.to", "torch.aten.rrelu"
      {random, fresh = [0]}

  capstan.foreign_op "torch.aten.native_dropout", "torch.aten.rrelu_with_noise_functional"
      {random, fresh = [0, 1]}

  // Return their operand as it is when not training.
  capstan.foreign_op
      "torch.aten.dropout", "torch.aten.feature_dropout", "torch.aten.alpha_dropout",
      "torch.aten.feature_alpha_dropout"
      {random, aliases = [[0, 0]]}

  capstan.foreign_op "torch.aten.rrelu_with_noise" {random, writes = [1], fresh = [0]}

  capstan.foreign_op "torch.aten.rrelu_with_noise_" {random, writes = [0, 1], aliases = [[0, 0]]}

  capstan.foreign_op
      "torch.aten.bernoulli_.Tensor", "torch.aten.bernoulli_.float", "torch.aten.uniform_",
      "torch.aten.normal_", "torch.aten.exponential_", "torch.aten.geometric_",
      "torch.aten.cauchy_", "torch.aten.log_normal_", "torch.aten.random_",
      "torch.aten.random_.from", "torch.aten.random_.to", "torch.aten.rrelu_",
      "torch.aten.dropout_", "torch.aten.feature_dropout_", "torch.aten.alpha_dropout_"
      {random, writes = [0], aliases = [[0, 0]]}

  // Attention with a dropout operand. No operand values can be matched here, so these are random
  // even where dropout is 0. No bounds are claimed for longest lengths: sizes of the saved sums
  // and of the debug mask may follow them.
  capstan.foreign_op "torch.aten.scaled_dot_product_attention" {random, fresh = [0]}

  capstan.foreign_op
      "torch.aten._scaled_dot_product_flash_attention_for_cpu",
      "torch.aten._scaled_dot_product_attention_math"
      {random, fresh = [0, 1]}

  capstan.foreign_op "torch.aten._scaled_dot_product_efficient_attention"
      {random, fresh = [0, 1, 2, 3]}

  capstan.foreign_op
      "torch.aten._scaled_dot_product_flash_attention",
      "torch.aten._scaled_dot_product_cudnn_attention"
      {random}

  capstan.foreign_op
      "torch.aten._flash_attention_forward", "torch.aten._efficient_attention_forward"
      {random}

  // PyTorch itself calls these two random; their forms for flash attention are below.
  capstan.foreign_op
      "torch.aten._scaled_dot_product_cudnn_attention_backward",
      "torch.aten._scaled_dot_product_efficient_attention_backward"
      {random}

  //===--------------------------------------------------------------------===//
  // Views: the result shares the storage of operand 0
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.alias", "torch.aten.detach", "torch.aten.squeeze", "torch.aten.ravel",
      "torch.aten.positive", "torch.aten.resolve_conj", "torch.aten.resolve_neg",
      "torch.aten.lift_fresh"
      {deterministic, total, aliases = [[0, 0]], fold = "same(0)"}

  // reshape, flatten and the like copy where they must, and are views otherwise.
  capstan.foreign_op
      "torch.aten.view", "torch.aten._unsafe_view", "torch.aten.reshape",
      "torch.aten._reshape_alias", "torch.aten.flatten.using_ints", "torch.aten.unflatten.int",
      "torch.aten.permute", "torch.aten.transpose.int", "torch.aten.swapaxes",
      "torch.aten.swapdims", "torch.aten.t", "torch.aten.numpy_T", "torch.aten.mT", "torch.aten.mH",
      "torch.aten.adjoint", "torch.aten.movedim.int", "torch.aten.movedim.intlist",
      "torch.aten.moveaxis.int", "torch.aten.expand", "torch.aten.broadcast_to",
      "torch.aten.slice.Tensor", "torch.aten.select.int", "torch.aten.narrow",
      "torch.aten.unsqueeze", "torch.aten.squeeze.dim", "torch.aten.squeeze.dims",
      "torch.aten.unfold", "torch.aten.diagonal"
      {deterministic, no_fault, aliases = [[0, 0]], fold = "same(0)"}

  capstan.foreign_op "torch.aten.expand_as", "torch.aten.view_as", "torch.aten.reshape_as"
      {deterministic, no_fault, aliases = [[0, 0]], shape_only = [1], fold = "same(0)"}

  // The elements are others, or are taken from beyond operand 0: no folding.
  capstan.foreign_op
      "torch.aten.as_strided", "torch.aten.real", "torch.aten.imag", "torch.aten.view_as_real",
      "torch.aten.view_as_complex", "torch.aten.view.dtype", "torch.aten.conj", "torch.aten._conj"
      {deterministic, no_fault, aliases = [[0, 0]]}

  capstan.foreign_op
      "torch.prims.squeeze", "torch.prims.view_of", "torch.prims.split_dim", "torch.prims.collapse",
      "torch.prims.transpose"
      {deterministic, no_fault, aliases = [[0, 0]], fold = "same(0)"}

  // A list of views.
  capstan.foreign_op
      "torch.aten.split.Tensor", "torch.aten.split.sizes", "torch.aten.split_with_sizes",
      "torch.aten.unbind.int", "torch.aten.chunk", "torch.aten.tensor_split.sections",
      "torch.aten.tensor_split.indices", "torch.aten.unsafe_split.Tensor",
      "torch.aten.unsafe_split_with_sizes", "torch.aten.unsafe_chunk"
      {deterministic, no_fault, aliases = [[0, 0]]}

  // A list of views of the elements of a list.
  capstan.foreign_op
      "torch.aten.broadcast_tensors", "torch.aten.meshgrid", "torch.aten.meshgrid.indexing",
      "torch.aten.cartesian_prod"
      {deterministic, no_fault, aliases = [[0, 0]]}

  // With one tensor in the list it may be a view of it.
  capstan.foreign_op "torch.aten.einsum" {deterministic, no_fault, aliases = [[0, 1]]}

  //===--------------------------------------------------------------------===//
  // The operand itself, or a copy of it
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.to.dtype", "torch.aten.contiguous", "torch.aten._cast_Float",
      "torch.aten._cast_Long"
      {deterministic, no_fault, aliases = [[0, 0]], fold = "same(0)"}

  // Also takes the device of operand 1.
  capstan.foreign_op "torch.aten.to.other", "torch.aten.type_as"
      {deterministic, no_fault, aliases = [[0, 0]], shape_only = [1], fold = "same(0)"}

  capstan.foreign_op
      "torch.aten.atleast_1d", "torch.aten.atleast_2d", "torch.aten.atleast_3d",
      "torch.aten.pixel_shuffle", "torch.aten.pixel_unshuffle", "torch.aten.channel_shuffle"
      {deterministic, no_fault, aliases = [[0, 0]], fold = "same(0)"}

  capstan.foreign_op
      "torch.aten.conj_physical", "torch.aten.dequantize.self", "torch.aten.dequantize.tensor"
      {deterministic, aliases = [[0, 0]]}

  //===--------------------------------------------------------------------===//
  // Copies
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.clone", "torch.aten.lift_fresh_copy", "torch.aten.alias_copy",
      "torch.aten.detach_copy", "torch.aten.squeeze_copy", "torch.prims.convert_element_type"
      {deterministic, total, fresh = [0], fold = "same(0)"}

  capstan.foreign_op
      "torch.aten.view_copy", "torch.aten.expand_copy", "torch.aten.permute_copy",
      "torch.aten.transpose_copy.int", "torch.aten.t_copy", "torch.aten.slice_copy.Tensor",
      "torch.aten.select_copy.int", "torch.aten.unsqueeze_copy", "torch.aten.squeeze_copy.dim",
      "torch.aten.squeeze_copy.dims", "torch.aten.unfold_copy", "torch.aten.diagonal_copy",
      "torch.aten._reshape_alias_copy"
      {deterministic, no_fault, fresh = [0], fold = "same(0)"}

  capstan.foreign_op
      "torch.aten.as_strided_copy", "torch.aten.view_copy.dtype", "torch.aten.view_as_real_copy",
      "torch.aten.view_as_complex_copy", "torch.aten.split_copy.Tensor",
      "torch.aten.split_with_sizes_copy", "torch.aten.unbind_copy.int"
      {deterministic, no_fault, fresh = [0]}

  // The contents of operand 1 in the shape of operand 0.
  capstan.foreign_op "torch.aten.copy"
      {deterministic, no_fault, fresh = [0], shape_only = [0], fold = "same(1)"}

  capstan.foreign_op "torch.aten.fill.Scalar"
      {deterministic, no_fault, fresh = [0], shape_only = [0], fold = "splat(1)"}

  capstan.foreign_op "torch.aten.fill.Tensor" {deterministic, no_fault, fresh = [0],
      shape_only = [0]}

  capstan.foreign_op "torch.aten.zero"
      {deterministic, no_fault, fresh = [0], shape_only = [0], fold = "const(0)"}

  //===--------------------------------------------------------------------===//
  // Element by element, one operand
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.abs", "torch.aten.absolute", "torch.aten.acos", "torch.aten.acosh",
      "torch.aten.arccos", "torch.aten.arccosh", "torch.aten.arcsin", "torch.aten.arcsinh",
      "torch.aten.arctan", "torch.aten.arctanh", "torch.aten.asin", "torch.aten.asinh",
      "torch.aten.atan", "torch.aten.atanh", "torch.aten.ceil", "torch.aten.cos", "torch.aten.cosh",
      "torch.aten.deg2rad", "torch.aten.digamma", "torch.aten.erf", "torch.aten.erfc",
      "torch.aten.erfinv", "torch.aten.exp", "torch.aten.exp2", "torch.aten.expm1",
      "torch.aten.fix", "torch.aten.floor", "torch.aten.frac", "torch.aten.hardsigmoid",
      "torch.aten.hardswish", "torch.aten.i0", "torch.aten.isfinite", "torch.aten.isinf",
      "torch.aten.isnan", "torch.aten.isneginf", "torch.aten.isposinf", "torch.aten.isreal",
      "torch.aten.lgamma", "torch.aten.log", "torch.aten.log10", "torch.aten.log1p",
      "torch.aten.log2", "torch.aten.log_sigmoid", "torch.aten.mish", "torch.aten.neg",
      "torch.aten.negative", "torch.aten.rad2deg", "torch.aten.reciprocal", "torch.aten.relu",
      "torch.aten.relu6", "torch.aten.round", "torch.aten.rsqrt", "torch.aten.selu",
      "torch.aten.sgn", "torch.aten.sigmoid", "torch.aten.sign", "torch.aten.signbit",
      "torch.aten.silu", "torch.aten.sin", "torch.aten.sinc", "torch.aten.sinh",
      "torch.aten.special_expm1", "torch.aten.sqrt", "torch.aten.square", "torch.aten.tan",
      "torch.aten.tanh", "torch.aten.trunc"
      {deterministic, total, fresh = [0]}

  capstan.foreign_op "torch.aten.logical_not", "torch.aten.bitwise_not"
      {deterministic, total, fresh = [0], fold = "not(0)"}

  capstan.foreign_op "torch.prims.sqrt" {deterministic, total, fresh = [0]}

  capstan.foreign_op "torch.aten.log_sigmoid_forward" {deterministic, total, fresh = [0, 1]}

  capstan.foreign_op
      "torch.aten.celu", "torch.aten.elu", "torch.aten.gelu", "torch.aten.glu",
      "torch.aten.hardshrink", "torch.aten.hardtanh", "torch.aten.leaky_relu", "torch.aten.logit",
      "torch.aten.nan_to_num", "torch.aten.polygamma", "torch.aten.prelu",
      "torch.aten.round.decimals", "torch.aten.softplus", "torch.aten.softshrink",
      "torch.aten.threshold", "torch.aten.mvlgamma"
      {deterministic, no_fault, fresh = [0]}

  // clamp fails without either bound.
  capstan.foreign_op
      "torch.aten.clamp", "torch.aten.clamp.Tensor", "torch.aten.clamp_max",
      "torch.aten.clamp_max.Tensor", "torch.aten.clamp_min", "torch.aten.clamp_min.Tensor",
      "torch.aten.clip", "torch.aten.clip.Tensor"
      {deterministic, no_fault, fresh = [0]}

  // An integer to a negative power fails.
  capstan.foreign_op "torch.aten.pow.Tensor_Scalar", "torch.aten.pow.Scalar"
      {deterministic, no_fault, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Element by element, several operands
  //===--------------------------------------------------------------------===//
  // Sizes may not match, and a scalar may not fit: none is total.

  capstan.foreign_op "torch.aten.add.Tensor", "torch.aten.add.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "add(0,1)"}

  capstan.foreign_op "torch.aten.sub.Tensor", "torch.aten.sub.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "sub(0,1)"}

  capstan.foreign_op "torch.aten.mul.Tensor", "torch.aten.mul.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "mul(0,1)"}

  capstan.foreign_op "torch.aten.lt.Tensor", "torch.aten.lt.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "lt(0,1)"}

  capstan.foreign_op "torch.aten.le.Tensor", "torch.aten.le.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "le(0,1)"}

  capstan.foreign_op "torch.aten.gt.Tensor", "torch.aten.gt.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "gt(0,1)"}

  capstan.foreign_op "torch.aten.ge.Tensor", "torch.aten.ge.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "ge(0,1)"}

  capstan.foreign_op "torch.aten.eq.Tensor", "torch.aten.eq.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "eq(0,1)"}

  capstan.foreign_op "torch.aten.ne.Tensor", "torch.aten.ne.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "ne(0,1)"}

  capstan.foreign_op
      "torch.aten.logical_and", "torch.aten.bitwise_and.Tensor", "torch.aten.bitwise_and.Scalar",
      "torch.aten.__and__.Tensor", "torch.aten.__and__.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "and(0,1)"}

  capstan.foreign_op
      "torch.aten.logical_or", "torch.aten.bitwise_or.Tensor", "torch.aten.bitwise_or.Scalar",
      "torch.aten.__or__.Tensor", "torch.aten.__or__.Scalar"
      {deterministic, no_fault, fresh = [0], fold = "or(0,1)"}

  capstan.foreign_op
      "torch.aten.logical_xor", "torch.aten.bitwise_xor.Tensor", "torch.aten.bitwise_xor.Scalar",
      "torch.aten.__xor__.Tensor", "torch.aten.__xor__.Scalar"
      {deterministic, no_fault, fresh = [0]}

  // An integer division by zero fails on the CPU, and is undefined on the device.
  capstan.foreign_op
      "torch.aten.div.Tensor", "torch.aten.div.Scalar", "torch.aten.div.Tensor_mode",
      "torch.aten.div.Scalar_mode", "torch.aten.floor_divide", "torch.aten.floor_divide.Scalar",
      "torch.aten.true_divide.Tensor", "torch.aten.remainder.Tensor", "torch.aten.remainder.Scalar",
      "torch.aten.fmod.Tensor", "torch.aten.fmod.Scalar"
      {deterministic, fresh = [0]}

  capstan.foreign_op
      "torch.aten.addcdiv", "torch.aten.addcmul", "torch.aten.arctan2", "torch.aten.atan2",
      "torch.aten.bitwise_left_shift.Tensor", "torch.aten.bitwise_right_shift.Tensor",
      "torch.aten.__lshift__.Scalar", "torch.aten.__lshift__.Tensor",
      "torch.aten.__rshift__.Scalar", "torch.aten.__rshift__.Tensor", "torch.aten.complex",
      "torch.aten.copysign.Tensor", "torch.aten.copysign.Scalar", "torch.aten.dist",
      "torch.aten.float_power.Tensor_Tensor", "torch.aten.float_power.Tensor_Scalar",
      "torch.aten.fmax", "torch.aten.fmin", "torch.aten.gcd", "torch.aten.heaviside",
      "torch.aten.hypot", "torch.aten.isclose", "torch.aten.lcm", "torch.aten.ldexp.Tensor",
      "torch.aten.lerp.Scalar", "torch.aten.lerp.Tensor", "torch.aten.logaddexp",
      "torch.aten.logaddexp2", "torch.aten.maximum", "torch.aten.minimum", "torch.aten.max.other",
      "torch.aten.min.other", "torch.aten.nextafter", "torch.aten.polar",
      "torch.aten.pow.Tensor_Tensor", "torch.aten.rsub.Scalar", "torch.aten.rsub.Tensor",
      "torch.aten.xlogy.Tensor"
      {deterministic, no_fault, fresh = [0]}

  capstan.foreign_op
      "torch.aten.where.self", "torch.aten.where.Scalar", "torch.aten.where.ScalarOther",
      "torch.aten.where.ScalarSelf", "torch.aten.masked_fill.Scalar",
      "torch.aten.masked_fill.Tensor"
      {deterministic, no_fault, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Reductions, scans, sorting
  //===--------------------------------------------------------------------===//

  // Over all elements, of none at all too. max and min fail on an empty tensor.
  capstan.foreign_op
      "torch.aten.any", "torch.aten.all", "torch.aten.sum", "torch.aten.mean", "torch.aten.prod"
      {deterministic, total, fresh = [0]}

  // Of elements that are all equal: that element.
  capstan.foreign_op
      "torch.aten.max", "torch.aten.min", "torch.aten.amax", "torch.aten.amin", "torch.aten.median",
      "torch.aten.nanmedian"
      {deterministic, no_fault, fresh = [0], fold = "same(0)"}

  capstan.foreign_op
      "torch.aten.any.dim", "torch.aten.any.dims", "torch.aten.all.dim", "torch.aten.all.dims",
      "torch.aten.argmax", "torch.aten.argmin", "torch.aten.argsort", "torch.aten.argsort.stable",
      "torch.aten.count_nonzero", "torch.aten.count_nonzero.dim_IntList", "torch.aten.cumprod",
      "torch.aten.cumsum", "torch.aten.logcumsumexp", "torch.aten.logsumexp", "torch.aten.mean.dim",
      "torch.aten.nansum", "torch.aten.prod.dim_int", "torch.aten.sum.dim_IntList",
      "torch.aten.trace", "torch.aten.norm.Scalar", "torch.aten.norm.ScalarOpt_dim",
      "torch.aten.frobenius_norm.dim", "torch.aten.linalg_norm", "torch.aten.linalg_vector_norm",
      "torch.aten.std", "torch.aten.std.correction", "torch.aten.std.dim", "torch.aten.var",
      "torch.aten.var.correction", "torch.aten.var.dim"
      {deterministic, no_fault, fresh = [0]}

  capstan.foreign_op "torch.prims.prod", "torch.prims.sum", "torch.prims.var"
      {deterministic, no_fault, fresh = [0]}

  capstan.foreign_op
      "torch.aten.max.dim", "torch.aten.min.dim", "torch.aten.aminmax", "torch.aten.cummax",
      "torch.aten.cummin", "torch.aten.kthvalue", "torch.aten.mode", "torch.aten.sort",
      "torch.aten.sort.stable", "torch.aten.topk", "torch.aten.var_mean",
      "torch.aten.var_mean.correction", "torch.aten.var_mean.dim", "torch.aten.std_mean",
      "torch.aten.std_mean.correction", "torch.aten.std_mean.dim"
      {deterministic, no_fault, fresh = [0, 1]}

  capstan.foreign_op
      "torch.aten.searchsorted.Tensor", "torch.aten.searchsorted.Scalar",
      "torch.aten.bucketize.Tensor", "torch.aten.bucketize.Scalar", "torch.aten.isin.Tensor_Tensor",
      "torch.aten.isin.Tensor_Scalar", "torch.aten.diff", "torch.aten.renorm"
      {deterministic, no_fault, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Gather, scatter, and moving of elements
  //===--------------------------------------------------------------------===//
  // Indices out of range fail on the CPU and stop the device: nothing here is total.

  // An index that is a mask (i1) makes the size of the result depend on contents, and the host
  // waits for it. (So it does for index_put, below, whose result has a known size.)
  capstan.foreign_op
      "torch.aten.index.Tensor", "torch.aten.index.Tensor_hacked_twin",
      "torch.aten._unsafe_index.Tensor"
      {kind = host_sync, deterministic, sync = {source = 1, conversion = "size", dynamic_size,
       when = {operand = 1, element = "i1"}}, fresh = [0]}

  capstan.foreign_op
      "torch.aten.embedding", "torch.aten.gather", "torch.aten.index_select", "torch.aten.take",
      "torch.aten.take_along_dim", "torch.aten.nonzero_static"
      {deterministic, fresh = [0]}

  capstan.foreign_op
      "torch.aten.index_put", "torch.aten.index_put.hacked_twin", "torch.aten._index_put_impl",
      "torch.aten._unsafe_index_put", "torch.aten._unsafe_index_put.hacked_twin",
      "torch.aten.index_add", "torch.aten.index_copy", "torch.aten.index_fill.int_Scalar",
      "torch.aten.index_fill.int_Tensor", "torch.aten.index_reduce", "torch.aten.masked_scatter",
      "torch.aten.put", "torch.aten.scatter.src", "torch.aten.scatter.value",
      "torch.aten.scatter.reduce", "torch.aten.scatter.value_reduce", "torch.aten.scatter_add",
      "torch.aten.scatter_reduce.two", "torch.aten.select_scatter", "torch.aten.slice_scatter",
      "torch.aten.diagonal_scatter", "torch.aten.as_strided_scatter"
      {deterministic, fresh = [0]}

  // repeat_interleave.self_int takes the number of repeats from the host.
  capstan.foreign_op
      "torch.aten.cat", "torch.aten.concat", "torch.aten.hstack", "torch.aten.vstack",
      "torch.aten.dstack", "torch.aten.column_stack", "torch.aten.stack", "torch.aten.block_diag",
      "torch.aten.constant_pad_nd", "torch.aten.pad", "torch.aten.reflection_pad1d",
      "torch.aten.reflection_pad2d", "torch.aten.reflection_pad3d", "torch.aten.replication_pad1d",
      "torch.aten.replication_pad2d", "torch.aten.replication_pad3d", "torch.aten.repeat",
      "torch.aten.repeat_interleave.self_int", "torch.aten.tile", "torch.aten.roll",
      "torch.aten.rot90", "torch.aten.flip", "torch.aten.fliplr", "torch.aten.flipud",
      "torch.aten.tril", "torch.aten.triu", "torch.aten.diag", "torch.aten.diag_embed",
      "torch.aten.im2col", "torch.aten.col2im"
      {deterministic, no_fault, fresh = [0]}

  // Its bound of lengths is a size of the result.
  capstan.foreign_op "torch.aten._jagged_to_padded_dense_forward" {deterministic, no_fault,
      fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Products
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.mm", "torch.aten.bmm", "torch.aten.matmul", "torch.aten.mv", "torch.aten.dot",
      "torch.aten.vdot", "torch.aten.inner", "torch.aten.outer", "torch.aten.ger",
      "torch.aten.addmm", "torch.aten.addmv", "torch.aten.addr", "torch.aten.addbmm",
      "torch.aten.baddbmm", "torch.aten.linear", "torch.aten.bilinear", "torch.aten.tensordot",
      "torch.aten.kron", "torch.aten.linalg_matmul", "torch.aten.linalg_multi_dot",
      "torch.aten._trilinear", "torch.aten._int_mm", "torch.aten._scaled_mm",
      "torch.aten._scaled_mm_v2", "torch.aten._grouped_mm", "torch.aten._scaled_grouped_mm",
      "torch.aten._weight_int8pack_mm", "torch.aten.linalg_cross", "torch.aten.cross",
      "torch.aten.cdist", "torch.aten._cdist_forward", "torch.aten._pdist_forward",
      "torch.aten.pdist", "torch.aten.cosine_similarity", "torch.aten.pairwise_distance"
      {deterministic, no_fault, fresh = [0]}

  capstan.foreign_op "torch.aten.linalg_slogdet", "torch.aten.linalg_qr"
      {deterministic, fresh = [0, 1]}

  capstan.foreign_op "torch.aten._linalg_det" {deterministic, fresh = [0, 1, 2]}

  capstan.foreign_op "torch.aten.linalg_det" {deterministic, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Convolution, pooling, resampling
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.conv1d", "torch.aten.conv1d.padding", "torch.aten.conv2d",
      "torch.aten.conv2d.padding", "torch.aten.conv3d", "torch.aten.conv3d.padding",
      "torch.aten.conv_transpose1d", "torch.aten.conv_transpose2d.input",
      "torch.aten.conv_transpose3d.input", "torch.aten.convolution", "torch.aten._convolution",
      "torch.aten._convolution.deprecated", "torch.aten.conv_tbc"
      {deterministic, no_fault, fresh = [0]}

  capstan.foreign_op "torch.aten.convolution_backward", "torch.aten.conv_tbc_backward"
      {deterministic, no_fault, fresh = [0, 1, 2]}

  capstan.foreign_op
      "torch.aten.avg_pool1d", "torch.aten.avg_pool2d", "torch.aten.avg_pool2d_backward",
      "torch.aten.avg_pool3d", "torch.aten.avg_pool3d_backward", "torch.aten.adaptive_avg_pool1d",
      "torch.aten.adaptive_avg_pool2d", "torch.aten.adaptive_avg_pool3d",
      "torch.aten._adaptive_avg_pool2d", "torch.aten._adaptive_avg_pool2d_backward",
      "torch.aten._adaptive_avg_pool3d", "torch.aten._adaptive_avg_pool3d_backward",
      "torch.aten.max_pool1d", "torch.aten.max_pool2d", "torch.aten.max_pool3d",
      "torch.aten.max_pool2d_with_indices_backward", "torch.aten.max_pool3d_with_indices_backward",
      "torch.aten.max_unpool2d", "torch.aten.max_unpool3d"
      {deterministic, fresh = [0]}

  capstan.foreign_op
      "torch.aten.max_pool1d_with_indices", "torch.aten.max_pool2d_with_indices",
      "torch.aten.max_pool3d_with_indices", "torch.aten.adaptive_max_pool1d",
      "torch.aten.adaptive_max_pool2d", "torch.aten.adaptive_max_pool3d"
      {deterministic, no_fault, fresh = [0, 1]}

  capstan.foreign_op
      "torch.aten.grid_sampler", "torch.aten.grid_sampler_2d", "torch.aten.grid_sampler_3d",
      "torch.aten.affine_grid_generator", "torch.aten.upsample_bilinear2d",
      "torch.aten.upsample_bilinear2d.vec", "torch.aten.upsample_nearest1d",
      "torch.aten.upsample_nearest1d.vec", "torch.aten.upsample_nearest2d",
      "torch.aten.upsample_nearest2d.vec", "torch.aten.upsample_nearest3d",
      "torch.aten.upsample_nearest3d.vec", "torch.aten.upsample_bicubic2d",
      "torch.aten.upsample_bicubic2d.vec", "torch.aten.upsample_linear1d",
      "torch.aten.upsample_trilinear3d", "torch.aten.upsample_nearest2d_backward",
      "torch.aten.upsample_bilinear2d_backward", "torch.aten.__interpolate.size_list_scale_list"
      {deterministic, no_fault, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Normalization, activation over a dimension, loss
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten._softmax", "torch.aten.softmax.int", "torch.aten._log_softmax",
      "torch.aten.log_softmax.int", "torch.aten._safe_softmax", "torch.aten._softmax_backward_data",
      "torch.aten._log_softmax_backward_data", "torch.aten.layer_norm", "torch.aten.rms_norm",
      "torch.aten.group_norm"
      {deterministic, no_fault, fresh = [0]}

  capstan.foreign_op "torch.aten._fused_rms_norm", "torch.aten._weight_norm_interface"
      {deterministic, fresh = [0, 1]}

  capstan.foreign_op
      "torch.aten.native_layer_norm", "torch.aten.native_layer_norm_backward",
      "torch.aten.native_group_norm", "torch.aten.native_group_norm_backward",
      "torch.aten.native_batch_norm_backward", "torch.aten._native_batch_norm_legit_no_training",
      "torch.aten._native_batch_norm_legit.no_stats"
      {deterministic, no_fault, fresh = [0, 1, 2]}

  capstan.foreign_op "torch.aten._native_batch_norm_legit_functional"
      {deterministic, no_fault, fresh = [0, 1, 2, 3, 4]}

  // The running statistics change in training.
  capstan.foreign_op "torch.aten._native_batch_norm_legit", "torch.aten.native_batch_norm"
      {writes = [3, 4], fresh = [0, 1, 2]}

  capstan.foreign_op "torch.aten.batch_norm", "torch.aten.instance_norm" {writes = [3, 4]}

  capstan.foreign_op
      "torch.aten.binary_cross_entropy", "torch.aten.binary_cross_entropy_backward",
      "torch.aten.binary_cross_entropy_with_logits", "torch.aten.cosine_embedding_loss",
      "torch.aten.cross_entropy_loss", "torch.aten.huber_loss", "torch.aten.kl_div",
      "torch.aten.l1_loss", "torch.aten.margin_ranking_loss", "torch.aten.mse_loss",
      "torch.aten.mse_loss_backward", "torch.aten.nll_loss", "torch.aten.nll_loss2d",
      "torch.aten.nll_loss_nd", "torch.aten.nll_loss_backward", "torch.aten.nll_loss2d_backward",
      "torch.aten.poisson_nll_loss", "torch.aten.smooth_l1_loss", "torch.aten.soft_margin_loss"
      {deterministic, fresh = [0]}

  capstan.foreign_op "torch.aten.nll_loss_forward", "torch.aten.nll_loss2d_forward"
      {deterministic, fresh = [0, 1]}

  // Some of the four results may be an operand.
  capstan.foreign_op
      "torch.aten._embedding_bag", "torch.aten.embedding_bag",
      "torch.aten.embedding_bag.padding_idx", "torch.aten._embedding_bag_forward_only"
      {deterministic}

  //===--------------------------------------------------------------------===//
  // Gradients
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.elu_backward", "torch.aten.embedding_dense_backward", "torch.aten.gelu_backward",
      "torch.aten.hardtanh_backward", "torch.aten.hardsigmoid_backward",
      "torch.aten.hardswish_backward", "torch.aten.leaky_relu_backward",
      "torch.aten.log_sigmoid_backward", "torch.aten.native_dropout_backward",
      "torch.aten.rrelu_with_noise_backward", "torch.aten.sigmoid_backward",
      "torch.aten.silu_backward", "torch.aten.softplus_backward", "torch.aten.tanh_backward",
      "torch.aten.threshold_backward"
      {deterministic, fresh = [0]}

  // The random state that these use again is an operand.
  capstan.foreign_op
      "torch.aten._scaled_dot_product_flash_attention_backward",
      "torch.aten._scaled_dot_product_flash_attention_for_cpu_backward",
      "torch.aten._flash_attention_backward"
      {deterministic}

  //===--------------------------------------------------------------------===//
  // Complex numbers and transforms
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.fft_fft", "torch.aten.fft_ifft", "torch.aten.fft_rfft", "torch.aten.fft_irfft",
      "torch.aten._fft_r2c", "torch.aten._fft_c2r", "torch.aten._fft_c2c", "torch.aten.stft",
      "torch.aten.stft.center", "torch.aten.istft"
      {deterministic, no_fault, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // Quantization, vision
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.quantize_per_tensor", "torch.aten.quantize_per_channel", "torch.aten.int_repr",
      "torch.aten._make_per_tensor_quantized_tensor",
      "torch.aten._make_per_channel_quantized_tensor", "torch.aten.fake_quantize_per_tensor_affine",
      "torch.aten.fake_quantize_per_tensor_affine.tensor_qparams",
      "torch.aten.fake_quantize_per_channel_affine"
      {deterministic, fresh = [0]}

  capstan.foreign_op
      "torch.aten.fake_quantize_per_tensor_affine_cachemask",
      "torch.aten.fake_quantize_per_channel_affine_cachemask",
      "torch.aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams"
      {deterministic, fresh = [0, 1]}

  capstan.foreign_op
      "torch.quantized_decomposed.quantize_per_tensor",
      "torch.quantized_decomposed.dequantize_per_tensor",
      "torch.quantized_decomposed.quantize_per_channel",
      "torch.quantized_decomposed.dequantize_per_channel"
      {deterministic, fresh = [0]}

  capstan.foreign_op
      "torch.quantized.linear", "torch.torchvision.deform_conv2d", "torch.torchvision.roi_align"
      {deterministic, fresh = [0]}

  capstan.foreign_op "torch.torchvision.roi_pool" {deterministic, fresh = [0, 1]}

  // As many boxes as are kept. It reads the scores, too.
  capstan.foreign_op "torch.torchvision.nms"
      {kind = host_sync, deterministic, sync = {source = 0, conversion = "size", dynamic_size},
       fresh = [0]}

  capstan.foreign_op "torch.onnx.rotary_embedding" {deterministic, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // In place: operand 0 is written and returned
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.abs_", "torch.aten.absolute_", "torch.aten.acos_", "torch.aten.acosh_",
      "torch.aten.asin_", "torch.aten.asinh_", "torch.aten.atan_", "torch.aten.atanh_",
      "torch.aten.bitwise_not_", "torch.aten.ceil_", "torch.aten.celu_", "torch.aten.cos_",
      "torch.aten.cosh_", "torch.aten.deg2rad_", "torch.aten.elu_", "torch.aten.erf_",
      "torch.aten.erfc_", "torch.aten.erfinv_", "torch.aten.exp_", "torch.aten.exp2_",
      "torch.aten.expm1_", "torch.aten.fix_", "torch.aten.floor_", "torch.aten.frac_",
      "torch.aten.hardsigmoid_", "torch.aten.hardswish_", "torch.aten.hardtanh_",
      "torch.aten.leaky_relu_", "torch.aten.log_", "torch.aten.log10_", "torch.aten.log1p_",
      "torch.aten.log2_", "torch.aten.logical_not_", "torch.aten.logit_", "torch.aten.mish_",
      "torch.aten.nan_to_num_", "torch.aten.neg_", "torch.aten.reciprocal_", "torch.aten.relu_",
      "torch.aten.relu6_", "torch.aten.round_", "torch.aten.round_.decimals", "torch.aten.rsqrt_",
      "torch.aten.selu_", "torch.aten.sgn_", "torch.aten.sigmoid_", "torch.aten.sign_",
      "torch.aten.silu_", "torch.aten.sin_", "torch.aten.sinh_", "torch.aten.sqrt_",
      "torch.aten.square_", "torch.aten.tan_", "torch.aten.tanh_", "torch.aten.threshold_",
      "torch.aten.trunc_", "torch.aten.zero_", "torch.aten.tril_", "torch.aten.triu_"
      {writes = [0], aliases = [[0, 0]]}

  capstan.foreign_op
      "torch.aten.add_.Scalar", "torch.aten.add_.Tensor", "torch.aten.addcdiv_",
      "torch.aten.addcmul_", "torch.aten.addmm_", "torch.aten.addmv_", "torch.aten.atan2_",
      "torch.aten.baddbmm_", "torch.aten.bitwise_and_.Scalar", "torch.aten.bitwise_and_.Tensor",
      "torch.aten.bitwise_left_shift_.Tensor", "torch.aten.bitwise_or_.Scalar",
      "torch.aten.bitwise_or_.Tensor", "torch.aten.bitwise_right_shift_.Tensor",
      "torch.aten.bitwise_xor_.Scalar", "torch.aten.bitwise_xor_.Tensor", "torch.aten.clamp_",
      "torch.aten.clamp_.Tensor", "torch.aten.clamp_max_", "torch.aten.clamp_max_.Tensor",
      "torch.aten.clamp_min_", "torch.aten.clamp_min_.Tensor", "torch.aten.copy_",
      "torch.aten.copysign_.Tensor", "torch.aten.cumprod_", "torch.aten.cumsum_",
      "torch.aten.div_.Scalar", "torch.aten.div_.Scalar_mode", "torch.aten.div_.Tensor",
      "torch.aten.div_.Tensor_mode", "torch.aten.eq_.Scalar", "torch.aten.eq_.Tensor",
      "torch.aten.fill_.Scalar", "torch.aten.fill_.Tensor", "torch.aten.floor_divide_.Scalar",
      "torch.aten.floor_divide_.Tensor", "torch.aten.fmod_.Scalar", "torch.aten.fmod_.Tensor",
      "torch.aten.ge_.Scalar", "torch.aten.ge_.Tensor", "torch.aten.gt_.Scalar",
      "torch.aten.gt_.Tensor", "torch.aten.heaviside_", "torch.aten.le_.Scalar",
      "torch.aten.le_.Tensor", "torch.aten.lerp_.Scalar", "torch.aten.lerp_.Tensor",
      "torch.aten.logical_and_", "torch.aten.logical_or_", "torch.aten.logical_xor_",
      "torch.aten.lt_.Scalar", "torch.aten.lt_.Tensor", "torch.aten.mul_.Scalar",
      "torch.aten.mul_.Tensor", "torch.aten.ne_.Scalar", "torch.aten.ne_.Tensor",
      "torch.aten.pow_.Scalar", "torch.aten.pow_.Tensor", "torch.aten.remainder_.Scalar",
      "torch.aten.remainder_.Tensor", "torch.aten.sub_.Scalar", "torch.aten.sub_.Tensor",
      "torch.aten.xlogy_.Tensor"
      {writes = [0], aliases = [[0, 0]]}

  capstan.foreign_op
      "torch.aten._index_put_impl_", "torch.aten.embedding_renorm_", "torch.aten.fill_diagonal_",
      "torch.aten.index_add_", "torch.aten.index_copy_", "torch.aten.index_fill_.int_Scalar",
      "torch.aten.index_fill_.int_Tensor", "torch.aten.index_put_",
      "torch.aten.index_put_.hacked_twin", "torch.aten.index_reduce_",
      "torch.aten.masked_fill_.Scalar", "torch.aten.masked_fill_.Tensor",
      "torch.aten.masked_scatter_", "torch.aten.put_", "torch.aten.renorm_",
      "torch.aten.scatter_.src", "torch.aten.scatter_.value", "torch.aten.scatter_.reduce",
      "torch.aten.scatter_.value_reduce", "torch.aten.scatter_add_",
      "torch.aten.scatter_reduce_.two"
      {writes = [0], aliases = [[0, 0]]}

  // These change the sizes, strides or storage of a tensor that others may hold.
  capstan.foreign_op
      "torch.aten.resize_", "torch.aten.resize_as_", "torch.aten.set_",
      "torch.aten.set_.source_Tensor", "torch.aten.set_.source_Storage",
      "torch.aten.set_.source_Storage_storage_offset",
      "torch.aten.set_.source_Tensor_storage_offset", "torch.aten.as_strided_",
      "torch.aten.squeeze_", "torch.aten.squeeze_.dim", "torch.aten.squeeze_.dims",
      "torch.aten.unsqueeze_", "torch.aten.t_", "torch.aten.transpose_", "torch.aten.swapaxes_",
      "torch.aten.swapdims_", "torch.aten.detach_", "torch.aten.rename_",
      "torch.aten.requires_grad_"
      {kind = barrier}

  //===--------------------------------------------------------------------===//
  // Lists of tensors, as optimizers use them
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten._foreach_add_.Scalar", "torch.aten._foreach_add_.List",
      "torch.aten._foreach_add_.ScalarList", "torch.aten._foreach_sub_.Scalar",
      "torch.aten._foreach_sub_.List", "torch.aten._foreach_sub_.ScalarList",
      "torch.aten._foreach_mul_.Scalar", "torch.aten._foreach_mul_.List",
      "torch.aten._foreach_mul_.ScalarList", "torch.aten._foreach_div_.Scalar",
      "torch.aten._foreach_div_.List", "torch.aten._foreach_div_.ScalarList",
      "torch.aten._foreach_add_.Tensor", "torch.aten._foreach_mul_.Tensor",
      "torch.aten._foreach_div_.Tensor", "torch.aten._foreach_addcmul_.Scalar",
      "torch.aten._foreach_addcmul_.ScalarList", "torch.aten._foreach_addcmul_.Tensor",
      "torch.aten._foreach_addcdiv_.Scalar", "torch.aten._foreach_addcdiv_.ScalarList",
      "torch.aten._foreach_addcdiv_.Tensor", "torch.aten._foreach_lerp_.List",
      "torch.aten._foreach_lerp_.Scalar", "torch.aten._foreach_pow_.Scalar",
      "torch.aten._foreach_copy_", "torch.aten._foreach_maximum_.List",
      "torch.aten._foreach_clamp_min_.Scalar", "torch.aten._foreach_clamp_max_.Scalar",
      "torch.aten._foreach_sqrt_", "torch.aten._foreach_neg_", "torch.aten._foreach_exp_",
      "torch.aten._foreach_reciprocal_", "torch.aten._foreach_zero_", "torch.aten._foreach_abs_",
      "torch.aten._foreach_sign_"
      {writes = [0]}

  capstan.foreign_op
      "torch.aten._foreach_add.Scalar", "torch.aten._foreach_add.List",
      "torch.aten._foreach_add.ScalarList", "torch.aten._foreach_sub.Scalar",
      "torch.aten._foreach_sub.List", "torch.aten._foreach_sub.ScalarList",
      "torch.aten._foreach_mul.Scalar", "torch.aten._foreach_mul.List",
      "torch.aten._foreach_mul.ScalarList", "torch.aten._foreach_div.Scalar",
      "torch.aten._foreach_div.List", "torch.aten._foreach_div.ScalarList",
      "torch.aten._foreach_add.Tensor", "torch.aten._foreach_mul.Tensor",
      "torch.aten._foreach_div.Tensor", "torch.aten._foreach_addcmul.Scalar",
      "torch.aten._foreach_addcmul.ScalarList", "torch.aten._foreach_addcmul.Tensor",
      "torch.aten._foreach_addcdiv.Scalar", "torch.aten._foreach_addcdiv.ScalarList",
      "torch.aten._foreach_addcdiv.Tensor", "torch.aten._foreach_lerp.List",
      "torch.aten._foreach_lerp.Scalar", "torch.aten._foreach_pow.Scalar",
      "torch.aten._foreach_maximum.List", "torch.aten._foreach_clamp_min.Scalar",
      "torch.aten._foreach_clamp_max.Scalar", "torch.aten._foreach_sqrt", "torch.aten._foreach_neg",
      "torch.aten._foreach_exp", "torch.aten._foreach_reciprocal", "torch.aten._foreach_abs",
      "torch.aten._foreach_sign"
      {deterministic, fresh = [0]}

  capstan.foreign_op "torch.aten._foreach_norm.Scalar" {deterministic, fresh = [0]}

  capstan.foreign_op
      "torch.aten._fused_adam_", "torch.aten._fused_adam_.tensor_lr", "torch.aten._fused_adamw_",
      "torch.aten._fused_adamw_.tensor_lr"
      {writes = [0, 1, 2, 3, 4]}

  //===--------------------------------------------------------------------===//
  // Results into an operand: it is written and returned
  //===--------------------------------------------------------------------===//

  capstan.foreign_op
      "torch.aten.abs.out", "torch.aten.acos.out", "torch.aten.acosh.out", "torch.aten.asin.out",
      "torch.aten.asinh.out", "torch.aten.atan.out", "torch.aten.atanh.out", "torch.aten.ceil.out",
      "torch.aten.cos.out", "torch.aten.cosh.out", "torch.aten.erf.out", "torch.aten.exp.out",
      "torch.aten.expm1.out", "torch.aten.floor.out", "torch.aten.log.out", "torch.aten.log2.out",
      "torch.aten.log10.out", "torch.aten.log1p.out", "torch.aten.neg.out",
      "torch.aten.reciprocal.out", "torch.aten.round.out", "torch.aten.rsqrt.out",
      "torch.aten.sigmoid.out", "torch.aten.sign.out", "torch.aten.sin.out", "torch.aten.sinh.out",
      "torch.aten.sqrt.out", "torch.aten.tan.out", "torch.aten.tanh.out", "torch.aten.trunc.out",
      "torch.aten.bitwise_not.out", "torch.aten.logical_not.out", "torch.aten.arange.out",
      "torch.aten.zeros.out", "torch.aten.ones.out", "torch.aten.silu.out", "torch.aten.relu.out",
      "torch.aten.isnan.out", "torch.aten.isinf.out"
      {writes = [1], aliases = [[0, 1]]}

  capstan.foreign_op
      "torch.aten.atan2.out", "torch.aten.mul.out", "torch.aten.maximum.out",
      "torch.aten.minimum.out", "torch.aten.logical_and.out", "torch.aten.logical_or.out",
      "torch.aten.logical_xor.out", "torch.aten.pow.Tensor_Tensor_out",
      "torch.aten.pow.Tensor_Scalar_out", "torch.aten.div.out", "torch.aten.fmod.Tensor_out",
      "torch.aten.remainder.Tensor_out", "torch.aten.bmm.out", "torch.aten.mm.out",
      "torch.aten.cat.out", "torch.aten.eq.Tensor_out", "torch.aten.eq.Scalar_out",
      "torch.aten.ne.Tensor_out", "torch.aten.ne.Scalar_out", "torch.aten.lt.Tensor_out",
      "torch.aten.lt.Scalar_out", "torch.aten.le.Tensor_out", "torch.aten.le.Scalar_out",
      "torch.aten.gt.Tensor_out", "torch.aten.gt.Scalar_out", "torch.aten.ge.Tensor_out",
      "torch.aten.ge.Scalar_out", "torch.aten.full.out", "torch.aten.stack.out",
      "torch.aten.matmul.out", "torch.aten.prod.out", "torch.aten.tril.out", "torch.aten.triu.out",
      "torch.aten.bitwise_and.Tensor_out", "torch.aten.bitwise_or.Tensor_out",
      "torch.aten.bitwise_xor.Tensor_out", "torch.aten.leaky_relu.out", "torch.aten.gelu.out",
      "torch.aten.clamp_min.out", "torch.aten.clamp_max.out", "torch.aten.mv.out",
      "torch.aten.dot.out", "torch.aten.clone.out", "torch.aten.index.Tensor_out"
      {writes = [2], aliases = [[0, 2]]}

  capstan.foreign_op
      "torch.aten.clamp.out", "torch.aten.cumsum.out", "torch.aten.index_select.out",
      "torch.aten.add.out", "torch.aten.sub.out", "torch.aten.where.self_out",
      "torch.aten.arange.start_out", "torch.aten.linear.out", "torch.aten.amax.out",
      "torch.aten.amin.out", "torch.aten.any.out", "torch.aten.all.out", "torch.aten.argmax.out",
      "torch.aten.argmin.out", "torch.aten._softmax.out", "torch.aten._log_softmax.out",
      "torch.aten.hardtanh.out", "torch.aten.lerp.Tensor_out", "torch.aten.lerp.Scalar_out",
      "torch.aten.copy.out", "torch.aten._to_copy.out"
      {writes = [3], aliases = [[0, 3]]}

  capstan.foreign_op
      "torch.aten.mean.out", "torch.aten.sum.IntList_out", "torch.aten.gather.out",
      "torch.aten.elu.out", "torch.aten.addcmul.out", "torch.aten.addcdiv.out",
      "torch.aten.scatter.src_out", "torch.aten.scatter.value_out", "torch.aten.scatter_add.out"
      {writes = [4], aliases = [[0, 4]]}

  capstan.foreign_op
      "torch.aten.addmm.out", "torch.aten.baddbmm.out", "torch.aten.embedding.out",
      "torch.aten.index_add.out"
      {writes = [5], aliases = [[0, 5]]}

  capstan.foreign_op "torch.aten.max.dim_max", "torch.aten.min.dim_min", "torch.aten.sort.values"
      {writes = [3, 4], aliases = [[0, 3], [1, 4]]}

  capstan.foreign_op "torch.aten.sort.values_stable" {writes = [4, 5], aliases = [[0, 4], [1, 5]]}

  capstan.foreign_op "torch.aten.topk.values" {writes = [5, 6], aliases = [[0, 5], [1, 6]]}

  //===--------------------------------------------------------------------===//
  // torch.operator: ops that torch-mlir has no own op for
  //===--------------------------------------------------------------------===//
  // An op whose name is an entry above is that entry. Names that are entries here come first.

  capstan.foreign_op "torch.operator" {named_by = "name"}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.aten.sort.stable"}, deterministic, fresh = [0, 1]}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.prims.device_put"}, kind = host_sync, deterministic,
       aliases = [[0, 0]], fold = "same(0)", sync = {source = 0, conversion = "copy",
       when = {operand = 1, device = "cpu"}}, device_operand = 1}

  // Packed attention. q, k, v are [T, heads, head_dim]; the longest length only sizes the grid,
  // and no length exceeds the number of rows.
  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.attention"}, deterministic, fresh = [0],
       bound_operands = [{operand = 4, at_most = {operand = 0, dim = 0}}]}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.attention_lse"}, deterministic, fresh = [0, 1],
       bound_operands = [{operand = 4, at_most = {operand = 0, dim = 0}}]}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.attention_bwd"}, deterministic, fresh = [0, 1, 2],
       bound_operands = [{operand = 7, at_most = {operand = 1, dim = 0}}]}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.masked_attention"}, deterministic, fresh = [0],
       bound_operands = [{operand = 5, at_most = {operand = 0, dim = 0}}]}

  // Random because of its dropout (operand 7), as scaled_dot_product_attention is.
  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.flash"}, random, fresh = [0], bound_operands = [{operand = 5,
       at_most = {operand = 0, dim = 0}}, {operand = 6, at_most = {operand = 1, dim = 0}}]}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.causal_conv1d"}, deterministic, fresh = [0]}

  capstan.foreign_op "torch.operator"
      {match = {name = "torch.varlen.ssd_chunk_scan"}, deterministic, fresh = [0]}

  //===--------------------------------------------------------------------===//
  // tm_tensor: what torch-mlir lowers scans and scatters to
  //===--------------------------------------------------------------------===//

  // Operands: input, output, accumulator (written where they are memory).
  capstan.foreign_op "tm_tensor.scan" {deterministic, writes = [1, 2]}

  capstan.foreign_op "tm_tensor.scatter" {deterministic, writes = [2]}

  capstan.foreign_op "tm_tensor.yield" {kind = yield}

  //===--------------------------------------------------------------------===//
  // The current device
  //===--------------------------------------------------------------------===//
  // Barriers for all else: other operations may depend on them.
  capstan.foreign_op "torch.cuda.set_device" {kind = barrier, device_context = {set = 0}}
  capstan.foreign_op "torch.cuda.current_device" {kind = barrier, device_context = {get = 0}}
  capstan.foreign_op "torch.cuda._exchange_device"
      {kind = barrier, device_context = {set = 0, get = 0}}
  // The answers never change.
  capstan.foreign_op "torch.cuda.get_device_capability", "torch.cuda.get_device_properties"
      {deterministic, no_fault, device_context = {query = 0}}
  // CUDA's runtime and driver, as functions without a body. What goes through pointers is
  // a barrier for memory, and leaves the current device as it is.
  capstan.foreign_op "func.call"
      {match = {callee = @cudaSetDevice}, device_context = {set = 0, status = 0}}
  capstan.foreign_op "func.call" {match = {callee = @cudaGetDevice}, device_context = {}}
  capstan.foreign_op "func.call"
      {match = {callee = @cudaGetDeviceProperties}, device_context = {query = 1, status = 0}}
  capstan.foreign_op "func.call"
      {match = {callee = @cudaDeviceGetAttribute}, device_context = {query = 2, status = 0}}
}

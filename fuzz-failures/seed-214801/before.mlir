"builtin.module"() ({
  "func.func"() <{function_type = (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, index, memref<?xi32>, memref<?xi32>) -> tensor<?xf32>, sym_name = "s214801_layer0", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<?xi32>, %arg1: tensor<?xi32>, %arg2: tensor<?xf32>, %arg3: i1, %arg4: index, %arg5: memref<?xi32>, %arg6: memref<?xi32>):
    %0 = "tensor.empty"() : () -> tensor<i32>
    %1 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %2 = "linalg.fill"(%1, %0) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg10: i32, %arg11: i32):
      "linalg.yield"(%arg10) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %3 = "linalg.generic"(%arg1, %2) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg12: i32, %arg13: i32):
      %4 = "arith.maxsi"(%arg12, %arg13) : (i32, i32) -> i32
      "linalg.yield"(%4) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %5 = "tensor.extract"(%3) : (tensor<i32>) -> i32
    %6 = "arith.constant"() <{value = 0 : index}> : () -> index
    %7 = "tensor.dim"(%arg2, %6) : (tensor<?xf32>, index) -> index
    %8 = "tensor.empty"(%7) : (index) -> tensor<?xf32>
    %9 = "linalg.generic"(%arg2, %8) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = [#linalg.iterator_type<parallel>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg14: f32, %arg15: f32):
      %10 = "arith.addf"(%arg14, %arg14) <{fastmath = #arith.fastmath<none>}> : (f32, f32) -> f32
      "linalg.yield"(%10) : (f32) -> ()
    }) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    "cf.cond_br"(%arg3)[^bb1, ^bb2] <{operandSegmentSizes = array<i32: 1, 0, 0>}> : (i1) -> ()
  ^bb1:
    %11 = "tensor.empty"() : () -> tensor<i32>
    %12 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %13 = "linalg.fill"(%12, %11) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg16: i32, %arg17: i32):
      "linalg.yield"(%arg16) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %14 = "linalg.generic"(%arg1, %13) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg18: i32, %arg19: i32):
      %15 = "arith.maxsi"(%arg18, %arg19) : (i32, i32) -> i32
      "linalg.yield"(%15) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %16 = "capstan.item"(%14) : (tensor<i32>) -> i32
    %17 = "arith.constant"() <{value = 999 : i32}> : () -> i32
    %18 = "arith.cmpi"(%5, %17) <{predicate = 3 : i64}> : (i32, i32) -> i1
    "cf.assert"(%18) <{msg = "check 1"}> : (i1) -> ()
    "cf.br"(%17)[^bb3] : (i32) -> ()
  ^bb2:
    "cf.br"(%5)[^bb3] : (i32) -> ()
  ^bb3(%arg7: i32):
    %19 = "arith.constant"() <{value = 3 : i32}> : () -> i32
    %20 = "arith.cmpi"(%5, %19) <{predicate = 0 : i64}> : (i32, i32) -> i1
    %21 = "scf.if"(%20) ({
      %22 = "arith.sitofp"(%5) : (i32) -> f32
      %23 = "arith.constant"() <{value = 0 : index}> : () -> index
      %24 = "tensor.dim"(%9, %23) : (tensor<?xf32>, index) -> index
      %25 = "tensor.empty"(%24) : (index) -> tensor<?xf32>
      %26 = "linalg.generic"(%9, %25) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = [#linalg.iterator_type<parallel>], operandSegmentSizes = array<i32: 1, 1>}> ({
      ^bb0(%arg20: f32, %arg21: f32):
        %27 = "arith.addf"(%arg20, %22) <{fastmath = #arith.fastmath<none>}> : (f32, f32) -> f32
        "linalg.yield"(%27) : (f32) -> ()
      }) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      %28 = "tensor.from_elements"(%5) : (i32) -> tensor<i32>
      %29 = "arith.constant"() <{value = 0 : index}> : () -> index
      %30 = "tensor.dim"(%arg1, %29) : (tensor<?xi32>, index) -> index
      %31 = "tensor.empty"(%30) : (index) -> tensor<?xi32>
      %32 = "linalg.generic"(%arg1, %28, %31) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = [#linalg.iterator_type<parallel>], operandSegmentSizes = array<i32: 2, 1>}> ({
      ^bb0(%arg22: i32, %arg23: i32, %arg24: i32):
        %33 = "arith.addi"(%arg22, %arg23) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
        "linalg.yield"(%33) : (i32) -> ()
      }) : (tensor<?xi32>, tensor<i32>, tensor<?xi32>) -> tensor<?xi32>
      %34 = "arith.constant"() <{value = 1 : index}> : () -> index
      %35 = "memref.load"(%arg5, %34) : (memref<?xi32>, index) -> i32
      "scf.yield"(%35) : (i32) -> ()
    }, {
      "scf.yield"(%5) : (i32) -> ()
    }) : (i1) -> i32
    %36 = "arith.constant"() <{value = 0 : index}> : () -> index
    %37 = "arith.constant"() <{value = 1 : index}> : () -> index
    %38 = "arith.constant"() <{value = 3 : index}> : () -> index
    "cf.br"(%36, %21)[^bb4] : (index, i32) -> ()
  ^bb4(%arg8: index, %arg9: i32):
    %39 = "arith.cmpi"(%arg8, %38) <{predicate = 2 : i64}> : (index, index) -> i1
    "cf.cond_br"(%39)[^bb5, ^bb6] <{operandSegmentSizes = array<i32: 1, 0, 0>}> : (i1) -> ()
  ^bb5:
    %40 = "arith.addi"(%arg8, %37) <{overflowFlags = #arith.overflow<none>}> : (index, index) -> index
    "cf.br"(%40, %arg9)[^bb4] : (index, i32) -> ()
  ^bb6:
    "func.return"(%9) : (tensor<?xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, memref<?xi32>) -> (i32, tensor<?xf32>), sym_name = "s214801_main"}> ({
  ^bb0(%arg25: tensor<?xi32>, %arg26: tensor<?xi32>, %arg27: tensor<?xf32>, %arg28: i1, %arg29: memref<?xi32>):
    %41 = "arith.constant"() <{value = 0 : index}> : () -> index
    %42 = "tensor.dim"(%arg25, %41) : (tensor<?xi32>, index) -> index
    %43 = "tensor.empty"(%42) : (index) -> tensor<?xi32>
    %44 = "linalg.generic"(%arg25, %43) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = [#linalg.iterator_type<parallel>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg30: i32, %arg31: i32):
      %45 = "arith.muli"(%arg30, %arg30) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
      "linalg.yield"(%45) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    %46 = "tensor.empty"() : () -> tensor<i32>
    %47 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %48 = "linalg.fill"(%47, %46) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg32: i32, %arg33: i32):
      "linalg.yield"(%arg32) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %49 = "linalg.generic"(%44, %48) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg34: i32, %arg35: i32):
      %50 = "arith.maxsi"(%arg34, %arg35) : (i32, i32) -> i32
      "linalg.yield"(%50) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %51 = "capstan.item"(%49) : (tensor<i32>) -> i32
    %52 = "scf.if"(%arg28) ({
      %53 = "arith.constant"() <{value = 0 : index}> : () -> index
      "memref.store"(%47, %arg29, %53) : (i32, memref<?xi32>, index) -> ()
      %54 = "arith.constant"() <{value = 7 : index}> : () -> index
      %55 = "capstan.item"(%arg29, %54) : (memref<?xi32>, index) -> i32
      %56 = "arith.constant"() <{value = 2 : index}> : () -> index
      %57 = "capstan.item"(%arg26, %56) : (tensor<?xi32>, index) -> i32
      "scf.yield"(%55) : (i32) -> ()
    }, {
      %58 = "func.call"(%44, %arg26, %arg27, %arg28, %42, %arg29, %arg29) <{callee = @s214801_layer0}> : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, index, memref<?xi32>, memref<?xi32>) -> tensor<?xf32>
      "scf.yield"(%51) : (i32) -> ()
    }) : (i1) -> i32
    "func.return"(%47, %arg27) : (i32, tensor<?xf32>) -> ()
  }) : () -> ()
}) : () -> ()

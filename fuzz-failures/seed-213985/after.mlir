"builtin.module"() ({
  "func.func"() <{function_type = (tensor<?xi32>, tensor<?xf32>, i1, index) -> (i64, i32), sym_name = "s213985_layer0", sym_visibility = "private"}> ({
  ^bb0(%arg39: tensor<?xi32>, %arg40: tensor<?xf32>, %arg41: i1, %arg42: index):
    %59 = "arith.constant"() <{value = 1 : i64}> : () -> i64
    %60 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %61 = "tensor.empty"() : () -> tensor<i32>
    %62 = "linalg.fill"(%60, %61) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg45: i32, %arg46: i32):
      "linalg.yield"(%arg45) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %63 = "linalg.generic"(%arg39, %62) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg43: i32, %arg44: i32):
      %65 = "arith.maxsi"(%arg43, %arg44) : (i32, i32) -> i32
      "linalg.yield"(%65) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %64 = "capstan.fetch"(%63) <{conversions = ["item"]}> : (tensor<i32>) -> i32
    "func.return"(%59, %64) : (i64, i32) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, i32, i32, i32, i32) -> (i32, i32), sym_name = "s213985_layer1", sym_visibility = "private"}> ({
  ^bb0(%arg31: tensor<?xi32>, %arg32: tensor<?xi32>, %arg33: tensor<?xf32>, %arg34: i1, %arg35: i32, %arg36: i32, %arg37: i32, %arg38: i32):
    %40 = "arith.constant"() <{value = 961 : i32}> : () -> i32
    %41 = "arith.constant"() <{value = 31 : i32}> : () -> i32
    %42 = "arith.constant"() <{value = 0 : index}> : () -> index
    %43 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %44 = "tensor.empty"() : () -> tensor<i32>
    %45 = "tensor.dim"(%arg31, %42) : (tensor<?xi32>, index) -> index
    %46 = "tensor.empty"(%45) : (index) -> tensor<?xi32>
    %47 = "arith.muli"(%arg37, %41) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %48 = "arith.addi"(%47, %arg35) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %49 = "arith.muli"(%48, %41) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %50 = "arith.addi"(%49, %43) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %51 = "arith.muli"(%50, %41) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %52 = "arith.addi"(%51, %arg36) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %53 = "arith.muli"(%52, %40) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %54 = "arith.addi"(%53, %arg37) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %55 = "arith.muli"(%54, %41) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %56 = "arith.addi"(%55, %43) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %57 = "arith.muli"(%56, %41) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    %58 = "arith.addi"(%57, %arg38) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
    "func.return"(%58, %arg37) : (i32, i32) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<?xi32>, tensor<?xf32>, i1, index) -> (i32, tensor<?xf32>), sym_name = "s213985_layer2", sym_visibility = "private"}> ({
  ^bb0(%arg13: tensor<?xi32>, %arg14: tensor<?xf32>, %arg15: i1, %arg16: index):
    %14 = "arith.constant"() <{value = 0 : index}> : () -> index
    %15 = "capstan.item"(%arg13, %14) : (tensor<?xi32>, index) -> i32
    %16 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %17 = "tensor.empty"() : () -> tensor<i32>
    %18 = "linalg.fill"(%16, %17) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg29: i32, %arg30: i32):
      "linalg.yield"(%arg29) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %19 = "linalg.generic"(%arg13, %18) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg27: i32, %arg28: i32):
      %39 = "arith.maxsi"(%arg27, %arg28) : (i32, i32) -> i32
      "linalg.yield"(%39) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %20 = "capstan.item"(%19) : (tensor<i32>) -> i32
    %21 = "arith.constant"() <{value = 0 : i32}> : () -> i32
    %22 = "tensor.empty"() : () -> tensor<i32>
    %23 = "linalg.fill"(%21, %22) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg25: i32, %arg26: i32):
      "linalg.yield"(%arg25) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %24 = "linalg.generic"(%arg13, %23) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg23: i32, %arg24: i32):
      %38 = "arith.addi"(%arg23, %arg24) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
      "linalg.yield"(%38) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %25 = "capstan.item"(%24) : (tensor<i32>) -> i32
    %26 = "arith.constant"() <{value = 0 : index}> : () -> index
    %27 = "tensor.dim"(%arg13, %26) : (tensor<?xi32>, index) -> index
    %28 = "tensor.empty"(%27) : (index) -> tensor<?xi32>
    %29 = "linalg.generic"(%arg13, %28) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = [#linalg.iterator_type<parallel>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg21: i32, %arg22: i32):
      %37 = "arith.muli"(%arg21, %arg21) <{overflowFlags = #arith.overflow<none>}> : (i32, i32) -> i32
      "linalg.yield"(%37) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    %30 = "arith.constant"() <{value = -2147483648 : i32}> : () -> i32
    %31 = "tensor.empty"() : () -> tensor<i32>
    %32 = "linalg.fill"(%30, %31) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg19: i32, %arg20: i32):
      "linalg.yield"(%arg19) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %33 = "linalg.generic"(%29, %32) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg17: i32, %arg18: i32):
      %36 = "arith.maxsi"(%arg17, %arg18) : (i32, i32) -> i32
      "linalg.yield"(%36) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %34 = "capstan.item"(%33) : (tensor<i32>) -> i32
    %35:2 = "func.call"(%arg13, %arg13, %arg14, %arg15, %15, %20, %25, %34) <{callee = @s213985_layer1}> : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, i32, i32, i32, i32) -> (i32, i32)
    "func.return"(%35#1, %arg14) : (i32, tensor<?xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<?xi32>, tensor<?xf32>, i1, index) -> (tensor<?xf32>, i32, tensor<?xi32>), sym_name = "s213985_main"}> ({
  ^bb0(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1, %arg3: index):
    %0 = "arith.constant"() <{value = 1 : index}> : () -> index
    %1 = "arith.constant"() <{value = 0 : index}> : () -> index
    %2 = "arith.constant"() <{value = 2147483647 : i32}> : () -> i32
    %3 = "arith.constant"() <{value = 0 : i32}> : () -> i32
    %4 = "tensor.empty"() : () -> tensor<i32>
    %5 = "linalg.fill"(%2, %4) <{operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg11: i32, %arg12: i32):
      "linalg.yield"(%arg11) : (i32) -> ()
    }) : (i32, tensor<i32>) -> tensor<i32>
    %6 = "linalg.generic"(%arg0, %5) <{indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = [#linalg.iterator_type<reduction>], operandSegmentSizes = array<i32: 1, 1>}> ({
    ^bb0(%arg9: i32, %arg10: i32):
      %13 = "arith.minsi"(%arg9, %arg10) : (i32, i32) -> i32
      "linalg.yield"(%13) : (i32) -> ()
    }) : (tensor<?xi32>, tensor<i32>) -> tensor<i32>
    %7 = "capstan.item"(%6) : (tensor<i32>) -> i32
    "scf.if"(%arg2) ({
      %12 = "arith.cmpi"(%7, %3) <{predicate = 5 : i64}> : (i32, i32) -> i1
      "cf.assert"(%12) <{msg = "check 1"}> : (i1) -> ()
      "scf.yield"() : () -> ()
    }, {
    }) : (i1) -> ()
    %8 = "tensor.empty"() : () -> tensor<i32>
    %9:3 = "scf.while"(%1, %3) ({
    ^bb0(%arg7: index, %arg8: i32):
      %11 = "arith.cmpi"(%arg7, %1) <{predicate = 2 : i64}> : (index, index) -> i1
      "scf.condition"(%11, %7, %arg8, %arg7) : (i1, i32, i32, index) -> ()
    }, {
    ^bb0(%arg4: i32, %arg5: i32, %arg6: index):
      %10 = "arith.addi"(%arg6, %0) <{overflowFlags = #arith.overflow<none>}> : (index, index) -> index
      "scf.yield"(%10, %arg4) : (index, i32) -> ()
    }) : (index, i32) -> (i32, i32, index)
    "func.return"(%arg1, %9#1, %arg0) : (tensor<?xf32>, i32, tensor<?xi32>) -> ()
  }) : () -> ()
}) : () -> ()

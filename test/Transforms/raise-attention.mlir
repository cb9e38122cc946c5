// RUN: capstan-opt %s --capstan-raise-attention | FileCheck %s

// Documents are padded to the longest one. `raise-attention-kept.py` changes
// one line after the other: then it's not attention of documents any more.

#b = affine_map<(b, i) -> (b)>
#bi = affine_map<(b, i) -> (b, i)>
#bhie = affine_map<(b, h, i, e) -> (b, h, i, e)>
#rows = affine_map<(b, h, i, j) -> (b, h, i)>
#pairs = affine_map<(b, h, i, j) -> (b, h, i, j)>
#doc = affine_map<(b, h, i, j) -> (b)>

// CHECK-LABEL: func @padded(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: {{.*}}, %[[K:[a-z0-9]*]]: {{.*}}, %[[V:[a-z0-9]*]]: {{.*}}, %[[LENS:[a-z0-9]*]]: tensor<?xi32>)
// CHECK: %[[T:.*]] = tensor.dim %[[Q]], %{{.*}}
// CHECK: %[[CU:.*]] = linalg.generic {{.*}} ins(%[[LENS]] : tensor<?xi32>) outs(%{{.*}} : tensor<?xi32>)
// CHECK: capstan.device_check %{{.*}}, "raised attention: a length is negative, or
// CHECK: %[[O:.*]] = capstan.varlen_attention ins(%[[Q]], %[[K]], %[[V]], %[[CU]], %[[CU]], %[[T]], %[[T]] :
// CHECK-SAME: {causal, scale = 2.500000e-01 : f64}
// CHECK-NOT: tensor<?x4x?x?xf32>
// CHECK: return %[[O]]
func.func @padded(%q: tensor<?x4x8xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4, 8]}, %k: tensor<?x2x8xf32> {capstan.dims = [#capstan.dim<"T">, 2, 8]},
                  %v: tensor<?x2x8xf32> {capstan.dims = [#capstan.dim<"T">, 2, 8]}, %lens: tensor<?xi32>) -> tensor<?x4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %scale = arith.constant 0.25 : f32
  %least = arith.constant dense<0> : tensor<i32>
  %i0 = arith.constant 0 : i64
  %i1 = arith.constant 1 : i64
  %T = tensor.dim %q, %c0 : tensor<?x4x8xf32>
  %B = tensor.dim %lens, %c0 : tensor<?xi32>
  %T64 = arith.index_cast %T : index to i64
  %B64 = arith.index_cast %B : index to i64
  %m = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = tensor.extract %m[] : tensor<i32>
  %L = arith.index_cast %l : i32 to index
  // Where documents end, and start.
  %de = tensor.empty(%B) : tensor<?xi64>
  %dz = linalg.fill ins(%i0 : i64) outs(%de : tensor<?xi64>) -> tensor<?xi64>
  %ends = linalg.generic {indexing_maps = [affine_map<(b, d) -> (d)>, #b], iterator_types = ["parallel", "reduction"]}
      ins(%lens : tensor<?xi32>) outs(%dz : tensor<?xi64>) {
  ^bb0(%len: i32, %sum: i64):
    %b = linalg.index 0 : index
    %d = linalg.index 1 : index
    %upTo = arith.cmpi sle, %d, %b : index
    %one = arith.extui %upTo : i1 to i64
    %n = arith.extsi %len : i32 to i64
    %part = arith.muli %n, %one : i64
    %next = arith.addi %sum, %part : i64
    linalg.yield %next : i64
  } -> tensor<?xi64>
  %starts = linalg.generic {indexing_maps = [affine_map<(b) -> (b)>, affine_map<(b) -> (b)>, affine_map<(b) -> (b)>], iterator_types = ["parallel"]}
      ins(%ends, %lens : tensor<?xi64>, tensor<?xi32>) outs(%de : tensor<?xi64>) {
  ^bb0(%end: i64, %len: i32, %out: i64):
    %n = arith.extsi %len : i32 to i64
    %s = arith.subi %end, %n : i64
    linalg.yield %s : i64
  } -> tensor<?xi64>
  // The token of each place of a document.
  %xe = tensor.empty(%B, %L) : tensor<?x?xi64>
  %tokens = linalg.generic {indexing_maps = [#b, #bi], iterator_types = ["parallel", "parallel"]}
      ins(%starts : tensor<?xi64>) outs(%xe : tensor<?x?xi64>) {
  ^bb0(%start: i64, %out: i64):
    %i = linalg.index 1 : index
    %i64 = arith.index_cast %i : index to i64
    %t = arith.addi %start, %i64 : i64
    %most = arith.subi %T64, %i1 : i64
    %in = arith.minsi %t, %most : i64
    linalg.yield %in : i64
  } -> tensor<?x?xi64>
  %pe = tensor.empty(%B, %L) : tensor<?x4x?x8xf32>
  %qp = linalg.generic {indexing_maps = [affine_map<(b, h, i, e) -> (b, i)>, #bhie], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%tokens : tensor<?x?xi64>) outs(%pe : tensor<?x4x?x8xf32>) {
  ^bb0(%t: i64, %out: f32):
    %ti = arith.index_cast %t : i64 to index
    %h = linalg.index 1 : index
    %e = linalg.index 3 : index
    %x = tensor.extract %q[%ti, %h, %e] : tensor<?x4x8xf32>
    linalg.yield %x : f32
  } -> tensor<?x4x?x8xf32>
  %kp = linalg.generic {indexing_maps = [affine_map<(b, h, i, e) -> (b, i)>, #bhie], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%tokens : tensor<?x?xi64>) outs(%pe : tensor<?x4x?x8xf32>) {
  ^bb0(%t: i64, %out: f32):
    %ti = arith.index_cast %t : i64 to index
    %h = linalg.index 1 : index
    %group = arith.divsi %h, %c2 : index // keys
    %e = linalg.index 3 : index
    %x = tensor.extract %k[%ti, %group, %e] : tensor<?x2x8xf32>
    linalg.yield %x : f32
  } -> tensor<?x4x?x8xf32>
  %vp = linalg.generic {indexing_maps = [affine_map<(b, h, i, e) -> (b, i)>, #bhie], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%tokens : tensor<?x?xi64>) outs(%pe : tensor<?x4x?x8xf32>) {
  ^bb0(%t: i64, %out: f32):
    %ti = arith.index_cast %t : i64 to index
    %h = linalg.index 1 : index
    %group = arith.divsi %h, %c2 : index // values
    %e = linalg.index 3 : index
    %x = tensor.extract %v[%ti, %group, %e] : tensor<?x2x8xf32>
    linalg.yield %x : f32
  } -> tensor<?x4x?x8xf32>
  %se = tensor.empty(%B, %L, %L) : tensor<?x4x?x?xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %products = linalg.generic {indexing_maps = [affine_map<(b, h, i, j, e) -> (b, h, i, e)>, affine_map<(b, h, i, j, e) -> (b, h, j, e)>, affine_map<(b, h, i, j, e) -> (b, h, i, j)>],
                              iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%qp, %kp : tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) outs(%sz : tensor<?x4x?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %p = arith.mulf %a, %b : f32
    %next = arith.addf %sum, %p : f32
    linalg.yield %next : f32
  } -> tensor<?x4x?x?xf32>
  %scores = linalg.generic {indexing_maps = [#pairs, #doc, #pairs], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%products, %lens : tensor<?x4x?x?xf32>, tensor<?xi32>) outs(%se : tensor<?x4x?x?xf32>) {
  ^bb0(%p: f32, %len: i32, %out: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %n = arith.index_cast %len : i32 to index
    %inside = arith.cmpi slt, %j, %n : index
    %before = arith.cmpi sle, %j, %i : index
    %ok = arith.andi %inside, %before : i1
    %s = arith.mulf %p, %scale : f32
    %masked = arith.select %ok, %s, %none : f32
    linalg.yield %masked : f32
  } -> tensor<?x4x?x?xf32>
  %re = tensor.empty(%B, %L) : tensor<?x4x?xf32>
  %rl = linalg.fill ins(%none : f32) outs(%re : tensor<?x4x?xf32>) -> tensor<?x4x?xf32>
  %rz = linalg.fill ins(%zero : f32) outs(%re : tensor<?x4x?xf32>) -> tensor<?x4x?xf32>
  %max = linalg.reduce { arith.maximumf } ins(%scores : tensor<?x4x?x?xf32>) outs(%rl : tensor<?x4x?xf32>) dimensions = [3]
  %powers = linalg.generic {indexing_maps = [#pairs, #rows, #pairs], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%scores, %max : tensor<?x4x?x?xf32>, tensor<?x4x?xf32>) outs(%se : tensor<?x4x?x?xf32>) {
  ^bb0(%s: f32, %most: f32, %out: f32):
    %d = arith.subf %s, %most : f32
    %p = math.exp %d : f32
    linalg.yield %p : f32
  } -> tensor<?x4x?x?xf32>
  %sum = linalg.reduce { arith.addf } ins(%powers : tensor<?x4x?x?xf32>) outs(%rz : tensor<?x4x?xf32>) dimensions = [3]
  %weights = linalg.generic {indexing_maps = [#pairs, #rows, #pairs], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%powers, %sum : tensor<?x4x?x?xf32>, tensor<?x4x?xf32>) outs(%se : tensor<?x4x?x?xf32>) {
  ^bb0(%p: f32, %total: f32, %out: f32):
    %w = arith.divf %p, %total : f32
    linalg.yield %w : f32
  } -> tensor<?x4x?x?xf32>
  %oz = linalg.fill ins(%zero : f32) outs(%pe : tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  %o = linalg.generic {indexing_maps = [affine_map<(b, h, i, j, e) -> (b, h, i, j)>, affine_map<(b, h, i, j, e) -> (b, h, j, e)>, affine_map<(b, h, i, j, e) -> (b, h, i, e)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]}
      ins(%weights, %vp : tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) outs(%oz : tensor<?x4x?x8xf32>) {
  ^bb0(%w: f32, %x: f32, %sum_: f32):
    %p = arith.mulf %w, %x : f32
    %next = arith.addf %sum_, %p : f32
    linalg.yield %next : f32
  } -> tensor<?x4x?x8xf32>
  // The document of each token.
  %te = tensor.empty(%T) : tensor<?xi64>
  %tz = linalg.fill ins(%i0 : i64) outs(%te : tensor<?xi64>) -> tensor<?xi64>
  %rows = linalg.generic {indexing_maps = [affine_map<(t, d) -> (d)>, affine_map<(t, d) -> (t)>], iterator_types = ["parallel", "reduction"]}
      ins(%ends : tensor<?xi64>) outs(%tz : tensor<?xi64>) {
  ^bb0(%end: i64, %count: i64):
    %t = linalg.index 0 : index
    %t64 = arith.index_cast %t : index to i64
    %behind = arith.cmpi sge, %t64, %end : i64
    %one = arith.extui %behind : i1 to i64
    %next = arith.addi %count, %one : i64
    linalg.yield %next : i64
  } -> tensor<?xi64>
  %fe = tensor.empty(%T) : tensor<?x4x8xf32>
  %out = linalg.generic {indexing_maps = [affine_map<(t, h, e) -> (t)>, affine_map<(t, h, e) -> (t, h, e)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%rows : tensor<?xi64>) outs(%fe : tensor<?x4x8xf32>) {
  ^bb0(%row: i64, %out_: f32):
    %t = linalg.index 0 : index
    %h = linalg.index 1 : index
    %e = linalg.index 2 : index
    %r = arith.index_cast %row : i64 to index
    %start = tensor.extract %starts[%r] : tensor<?xi64>
    %first = arith.index_cast %start : i64 to index
    %i = arith.subi %t, %first : index
    %x = tensor.extract %o[%r, %h, %i, %e] : tensor<?x4x?x8xf32>
    linalg.yield %x : f32
  } -> tensor<?x4x8xf32>
  return %out : tensor<?x4x8xf32>
}

// RUN: capstan-opt %s --capstan-raise-attention | FileCheck %s

// All pairs of tokens, with a mask of documents; heads come before tokens, and
// sums are of i32.

#i = affine_map<(i) -> (i)>
#ij = affine_map<(i, j) -> (i, j)>
#pairs = affine_map<(h, i, j) -> (h, i, j)>

// CHECK-LABEL: func @masked(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: {{.*}}, %[[K:[a-z0-9]*]]: {{.*}}, %[[V:[a-z0-9]*]]: {{.*}}, %[[LENS:[a-z0-9]*]]: tensor<?xi32>)
// CHECK-DAG: %[[CU:.*]] = linalg.generic {{.*}} ins(%[[LENS]] : tensor<?xi32>) outs(%{{.*}} : tensor<?xi32>)
// CHECK: %[[O:.*]] = capstan.varlen_attention ins(%[[Q]], %[[K]], %[[V]], %[[CU]], %[[CU]],
// CHECK-SAME: {scale = 2.500000e-01 : f64}
// CHECK: linalg.transpose ins(%[[O]] : tensor<?x4x8xf32>) outs(%{{.*}} : tensor<4x?x8xf32>)
// CHECK-NOT: tensor<4x?x?xf32>
// CHECK: return
func.func @masked(%q: tensor<?x4x8xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4, 8]}, %k: tensor<?x2x8xf32> {capstan.dims = [#capstan.dim<"T">, 2, 8]},
                  %v: tensor<?x2x8xf32> {capstan.dims = [#capstan.dim<"T">, 2, 8]}, %lens: tensor<?xi32>) -> tensor<?x4x8xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %scale = arith.constant 0.25 : f32
  %i0 = arith.constant 0 : i32
  %T = tensor.dim %q, %c0 : tensor<?x4x8xf32>
  %se = tensor.empty(%T) : tensor<?xi32>
  %sz = linalg.fill ins(%i0 : i32) outs(%se : tensor<?xi32>) -> tensor<?xi32>
  %B = tensor.dim %lens, %c0 : tensor<?xi32>
  %de = tensor.empty(%B) : tensor<?xi32>
  %dz = linalg.fill ins(%i0 : i32) outs(%de : tensor<?xi32>) -> tensor<?xi32>
  %ends = linalg.generic {indexing_maps = [affine_map<(b, d) -> (d)>, affine_map<(b, d) -> (b)>], iterator_types = ["parallel", "reduction"]}
      ins(%lens : tensor<?xi32>) outs(%dz : tensor<?xi32>) {
  ^bb0(%len: i32, %sum: i32):
    %b = linalg.index 0 : index
    %d = linalg.index 1 : index
    %upTo = arith.cmpi uge, %b, %d : index
    %part = arith.select %upTo, %len, %i0 : i32
    %next = arith.addi %part, %sum : i32
    linalg.yield %next : i32
  } -> tensor<?xi32>
  %documents = linalg.generic {indexing_maps = [affine_map<(t, d) -> (d)>, affine_map<(t, d) -> (t)>], iterator_types = ["parallel", "reduction"]}
      ins(%ends : tensor<?xi32>) outs(%sz : tensor<?xi32>) {
  ^bb0(%end: i32, %count: i32):
    %t = linalg.index 0 : index
    %e = arith.index_cast %end : i32 to index
    %behind = arith.cmpi sle, %e, %t : index
    %one = arith.extui %behind : i1 to i32
    %next = arith.addi %count, %one : i32
    linalg.yield %next : i32
  } -> tensor<?xi32>
  %me = tensor.empty(%T, %T) : tensor<?x?xi1>
  %mask = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, #ij], iterator_types = ["parallel", "parallel"]}
      ins(%documents, %documents : tensor<?xi32>, tensor<?xi32>) outs(%me : tensor<?x?xi1>) {
  ^bb0(%a: i32, %b: i32, %out: i1):
    %same = arith.cmpi eq, %a, %b : i32
    linalg.yield %same : i1
  } -> tensor<?x?xi1>
  %qe = tensor.empty(%T) : tensor<4x?x8xf32>
  %qh = linalg.transpose ins(%q : tensor<?x4x8xf32>) outs(%qe : tensor<4x?x8xf32>) permutation = [1, 0, 2]
  // Each head of keys twice.
  %ke = tensor.empty(%T) : tensor<2x2x8x?xf32>
  %kr = linalg.generic {indexing_maps = [affine_map<(h, r, e, t) -> (t, h, e)>, affine_map<(h, r, e, t) -> (h, r, e, t)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%k : tensor<?x2x8xf32>) outs(%ke : tensor<2x2x8x?xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<2x2x8x?xf32>
  %kh = tensor.collapse_shape %kr [[0, 1], [2], [3]] : tensor<2x2x8x?xf32> into tensor<4x8x?xf32>
  %ve = tensor.empty(%T) : tensor<2x2x?x8xf32>
  %vr = linalg.generic {indexing_maps = [affine_map<(h, r, t, e) -> (t, h, e)>, affine_map<(h, r, t, e) -> (h, r, t, e)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<?x2x8xf32>) outs(%ve : tensor<2x2x?x8xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<2x2x?x8xf32>
  %vh = tensor.collapse_shape %vr [[0, 1], [2], [3]] : tensor<2x2x?x8xf32> into tensor<4x?x8xf32>
  %pe = tensor.empty(%T, %T) : tensor<4x?x?xf32>
  %pz = linalg.fill ins(%zero : f32) outs(%pe : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %products = linalg.batch_matmul ins(%qh, %kh : tensor<4x?x8xf32>, tensor<4x8x?xf32>) outs(%pz : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %scores = linalg.generic {indexing_maps = [#pairs, affine_map<(h, i, j) -> (i, j)>, #pairs], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%products, %mask : tensor<4x?x?xf32>, tensor<?x?xi1>) outs(%pe : tensor<4x?x?xf32>) {
  ^bb0(%p: f32, %ok: i1, %out: f32):
    %s = arith.mulf %p, %scale : f32
    %masked = arith.select %ok, %s, %none : f32
    linalg.yield %masked : f32
  } -> tensor<4x?x?xf32>
  %me_ = tensor.empty(%T) : tensor<4x?xf32>
  %least = linalg.fill ins(%none : f32) outs(%me_ : tensor<4x?xf32>) -> tensor<4x?xf32>
  %nothing = linalg.fill ins(%zero : f32) outs(%me_ : tensor<4x?xf32>) -> tensor<4x?xf32>
  %max = linalg.reduce { arith.maximumf } ins(%scores : tensor<4x?x?xf32>) outs(%least : tensor<4x?xf32>) dimensions = [2]
  %most = linalg.broadcast ins(%max : tensor<4x?xf32>) outs(%pe : tensor<4x?x?xf32>) dimensions = [2]
  %below = linalg.sub ins(%scores, %most : tensor<4x?x?xf32>, tensor<4x?x?xf32>) outs(%pe : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %powers = linalg.exp ins(%below : tensor<4x?x?xf32>) outs(%pe : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %sum = linalg.reduce { arith.addf } ins(%powers : tensor<4x?x?xf32>) outs(%nothing : tensor<4x?xf32>) dimensions = [2]
  %total = linalg.broadcast ins(%sum : tensor<4x?xf32>) outs(%pe : tensor<4x?x?xf32>) dimensions = [2]
  %weights = linalg.div ins(%powers, %total : tensor<4x?x?xf32>, tensor<4x?x?xf32>) outs(%pe : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
  %oe = tensor.empty(%T) : tensor<4x?x8xf32>
  %oz = linalg.fill ins(%zero : f32) outs(%oe : tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  %o = linalg.batch_matmul ins(%weights, %vh : tensor<4x?x?xf32>, tensor<4x?x8xf32>) outs(%oz : tensor<4x?x8xf32>) -> tensor<4x?x8xf32>
  %re = tensor.empty(%T) : tensor<?x4x8xf32>
  %r = linalg.transpose ins(%o : tensor<4x?x8xf32>) outs(%re : tensor<?x4x8xf32>) permutation = [1, 0, 2]
  return %r : tensor<?x4x8xf32>
}

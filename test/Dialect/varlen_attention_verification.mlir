// RUN: capstan-opt %s -verify-diagnostics -split-input-file

func.func @heads(%q: tensor<?x6x8xf32>, %k: tensor<?x4x8xf32>, %cu: tensor<?xi32>, %n: index) -> tensor<?x6x8xf32> {
  // expected-error@+1 {{heads of q must be a multiple of those of k, got 6 and 4}}
  %0 = capstan.varlen_attention ins(%q, %k, %k, %cu, %cu, %n, %n : tensor<?x6x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
    outs(%q : tensor<?x6x8xf32>) {scale = 1.0 : f64} -> tensor<?x6x8xf32>
  return %0 : tensor<?x6x8xf32>
}

// -----

func.func @head_dim(%q: tensor<?x4x8xf32>, %k: tensor<?x4x16xf32>, %cu: tensor<?xi32>, %n: index) -> tensor<?x4x8xf32> {
  // expected-error@+1 {{q and k must have the same head_dim}}
  %0 = capstan.varlen_attention ins(%q, %k, %k, %cu, %cu, %n, %n : tensor<?x4x8xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
    outs(%q : tensor<?x4x8xf32>) {scale = 1.0 : f64} -> tensor<?x4x8xf32>
  return %0 : tensor<?x4x8xf32>
}

// -----

func.func @lengths(%q: tensor<?x4x8xf32>, %cu: tensor<?xi64>, %n: index) -> tensor<?x4x8xf32> {
  // expected-error@+1 {{cu_seqlens must have rank 1 and elements of i32}}
  %0 = capstan.varlen_attention ins(%q, %q, %q, %cu, %cu, %n, %n : tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi64>, tensor<?xi64>, index, index)
    outs(%q : tensor<?x4x8xf32>) {scale = 1.0 : f64} -> tensor<?x4x8xf32>
  return %0 : tensor<?x4x8xf32>
}

// -----

func.func @window(%q: tensor<?x4x8xf32>, %cu: tensor<?xi32>, %n: index) -> tensor<?x4x8xf32> {
  // expected-error@+1 {{a window is a number of keys, or -1 for all}}
  %0 = capstan.varlen_attention ins(%q, %q, %q, %cu, %cu, %n, %n : tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
    outs(%q : tensor<?x4x8xf32>) {scale = 1.0 : f64, window_left = -2 : i64} -> tensor<?x4x8xf32>
  return %0 : tensor<?x4x8xf32>
}

// -----

func.func @logsumexp(%q: tensor<?x4x8xf32>, %cu: tensor<?xi32>, %n: index, %l: tensor<?x4xf64>) {
  // expected-error@+1 {{logsumexp must be [heads_q, tokens_q] of f32}}
  %0:2 = capstan.varlen_attention ins(%q, %q, %q, %cu, %cu, %n, %n : tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
    outs(%q, %l : tensor<?x4x8xf32>, tensor<?x4xf64>) {scale = 1.0 : f64} -> tensor<?x4x8xf32>, tensor<?x4xf64>
  return
}

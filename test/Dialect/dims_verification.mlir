// What arguments may say about their sizes.
// RUN: capstan-opt %s --split-input-file --verify-diagnostics

func.func private @fine(
    tensor<1x?xi64> {capstan.dims = [1, #capstan.dim<"T", max = 8192, multiple_of = 8>]},
    tensor<?xi32> {capstan.dims = [#capstan.dim<"B", min = 1, max = 64>], capstan.lengths = "T"},
    tensor<?x?xf32> {capstan.dims = [#capstan.dim<"B + 1">, #capstan.dim<"(2 * T + 1) / 3">]},
    tensor<8x?xf32> {capstan.dims = [#capstan.dim<"T">, #capstan.dim<"?">]},
    i64 {capstan.size = #capstan.dim<"longest", max = 64>},
    tensor<?xf32> {capstan.dims = [#capstan.dim<"B * longest">]})
    -> (tensor<?xf32> {capstan.dims = [#capstan.dim<"T * B">]})

// -----

// expected-error @below {{only a symbol that stands alone has bounds, not 'B + 1'}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B + 1", max = 8>]})

// -----

// expected-error @below {{no size is at least 9 and at most 8}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B", min = 9, max = 8>]})

// -----

// expected-error @below {{a size is no multiple of 0}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B", multiple_of = 0>]})

// -----

// expected-error @below {{declares symbol 'B' with different bounds: #capstan.dim<"B", max = 8> and #capstan.dim<"B", max = 9> (argument 1)}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B", max = 8>]},
                     tensor<?xf32> {capstan.dims = [#capstan.dim<"B", max = 9>]})

// -----

// expected-error @below {{'capstan.dims' of argument 0 is wrong: symbol 'B' is not declared in 'B + 1'}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B + 1">]})

// -----

// expected-error @below {{'capstan.dims' of argument 1 is wrong: expected a symbol or a number in 'B +'}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B">]},
                     tensor<?xf32> {capstan.dims = [#capstan.dim<"B +">]})

// -----

// expected-error @below {{'capstan.dims' of argument 1 is wrong: only divisions by positive numbers are allowed in '2 / B'}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"B">]},
                     tensor<?xf32> {capstan.dims = [#capstan.dim<"2 / B">]})

// -----

// expected-error @below {{'capstan.dims' of argument 0 has 1 entries for 2 dimensions}}
func.func private @f(tensor<?x4xf32> {capstan.dims = [#capstan.dim<"B">]})

// -----

// expected-error @below {{'capstan.dims' of argument 0 stands at no ranked tensor: 'i32'}}
func.func private @f(i32 {capstan.dims = []})

// -----

// expected-error @below {{'capstan.dims' of argument 0 is a list of #capstan.dim and numbers}}
func.func private @f(tensor<?xf32> {capstan.dims = ["B"]})

// -----

// expected-error @below {{'capstan.dims' of argument 0 doesn't allow the size 4 of dimension 0}}
func.func private @f(tensor<4xf32> {capstan.dims = [5]})

// -----

// expected-error @below {{'capstan.dims' of argument 0 doesn't allow the size 4 of dimension 0}}
func.func private @f(tensor<4xf32> {capstan.dims = [#capstan.dim<"B", max = 3>]})

// -----

// expected-error @below {{'capstan.dims' of argument 0 gives a number for dimension 0, which is dynamic}}
func.func private @f(tensor<?xf32> {capstan.dims = [4]})

// -----

// expected-error @below {{'capstan.lengths' of argument 0 names a symbol that is not declared: "T"}}
func.func private @f(tensor<?xi32> {capstan.lengths = "T"})

// -----

// expected-error @below {{'capstan.lengths' names a symbol, at an argument of integers of rank 1}}
func.func private @f(tensor<?xf32> {capstan.dims = [#capstan.dim<"T">], capstan.lengths = "T"})

// -----

// expected-error @below {{'capstan.dims' of result 0 is wrong: symbol 'B' is not declared in 'B'}}
func.func private @f() -> (tensor<?xf32> {capstan.dims = [#capstan.dim<"B">]})

// -----

// expected-error @below {{'capstan.size' of argument 0 is a #capstan.dim with a symbol, at a host integer}}
func.func private @f(f32 {capstan.size = #capstan.dim<"n">})

// -----

// expected-error @below {{'capstan.size' of argument 0 is a #capstan.dim with a symbol, at a host integer}}
func.func private @f(i64 {capstan.size = #capstan.dim<"n + 1">})

// -----

// expected-error @below {{declares symbol 'n' with different bounds}}
func.func private @f(i64 {capstan.size = #capstan.dim<"n", max = 4>}, tensor<?xf32> {capstan.dims = [#capstan.dim<"n", max = 5>]})

// RUN: capstan-opt %s --capstan-expand-kernel-math=gpu | %mlir_opt --convert-scf-to-cf --convert-math-to-llvm --convert-to-llvm --reconcile-unrealized-casts | mlir-runner -e main -entry-point-result=i32 | FileCheck %s

// The arithmetic around the exp2 of a GPU, here with that of the C library,
// which is within 0.51 units in the last place: of a million floats, none is
// wrong by more than 1.1. Those that overflow are infinite.

// CHECK: {{^}}0{{$}}

func.func @kernel(%x: f32) -> f32 attributes {capstan.kernel} {
  %y = math.exp %x : f32
  return %y : f32
}

// 1 if it is wrong.
func.func @check(%bits: i32) -> i32 {
  %x = arith.bitcast %bits : i32 to f32
  %got = func.call @kernel(%x) : (f32) -> f32
  %wide = arith.extf %x : f32 to f64
  %want = math.exp %wide : f64
  %rounded = arith.truncf %want : f64 to f32
  // The unit in the last place, of subnormal numbers too.
  %exponent = arith.constant 0x7ff0000000000000 : i64
  %w = arith.bitcast %want : f64 to i64
  %e = arith.andi %w, %exponent : i64
  %power = arith.bitcast %e : i64 to f64
  %last = arith.constant 1.1920928955078125e-07 : f64
  %unit = arith.mulf %power, %last : f64
  %least = arith.constant 1.401298464324817e-45 : f64
  %ulp = arith.maximumf %unit, %least : f64
  %limit = arith.constant 1.1 : f64
  %allowed = arith.mulf %ulp, %limit : f64
  %g = arith.extf %got : f32 to f64
  %difference = arith.subf %g, %want : f64
  %error = math.absf %difference : f64
  %near = arith.cmpf ole, %error, %allowed : f64
  %equal = arith.cmpf oeq, %got, %rounded : f32
  %nan = arith.cmpf uno, %x, %x : f32
  %still = arith.cmpf uno, %got, %got : f32
  %both = arith.andi %nan, %still : i1
  %a = arith.ori %near, %equal : i1
  %right = arith.ori %a, %both : i1
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %wrong = arith.select %right, %zero, %one : i32
  return %wrong : i32
}

func.func @main() -> i32 {
  %begin = arith.constant 0 : i64
  %end = arith.constant 0x100000000 : i64
  %step = arith.constant 4099 : i64
  %plus = arith.constant 0x7f800000 : i32
  %minus = arith.constant 0xff800000 : i32
  %a = func.call @check(%plus) : (i32) -> i32
  %b = func.call @check(%minus) : (i32) -> i32
  %infinite = arith.addi %a, %b : i32
  %count = scf.for %i = %begin to %end step %step iter_args(%n = %infinite) -> i32 : i64 {
    %bits = arith.trunci %i : i64 to i32
    %wrong = func.call @check(%bits) : (i32) -> i32
    %next = arith.addi %n, %wrong : i32
    scf.yield %next : i32
  }
  return %count : i32
}

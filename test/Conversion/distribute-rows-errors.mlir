// RUN: capstan-opt %s --capstan-distribute-rows -split-input-file -verify-diagnostics

func.func @scan(%x: memref<8x64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (8) {
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<8x64xf32>, vector<64xf32>
    // expected-error@+1 {{on a row can't be spread over threads}}
    %turned = vector.shape_cast %row : vector<64xf32> to vector<8x8xf32>
    %back = vector.shape_cast %turned : vector<8x8xf32> to vector<64xf32>
    vector.transfer_write %back, %x[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<8x64xf32>
  } {capstan.rows}
  return
}

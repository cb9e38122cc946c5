// RUN: capstan-opt %s --capstan-kernels-to-gpu -verify-diagnostics

func.func private @kernel(%x: memref<?xi1>, %begin: index, %end: index) attributes {capstan.kernel} {
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %v = memref.load %x[%i] : memref<?xi1>
    // expected-error@+1 {{in a kernel must not be in a region; --convert-scf-to-cf takes it out}}
    cf.assert %v, "no"
  }
  return
}

func.func @main(%d: index, %x: memref<4xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    capstan.with_device %d {
      %a = capstan.device_capability %d architecture
      memref.store %a, %x[%c0] : memref<4xi64>
      capstan.yield
    }
  }
  return
}

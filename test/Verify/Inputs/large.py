"""Writes a module of one shape and size: branches, nested, loops, flat."""

import sys


def branches(n):
    print("func.func @f(%x: tensor<i32>, %y: i32, %c: tensor<?xi1>) -> i32 {")
    value = "%y"
    for i in range(n):
        print(f"  %i{i} = arith.constant {i} : index")
        print(f"  %c{i} = capstan.item %c[%i{i}] : tensor<?xi1>")
        print(f"  %v{i} = scf.if %c{i} -> i32 {{")
        print(f"    %r{i} = capstan.item %x[] : tensor<i32>")
        print(f"    %s{i} = arith.addi %r{i}, {value} : i32")
        print(f"    scf.yield %s{i} : i32")
        print("  } else {")
        print(f"    scf.yield {value} : i32")
        print("  }")
        value = f"%v{i}"
    print(f"  return {value} : i32\n}}")


def nested(n):
    print("func.func @f(%x: tensor<i32>, %c: tensor<?xi1>) {")
    for i in range(n):
        print(f"  %i{i} = arith.constant {i} : index")
        print(f"  %c{i} = capstan.item %c[%i{i}] : tensor<?xi1>")
        print(f"  scf.if %c{i} {{")
    print("    %r = capstan.item %x[] : tensor<i32>")
    print('    "unknown.use"(%r) : (i32) -> ()')
    print("  }" * n)
    print("  return\n}")


def loops(n):
    print("func.func @f(%x: memref<4xi32>, %n: index) {")
    print("  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index")
    for i in range(n):
        print(f"  scf.for %i{i} = %c0 to %n step %c1 {{")
    print("    %r = capstan.item %x[%c0] : memref<4xi32>")
    print('    "unknown.use"(%r) : (i32) -> ()')
    print("  }" * n)
    print("  return\n}")


def flat(n):
    print("func.func @f(%x: i32, %t: tensor<i32>) -> i32 {\n  %v0 = arith.addi %x, %x : i32")
    for i in range(1, n):
        if i % 100 == 0:
            print(f"  %v{i} = capstan.item %t[] : tensor<i32>")
        else:
            print(f"  %v{i} = arith.muli %v{i - 1}, %x : i32")
    print(f"  return %v{n - 1} : i32\n}}")


{"branches": branches, "nested": nested, "loops": loops, "flat": flat}[sys.argv[1]](
    int(sys.argv[2])
)

"""Writes modules that are hard to count into a folder."""

import sys
from pathlib import Path

OUT = Path(sys.argv[1])
OUT.mkdir(exist_ok=True)
READ = "%n = capstan.item %t[] : tensor<i32>"

nested = READ
for _ in range(500):
    nested = f"scf.if %c {{\n{nested}\n}}"
(OUT / "nested.mlir").write_text(
    f"func.func @main(%t: tensor<i32>, %c: i1) {{\n{nested}\nreturn\n}}\n"
)

functions = [f"func.func private @f0(%t: tensor<i32>) {{\n{READ}\nreturn\n}}"]
for i in range(70):
    call = f"func.call @f{i}(%t) : (tensor<i32>) -> ()"
    name = "@main" if i == 69 else f"private @f{i + 1}"
    functions.append(f"func.func {name}(%t: tensor<i32>) {{\n{call}\n{call}\nreturn\n}}")
(OUT / "doubling.mlir").write_text("\n".join(functions))

(OUT / "recursive.mlir").write_text(f"""
func.func private @a(%t: tensor<i32>) {{
  {READ}
  call @b(%t) : (tensor<i32>) -> ()
  return
}}
func.func private @b(%t: tensor<i32>) {{
  {READ}
  call @a(%t) : (tensor<i32>) -> ()
  return
}}
func.func @main(%t: tensor<i32>) {{
  call @a(%t) : (tensor<i32>) -> ()
  return
}}
""")

(OUT / "long.mlir").write_text(f"""
func.func @main(%t: tensor<i32>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %many = arith.constant 1000000000000000000 : index
  scf.for %i = %c0 to %many step %c1 {{
    scf.for %j = %c1 to %c0 step %c1 {{
      {READ}
    }}
  }}
  return
}}
""")

(OUT / "none.mlir").write_text("func.func @main() {\n  return\n}\n")

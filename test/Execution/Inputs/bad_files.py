"""Files for capstan-run-errors.test, and the runs that must fail with a message."""

import argparse
import io
import json
import struct
import subprocess
import zipfile
from pathlib import Path

DATA = struct.pack("<4f", 1, 2, 3, 4)


def npy(descr: str = "<f4", shape: str = "(2, 2)", order: str = "False", data: bytes = DATA):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def safetensors(
    dtype: str = "F32", shape: object = (2, 2), offsets: object = (0, 16), pad: int = 0
) -> bytes:
    header = {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}
    text = json.dumps(header)
    text += " " * (-len(text) % 8 + pad)
    return struct.pack("<Q", len(text)) + text.encode() + DATA


def archive(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, data)
    return out.getvalue()


def damaged(data: bytes) -> bytes:
    """An archive whose entry isn't what its checksum says."""
    at = data.index(DATA)
    return data[:at] + b"\xff" + data[at + 1 :]


FILES = {
    "good.npy": npy(),
    "good.npz": archive("x.npy", npy()),
    "good.safetensors": safetensors(),
    "unaligned.safetensors": safetensors(pad=3),
    "text.npy": b"no array",
    "header.npy": npy()[:40],
    "data.npy": npy()[:-1],
    "fortran.npy": npy(order="True"),
    "complex.npy": npy("<c8"),
    "big.npy": npy(">f4"),
    "huge.npy": npy(shape="(9223372036854775807, 2)"),
    "long.npy": npy("<i8", "(2, 2)", data=DATA * 2),
    "flat.npy": npy(shape="(4,)"),
    "wide.npy": npy(shape="(1, 3)"),
    "text.npz": b"no archive",
    "entry.npz": archive("x.txt", b""),
    "crc.npz": damaged(archive("x.npy", npy())),
    "short.safetensors": b"1234",
    "header.safetensors": struct.pack("<Q", 1 << 60) + b"{}",
    "json.safetensors": struct.pack("<Q", 2) + b"{,",
    "object.safetensors": struct.pack("<Q", 2) + b"[]",
    "data.safetensors": safetensors()[:-1],
    "offsets.safetensors": safetensors(offsets=(0, 12)),
    "dtype.safetensors": safetensors("F4"),
    "shape.safetensors": safetensors(shape=(-2, -2)),
    "text.mlir": b"no IR",
    "unknown.mlir": b'func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n  %y = "foo.op"(%x) : '
    b"(tensor<2xf32>) -> tensor<2xf32>\n  return %y : tensor<2xf32>\n}\n",
}

RUNS = {
    "no-input": [],
    "no-file": ["--input=x={}/none.npy"],
    "ending": ["--input={}/x.txt"],
    "one-tensor": ["--input={}/good.npy"],
    "not-npy": ["--input=x={}/text.npy"],
    "npy-header": ["--input=x={}/header.npy"],
    "npy-data": ["--input=x={}/data.npy"],
    "npy-order": ["--input=x={}/fortran.npy"],
    "npy-type": ["--input=x={}/complex.npy"],
    "npy-endian": ["--input=x={}/big.npy"],
    "npy-size": ["--input=x={}/huge.npy"],
    "npz-damaged": ["--input={}/text.npz"],
    "npz-entry": ["--input={}/entry.npz"],
    "npz-crc": ["--input={}/crc.npz"],
    "st-short": ["--input={}/short.safetensors"],
    "st-header": ["--input={}/header.safetensors"],
    "st-json": ["--input={}/json.safetensors"],
    "st-object": ["--input={}/object.safetensors"],
    "st-data": ["--input={}/data.safetensors"],
    "st-offsets": ["--input={}/offsets.safetensors"],
    "st-dtype": ["--input={}/dtype.safetensors"],
    "st-shape": ["--input={}/shape.safetensors"],
    "value": ["--input=x=what"],
    "list": ["--input=x=[1]", "--input=n=[1,"],
    "shape": ["--input=x=zeros", "--shape=x=2y2"],
    "negative": ["--input=x=zeros", "--shape=x=-2x2"],
    "no-memory": ["--input=x=zeros", "--shape=x=1125899906842624x2"],
    "wrong-type": ["--input=x={}/long.npy"],
    "wrong-rank": ["--input=x={}/flat.npy"],
    "wrong-size": ["--input=x={}/wide.npy"],
    "entry": ["--entry=other"],
    "truncated-so": ["{}/half.so"],
    "other-so": ["{}/libcapstan_rt.so"],
    "not-ir": ["{}/text.mlir"],
    "no-lowering": ["{}/unknown.mlir"],
    "repeat": ["--repeat=0"],
    "out": ["--input=x=zeros", "--shape=x=2x2", "--out={}/nowhere/o.npz"],
}


def run(folder: Path) -> None:
    crashed = 0
    whole = (folder / "scale.so").read_bytes()
    (folder / "half.so").write_bytes(whole[: len(whole) // 2])
    runtime = subprocess.run(["which", "capstan-run"], text=True, stdout=subprocess.PIPE)
    library = Path(runtime.stdout.strip()).resolve().parents[1] / "lib" / "libcapstan_rt.so"
    (folder / "libcapstan_rt.so").write_bytes(library.read_bytes())
    for name, options in RUNS.items():
        options = [option.format(folder) for option in options]
        program = [] if options and not options[0].startswith("--") else [f"{folder}/scale.so"]
        if name not in ("no-input", "list"):
            options = [*options, "--input=n=1"]
        result = subprocess.run(["capstan-run", *program, *options], text=True, capture_output=True)
        crashed += result.returncode != 1
        lines = result.stderr.splitlines() or ["nothing"]
        print(f"{name}: {lines[-1]}")
    print(f"{crashed} crashed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", action="store_true")
    args = parser.parse_args()
    if args.run:
        return run(args.folder)
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (args.folder / name).write_bytes(data)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A small model of a corpus file, for tests: fewer layers, words and hidden units.

    shrink_model.py qwen3_0_6b_linalg_scf_for.mlir -o small.mlir

Works on files in generic form whose layers are a loop over stacked weights
(`*_scf_for.mlir`): sizes that mean one thing only are replaced in types and constants.
What the program does stays the same. torch_reference.py --small makes the reference.
"""

import argparse
import re
import sys
from pathlib import Path

# By the first word of the file's name: sizes in the file, sizes in the small model.
VOCABULARY, LAYERS, INTERMEDIATE = 256, 2, 64
SIZES = {
    "llama3": {128256: VOCABULARY, 16: LAYERS},
    "qwen3": {151936: VOCABULARY, 28: LAYERS, 3072: INTERMEDIATE},
}


def shrink(text: str, sizes: dict[int, int]) -> str:
    """Replaces the sizes in shapes (`28x1024`) and in constants (`28 : index`)."""
    for old, new in sizes.items():
        text = re.sub(rf"(?<=[<x]){old}(?=x)", str(new), text)
        text = re.sub(rf"(?<=value = ){old}(?= : )", str(new), text)
        text = re.sub(rf"(?<=[ ,:]){old}(?=[,>])", str(new), text)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", dest="out", type=Path, required=True)
    args = parser.parse_args()
    kind = args.file.name.split("_")[0]
    if kind not in SIZES or not args.file.stem.endswith("scf_for"):
        parser.error(f"{args.file.name}: not a file whose layers are a loop")
    args.out.write_text(shrink(args.file.read_text(), SIZES[kind]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

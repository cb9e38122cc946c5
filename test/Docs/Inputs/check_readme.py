"""check_readme.py README FILE...: fails unless each block of MLIR in README is in
the FILE that has its place in the list, but for spaces."""

import re
import sys
from pathlib import Path


def normalized(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


readme, *files = (Path(name).read_text() for name in sys.argv[1:])
for block, text in zip(re.findall(r"```mlir\n(.*?)```", readme, re.DOTALL), files, strict=True):
    if normalized(block) not in normalized(text):
        sys.exit(f"the README shows something else:\n{block}")

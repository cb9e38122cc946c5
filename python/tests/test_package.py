"""What the wheel is built with."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_headers_of_cuda_are_those_of_dev() -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    (pinned,) = re.findall(r"^nvidia\S+", (ROOT / "utils/cuda-requirements.txt").read_text(), re.M)
    assert pinned in [r.partition(";")[0] for r in requires]

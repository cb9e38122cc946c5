"""The README's Python, as printed."""

import re
from pathlib import Path

import torch

README = Path(__file__).resolve().parents[2] / "README.md"


def test_example(capsys) -> None:
    (text,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.M | re.S)
    names: dict = {}
    exec(compile(text, str(README), "exec"), names)
    with torch.no_grad():
        expected = names["model"](**names["batch"]).logits
    error = torch.linalg.norm(names["logits"] - expected) / torch.linalg.norm(expected)
    assert error < 1e-5
    assert names["module"].counters["blocking_syncs"] == 0
    assert "host syncs per forward: 0 before, 0 after" in capsys.readouterr().out

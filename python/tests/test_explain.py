"""capstan.explain: counts, lines and reasons, as text and as a page."""

from pathlib import Path

import capstan
import pytest
import torch
from torch import nn
from torch.export import Dim


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x, lens):
        for layer in self.layers:
            longest = lens.max().item()
            torch._check(longest <= x.shape[0])
            x = layer(x) * longest
        return x[:longest]


def explained() -> capstan.explain:
    x, lens = torch.randn(5, 4), torch.tensor([2, 3], dtype=torch.int32)
    shapes = ({0: Dim("T", min=2, max=64)}, {0: Dim("B", min=1, max=8)})
    return capstan.explain(Layers(), (x, lens), dynamic_shapes=shapes)


def test_syncs_with_their_lines() -> None:
    e = explained()
    assert (e.before, e.after) == (3, 1)
    (sync,) = e.syncs
    assert (sync.before, sync.after, sync.kind) == (3, 1, "item")
    assert sync.place.file == __file__ and sync.place.source == "longest = lens.max().item()"
    text = str(e)
    assert "host syncs per forward: 3 before, 1 after" in text
    assert "longest = lens.max().item()" in text and f"{__file__}:{sync.place.line}" in text


def test_page() -> None:
    e = explained()
    page = e.html()
    assert e._repr_html_() == page and "<code>longest = lens.max().item()</code>" in page
    assert "http" not in page.replace(__file__, "")
    assert repr(e) == str(e)


CELL = """\
import sys

sys.path[:0] = [{python!r}, {tests!r}]
import capstan, torch

class Model(torch.nn.Module):
    def forward(self, x):
        return x * x.max().item()

capstan.explain(Model(), (torch.ones(3),))
"""


def test_in_a_notebook() -> None:
    """A cell shows the page, with lines as those of the cell, and has the text for others."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    tests = Path(__file__).parent
    cell = nbformat.v4.new_code_cell(CELL.format(python=str(tests.parent), tests=str(tests)))
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=[cell]), timeout=300).execute()
    (result,) = (o.data for o in cell.outputs if o.output_type == "execute_result")
    where = "Cell In[1], line 8"
    assert f"{where}<br><code>return x * x.max().item()</code>" in result["text/html"]
    assert result["text/plain"].startswith("host syncs per forward: 1 before, 0 after\n")
    assert where in result["text/plain"]


def test_what_no_bucket_takes_has_a_reason() -> None:
    """The first line of all that was said was shown, a remark."""

    class Rows(nn.Module):
        def forward(self, x, lens):
            return x[lens.min().item() : lens.max().item()]

    x, lens = torch.randn(5, 4), torch.tensor([2, 3], dtype=torch.int32)
    shapes = ({0: Dim("T", min=2, max=64)}, {0: Dim("B", min=1, max=8)})
    cuts = capstan.explain(Rows(), (x, lens), dynamic_shapes=shapes).cuts
    assert cuts and all("remark" not in reason for reason in cuts), cuts
    assert any("can't be padded" in reason for reason in cuts), cuts


def test_what_graphs_hold() -> None:
    """At static sizes only: the original, on dynamic shapes, is none to capture."""
    for function, where in ((torch.tanh, 0), (lambda x: x[x.max(-1).indices.max().item()], 1)):

        class Model(nn.Module):
            def __init__(self, function) -> None:
                super().__init__()
                self.function = function

            def forward(self, x):
                return torch.softmax(self.function(torch.exp(x)), -1)

        dims = ({0: Dim("T", min=2, max=64)},)
        e = capstan.explain(Model(function), (torch.randn(5, 8),), dynamic_shapes=dims)
        assert not e.unbounded and bool(e.cuts) == bool(where), (e.cuts, e.unbounded)


def test_sizes_without_a_bound() -> None:
    class Rows(nn.Module):
        def forward(self, x, n):
            count = n.item()
            torch._check(count >= 0)
            return torch.zeros(count, 4) + x

    e = capstan.explain(Rows(), (torch.randn(4), torch.tensor(3)))
    assert e.unbounded and "Rows" not in str(e.unbounded)
    places = [p for found in e.unbounded.values() for p in found]
    assert all(p.file == __file__ for p in places), e.unbounded

"""Checks a report against the table of keys in docs/report.md.

The table lists a path, such as `before.syncs[].kind`, and a type per key.
`after` has the keys of `before`.
"""

import json
import re
import sys
from pathlib import Path

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
ROW = re.compile(r"^\| `(?P<path>[\w.\[\]]+)` \| (?P<type>\w+)(?P<optional>, optional)? \|")


def documented(page: str) -> tuple[dict[str, str], set[str]]:
    types, optional = {}, set()
    for match in filter(None, map(ROW.match, page.splitlines())):
        paths = [match["path"]]
        if paths[0].startswith("before"):
            paths.append("after" + paths[0].removeprefix("before"))
        for path in paths:
            types[path] = match["type"]
            if match["optional"]:
                optional.add(path)
    return types, optional


def check(value, path: str, types: dict[str, str], optional: set[str]) -> set[str]:
    """Returns the paths seen in `value`."""
    seen = {path} if path else set()
    kind = types[path] if path else "object"
    if kind == "object":
        assert isinstance(value, dict), path
        prefix = f"{path}." if path else ""
        for key, inner in value.items():
            assert prefix + key in types, f"{prefix + key} is not documented"
            seen |= check(inner, prefix + key, types, optional)
        for name in types:
            parent, _, key = name.rpartition(".")
            if parent == path and not name.endswith("[]") and name not in optional:
                assert value == {} or key in value, f"{name} is missing"
    elif kind == "array":
        assert isinstance(value, list), path
        for inner in value:
            seen |= check(inner, path + "[]", types, optional)
    else:
        assert isinstance(value, TYPES[kind]), f"{path} is no {kind}: {value!r}"
    return seen


report = json.loads(Path(sys.argv[1]).read_text())
types, optional = documented(Path(sys.argv[2]).read_text())
assert types, "no key is documented"
seen = check(report, "", types, optional)
assert report["before"]["per_forward"] == sum(
    s["per_forward"] for s in report["before"]["syncs"]
), "the syncs don't add up"
assert "before.syncs[].place.line" in seen

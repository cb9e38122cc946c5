"""bad_batches.py DIR: what capstan-buckets says about inputs that it can't take."""

import subprocess
import sys
from pathlib import Path

FILES = {
    "none.csv": None,
    "empty.csv": "",
    "column.csv": "T,B\n1,2\n",
    "number.csv": "T,B,longest\n8,2,4\n8,2,x\n",
    "negative.csv": "T,B,longest\n-8,2,4\n",
    "short.csv": "T,B,longest\n8,2\n",
    "longest.csv": "T,B,longest\n8,2,9\n",
    "few.csv": "T,B,longest\n8,2,3\n",
    "zero.csv": "T,B,longest,count\n8,2,4,0\n",
    "object.json": '{"T": 8}',
    "half.json": '[{"T": 8, ',
    "binary.csv": b"\xff\xfe\x00",
}
folder = Path(sys.argv[1])
folder.mkdir(exist_ok=True)
(folder / "lengths.txt").write_text("4\n600\n")
(folder / "good.csv").write_text("T,B,longest\n8,2,4\n")
runs = {name: [folder / name] for name in FILES}
runs["too-long"] = [folder / "lengths.txt", "--pack", "512"]
runs["no-lengths"] = [folder / "column.csv", "--pack", "512"]
runs["nothing-limited"] = [folder / "good.csv", "--memory", "1G"]
runs["plot"] = [folder / "good.csv", "--plot", folder / "x.what"]
runs["plot-folder"] = [folder / "good.csv", "--plot", folder / "no" / "x.svg"]
runs["option"] = [folder / "good.csv", "--graphs", "0"]
for name, content in FILES.items():
    if content is not None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
for name, arguments in runs.items():
    command = ["capstan-buckets", "--token-us", "1", "--layers", "1", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr, (name, done.stderr)
    print(f"{name}: {done.stderr.splitlines()[-1]}")

"""Opens a report in headless Chromium: counts the syncs drawn, takes a screenshot.

usage: check_html.py CHROMIUM PAGE SCREENSHOT BEFORE AFTER
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

chromium, page, screenshot, before, after = sys.argv[1:]


def run(*options: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}",
            "--window-size=1280,1400",
            *options,
            Path(page).resolve().as_uri(),
        ]
        # Not with the sanitizer that this interpreter may have been started with.
        env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        return subprocess.run(
            command, check=True, text=True, timeout=120, stdout=subprocess.PIPE, env=env
        ).stdout


assert not re.search(r"https?://|<script", Path(page).read_text()), "the page needs others"
dom = run("--dump-dom")
lanes = dict(re.findall(r'data-lane="(\w+)">(.*?)</g>', dom, re.DOTALL))
for lane, expected in {"Before": before, "After": after}.items():
    drawn = len(re.findall(r'<rect class="sync ', lanes[lane]))
    assert drawn == int(expected), f"{lane}: {drawn} syncs drawn, expected {expected}"
run(f"--screenshot={screenshot}")
assert Path(screenshot).read_bytes().startswith(b"\x89PNG")

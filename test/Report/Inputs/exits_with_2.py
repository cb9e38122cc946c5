"""Runs a command and fails unless its exit status is 2."""

import subprocess
import sys

status = subprocess.run(sys.argv[1:]).returncode
sys.exit(0 if status == 2 else f"exit status {status}, expected 2")

#!/usr/bin/env bash
# What must hold before a commit, in seconds and without a build. Run by
# pre-commit, or by hand.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
./dev format --check
python3 utils/check_layers.py

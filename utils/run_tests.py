#!/usr/bin/env python3
"""Runs every check, the runtime's tests, the lit tests and the Python package's tests
of a built tree, and counts them together.

The last line printed is "N passed, N failed"; the exit status is 1 if anything
failed. Run by `./dev test`, which makes the build and the Python tools first.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}

# Each is a test: it passes if the command exits with 0.
CHECKS = {
    "include layers": [sys.executable, "utils/check_layers.py"],
    "generated docs are fresh": [sys.executable, "utils/gen_docs.py", "--check"],
    "format and lint": ["./dev", "format", "--check"],
}


def run_check(name: str, command: list[str]) -> bool:
    result = subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    ok = result.returncode == 0
    print(f"{'PASS' if ok else 'FAIL'}: {name}", flush=True)
    if not ok:
        print(result.stdout, flush=True)
    return ok


def run_gtest(binary: Path) -> tuple[int, int]:
    """Returns how many tests of a GoogleTest binary passed and failed."""
    with tempfile.TemporaryDirectory() as tmp:
        output = Path(tmp) / "gtest.json"
        command = [binary, "--gtest_brief=1", f"--gtest_output=json:{output}"]
        try:
            status = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            print(f"FAIL: {binary}: {error.strerror}")
            return 0, 1
        results = json.loads(output.read_text()) if output.exists() else None
    if status.returncode:
        print(status.stdout, flush=True)
    if results is None:  # it crashed
        print(f"FAIL: {binary}: status {status.returncode}")
        return 0, 1
    failed = results["failures"] + results["errors"]
    return results["tests"] - results["disabled"] - failed, failed


def run_pytest(build: Path) -> tuple[int, int, int]:
    """Returns how many tests of python/tests passed, failed and were skipped."""
    python = build / "torch-venv" / "bin" / "python"
    if not python.exists():
        print("SKIPPED: python/tests: no PyTorch in build/torch-venv; `./dev torch` makes it")
        return 0, 0, 1
    with tempfile.TemporaryDirectory() as tmp:
        output = Path(tmp) / "pytest.xml"
        command = [python, "-m", "pytest", "-q", "-n", "2", f"--junitxml={output}", "python/tests"]
        status = subprocess.run(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        suite = ElementTree.parse(output).find("testsuite") if output.exists() else None
    if status.returncode:
        print(status.stdout, flush=True)
    if suite is None:
        print(f"FAIL: python/tests: status {status.returncode}")
        return 0, 1, 0
    tests, failures, errors, skipped = (
        int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")
    )
    return tests - failures - errors - skipped, failures + errors, skipped


def run_lit(build: Path, lit_args: list[str]) -> tuple[Counter, int]:
    """Returns the number of tests by lit's result code, and lit's exit status."""
    with tempfile.TemporaryDirectory() as tmp:
        output = Path(tmp) / "lit.json"
        lit = Path(sys.executable).parent / "lit"
        command = [lit, "-sv", "--output", output, *lit_args, build / "test"]
        status = subprocess.run(command, cwd=ROOT).returncode
        if not output.exists():
            return Counter(), status
        results = json.loads(output.read_text())["tests"]
    for test in results:
        if test["code"] in SKIPPED:
            print(f"{test['code']}: {test['name']}")
    return Counter(test["code"] for test in results), status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    args, lit_args = parser.parse_known_args()

    checks = [run_check(name, command) for name, command in CHECKS.items()]
    gtest_passed, gtest_failed = run_gtest(args.build / "bin" / "capstan_rt_tests")
    codes, lit_status = run_lit(args.build, lit_args)
    pytest_passed, pytest_failed, pytest_skipped = run_pytest(args.build)

    passed = sum(checks) + gtest_passed + pytest_passed
    passed += sum(n for code, n in codes.items() if code in PASSED)
    skipped = pytest_skipped + sum(n for code, n in codes.items() if code in SKIPPED)
    total = len(checks) + gtest_passed + gtest_failed + codes.total()
    total += pytest_passed + pytest_failed + pytest_skipped
    failed = total - passed - skipped
    if lit_status and not any(code not in PASSED | SKIPPED for code in codes):
        failed += 1  # lit itself failed, or found no test
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

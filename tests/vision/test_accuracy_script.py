"""The scripts that measure: they run, and print both figures with n."""

import json
import subprocess
import sys

from shared_data import needs_shared
from source_tree import ROOT


@needs_shared
def test_accuracy_is_compared_on_those_found() -> None:
    run = subprocess.run(
        [sys.executable, "benchmarks/accuracy.py", "--limit", "120", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert result["faces"] == 120
    assert 0.8 * 120 < result["found"] <= 120
    assert abs(result["difference"]) <= 0.02 + result["interval"]
    assert abs(result["through"] - result["bare"] - result["difference"]) < 1e-9

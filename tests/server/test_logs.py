"""Log lines of what went wrong name places in the code, and no value that was there."""

import subprocess
import sys

import pytest

FAILING = """
import structlog
from roompulse_server.logs import configure

def score(who, picture):
    raise ValueError("a bug")

configure("error", {form!r})
try:
    score("ada-" + str(1815), b"pix" + b"els")
except ValueError:
    structlog.get_logger().exception("a stream failed")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_failure_is_logged_without_the_values_at_hand(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", FAILING.format(form=form)], capture_output=True, check=True, text=True)
    assert "ValueError: a bug" in ran.stderr
    assert "ada-1815" not in ran.stderr
    assert "pixels" not in ran.stderr

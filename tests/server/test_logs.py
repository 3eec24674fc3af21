"""Log lines: of what went wrong they name places in the code, and no value that was there; no value breaks a line."""

import json
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
HOSTILE = """
import logging, structlog
from roompulse_server.logs import configure

name = "\\x1b[2JEve\\n2026-11-23T09:00:00Z [info     ] forged \\u202egnp"
configure("info", {form!r})
structlog.get_logger().info("came", who=name, all=[name, {{name: name}}], error=ValueError(name), count=1)
try:
    raise ValueError(name)
except ValueError:
    structlog.get_logger().exception(name)
    logging.getLogger("library").exception(name)
logging.getLogger("library").warning("about %s", name)
"""


def logged(script: str, form: str) -> list[str]:
    command = [sys.executable, "-c", script.format(form=form)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stderr.split("\n")[:-1]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_failure_is_logged_without_the_values_at_hand(form: str) -> None:
    said = "\n".join(logged(FAILING, form))
    assert "ValueError: a bug" in said
    assert "ada-1815" not in said
    assert "pixels" not in said


def test_no_value_breaks_a_line_or_steers_the_terminal() -> None:
    lines = logged(HOSTILE, "text")
    assert not set("".join(lines)) & set("\x1b\r\u202e")
    own = [line for line in lines if not line.startswith("    ")]  # tracebacks are indented
    assert len(own) == 4
    assert not any(line.startswith("2026-11-23T09:00:00Z [info     ] forged") for line in lines)
    assert r"x1b[2JEve\\n2026-11-23" in own[0]
    assert "count=1" in own[0]


def test_json_has_values_as_they_were_given() -> None:
    lines = logged(HOSTILE, "json")
    first, second = (json.loads(line) for line in lines[:2])
    assert first["who"] == first["all"][0] == second["event"]
    assert first["who"].startswith("\x1b[2JEve\n")
    assert not set("".join(lines)) & set("\x1b\r\u202e")

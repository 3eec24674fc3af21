"""Terminals that know ASCII or Windows-1252 only: every command works, and what they lack has a plain form."""

import io
import json
import pathlib
import re
import subprocess
import sys

import pytest
from crowd import Crowd
from fake_service import ThreadedService
from hypothesis import given
from hypothesis import strategies as st
from roompulse.cli.group import COMMANDS
from roompulse.cli.plain import plain
from roompulse.cli.process import run_process
from roompulse.cli.spark import BARS, spark
from terminal_screen import ROOMPULSE

ENCODINGS = ("cp1252", "ascii")
LOCALE = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0"}


class Terminal:
    """Standard output and error of one encoding, for a command that runs in this process."""

    def __init__(self, encoding: str, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.encoding = encoding

    def run(self, *words: str) -> tuple[int, bytes, bytes]:
        """Run `roompulse` as its process would; return its exit status and what it wrote."""
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=self.encoding) for _ in range(2)]
        with self._patch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            patch.setenv("GRPC_VERBOSITY", "NONE")  # kept, once it is set
            patch.setattr(sys, "argv", ["roompulse", *words])
            with pytest.raises(SystemExit) as ended:
                run_process("roompulse.cli.group", "cli")
        assert isinstance(ended.value.code, int)
        out, err = (stream.detach() for stream in streams)
        assert isinstance(out, io.BytesIO)
        assert isinstance(err, io.BytesIO)
        return ended.value.code, out.getvalue(), err.getvalue()


@pytest.fixture(params=ENCODINGS)
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(request.param, monkeypatch)


def in_locale(*words: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run `roompulse` where the locale says that the terminal knows ASCII only."""
    command = [*ROOMPULSE, *words]
    return subprocess.run(command, capture_output=True, timeout=60, env=environment or LOCALE, check=False)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "export"])  # a file is UTF-8 everywhere
def test_every_command_works(threaded: ThreadedService, crowd: Crowd, terminal: Terminal, command: str) -> None:
    crowd.fill(threaded)
    status, out, err = terminal.run(command, *crowd.rest(command), "--server", threaded.target)
    assert status == 0, err
    assert out.decode(terminal.encoding) or err.decode(terminal.encoding)


def test_bars_rules_and_names_have_plain_forms(threaded: ThreadedService, crowd: Crowd, terminal: Terminal) -> None:
    crowd.fill(threaded)
    shown = terminal.run(*crowd.words("summary"), "--server", threaded.target)[1].decode(terminal.encoding)
    assert "\\u5f20\\u4f1f" in shown
    assert ("0.71 ± 0.05" if terminal.encoding == "cp1252" else "0.71 +/- 0.05") in shown
    assert re.search(r"^[1-8]{60,} +a bar: \d+ s$", shown, re.MULTILINE)


def test_json_stays_json(threaded: ThreadedService, crowd: Crowd, terminal: Terminal) -> None:
    crowd.fill(threaded)
    _, out, _ = terminal.run("participants", "standup", "--json", "--server", threaded.target)
    assert json.loads(out.splitlines()[2])["displayName"] == "张伟" * 15


def test_wrong_usage_is_shown_in_what_the_terminal_knows(terminal: Terminal) -> None:
    status, _, err = terminal.run("meetings", "--server", "東京")
    assert status == 2
    assert "is no HOST:PORT" in err.decode(terminal.encoding)


def test_a_locale_of_ascii_is_no_obstacle(threaded: ThreadedService, crowd: Crowd) -> None:
    crowd.fill(threaded)
    result = in_locale(*crowd.words("summary"), "--server", threaded.target)
    assert (result.returncode, result.stderr) == (0, b"")
    assert "0.71 +/- 0.05" in result.stdout.decode("ascii")


def test_a_name_is_taken_as_it_was_typed(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    result = in_locale("consent", "standup", "Zoë 张", "--grant", "--by", "Müller", "--server", threaded.target)
    assert result.returncode == 0, result.stderr
    (said,) = threaded.service.consents
    assert (said.participant_id, said.consent.recorded_by) == ("Zoë 张", "Müller")


def test_a_name_that_is_no_text_is_refused() -> None:
    result = in_locale("participants", b"M\xfcller", LC_ALL="C.UTF-8")
    assert result.returncode == 2
    assert b"is not UTF-8" in result.stderr


def test_a_file_s_name_of_other_bytes_is_shown(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    agreed = ("--purpose", "research", "--consent", "granted", "--server", threaded.target)
    result = in_locale("image", bytes(tmp_path) + b"/M\xfcller.jpg", *agreed, LC_ALL="C.UTF-8")
    assert result.returncode == 1
    assert b"there is no file" in result.stderr
    assert b"Traceback" not in result.stderr


@given(st.text(), st.sampled_from(["ascii", "cp1252", "latin-1", "cp437", "utf-8"]))
def test_plain_text_can_always_be_written_and_stays_where_it_can(text: str, encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    stream.write(plain(text, encoding))
    assert plain(plain(text, encoding), encoding) == plain(text, encoding)


def test_a_spark_line_without_blocks_is_one_of_heights() -> None:
    assert plain(spark([0.2, None, 0.7, 1.0]), "ascii") == "1.58"
    assert plain(BARS, "utf-8") == BARS

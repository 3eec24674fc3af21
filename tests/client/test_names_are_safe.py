"""Names and ids of others: every command shows them on one line, without escape sequences; markup means nothing."""

import json
import pathlib

import pytest
from click.testing import CliRunner, Result
from crowd import Crowd
from fake_service import ThreadedService
from roompulse.cli import cli
from roompulse.cli.group import COMMANDS
from terminal_screen import on_terminal

HOSTILE = "\x1b[31mEve\x1b]0;title\x07\r\n\u202egnp.exe\u2028[/x][bold]\x9b2J"
SHOWN = "\\x1b[31mEve"


@pytest.fixture
def hostile(threaded: ThreadedService, crowd: Crowd) -> ThreadedService:
    crowd.fill(threaded)
    service = threaded.service
    for number, person in enumerate(service.people):
        person.id, person.display_name = f"{HOSTILE}{number}", f"{HOSTILE}{number}"
        person.consent.recorded_by = person.found_in = HOSTILE
        service.events[number].update.participant_id = person.id
    for one in service.summary.participants:
        one.display_name = HOSTILE
        one.notes[:] = [HOSTILE]
    service.summary.moments[0].participant_ids[:] = [HOSTILE]
    service.summary.notes[:] = [HOSTILE]
    for meeting in service.meetings.values():
        meeting.title = meeting.end_reason = HOSTILE
    for entry in service.entries:
        entry.detail = HOSTILE
    service.notice_text = f"Faces are read.\n\n{HOSTILE.replace(chr(10), '')}"
    return threaded


def run(threaded: ThreadedService, *words: str) -> Result:
    environment = {"COLUMNS": "", "FORCE_COLOR": ""}
    return CliRunner().invoke(cli, [*words, "--server", threaded.target], env=environment, catch_exceptions=False)


def is_safe(text: str) -> bool:
    return not set(text) & set("\x1b\x07\r\x9b\u202e\u2028")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("export", "image", "check", "delete")])
def test_every_command_shows_them_safely(hostile: ThreadedService, crowd: Crowd, command: str) -> None:
    words = crowd.rest(command)
    if command == "consent":
        words = ["standup", HOSTILE, "--grant"]
    if command == "stream":
        words[words.index("p1")] = words[words.index("--name") + 1] = HOSTILE
    result = run(hostile, command, *words)
    assert result.exit_code == 0, result.output
    assert is_safe(result.stdout)
    assert is_safe(result.stderr)
    assert SHOWN in result.output or command in ("stream", "end")  # whose tables hold the names of the fake service


@pytest.mark.parametrize("name", ["[/x]", "[red]Ada"])
def test_a_name_in_brackets_ends_no_stream(threaded: ThreadedService, crowd: Crowd, name: str) -> None:
    words = ["stream", str(crowd.clip), "-m", "standup", "-p", name, "--purpose", "research", "--consent", "granted"]
    with on_terminal(80, [*words, "--speed", "max", "--server", threaded.target]) as terminal:
        assert terminal.end() == 0
    assert f"{name} (h264)" in terminal.raw
    assert "every packet is accounted for" in terminal.raw
    assert "Traceback" not in terminal.raw


def test_errors_quote_them_safely(threaded: ThreadedService) -> None:
    for words in (["summary", HOSTILE], ["watch", HOSTILE], ["delete", HOSTILE, "--yes"], ["end", HOSTILE]):
        result = run(threaded, *words)
        assert result.exit_code == 1
        assert is_safe(result.stderr)
        assert len(result.stderr.splitlines()) == 1


def test_the_question_before_erasing_quotes_them_safely(threaded: ThreadedService) -> None:
    words = ["delete", "standup", "-p", HOSTILE, "--server", threaded.target]
    result = CliRunner().invoke(cli, words, input="n\n")
    assert result.exit_code == 1
    assert is_safe(result.output)


def test_json_has_them_as_they_were_given(hostile: ThreadedService) -> None:
    first = json.loads(run(hostile, "participants", "standup", "--json").stdout.splitlines()[0])
    assert first["displayName"] == f"{HOSTILE}0"


@pytest.mark.parametrize("name", ["[x].jpg", "[bold]a.jpg", ":smile:.jpg"])
def test_a_file_s_name_is_no_markup(threaded: ThreadedService, crowd: Crowd, tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(crowd.picture.read_bytes())
    result = run(threaded, "image", str(path), "--purpose", "research", "--consent", "granted")
    assert result.exit_code == 0
    assert f"{tmp_path}/{name} (640×360)" in " ".join(result.stdout.split())

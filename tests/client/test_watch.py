"""`roompulse watch` on a terminal and in a pipe: drawn at once and never torn, names, waiting, clean ends."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
from typing import Any

import pytest
from click.testing import CliRunner
from fake_service import ThreadedService, an_update, key
from roompulse.cli import cli
from roompulse.v1 import meeting_service_pb2 as meetings
from roompulse.v1 import subscription_service_pb2 as subscriptions
from roompulse.v1 import update_pb2
from terminal_screen import ROOMPULSE, Terminal, on_terminal

Event = update_pb2.MeetingEvent
STREAM_ID = "5f0c9d3ab1e84c6f"
NAMES = {"ada": "Ada Lovelace", "grace": "Grace Hopper"}


def happened(kind: "Event.Kind.ValueType", who: str = "", detail: str = "", at_s: int = 1) -> Any:
    event = Event(meeting=key(), kind=kind, participant_id=who, detail=detail)
    event.meeting_offset.seconds = at_s
    return subscriptions.SubscribeUpdatesResponse(meeting_event=event)


def shown(who: str, number: int, score: float | None = 0.7) -> Any:
    return subscriptions.SubscribeUpdatesResponse(update=an_update(who, number, score=score, offset_s=float(number)))


@pytest.fixture
def standup(threaded: ThreadedService) -> ThreadedService:
    service = threaded.service
    service.add_meeting("standup")
    service.people = [meetings.Participant(id=who, display_name=name) for who, name in NAMES.items()]
    rollup = update_pb2.Rollup(meeting=key(), seen=2, total=2, engagement_median=0.7, final=True)
    service.events = [
        happened(Event.KIND_STREAM_OPENED, "ada", STREAM_ID),
        shown("ada", 1),
        happened(Event.KIND_STREAM_OPENED, "grace", STREAM_ID),
        shown("grace", 1),
        *(shown(who, number) for number in range(2, 60) for who in ("grace", "ada")),
        subscriptions.SubscribeUpdatesResponse(rollup=rollup),
        happened(Event.KIND_CAMERA_OFF, "ada", at_s=60),
        happened(Event.KIND_COUNTERS, "ada", at_s=60),
    ]
    return threaded


def watching(threaded: ThreadedService, *options: str) -> list[str]:
    return ["watch", "standup", *options, "--server", threaded.target]


def ends_with(terminal: Terminal, number: signal.Signals) -> int:
    os.kill(terminal.process, number)
    return terminal.end()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_display_is_drawn_anew_and_events_stand_above_it(standup: ThreadedService, width: int) -> None:
    standup.service.hold_subscriptions = True
    with on_terminal(width, watching(standup)) as terminal:
        lines = terminal.until(lambda lines: any("meeting at" in line for line in lines))
        assert ends_with(terminal, signal.SIGINT) == 130
        lines = terminal.screen.lines()
    for part in ("Ada Lovelace joined", "Grace Hopper joined", "Ada Lovelace: camera off"):
        assert sum(part in line for line in lines) == 1, lines
    for heading in ("standup", "participant  "):
        assert sum(line.startswith(heading) for line in lines) == 1, lines
    (row,) = (line for line in lines if line.startswith("Grace Hopper ") and "joined" not in line)
    assert "0.70" in row
    assert "▅▅▅▅▅▅▅▅" in row
    assert "Traceback" not in terminal.raw


def test_streams_are_told_by_the_names_of_people(standup: ThreadedService) -> None:
    standup.service.events.append(happened(Event.KIND_STREAM_CLOSED, "grace", "finished", at_s=61))
    result = CliRunner().invoke(cli, watching(standup), env={"COLUMNS": "200"})
    assert STREAM_ID not in result.output
    assert "counters" not in result.output
    assert "0:01.0 Ada Lovelace joined" in result.stderr
    assert "1:01.0 Grace Hopper left\n" in result.stderr
    (row,) = (line for line in result.stdout.splitlines() if line.startswith("Grace Hopper  "))
    assert re.search(r"–  +–  +left", row)


def test_something_is_drawn_before_the_first_value(standup: ThreadedService) -> None:
    standup.service.events, standup.service.hold_subscriptions = [], True
    with on_terminal(80, watching(standup)) as terminal:
        terminal.until(lambda lines: any("waiting for values of standup" in line for line in lines))
        assert ends_with(terminal, signal.SIGTERM) == 143
    assert terminal.raw.endswith("\x1b[?25h") or "\x1b[?25h" in terminal.raw.rpartition("\x1b[?25l")[2]  # the cursor


def test_it_ends_with_the_meeting_and_the_last_values_stay(standup: ThreadedService) -> None:
    closed = [happened(Event.KIND_STREAM_CLOSED, who, "meeting_ended", at_s=61) for who in NAMES]
    standup.service.events += [*closed, happened(Event.KIND_MEETING_ENDED, detail="idle", at_s=61)]
    with on_terminal(80, watching(standup)) as terminal:
        assert terminal.end() == 0
        lines = terminal.screen.lines()
    assert any("1:01.0 meeting ended (idle)" in line for line in lines)
    assert any(line.startswith("Ada Lovelace  ") and "0.70" in line for line in lines)


def test_a_pipe_gets_a_line_for_each_change_and_now_and_then(standup: ThreadedService) -> None:
    standup.service.events.append(shown("ada", 70, score=None))
    result = CliRunner().invoke(cli, watching(standup), env={"COLUMNS": ""})
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if re.match(r"\d+:\d\d\.\d  Ada Lovelace  ", line)]
    assert [line.split()[0] for line in lines] == [f"{at // 60}:{at % 60:04.1f}" for at in (1, 11, 21, 31, 41, 51, 70)]
    assert lines[0].split("  ")[2:] == ["0.70", "present", "happiness 80 %"]
    assert "no score: no face was found" in lines[-1]
    assert "\x1b" not in result.output


def test_json_is_the_service_s_messages_alone(standup: ThreadedService) -> None:
    result = CliRunner().invoke(cli, watching(standup, "--json"))
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == len(standup.service.events)


def test_a_meeting_that_has_not_begun_is_an_error_that_names_the_remedy(threaded: ThreadedService) -> None:
    result = CliRunner().invoke(cli, watching(threaded))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no meeting 'standup'; to wait for it to begin, add: --wait\n"


def test_waiting_ends_when_the_meeting_begins(standup: ThreadedService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roompulse.cli.watch.POLL_S", 0.01)
    service = standup.service
    meeting = service.meetings.pop("standup")
    began = threading.Thread(target=lambda: _begin_when_asked(standup, meeting))
    began.start()
    result = CliRunner().invoke(cli, watching(standup, "--wait"), env={"COLUMNS": "200"})
    began.join()
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0] == "waiting for standup to begin; Ctrl-C stops"
    assert "Ada Lovelace" in result.stdout


def _begin_when_asked(threaded: ThreadedService, meeting: meetings.Meeting) -> None:
    threaded.until(threaded.service.asked_for)
    threaded.service.meetings["standup"] = meeting


def test_waiting_can_be_stopped(threaded: ThreadedService) -> None:
    with on_terminal(80, watching(threaded, "--wait")) as terminal:
        terminal.until(lambda lines: any("waiting for standup to begin" in line for line in lines))
        assert ends_with(terminal, signal.SIGINT) == 130
    assert "Traceback" not in terminal.raw


def test_a_meeting_that_has_ended_is_said_to_have(standup: ThreadedService) -> None:
    meeting = standup.service.meetings["standup"]
    meeting.state, meeting.end_reason = meetings.Meeting.STATE_ENDED, "idle"
    result = CliRunner().invoke(cli, watching(standup))
    assert result.exit_code == 1
    for part in ("standup ended (idle)", "roompulse summary standup", "--from-start", "--wait"):
        assert part in result.stderr
    assert "Ada Lovelace" in CliRunner().invoke(cli, watching(standup, "--from-start")).stdout
    by_uid = CliRunner().invoke(cli, watching(standup, "--uid", meeting.key.uid[:8]))
    assert "Ada Lovelace" in by_uid.stdout
    assert standup.service.subscribed[-1].WhichOneof("start") == "from_offset"
    assert standup.service.subscribed[-1].meeting.uid == meeting.key.uid


def test_an_interrupt_in_a_pipe_is_130_without_a_traceback(standup: ThreadedService, tmp_path: pathlib.Path) -> None:
    standup.service.hold_subscriptions = True
    process = subprocess.Popen(
        [*ROOMPULSE, *watching(standup)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    assert "Ada Lovelace" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err

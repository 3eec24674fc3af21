"""What `check` and `stream` say of the files that people have, before and after they are streamed."""

import json
import pathlib

import pytest
from click.testing import CliRunner, Result
from fake_service import ThreadedService
from file_cases import CASES, FILES, FileCase
from roompulse.cli import cli
from shared_data import needs_shared

STREAM = ("--meeting", "m", "--participant", "ada", "--speed", "max")


def run(threaded: ThreadedService, command: str, path: pathlib.Path, *more: str) -> Result:
    agreed = ["--purpose", "research", "--consent", "granted"]
    arguments = [command, str(path), *agreed, *more, "--server", threaded.target]
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": "250"}, catch_exceptions=False)


@needs_shared
@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_check_says_what_there_is_to_know_of_a_file(threaded: ThreadedService, case: FileCase) -> None:
    result = run(threaded, "check", case.path, "--rate", "0.5", "--json")
    assert result.exit_code == 0, result.stderr
    material = json.loads(result.stdout)["material"]
    assert all(finding["what"] and finding["help"] for finding in material)
    assert [finding for finding in material if case.said in finding["what"]] or not case.said
    assert not material or case.said


@needs_shared
@pytest.mark.parametrize(
    ("name", "length_s", "rate_hz"), [("stamps_10fps.h264", 8.0, 10), ("stamps_restart.ts", 10.0, 30)]
)
def test_a_file_is_as_long_as_what_was_read_of_it(
    threaded: ThreadedService, name: str, length_s: float, rate_hz: float
) -> None:
    found = json.loads(run(threaded, "check", CASES / name, "--rate", "0.5", "--json").stdout)
    assert found["durationS"] == pytest.approx(length_s, abs=0.01)
    assert found["rateHz"] == rate_hz


@needs_shared
def test_people_read_it_too(threaded: ThreadedService) -> None:
    shown = run(threaded, "check", CASES / "editlist_hidden_person.mp4", "--rate", "0.5").stdout
    assert "About the file" in shown
    assert "120 packets are hidden by an edit list" in shown
    assert "About the file" not in run(threaded, "check", CASES / "plain.mp4", "--rate", "0.5").stdout


@needs_shared
def test_stream_says_it_when_all_is_sent(threaded: ThreadedService) -> None:
    result = run(threaded, "stream", CASES / "cut_whole_fast.mp4", *STREAM)
    assert result.exit_code == 0, result.stderr
    assert "note: 1 packet is damaged or cut short: each costs its own picture" in result.stderr
    assert len(threaded.service.packets) == 120


@needs_shared
def test_a_track_is_chosen(threaded: ThreadedService) -> None:
    path = CASES / "thumbnail_first.mkv"
    tracks = {None: ("h264", 2, 240), "1": ("mjpeg", 1, 96), "2": ("h264", 2, 240)}
    for number, expected in tracks.items():
        more = ["--track", number] if number else []
        found = json.loads(run(threaded, "check", path, "--rate", "0.5", "--json", *more).stdout)
        assert (found["codec"], found["track"], found["width"]) == expected
    assert run(threaded, "stream", path, *STREAM, "--track", "1").exit_code == 0
    assert len(threaded.service.packets) == 3
    refused = run(threaded, "check", path, "--track", "3")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has no video track 3; it has 2, counted from 1" in refused.stderr


@needs_shared
@pytest.mark.parametrize("command", [["check"], ["stream", *STREAM]])
def test_an_unknown_codec_is_one_sentence(threaded: ThreadedService, command: list[str]) -> None:
    result = run(threaded, command[0], CASES / "unknown_codec.mp4", *command[1:])
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "of the codec 'zzz9', and there is no decoder for it here; convert it to H.264" in result.stderr
    assert not threaded.service.configs  # no meeting is made for it

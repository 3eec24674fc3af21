"""What the command line writes: reports as the service made them, and every update as a row."""

import csv
import io
import json
import os
import pathlib
import sys

import pandas
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from fake_service import ThreadedService, an_update
from google.protobuf import json_format
from roompulse.cli import cli
from roompulse.cli.columns import NAMES
from roompulse.v1 import update_pb2


@pytest.fixture
def standup(threaded: ThreadedService) -> ThreadedService:
    threaded.service.add_meeting("standup")
    threaded.service.updates = [an_update("ada", number, offset_s=number / 5) for number in range(1, 130)]
    threaded.service.updates += [an_update("=grace", 1, score=None)]
    return threaded


def run(threaded: ThreadedService, *arguments: str | pathlib.Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments), "--server", threaded.target], catch_exceptions=False)


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")  # without it Excel shows "MÃ¼ller"
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


# summary


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.html", "HTML"),
        ("a.md", "MARKDOWN"),
        ("a.json", "JSON"),
        ("a.CSV", "CSV"),
        ("a.htm", "HTML"),
        ("participants.csv", "PARTICIPANTS_CSV"),
        ("Standup-Participants.CSV", "PARTICIPANTS_CSV"),
    ],
)
def test_a_report_is_written_by_the_name_of_its_file(
    standup: ThreadedService, tmp_path: pathlib.Path, name: str, format: str
) -> None:
    path = tmp_path / name
    result = run(standup, "summary", "standup", "--output", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert str(path) in result.stderr
    assert path.read_text() == f"a report REPORT_FORMAT_{format}\n"


def test_a_report_goes_to_standard_output_byte_for_byte(standup: ThreadedService) -> None:
    result = run(standup, "summary", "standup", "--format", "md")
    assert (result.stdout_bytes, result.stderr) == (b"a report REPORT_FORMAT_MARKDOWN\n", "")
    assert run(standup, "summary", "standup", "--format", "csv", "-o", "-").stdout == "a report REPORT_FORMAT_CSV\n"


def test_the_format_wins_over_the_name(standup: ThreadedService, tmp_path: pathlib.Path) -> None:
    run(standup, "summary", "standup", "--format", "json", "-o", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "a report REPORT_FORMAT_JSON\n"


@pytest.mark.parametrize("command", ["summary", "export"])
def test_what_cannot_be_written_is_one_sentence(standup: ThreadedService, tmp_path: pathlib.Path, command: str) -> None:
    unnamed = run(standup, command, "standup", "-o", tmp_path / "a.pdf")
    assert (unnamed.exit_code, "name the --format" in unnamed.stderr) == (2, True)
    nowhere = run(standup, command, "standup", "-o", tmp_path / "no" / "a.csv")
    assert (nowhere.exit_code, "cannot be written" in nowhere.stderr) == (1, True)


def test_a_format_that_the_service_lacks_leaves_the_old_file_alone(
    standup: ThreadedService, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"old")
    result = run(standup, "summary", "standup", "-o", path)
    assert (result.exit_code, result.stderr) == (1, "Error: this service has no pyarrow\n")
    assert path.read_bytes() == b"old"


def test_bytes_do_not_go_to_a_terminal(standup: ThreadedService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roompulse.cli.destination._is_terminal", lambda: True)
    result = run(standup, "export", "standup", "--format", "parquet")
    assert (result.exit_code, "--output" in result.stderr) == (2, True)


# export


def test_every_update_is_a_row_with_a_column_for_each_variable(standup: ThreadedService) -> None:
    result = run(standup, "export", "standup")
    assert result.exit_code == 0, result.stderr
    rows = rows_of(result.stdout)
    assert tuple(rows[0]) == NAMES
    assert [row["sequence"] for row in rows] == [*map(str, range(1, 130)), "1"]
    first, last = rows[0], rows[-1]
    assert (first["score"], first["band"], first["presence"], first["happiness"]) == ("0.7", "medium", "present", "0.8")
    assert (first["meeting_offset_s"], first["face_width"], first["no_score_reason"]) == ("0.200000", "0.25", "")
    assert (last["score"], last["no_score_reason"], last["neutral"]) == ("", "no face", "")
    assert last["participant_id"] == "'=grace"  # no formula


def test_a_column_of_times_has_one_format_and_every_microsecond(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup").title = "Müller, =1+1"
    for number, time_us in enumerate((0, 1, 123_456, 86_400_000_001), 1):
        update = an_update("ada", number, offset_s=time_us / 1e6)
        update.capture_time.FromMicroseconds(1_700_000_000_000_000 + time_us)
        threaded.service.updates.append(update)
    rows = rows_of(run(threaded, "export", "standup").stdout)
    assert [row["meeting_offset_s"] for row in rows] == ["0.000000", "0.000001", "0.123456", "86400.000001"]
    assert [row["capture_time"] for row in rows][:2] == [
        "2023-11-14T22:13:20.000000+00:00",
        "2023-11-14T22:13:20.000001+00:00",
    ]
    assert {len(row["capture_time"]) for row in rows} == {32}
    assert {row["meeting_title"] for row in rows} == {"Müller, =1+1"}
    table = pandas.read_csv(io.StringIO(run(threaded, "export", "standup").stdout), parse_dates=["capture_time"])
    assert str(table["capture_time"].dtype).startswith("datetime64")  # not text


def test_names_are_shown_safely_in_csv(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup").title = "A\x1b[2J\u202eb"
    threaded.service.updates = [an_update("=cmd\u2066", 1)]
    (row,) = rows_of(run(threaded, "export", "standup").stdout)
    assert row["meeting_title"] == r"A\x1b[2J\u202eb"
    assert row["participant_id"] == r"'=cmd\u2066"


def test_json_lines_are_the_service_s_messages(standup: ThreadedService, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.jsonl"
    assert "130 updates" in run(standup, "export", "standup", "-o", path).stderr
    lines = path.read_text().splitlines()
    messages = [json_format.ParseDict(json.loads(line), update_pb2.ParticipantUpdate()) for line in lines]
    assert [message.engagement for message in messages] == [one.engagement for one in standup.service.updates]
    assert [message.sequence for message in messages] == [*range(1, 130), 1]


def test_parquet_has_the_rows_of_csv_with_types(
    standup: ThreadedService, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["roompulse.cli.export"], "_ROWS", 50)  # three groups
    path = tmp_path / "a.parquet"
    run(standup, "export", "standup", "-o", path)
    file = pyarrow.parquet.ParquetFile(path)
    table = file.read()
    assert (file.num_row_groups, table.num_rows, tuple(table.column_names)) == (3, 130, NAMES)
    first, last = table.slice(0, 1).to_pylist()[0], table.slice(129, 1).to_pylist()[0]
    assert (first["score"], first["sequence"], first["track"]) == (pytest.approx(0.7), 1, 1)
    assert (last["participant_id"], last["score"], last["speaking"]) == ("=grace", None, None)


def test_a_meeting_without_updates_is_a_header(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    threaded.service.add_meeting("standup")
    assert rows_of(run(threaded, "export", "standup").stdout) == []
    path = tmp_path / "a.parquet"
    run(threaded, "export", "standup", "-o", path)
    assert pyarrow.parquet.read_table(path).num_rows == 0


def test_without_pyarrow_it_says_what_to_install(
    standup: ThreadedService, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "a.parquet"
    path.write_bytes(b"old")
    result = run(standup, "export", "standup", "-o", path)
    assert (result.exit_code, "pip install 'roompulse[parquet]'" in result.stderr) == (1, True)
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet"]
    assert path.read_bytes() == b"old"


def test_a_device_is_written_to_and_not_replaced(standup: ThreadedService) -> None:
    assert run(standup, "export", "standup", "--format", "csv", "-o", os.devnull).exit_code == 0
    assert not pathlib.Path(os.devnull).is_file()

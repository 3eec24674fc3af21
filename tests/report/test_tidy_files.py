"""CSV and Parquet: every number a row, none lost, no cell a formula."""

import csv
import io
import math
import pathlib
import re
import sys
from dataclasses import replace
from typing import Any

import pandas
import pyarrow.parquet
import pytest
from eventful_meeting import an_eventful_meeting
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import MOMENTS, a_meeting
from roompulse.cli import table_file
from roompulse.contract.safe_text import safe_text
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.report import csv_file
from roompulse_server.report.attendee_row import COLUMNS
from roompulse_server.report.csv_file import csv_document, participants_document
from roompulse_server.report.measurement import Measurement, measurements
from roompulse_server.report.parquet_file import parquet_document
from source_tree import ROOT

FORMULA = tuple("=+-@\t\r\n")


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_every_row_is_one_number_and_reads_back_exactly() -> None:
    summary = a_meeting(5, 3, moments=MOMENTS)
    rows = rows_of(csv_document(summary).content)
    expected = list(measurements(summary))
    assert [Measurement(**{**row, **_floats(row)}) for row in rows] == expected  # type: ignore[arg-type]
    assert all(math.isfinite(row.value) for row in expected)


def _floats(row: dict[str, str]) -> dict[str, float]:
    return {name: float(row[name]) for name in ("start_s", "length_s", "value")}


def test_the_numbers_are_the_summary_s() -> None:
    summary = a_meeting(5, 3, moments=MOMENTS)
    found = {(row.participant_id, row.span, row.start_s, row.measure): row.value for row in measurements(summary)}
    assert found["", "whole", 0.0, "engagement"] == summary.engagement
    person = summary.participants[0]
    assert found["p000", "whole", 0.0, "coverage"] == person.coverage
    assert found["p000", "whole", 0.0, "happiness"] == person.expressions[1]
    assert found["p004", "whole", 0.0, "no_score_camera_off_s"] == pytest.approx(180, abs=2)
    assert found["p000", "moment", 600.0, "drop_p_value"] == 0.01
    for point in summary.timeline:
        assert found["", "timeline", point.start_us / 1e6, "seen"] == point.seen
    assert ("p004", "whole", 0.0, "engagement") not in found  # absent is not zero


@given(st.text(), st.sampled_from(["", *FORMULA]))
@settings(max_examples=60, deadline=None)
def test_no_cell_is_a_formula(name: str, first: str) -> None:
    summary = a_meeting(1, 0.2)
    person = replace(summary.participants[0], display_name=first + name)
    content = csv_document(replace(summary, participants=(person,))).content
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        for column, cell in zip(Measurement._fields, row, strict=True):
            assert not cell.startswith(FORMULA) or column == "value"
    shown = {row["display_name"].removeprefix("'") for row in rows_of(content)}
    assert safe_text(first + name).removeprefix("'") in shown


def test_exports_and_reports_shun_the_same_cells() -> None:
    assert table_file.FORMULA_STARTS == csv_file.FORMULA_STARTS
    assert table_file.MARK == csv_file.MARK


def test_parquet_holds_the_rows_of_csv_with_types() -> None:
    summary = a_meeting(3, 2, moments=MOMENTS)
    document = parquet_document(summary)
    table = pyarrow.parquet.read_table(io.BytesIO(document.content))
    assert [tuple(row.values()) for row in table.to_pylist()] == list(measurements(summary))
    assert document.file_name.endswith(".parquet")
    empty = pyarrow.parquet.read_table(io.BytesIO(parquet_document(a_meeting(0, 0)).content))
    assert empty.column_names == list(Measurement._fields)


def test_without_pyarrow_parquet_is_not_offered_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RoompulseError, match=r"roompulse\[parquet\]") as raised:
        parquet_document(a_meeting(1, 1))
    assert raised.value.reason is Reason.NOT_OFFERED


def test_pandas_and_excel_read_the_first_column_by_its_name() -> None:
    for document, first in ((csv_document, "meeting_id"), (participants_document, "meeting_id")):
        content = document(a_meeting(2, 1, ("Müller",))).content
        assert content.startswith(b"\xef\xbb\xbf")  # without it Excel shows "MÃ¼ller"
        table = pandas.read_csv(io.BytesIO(content))
        assert table.columns[0] == first
        assert "Müller" in set(table["display_name"])


def test_the_documented_lines_keep_the_meeting_s_own_rows(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of people who are called as pandas calls what is missing."""
    summary = a_meeting(3, 2, ("NA", "null", "Ada"))
    (tmp_path / "report.csv").write_bytes(csv_document(summary).content)
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(rows = .*?)```", text, re.DOTALL)
    found: dict[str, Any] = {"pandas": pandas}
    exec(code, found)
    timeline = found["timeline"]
    own = timeline.loc[""]
    assert own["engagement_median"].tolist() == [point.engagement_median for point in summary.timeline]
    assert set(timeline.index.get_level_values("participant_id")) == {"", "p000", "p001", "p002"}
    assert {"NA", "null"} <= set(found["rows"]["display_name"])


def test_each_person_is_a_row_with_the_times_of_their_clocks() -> None:
    rows = rows_of(participants_document(an_eventful_meeting()).content)
    assert tuple(rows[0]) == COLUMNS
    assert [row["display_name"] for row in rows[:2]] == ["Ada Obi", "Bob Lindqvist"]
    ada, bob, dan, eve = (rows[number] for number in (0, 1, 3, 5))
    assert (ada["meeting_title"], ada["time_zone"]) == ("Design review", "Europe/Vienna")
    assert ada["join_time"] == "2026-03-10T10:00:00.000000+01:00"
    assert ada["leave_time"] == "2026-03-10T10:09:00.000000+01:00"
    assert (bob["join_time"], bob["attended_s"]) == ("2026-03-10T10:03:00.000000+01:00", "720.0")
    assert dan["camera_on"].split() == [
        "2026-03-10T10:00:00.000000+01:00/2026-03-10T10:04:00.000000+01:00",
        "2026-03-10T10:05:00.000000+01:00/2026-03-10T10:15:00.000000+01:00",
    ]
    assert (eve["camera_on"], eve["speaking_s"], eve["engagement"], eve["no_score_reason"]) == (
        "",
        "",
        "",
        "camera off",
    )
    shares = [float(row["speaking_share"]) for row in rows if row["speaking_share"]]
    assert sum(shares) == pytest.approx(1.0)
    table = pandas.read_csv(io.BytesIO(participants_document(an_eventful_meeting()).content), parse_dates=["join_time"])
    assert str(table["join_time"].dtype).startswith("datetime64")


def test_who_was_never_there_has_no_times_and_nobody_has_no_row() -> None:
    meeting = a_meeting(1, 1)
    absent = replace(meeting.participants[0], attended_us=0, attendance_intervals=())
    (row,) = rows_of(participants_document(replace(meeting, participants=(absent,))).content)
    assert (row["join_time"], row["leave_time"], row["attendance"]) == ("", "", "")
    assert rows_of(participants_document(a_meeting(0, 0)).content) == []


def test_of_groups_there_are_no_rows_of_people() -> None:
    with pytest.raises(RoompulseError, match="aggregate_only") as raised:
        participants_document(replace(a_meeting(4, 1), participants=(), aggregate_only=True))
    assert raised.value.reason is Reason.AGGREGATE_ONLY


def test_names_and_titles_are_shown_safely_in_csv_and_kept_as_given_in_parquet() -> None:
    name, title = "=1+1\u202egpj\n\x1b[2J", "@SUM(1)"
    summary = replace(a_meeting(1, 0.2, (name,)), title=title)
    for document in (csv_document, participants_document):
        row = rows_of(document(summary).content)[-1]
        assert row["display_name"] == r"'=1+1\u202egpj\n\x1b[2J"
        assert row["meeting_title"] == "'@SUM(1)"
    table = pyarrow.parquet.read_table(io.BytesIO(parquet_document(summary).content)).to_pylist()
    assert (table[-1]["display_name"], table[-1]["meeting_title"]) == (name, title)


def test_stays_cameras_and_speaking_are_rows() -> None:
    rows = list(measurements(an_eventful_meeting()))
    intervals = [(row.measure, row.start_s, row.length_s) for row in rows if row.span == "interval"]
    assert ("attendance", 0.0, 540.0) in intervals
    assert ("camera_on", 300.0, 600.0) in intervals
    steps = [(row.start_s, row.value) for row in rows if row.measure == "composition_step"]
    assert [start for start, _ in steps] == [180.0, 540.0]
    whole = {(row.participant_id, row.measure): row.value for row in rows if row.span == "whole"}
    assert whole["p000", "speaking_s"] == 360.0
    assert whole["p003", "camera_on_s"] == 840.0
    assert ("p005", "speaking_s") not in whole  # the platform said nothing of it

"""CSV and Parquet: every number a row, none lost, no cell a formula."""

import csv
import io
import math
import sys
from dataclasses import replace

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import MOMENTS, a_meeting
from roompulse.cli import table_file
from roompulse.safe_text import safe_text
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.report import csv_file
from roompulse_server.report.csv_file import csv_document
from roompulse_server.report.measurement import Measurement, measurements
from roompulse_server.report.parquet_file import parquet_document

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

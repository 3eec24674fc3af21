"""Tables as CSV that a spreadsheet may open: RFC 4180, UTF-8 with a byte order mark, and no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from roompulse.contract.safe_text import safe_text

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.attendee_row import COLUMNS, attendee_rows
from roompulse_server.report.document import Document, named
from roompulse_server.report.measurement import Measurement, measurements

# What makes a spreadsheet read a cell as a formula, or look past the character (OWASP, "CSV Injection").
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
MARK = "\ufeff"  # Excel takes a file without it for one of its own code page
_TYPE = "text/csv; charset=utf-8; header=present"

Cell = str | float | None


def csv_document(summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document:
    """Write the tidy table; numbers with all their digits."""
    return named(summary, "csv", _TYPE, _encoded(Measurement._fields, measurements(summary)))


def participants_document(summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document:
    """Write a row for each person.

    Raises:
        RoompulseError: AGGREGATE_ONLY: the summary holds no single people.
    """
    if summary.aggregate_only:
        raise RoompulseError(
            Reason.AGGREGATE_ONLY,
            "this meeting is aggregate_only, so there are no rows of single people; ask for another format",
            field="format",
        )
    return named(summary, "participants.csv", _TYPE, _encoded(COLUMNS, attendee_rows(summary)))


def _encoded(header: Sequence[str], rows: Iterable[Iterable[Cell]]) -> bytes:
    text = io.StringIO()
    text.write(MARK)
    table = csv.writer(text)
    table.writerow(header)
    table.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Cell) -> Cell:
    """Return text on one line, after an apostrophe where it might be a formula."""
    if not isinstance(value, str):
        return value
    shown = safe_text(value)
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown

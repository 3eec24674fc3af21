"""The tidy table as CSV (RFC 4180, UTF-8) that a spreadsheet may open: no cell is a formula."""

import csv
import io

from roompulse_server.insight.summary_types import MeetingSummary
from roompulse_server.report.document import Document, named
from roompulse_server.report.measurement import Measurement, measurements
from roompulse_server.types import Meeting

# What makes a spreadsheet read a cell as a formula, or look past the character (OWASP, "CSV Injection").
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def csv_document(meeting: Meeting, summary: MeetingSummary) -> Document:
    """Write the tidy table; numbers with all their digits, texts that might be formulas after an apostrophe."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(Measurement._fields)
    rows.writerows([_cell(value) for value in row] for row in measurements(summary))
    return named(summary, "csv", "text/csv; charset=utf-8; header=present", text.getvalue().encode())


def _cell(value: str | float) -> str | float:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value

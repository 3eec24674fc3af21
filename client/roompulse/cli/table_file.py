"""Where an export's rows go: CSV, JSON lines or Parquet, a page at a time, so that no meeting is too long."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO

import click

from roompulse.cli.columns import KINDS, NAMES, Cell, row_of
from roompulse.contract.codec import to_dict
from roompulse.contract.safe_text import safe_text
from roompulse.results import Update

# What makes a spreadsheet read a cell as a formula, or look past the character (OWASP, "CSV Injection").
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


MARK = "\ufeff"  # Excel takes a file without it for one of its own code page


class CsvFile:
    """RFC 4180, UTF-8 with a byte order mark and a header; no cell is a formula."""

    def __init__(self, out: BinaryIO, title: str) -> None:
        """Write the header; `title` is the meeting's."""
        self._title = title
        self._text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        self._text.write(MARK)
        self._rows = csv.writer(self._text)
        self._rows.writerow(NAMES)

    def write(self, updates: Sequence[Update]) -> None:
        """Add rows."""
        rows = (zip(NAMES, row_of(update, self._title), strict=True) for update in updates)
        self._rows.writerows([_text(name, cell) for name, cell in row] for row in rows)

    def close(self) -> None:
        """Let go of the stream."""
        self._text.detach()


class JsonLinesFile:
    """The contract's own JSON (ParticipantUpdate), one object a line."""

    def __init__(self, out: BinaryIO, title: str) -> None:
        """Keep the stream; the messages have no title."""
        self._out = out

    def write(self, updates: Sequence[Update]) -> None:
        """Add lines."""
        for update in updates:
            self._out.write(json.dumps(to_dict(update), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Nothing stands at the end."""


class ParquetFile:
    """Apache Parquet with typed columns; a group of rows for each page."""

    def __init__(self, out: BinaryIO, title: str) -> None:
        """Make the schema; `title` is the meeting's.

        Raises:
            click.ClickException: pyarrow is not installed.
        """
        try:
            import pyarrow  # an extra, and large
            import pyarrow.parquet
        except ModuleNotFoundError as err:
            if err.name != "pyarrow":
                raise
            raise click.ClickException("Parquet needs pyarrow: pip install 'roompulse[parquet]'") from err
        self._title = title
        self._arrow: Any = pyarrow
        kinds = {
            str: pyarrow.string(),
            int: pyarrow.int64(),
            float: pyarrow.float64(),
            bool: pyarrow.bool_(),
            datetime: pyarrow.timestamp("us", "UTC"),
        }
        self._schema = pyarrow.schema([(name, kinds[kind]) for name, kind in zip(NAMES, KINDS, strict=True)])
        self._writer = pyarrow.parquet.ParquetWriter(out, self._schema)

    def write(self, updates: Sequence[Update]) -> None:
        """Add a group of rows."""
        columns = zip(*(row_of(update, self._title) for update in updates), strict=True)
        self._writer.write_table(self._arrow.table([list(column) for column in columns], schema=self._schema))

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


FILES: dict[str, type[CsvFile | JsonLinesFile | ParquetFile]] = {
    "csv": CsvFile,
    "jsonl": JsonLinesFile,
    "parquet": ParquetFile,
}


def _text(name: str, cell: Cell) -> str | int | None:
    """Return a cell as CSV has it: text on one line and no formula, true or false, ISO 8601.

    Moments and times (`…_s`) have all six digits of their microseconds, always: a column has one format. Other numbers
    have seven digits, for the wire has no more.
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.6f}" if name.endswith("_s") else f"{cell:.7g}"
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="microseconds")
    if isinstance(cell, str):
        shown = safe_text(cell)
        return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown
    return cell

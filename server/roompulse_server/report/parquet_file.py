"""The tidy table as Parquet, where pyarrow is installed."""

import io
from collections.abc import Sequence

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.document import Document, named
from roompulse_server.report.measurement import Measurement, measurements


def parquet_document(summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document:
    """Write the tidy table.

    Raises:
        RoompulseError: NOT_OFFERED: pyarrow is not installed beside the service.
    """
    try:
        import pyarrow as arrow  # heavy, and an extra: only who asks for Parquet needs it
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise RoompulseError(
            Reason.NOT_OFFERED,
            "this service has no pyarrow to write Parquet with: install roompulse[parquet] beside it, or ask for CSV",
            field="format",
        ) from error
    rows = list(measurements(summary))
    kinds = {str: arrow.string(), float: arrow.float64()}
    schema = arrow.schema([(name, kinds[kind]) for name, kind in Measurement.__annotations__.items()])
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    table = arrow.table(dict(zip(Measurement._fields, columns, strict=True)), schema=schema)
    content = io.BytesIO()
    parquet.write_table(table, content)
    return named(summary, "parquet", "application/vnd.apache.parquet", content.getvalue())

"""Reports on their way out: which writer a format names, and a document as the parts of a stream. Pure."""

from collections.abc import Iterator, Sequence

from google.protobuf import json_format
from roompulse.v1 import meeting_service_pb2 as pb

from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.csv_file import csv_document, participants_document
from roompulse_server.report.document import Document, Writer, named
from roompulse_server.report.html_page import html_document
from roompulse_server.report.markdown_file import markdown_document
from roompulse_server.report.parquet_file import parquet_document
from roompulse_server.rpc.convert_request import enum_from_proto
from roompulse_server.rpc.convert_summary import summary_to_proto
from roompulse_server.types import ReportFormat

PART_BYTES = 1024 * 1024  # gRPC's own clients take messages of 4 MiB


def json_document(summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document:
    """Write the summary as the contract's own JSON, so that it reads back as a MeetingSummary in any language."""
    text = json_format.MessageToJson(summary_to_proto(summary), ensure_ascii=False)
    return named(summary, "json", "application/json", f"{text}\n".encode())


WRITERS: dict[ReportFormat, Writer] = {
    ReportFormat.JSON: json_document,
    ReportFormat.CSV: csv_document,
    ReportFormat.MARKDOWN: markdown_document,
    ReportFormat.HTML: html_document,
    ReportFormat.PARQUET: parquet_document,
    ReportFormat.PARTICIPANTS_CSV: participants_document,
}
FOR_PEOPLE = (ReportFormat.HTML, ReportFormat.MARKDOWN)
EARLIER = 4  # occurrences that stand beside a report that people read


def writer_from_proto(number: int) -> tuple[Writer, int]:
    """Return the writer that a format names, and how many earlier occurrences it tells of."""
    kind = enum_from_proto(ReportFormat, number, "format", ReportFormat.HTML)
    return WRITERS[kind], EARLIER if kind in FOR_PEOPLE else 0


def document_to_protos(document: Document) -> Iterator[pb.RenderReportResponse]:
    """Yield the parts in order, at least one; the first says what the file is."""
    content = memoryview(document.content)
    for start in range(0, max(len(content), 1), PART_BYTES):
        part = pb.RenderReportResponse(content=bytes(content[start : start + PART_BYTES]))
        if not start:
            part.file_name, part.media_type = document.file_name, document.media_type
            part.size_bytes = len(content)
        yield part

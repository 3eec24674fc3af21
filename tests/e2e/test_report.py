"""Reports through the service: every format, in parts, of a meeting of real video, as the summary says it."""

import csv
import io
import re
from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio
from google.protobuf import json_format
from live_service import Service, config, packet, pictures, reason
from live_service import jpeg as encoded_jpeg
from roompulse.v1 import common_pb2, meeting_service_pb2, summary_pb2
from roompulse_server.rpc import convert_report
from shared_data import needs_shared, video

pytestmark = [needs_shared, pytest.mark.asyncio(loop_scope="module")]

KEY = common_pb2.MeetingKey(id="report")
Format = meeting_service_pb2.ReportFormat
NAME = "Ada <b>|=1+1"


async def render(
    service: Service, number: int, key: common_pb2.MeetingKey = KEY
) -> list[meeting_service_pb2.RenderReportResponse]:
    request = meeting_service_pb2.RenderReportRequest(meeting=key, format=number)  # type: ignore[arg-type]
    return [part async for part in service.meetings.RenderReport(request)]


async def content(service: Service, number: int) -> bytes:
    return b"".join(part.content for part in await render(service, number))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def met(roompulse: Service) -> AsyncIterator[Service]:
    """A meeting in which a face smiles for nine seconds, and another camera shows no face."""
    for who, name in (("ada", "portrait_s18.mp4"), ("hal", "no_face.mp4")):
        frames = pictures(video(name), every=8)
        requests = [packet(index, encoded_jpeg(frame), at) for index, (frame, at) in enumerate(frames)]
        await roompulse.stream(config("report", who, display_name=NAME if who == "ada" else ""), requests)
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=KEY))
    yield roompulse


async def test_json_is_the_summary_itself(met: Service) -> None:
    request = meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY)
    summary = (await met.meetings.GetMeetingSummary(request)).summary
    text = (await content(met, Format.REPORT_FORMAT_JSON)).decode()
    assert json_format.Parse(text, summary_pb2.MeetingSummary()) == summary
    assert summary.participants[0].engagement.HasField("mean")
    assert NAME in text


async def test_the_score_is_about_its_parts(met: Service) -> None:
    request = meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY)
    ada = (await met.meetings.GetMeetingSummary(request)).summary.participants[0].engagement
    assert ada.facing * ada.expression == pytest.approx(ada.mean, abs=0.02)


async def test_the_page_is_what_nobody_asks_otherwise(met: Service) -> None:
    (first, *_) = await render(met, Format.REPORT_FORMAT_UNSPECIFIED)
    assert re.fullmatch(r"roompulse-report-\d{4}-\d\d-\d\d\.html", first.file_name)
    assert first.media_type == "text/html; charset=utf-8"
    page = await content(met, Format.REPORT_FORMAT_HTML)
    assert first.size_bytes == len(page)
    assert b"<b>" not in page.replace(b'<p class="score"><b>', b"")
    assert b"Ada &lt;b&gt;|=1+1" in page
    assert b"There is no score: no face was found." in page


async def test_tables_hold_the_same_numbers(met: Service) -> None:
    request = meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY)
    summary = (await met.meetings.GetMeetingSummary(request)).summary
    text = (await content(met, Format.REPORT_FORMAT_CSV)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    (mean,) = (
        float(row["value"])
        for row in rows
        if (row["participant_id"], row["span"], row["measure"]) == ("ada", "whole", "engagement")
    )
    assert mean == pytest.approx(summary.participants[0].engagement.mean, rel=1e-6)
    assert (await content(met, Format.REPORT_FORMAT_PARQUET)).startswith(b"PAR1")
    assert b"Ada \\<b\\>\\|=1+1" in await content(met, Format.REPORT_FORMAT_MARKDOWN)


async def test_a_long_report_comes_in_parts(met: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await content(met, Format.REPORT_FORMAT_HTML)
    monkeypatch.setattr(convert_report, "PART_BYTES", 1000)
    parts = await render(met, Format.REPORT_FORMAT_HTML)
    assert len(parts) == -(-len(whole) // 1000)
    assert b"".join(part.content for part in parts) == whole
    assert [bool(part.file_name) for part in parts] == [True] + [False] * (len(parts) - 1)


async def test_what_cannot_be_rendered_says_why(met: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await render(met, Format.REPORT_FORMAT_HTML, common_pb2.MeetingKey(id="nowhere"))
    assert reason(raised.value) == "MEETING_NOT_FOUND"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await render(met, 99)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (raised.value.details() or "").startswith("format")


async def test_a_meeting_of_nobody_has_a_report_in_every_format(roompulse: Service) -> None:
    key = common_pb2.MeetingKey(id="empty")
    create = meeting_service_pb2.CreateMeetingRequest(meeting=key, purpose=common_pb2.PURPOSE_RESEARCH, title="Nobody")
    await roompulse.meetings.CreateMeeting(create)
    for number in Format.values():
        (part,) = await render(roompulse, number, key)
        assert part.size_bytes == len(part.content) > 0

"""Reports through the service: every format, in parts, of a meeting of real video, as the summary says it."""

import csv
import io
import itertools
import pathlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
import pytest_asyncio
from google.protobuf import json_format
from live_service import Service, config, packet, pictures, reason, service
from live_service import jpeg as encoded_jpeg
from roompulse.v1 import analysis_service_pb2 as analysis
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, summary_pb2
from roompulse_server.rpc import convert_report
from shared_data import needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

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


@needs_shared
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


@needs_shared
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


FACE_EVERY_S = 0.32


async def summary_of(service: Service, key: common_pb2.MeetingKey) -> summary_pb2.MeetingSummary:
    return (await service.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=key))).summary


def faces(start: int, count: int, speaking: bool | None = None) -> list[analysis.AnalyzeVideoRequest]:
    """Return packets of a face, three a second, in which somebody speaks or not."""
    frames = list(itertools.islice(pictures(video("portrait_s18.mp4"), every=8), count))
    said = {} if speaking is None else {"speaking": speaking}
    places = enumerate(frames, start)
    return [packet(index, encoded_jpeg(frame), index * FACE_EVERY_S, **said) for index, (frame, _) in places]


def camera(on: bool, at_s: float) -> analysis.AnalyzeVideoRequest:
    change = media_pb2.CameraChange(on=on)
    change.capture_offset.FromMicroseconds(round(at_s * 1e6))
    return analysis.AnalyzeVideoRequest(camera=change)


async def test_joins_cameras_and_speaking_are_those_of_the_record_live_and_afterwards(roompulse: Service) -> None:
    key = common_pb2.MeetingKey(id="there")
    talk = [*faces(0, 10, speaking=True), *faces(10, 10, speaking=False)]
    dark = [camera(False, 6.4), camera(True, 12.0)]
    await roompulse.stream(config("there", "ada", display_name="Ada"), [*talk, *dark, *faces(40, 5, speaking=True)])
    await roompulse.stream(config("there", "bob"), faces(0, 10, speaking=True))
    live = await summary_of(roompulse, key)
    ada, bob = live.participants
    assert len(ada.attendance_intervals) == len(bob.attendance_intervals) == 1
    assert ada.attendance_intervals[0].start == ada.first_offset
    assert ada.attendance_intervals[0].end == ada.last_offset
    lit = [(one.start.ToMicroseconds() / 1e6, one.end.ToMicroseconds() / 1e6) for one in ada.camera_intervals]
    assert lit == [pytest.approx((0.0, 6.4)), pytest.approx((12.8, 14.08), abs=1.5)]
    assert bob.camera_intervals[0].start.ToMicroseconds() == 0
    assert ada.speaking.ToMicroseconds() / 1e6 == pytest.approx(3.2 + 1.28, abs=1.5)
    assert ada.speaking_share + bob.speaking_share == pytest.approx(1.0)
    assert bob.speaking == bob.speaking_known
    assert not bob.without_consent.ToMicroseconds()
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    ended = await summary_of(roompulse, key)
    assert list(ended.participants) == list(live.participants)


async def test_a_room_is_nobody_and_the_faces_in_it_are_attested(roompulse: Service) -> None:
    room = config("hall", "room", source=media_pb2.SOURCE_ROOM, everyone_consented=True)
    await roompulse.stream(room, faces(0, 10))
    summary = await summary_of(roompulse, common_pb2.MeetingKey(id="hall"))
    assert [one.participant_id for one in summary.participants] == ["room#1"]
    basis = summary.consent_basis
    assert (basis.analyzed, basis.granted, basis.attested, basis.unrecorded) == (1, 0, 1, 0)
    page = b"".join([part.content for part in await render(roompulse, 0, common_pb2.MeetingKey(id="hall"))])
    assert "whoever ran the meeting attested that everybody had agreed" in page.decode()


async def test_the_footer_claims_no_consent_that_the_record_does_not_hold(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path, consent_required=False) as running:
        unasked = config("unasked", "ada", display_name="Ada Obi", consent=common_pb2.Consent())
        await running.stream(unasked, faces(0, 5))
        await running.stream(config("unasked", "bob", display_name="Bob"), faces(0, 5))
        for form in (Format.REPORT_FORMAT_HTML, Format.REPORT_FORMAT_MARKDOWN):
            parts = await render(running, form, common_pb2.MeetingKey(id="unasked"))
            text = b"".join(part.content for part in parts).decode()
            assert "For one person, consent was on record for as long as their pictures were analysed." in text
            assert "The pictures of one person were analysed while no consent was on record: Ada Obi (0:0" in text
            assert "everybody" not in text[text.index("consent was on record") :].split("</p>")[0].split("\n")[0]


@needs_shared
async def test_earlier_occurrences_stand_beside_a_report_with_the_engagement_of_their_own_summary(
    roompulse: Service,
) -> None:
    """Also where one person alone was there, whose mean is the meeting's."""
    key = common_pb2.MeetingKey(id="weekly")
    create = meeting_service_pb2.CreateMeetingRequest(meeting=key, purpose=common_pb2.PURPOSE_RESEARCH)
    engagements = []
    for people in (("ada",), ("ada", "bob"), ("ada", "bob", "cyd")):
        await roompulse.meetings.CreateMeeting(create)
        for name in people:
            await roompulse.stream(config("weekly", name), faces(0, 25))
        await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
        engagements.append(f"{(await summary_of(roompulse, key)).engagement:.2f}")
    text = b"".join([part.content for part in await render(roompulse, Format.REPORT_FORMAT_MARKDOWN, key)]).decode()
    history = text[text.index("## This meeting and earlier ones") :].split("\n\n")[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in history.splitlines()[2:]]
    assert [(row[2], row[3]) for row in rows] == list(zip(("3", "2", "1"), reversed(engagements), strict=True))
    assert [row[0].startswith("**") for row in rows] == [True, False, False]
    page = b"".join([part.content for part in await render(roompulse, 0, key)]).decode()
    assert "This meeting and earlier ones" in page
    first = b"".join([part.content for part in await render(roompulse, 0, common_pb2.MeetingKey(id="report"))]).decode()
    assert "This meeting and earlier ones" not in first


async def test_beside_groups_no_earlier_meeting_of_single_people_stands(roompulse: Service) -> None:
    """The engagement of a meeting of one person is that person's."""
    key = common_pb2.MeetingKey(id="hidden")
    await roompulse.stream(config("hidden", "ada"), faces(0, 25))
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    for _ in range(2):
        purpose = common_pb2.PURPOSE_AUDIENCE_FEEDBACK
        create = meeting_service_pb2.CreateMeetingRequest(meeting=key, purpose=purpose, aggregate_only=True)
        await roompulse.meetings.CreateMeeting(create)
        await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    text = b"".join([part.content for part in await render(roompulse, Format.REPORT_FORMAT_MARKDOWN, key)]).decode()
    history = text[text.index("## This meeting and earlier ones") :].split("\n\n")[1]
    assert len(history.splitlines()) == 2 + 2  # this one and the earlier one of groups


async def test_each_person_has_a_row_with_the_times_of_the_meeting_s_own_clocks(roompulse: Service) -> None:
    key = common_pb2.MeetingKey(id="rows")
    create = meeting_service_pb2.CreateMeetingRequest(
        meeting=key, purpose=common_pb2.PURPOSE_RESEARCH, title="Büro, =1+1", time_zone="Asia/Kolkata"
    )
    await roompulse.meetings.CreateMeeting(create)
    await roompulse.stream(config("rows", "ada", display_name="Müller"), faces(0, 10, speaking=True))
    summary = await summary_of(roompulse, key)
    parts = await render(roompulse, Format.REPORT_FORMAT_PARTICIPANTS_CSV, key)
    assert parts[0].file_name.endswith(".participants.csv")
    content = b"".join(part.content for part in parts)
    assert content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert (row["display_name"], row["meeting_title"], row["time_zone"]) == ("Müller", "Büro, =1+1", "Asia/Kolkata")
    joined, left = (datetime.fromisoformat(row[name]) for name in ("join_time", "leave_time"))
    assert joined.utcoffset() == timedelta(hours=5, minutes=30)
    began = summary.start_time.ToDatetime(tzinfo=UTC)
    ada = summary.participants[0]
    assert joined - began == timedelta(microseconds=ada.first_offset.ToMicroseconds())
    assert left - began == timedelta(microseconds=ada.last_offset.ToMicroseconds())
    assert row["attendance"] == f"{row['join_time']}/{row['leave_time']}"
    assert float(row["speaking_share"]) == 1.0

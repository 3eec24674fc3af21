"""A meeting that is aggregate_only: nobody's values leave the service, whichever way one asks."""

import asyncio
import csv
import io
import json
import pathlib
import sys
from collections.abc import AsyncIterator

import grpc
import pyarrow.parquet
import pytest
import pytest_asyncio
import roompulse as sdk
from click.testing import CliRunner, Result
from fault_proxy import proxying
from google.protobuf.duration_pb2 import Duration
from live_service import Service, config, final_counters, jpeg, kinds, packet, pictures, refusal, service
from prometheus_client import generate_latest
from roompulse.cli import cli
from roompulse.enums import ReportFormat
from roompulse.results import FlowNotice, Reconnected
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from shared_data import needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]

KEY = common_pb2.MeetingKey(id="groups")
PEOPLE = ("ada-private", "bob-private", "cyd-private", "dan-private")
GROUP = 3
SECONDS = 8


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def roompulse(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder: pathlib.Path = tmp_path_factory.mktemp("record")
    async with service(folder, min_group=GROUP) as running:
        yield running


def portrait() -> list[pb.AnalyzeVideoRequest]:
    frames = ((frame, at) for frame, at in pictures(video("portrait_d12.mp4"), every=6) if at < SECONDS)
    return [packet(index, jpeg(frame), at) for index, (frame, at) in enumerate(frames)]


async def streams(service: Service, people: tuple[str, ...]) -> list[list[pb.AnalyzeVideoResponse]]:
    packets = portrait()
    configs = (config(KEY.id, name, media_pb2.ENCODING_JPEG, purpose=0) for name in people)
    return await asyncio.gather(*(service.stream(one, packets) for one in configs))


async def subscribed(service: Service, **fields: object) -> list[sub.SubscribeUpdatesResponse]:
    request = sub.SubscribeUpdatesRequest(meeting=KEY, from_offset=Duration(), **fields)  # type: ignore[arg-type]
    return [item async for item in service.subscriptions.SubscribeUpdates(request)]


async def test_nobody_is_told_of_whichever_way_one_asks(roompulse: Service) -> None:
    create = meeting_service_pb2.CreateMeetingRequest(
        meeting=KEY, purpose=common_pb2.PURPOSE_AUDIENCE_FEEDBACK, aggregate_only=True, title="All hands"
    )
    assert (await roompulse.meetings.CreateMeeting(create)).meeting.aggregate_only
    live = roompulse.subscriptions.SubscribeUpdates(sub.SubscribeUpdatesRequest(meeting=KEY, participant_ids=PEOPLE))
    watching = asyncio.create_task(_all(live))
    for responses in await streams(roompulse, PEOPLE):
        assert set(kinds(responses)) <= {"opened", "flow", "heartbeat"}
        assert final_counters(responses).analyzed > 20  # they were analysed all the same
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=KEY))
    for told in (await watching, await subscribed(roompulse), await subscribed(roompulse, participant_ids=PEOPLE[:1])):
        assert "private" not in str(told)
        assert {item.WhichOneof("event") for item in told} <= {"rollup", "meeting_event", "heartbeat"}
        events = {item.meeting_event.kind for item in told if item.HasField("meeting_event")}
        assert events == {update_pb2.MeetingEvent.KIND_MEETING_ENDED}
        rollups = [item.rollup for item in told if item.HasField("rollup")]
        assert rollups
        for rollup in rollups:
            assert rollup.final
            assert rollup.seen >= GROUP
            assert rollup.HasField("engagement_mean")
            assert not rollup.HasField("engagement_median")  # four people are fewer than six
            assert not rollup.HasField("engagement_p10")
            assert not rollup.HasField("engagement_p90")
    listed = meeting_service_pb2.ListUpdatesRequest(meeting=KEY)
    assert await refusal(roompulse.meetings.ListUpdates(listed)) == "AGGREGATE_ONLY"
    asked = meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY)
    summary = (await roompulse.meetings.GetMeetingSummary(asked)).summary
    assert "private" not in str(summary)
    assert summary.HasField("engagement")
    assert all(point.seen >= GROUP for point in summary.timeline)
    assert b"private" not in generate_latest(roompulse.app.parts.metrics.registry)


EMPTY = {"participants", "moments", "compositionEffects", "highestMinute", "lowestMinute", "synchrony", "change"}
COUNTED = {"analyzed": 4, "granted": 4}  # of consent, people are counted and no more
TOLD = {"meeting", "purpose", "timeline", "engagement", "expressions", "counters", "notes", "title", "consentBasis"}


async def report(service: Service, form: int) -> bytes:
    request = meeting_service_pb2.RenderReportRequest(meeting=KEY, format=form)  # type: ignore[arg-type]
    return b"".join([part.content async for part in service.meetings.RenderReport(request)])


async def command(service: Service, *words: str) -> Result:
    """Run the command line as a user does, on a thread of its own: it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli, [*words, "--server", service.target])


async def process(service: Service, *words: str) -> str:
    """Run a command that handles signals, which only a main thread can; return all its output."""
    start = ("-c", "from roompulse.cli import main; main()", *words, "--server", service.target)
    running = await asyncio.create_subprocess_exec(
        sys.executable, *start, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await running.communicate()
    return output.decode()


@needs_shared
@pytest.mark.parametrize("form", [one for one in ReportFormat if one])
async def test_no_report_of_any_format_has_anything_of_a_single_person(roompulse: Service, form: ReportFormat) -> None:
    if form is ReportFormat.PARTICIPANTS_CSV:
        assert await refusal(report(roompulse, form)) == "AGGREGATE_ONLY"
        return
    content = await report(roompulse, form)
    assert b"private" not in content
    if form is ReportFormat.JSON:
        summary = json.loads(content)
        assert not EMPTY & summary.keys()
        assert summary.keys() >= TOLD
        assert summary["aggregateOnly"]
        assert summary["consentBasis"] == COUNTED
    elif form is ReportFormat.CSV:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert {(row["participant_id"], row["display_name"]) for row in rows} == {("", "")}
        assert {row["span"] for row in rows} == {"whole", "timeline"}
    elif form is ReportFormat.PARQUET:
        table = pyarrow.parquet.read_table(io.BytesIO(content)).to_pydict()
        assert {*table["participant_id"], *table["display_name"]} == {""}
        assert {*table["span"]} == {"whole", "timeline"}
    else:
        text = content.decode()
        assert "This report holds no values of single people" in text.replace("; this", ". This")
        for section in ("Who was there when", "People over time", "Without a score", "Where the time went"):
            assert section not in text
        assert "Consent was on record for everybody" in text


async def test_no_command_shows_anything_of_a_single_person(roompulse: Service) -> None:
    for words in (("summary", KEY.id), ("summary", KEY.id, "--json")):
        result = await command(roompulse, *words)
        assert (result.exit_code, bool(result.output)) == (0, True), repr(result.exception)
        assert "private" not in result.output
    watched = await process(roompulse, "watch", KEY.id, "--from-start", "--json")
    assert "meetingEnded" in watched or "KIND_MEETING_ENDED" in watched
    assert "private" not in watched
    for refused in (("export", KEY.id), ("summary", KEY.id, "--format", "participants")):
        result = await command(roompulse, *refused)
        assert (result.exit_code, "aggregate_only" in result.output) == (1, True), result.output


async def test_the_list_of_participants_tells_who_may_be_asked_and_not_when_they_were_there(roompulse: Service) -> None:
    """Who asks people for consent knows them; when and how long they are there is theirs."""
    listed = meeting_service_pb2.ListParticipantsRequest(meeting=KEY)
    people = (await roompulse.meetings.ListParticipants(listed)).participants
    assert [person.id for person in people] == [*PEOPLE]
    for person in people:
        assert person.consent.state == common_pb2.CONSENT_STATE_GRANTED
        assert {field.name for field, _ in person.ListFields()} == {"id", "consent", "epoch", "number"}


async def test_a_stream_that_was_cut_fetches_nothing_of_what_was_recorded(roompulse: Service) -> None:
    still = packet(0, jpeg(next(pictures(video("portrait_d12.mp4")))[0])).packets[0].data
    policy = sdk.Reconnection(first_s=0.02)
    async with proxying(roompulse.target) as proxy, sdk.connect(proxy.address, reconnect=policy) as client:
        await client.meetings.create("cut", purpose="audience-feedback", aggregate_only=True)
        async with client.analyze("cut", PEOPLE[0], consent="granted", delivery="every_frame") as stream:
            await stream.send(sdk.Packet(still, capture_s=0.0))
            while stream.counters.analyzed < 1:
                await asyncio.wait_for(anext(stream), 10)
            proxy.cut()
            await stream.send(sdk.Packet(still, capture_s=0.5))
            counters = await stream.finish()
            told = [type(event) async for event in stream]
    assert counters.balanced
    assert Reconnected in told
    assert set(told) <= {Reconnected, FlowNotice}


async def test_too_few_are_not_told_of_at_all(roompulse: Service) -> None:
    create = meeting_service_pb2.CreateMeetingRequest(
        meeting=KEY, purpose=common_pb2.PURPOSE_AUDIENCE_FEEDBACK, aggregate_only=True
    )
    await roompulse.meetings.CreateMeeting(create)
    await streams(roompulse, PEOPLE[: GROUP - 1])
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=KEY))
    assert [item for item in await subscribed(roompulse) if item.HasField("rollup")] == []
    asked = meeting_service_pb2.GetMeetingSummaryRequest(meeting=KEY)
    summary = (await roompulse.meetings.GetMeetingSummary(asked)).summary
    assert (len(summary.participants), len(summary.timeline), summary.HasField("engagement")) == (0, 0, False)


async def _all(
    call: grpc.aio.UnaryStreamCall[sub.SubscribeUpdatesRequest, sub.SubscribeUpdatesResponse],
) -> list[sub.SubscribeUpdatesResponse]:
    return [item async for item in call]

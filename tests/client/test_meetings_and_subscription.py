"""Meetings, their record, and what comes of them live."""

import asyncio

import pytest
import roompulse
from fake_service import FakeService, an_update, key
from roompulse import errors
from roompulse.enums import MeetingState, NoScoreReason, Purpose, SlowPolicy
from roompulse.results import MeetingEvent, Rollup, SubscriptionHeartbeat, Update
from roompulse.v1 import subscription_service_pb2 as subscriptions
from roompulse.v1 import summary_pb2, update_pb2

Response = subscriptions.SubscribeUpdatesResponse


async def test_a_meeting_is_created_got_and_ended(client: roompulse.Client, service: FakeService) -> None:
    made = await client.meetings.create("standup", purpose="research", title="Daily", idle_timeout_s=90)
    assert (made.key.id, made.purpose, made.state) == ("standup", Purpose.RESEARCH, MeetingState.ACTIVE)
    (request,) = service.created
    assert (request.title, request.idle_timeout.ToSeconds(), len(request.request_id)) == ("Daily", 90, 32)
    assert not request.HasField("retention")
    ended = await client.meetings.end("standup")
    assert (ended.state, ended.end_reason) == (MeetingState.ENDED, "ended by request")
    assert (await client.meetings.get(made.key)).state is MeetingState.ENDED


async def test_pages_are_fetched_to_the_end(client: roompulse.Client, service: FakeService) -> None:
    for number in range(7):
        service.add_meeting(f"m{number}")
    service.updates = [an_update("ada", sequence) for sequence in range(1, 8)]
    assert [each.key.id async for each in client.meetings.list(page_size=3)] == [f"m{number}" for number in range(7)]
    assert [each.id async for each in client.meetings.participants("m0", page_size=1)] == ["ada", "grace"]
    sequences = [each.sequence async for each in client.meetings.updates("m0", "ada", start_s=0, end_s=9, page_size=2)]
    assert sequences == list(range(1, 8))


async def test_a_summary_reads_like_one(client: roompulse.Client, service: FakeService) -> None:
    service.add_meeting("standup")
    message = summary_pb2.MeetingSummary(meeting=key(), engagement=0.5)
    person = message.participants.add(participant_id="ada", coverage=0.75)
    person.no_score_times.add(reason=update_pb2.NO_SCORE_REASON_NO_FACE).duration.FromSeconds(12)
    service.summary = message
    summary = await client.meetings.summary("standup")
    assert summary.engagement == 0.5
    assert summary.participants[0].no_score_times_s == {NoScoreReason.NO_FACE: 12.0}
    assert summary.participants[0].valence is None


async def test_a_report_comes_whole_with_its_name(client: roompulse.Client, service: FakeService) -> None:
    service.add_meeting("standup")
    report = await client.meetings.report("standup")
    assert (report.file_name, report.media_type) == ("roompulse-standup.x", "text/plain")
    assert report.content == b"a report REPORT_FORMAT_HTML\n"
    assert (await client.meetings.report("standup", "csv")).content == b"a report REPORT_FORMAT_CSV\n"
    with pytest.raises(errors.MeetingNotFound):
        await client.meetings.report("nowhere")
    with pytest.raises(errors.NotOffered, match="no pyarrow"):
        await client.meetings.report("standup", roompulse.ReportFormat.PARQUET)
    with pytest.raises(errors.InvalidArgument, match="one of: json, csv, markdown, html, parquet"):
        await client.meetings.report("standup", "pdf")


async def drain(subscription: roompulse.Subscription) -> None:
    async for _ in subscription:
        pass


@pytest.fixture
def events(service: FakeService) -> FakeService:
    service.add_meeting("standup")
    service.events = [
        Response(update=an_update("ada", 1)),
        Response(rollup=update_pb2.Rollup(seen=1, total=2), resume_token=b"one"),
        Response(heartbeat=subscriptions.SubscriptionHeartbeat(), resume_token=b"two"),
        Response(meeting_event=update_pb2.MeetingEvent(kind=update_pb2.MeetingEvent.KIND_MEETING_ENDED)),
    ]
    return service


async def test_events_come_typed_with_the_position_after_them(client: roompulse.Client, events: FakeService) -> None:
    async with client.subscribe("standup") as subscription:
        seen = [(type(event), subscription.resume_token) async for event in subscription]
    assert seen == [(Update, b""), (Rollup, b"one"), (MeetingEvent, b"two")]


async def test_heartbeats_come_when_asked_for(client: roompulse.Client, events: FakeService) -> None:
    async with client.subscribe("standup", heartbeats=True) as subscription:
        assert [type(event) async for event in subscription][2] is SubscriptionHeartbeat


async def test_a_subscription_says_what_it_wants(client: roompulse.Client, events: FakeService) -> None:
    chosen = client.subscribe(
        "standup", participants=["ada"], from_offset_s=0.0, slow_policy="conflate", rollups=False, events=False
    )
    async with chosen as subscription:
        await anext(subscription)
    async with client.subscribe("standup", resume_token=b"one", from_offset_s=3.0) as subscription:
        await anext(subscription)
    first, second = events.subscribed
    assert list(first.participant_ids) == ["ada"]
    assert (first.WhichOneof("start"), int(first.slow_policy)) == ("from_offset", SlowPolicy.CONFLATE)
    assert (first.without_updates, first.without_rollups, first.without_events) == (False, True, True)
    assert (second.WhichOneof("start"), second.resume_token) == ("resume_token", b"one")


async def test_a_wait_that_is_cancelled_loses_nothing(client: roompulse.Client, events: FakeService) -> None:
    async with client.subscribe("standup") as subscription:
        waiting = asyncio.create_task(subscription.__anext__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert [type(event) async for event in subscription] == [Update, Rollup, MeetingEvent]


async def test_a_subscriber_that_leaves_early_leaves_nothing_behind(
    client: roompulse.Client, events: FakeService
) -> None:
    events.events = [Response(update=an_update("ada", number)) for number in range(1, 500)]
    async with client.subscribe("standup") as subscription:
        assert isinstance(await anext(subscription), Update)
    left = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("roompulse ")]
    assert left == []
    with pytest.raises(errors.StreamClosed):
        await drain(subscription)

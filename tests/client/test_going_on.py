"""Streams and subscriptions that are cut go on: each update once, in order, nothing lost that was recorded."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest
import roompulse
from cut_service import CutService, Told, logged
from fake_service import ThreadedService, an_update, serving
from fault_proxy import proxying
from roompulse import Box, Packet, Reconnection, Tile, VideoFormat, errors
from roompulse.enums import DropReason, Encoding
from roompulse.results import GoingAway, MeetingEvent, Reconnected, Rollup, Update
from roompulse.v1 import common_pb2

AT_ONCE = Reconnection(tries=5, first_s=0.0, most_s=0.0, silence_s=0.2)
STILL = Packet(b"\xff\xd8\xff", capture_s=0.0)


@pytest.fixture
async def cutting() -> AsyncIterator[tuple[CutService, roompulse.Client]]:
    service = CutService()
    async with serving(service) as target, roompulse.connect(target, reconnect=AT_ONCE) as client:
        yield service, client


async def everything(subscription: roompulse.Subscription) -> list[Any]:
    async with subscription as events:
        return [event async for event in events]


def in_log(events: Sequence[Any]) -> list[tuple[str, int]]:
    """What events are, without what the client itself says."""
    said: list[tuple[str, int]] = []
    for event in events:
        match event:
            case Update():
                said.append((event.participant_id, event.sequence))
            case MeetingEvent():
                said.append(("event", event.position))
            case Rollup():
                said.append(("window", event.sequence))
    return said


@pytest.mark.parametrize("tokenless", [1, 3, 7])
async def test_a_subscription_shows_everything_once_wherever_it_is_cut(
    cutting: tuple[CutService, roompulse.Client], tokenless: int
) -> None:
    service, client = cutting
    service.log, service.tokenless = logged(12), tokenless
    whole = in_log(await everything(client.subscribe("standup", from_offset_s=0.0)))
    assert len(whole) == len(service.log)
    for cut in range(1, len(service.log)):
        service.cuts = [cut, 7, 7]
        events = await everything(client.subscribe("standup", from_offset_s=0.0))
        assert in_log(events) == whole
        assert sum(isinstance(event, Reconnected) for event in events) >= 1


async def test_a_subscription_says_that_and_why_it_was_cut(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.log, service.cuts = logged(4), [2]
    async with client.subscribe("standup", from_offset_s=0.0) as events:
        seen = [(type(event), events.resume_token) async for event in events]
    assert seen[:4] == [(Update, b"1"), (Update, b"2"), (Reconnected, b"2"), (Update, b"3")]
    assert [request.WhichOneof("start") for request in service.subscribed] == ["from_offset", "resume_token"]


async def test_a_silent_service_is_given_up_and_asked_again(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.log, service.silences = logged(4), [3]
    events = await everything(client.subscribe("standup", from_offset_s=0.0))
    assert len(in_log(events)) == len(service.log)
    (news,) = [event for event in events if isinstance(event, Reconnected)]
    assert "said nothing for 0.2 s" in news.reason


@pytest.mark.parametrize("kind", ["stream", "subscription"])
async def test_a_connection_that_fell_silent_is_not_used_again(kind: str) -> None:
    service = CutService()
    service.log = logged(4)[:-1]
    service.silences = [len(service.log)] if kind == "subscription" else [1]
    async with (
        serving(service) as target,
        proxying(target) as proxy,
        roompulse.connect(proxy.address, reconnect=AT_ONCE) as client,
    ):
        opened = open_stream(client) if kind == "stream" else client.subscribe("standup", from_offset_s=0.0)
        async with opened as events:
            if isinstance(events, roompulse.AnalysisStream):
                await events.send(STILL)
            await anext(events)
            proxy.freeze()  # no end ever comes over this connection
            while not isinstance(await anext(events), Reconnected):
                pass
    assert proxy.connections == 2


async def test_a_caller_that_reads_slowly_is_no_silence(
    cutting: tuple[CutService, roompulse.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, client = cutting
    monkeypatch.setattr("roompulse.subscription.READ_AHEAD", 1)
    service.log = logged(12)
    async with client.subscribe("standup", from_offset_s=0.0) as events:
        await anext(events)
        await asyncio.sleep(3 * AT_ONCE.silence_s)  # a caller may take its time: that is what is tested
        rest = [event async for event in events]
    assert len(rest) == len(service.log) - 1
    assert service.calls["subscription"] == 1


async def test_after_a_goodbye_it_goes_on_elsewhere(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    going = Told(going_away=common_pb2.GoingAway(reason="the service is stopping"))
    service.log = [Told(update=an_update("ada", 1)), going, Told(update=an_update("ada", 2))]
    events = await everything(client.subscribe("standup"))
    assert [type(event) for event in events] == [Update, GoingAway, Reconnected, Update]
    assert "the service is stopping" in events[2].reason


async def test_it_gives_up_in_the_end_and_says_how_often_it_tried(
    cutting: tuple[CutService, roompulse.Client],
) -> None:
    service, client = cutting
    service.log, service.cuts = logged(4), [1]
    service.refusals = [(grpc.StatusCode.UNAVAILABLE, "RECORD_UNAVAILABLE")] * 9
    async with client.subscribe("standup", from_offset_s=0.0) as events:
        await anext(events)
        with pytest.raises(errors.Unavailable, match=r"gave up after 5 tries .* no: RECORD_UNAVAILABLE"):
            await anext(events)
    assert service.calls["subscription"] == 6


async def test_what_cannot_pass_is_not_tried_again(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.log, service.cuts = logged(4), [1]
    service.refusals = [(grpc.StatusCode.OUT_OF_RANGE, "POSITION_EXPIRED")]
    async with client.subscribe("standup", from_offset_s=0.0) as events:
        await anext(events)
        with pytest.raises(errors.PositionExpired) as raised:
            await anext(events)
    assert raised.value.values == {"oldest": "7"}
    assert service.calls["subscription"] == 2


async def test_who_wants_no_second_try_gets_none(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.log, service.cuts = logged(4), [1]
    never = Reconnection(tries=0)
    async with (
        roompulse.connect(client._target, reconnect=never) as once,
        once.subscribe("standup", from_offset_s=0.0) as events,
    ):
        await anext(events)
        with pytest.raises(errors.Unavailable, match="was lost"):
            await anext(events)


def open_stream(client: roompulse.Client, **settings: Any) -> roompulse.AnalysisStream:
    settings = {"purpose": "research", "consent": "granted", "delivery": "every_frame", **settings}
    return client.analyze("standup", "ada", **settings)


async def one_by_one(stream: roompulse.AnalysisStream, count: int) -> list[Any]:
    """Send stills, each after the last one's update or a cut; return everything that came."""
    events: list[Any] = []
    for number in range(count):
        await stream.send(STILL.at(number / 10, None))
        if number < count - 1:
            events.append(await anext(stream))
    await stream.finish()
    return [*events, *[event async for event in stream]]


@pytest.mark.parametrize("withheld", [0, 1])
async def test_a_stream_shows_each_recorded_update_once_wherever_it_is_cut(
    cutting: tuple[CutService, roompulse.Client], withheld: int
) -> None:
    service, client = cutting
    for cut in (1, 2, 3, 5):
        service.cuts, service.withheld, service.updates = [cut, cut + 1], withheld, []
        async with open_stream(client) as stream:
            events = await one_by_one(stream, 6)
        updates = [event for event in events if isinstance(event, Update)]
        assert [update.sequence for update in updates] == list(range(1, len(service.updates) + 1))
        sent = {packet.index for packet in service.packets} | set(range(1, 7))
        unanswered = sent - {update.packet_index for update in updates}
        assert len(unanswered) <= sum(event.packets_lost for event in events if isinstance(event, Reconnected))


async def test_a_stream_that_goes_on_says_so_and_grants_nothing_again(
    cutting: tuple[CutService, roompulse.Client],
) -> None:
    service, client = cutting
    service.cuts = [2]
    async with open_stream(client, new_occurrence=True) as stream:
        events = await one_by_one(stream, 4)
        assert stream.opened.epoch == 2
    (news,) = [event for event in events if isinstance(event, Reconnected)]
    assert (news.epoch, news.tries) == (2, 1)
    first, second = service.configs
    assert first.consent.state == common_pb2.CONSENT_STATE_GRANTED
    assert (first.resumed, first.meeting.uid, first.new_occurrence) == (False, "", True)
    assert not second.HasField("consent")
    assert (second.resumed, second.meeting.uid, second.new_occurrence) == (True, "0" * 32, False)
    assert second.stream_id == first.stream_id != ""


async def test_a_recording_keeps_its_place_in_the_meeting(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts = [2]
    async with open_stream(client) as stream:
        await one_by_one(stream, 4)
    first, second = service.configs
    assert not first.HasField("media_zero_ms")
    assert second.media_zero_ms == 60_000  # where the service had put the first packet


async def test_a_cut_stream_starts_again_with_its_group_and_counts_what_it_lost(
    cutting: tuple[CutService, roompulse.Client],
) -> None:
    service, client = cutting
    service.cuts, service.withheld = [3], 3
    units = [Packet(bytes([number > 0, number, 0, 0x9D, 0x01, 0x2A]), capture_s=number / 10) for number in range(4)]
    async with open_stream(client, format=VideoFormat(Encoding.VP8)) as stream:
        await stream.send(units[:3])
        events = [await anext(stream) for _ in range(4)]
        await stream.send(units[3])
        counters = await stream.finish()
    assert [type(event) for event in events] == [Update, Update, Update, Reconnected]
    assert [(news.last_index, news.packets_lost) for news in events if isinstance(news, Reconnected)] == [(3, 3)]
    assert [packet.data[1] for packet in service.packets] == [0, 1, 2, 0, 1, 2, 3]
    assert [packet.index for packet in service.packets] == list(range(1, 8))
    assert (counters.received, counters.analyzed, counters.balanced) == (7, 4, True)
    assert counters.dropped == {DropReason.STREAM_ENDED: 3}


async def test_what_was_said_of_camera_and_tiles_still_holds(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts = [1]
    async with open_stream(client, source="gallery", tiles=[Tile("ada", Box(0, 0, 0.5, 1))]) as stream:
        await stream.camera(False)
        await stream.tiles([Tile("grace", Box(0.5, 0, 0.5, 1))])
        await stream.send(STILL)
        while not isinstance(await anext(stream), Reconnected):
            pass
        await stream.send(STILL.at(0.1, None))
    assert [tile.participant_id for tile in service.configs[1].tiles.tiles] == ["grace"]
    assert [control.WhichOneof("control") for control in service.controls] == ["camera", "tiles", "camera"]


async def test_a_stream_does_not_fight_the_one_that_replaced_it(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts, service.refusals = [1], [(grpc.StatusCode.ABORTED, "STREAM_REPLACED")]
    with pytest.raises(errors.StreamReplaced):
        async with open_stream(client) as stream:
            await one_by_one(stream, 3)
    assert service.calls["stream"] == 2


async def test_finishing_goes_on_after_a_cut_too(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts = [1 << 20]  # cut when nothing follows
    async with open_stream(client) as stream:
        await stream.send(STILL)
        counters = await stream.finish()
        events = [event async for event in stream]
    assert [type(event).__name__ for event in events] == ["Update", "Reconnected", "FlowNotice"]
    assert counters.balanced


async def test_closing_ends_the_wait_for_another_try(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts = [1]
    patient = Reconnection(first_s=3600.0, most_s=3600.0)
    async with roompulse.connect(client._target, reconnect=patient) as waiting:
        stream = await open_stream(waiting).__aenter__()
        await stream.send(STILL)
        await anext(stream)

        async def send_on() -> None:
            while True:  # one or another may still get through before the cut is noticed
                await stream.send([STILL.at(0.1, None)])

        sending = asyncio.create_task(send_on())
    with pytest.raises(errors.StreamClosed):
        await sending
    with pytest.raises(errors.StreamClosed):
        await anext(stream)


async def test_closing_waits_for_nothing_that_was_missed(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts, service.listing_hangs = [1], True
    stream = await open_stream(client).__aenter__()
    await stream.send(STILL)
    await anext(stream)
    await service.listing_came.wait()
    async with asyncio.timeout(client._timeout_s / 2):
        await stream.aclose()


async def test_a_first_refusal_is_said_at_once(cutting: tuple[CutService, roompulse.Client]) -> None:
    service, client = cutting
    service.cuts = [0]
    with pytest.raises(errors.Unavailable):
        await everything(client.subscribe("standup"))
    assert service.calls["subscription"] == 1


def test_a_script_that_is_cut_goes_on_too() -> None:
    with (
        ThreadedService(CutService) as threaded,
        roompulse.blocking.connect(threaded.target, reconnect=AT_ONCE) as client,
    ):
        service = threaded.service
        assert isinstance(service, CutService)
        service.log, service.cuts = logged(8), [3, 2]
        with client.subscribe("standup", from_offset_s=0.0) as events:
            seen = list(events)
        assert len(in_log(seen)) == len(service.log)
        assert sum(isinstance(event, Reconnected) for event in seen) == 2
        service.cuts = [1]
        with client.analyze("standup", "ada", delivery="every_frame", consent="granted", purpose="research") as stream:
            stream.send(STILL)
            results = iter(stream)
            while not isinstance(next(results), Reconnected):
                pass
            stream.send(STILL.at(0.1, None))
            stream.finish()
            assert [update.sequence for update in stream.updates()] == [2]

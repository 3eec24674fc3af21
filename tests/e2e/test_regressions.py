"""Endings that cross each other, hostile times and numbers: what once went wrong stays right."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from live_service import (
    GRANTED,
    Service,
    balances,
    begin,
    config,
    dropped,
    everything,
    final_counters,
    packet,
    refusal,
    updates_of,
)
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from roompulse_server.types import Event, EventKind, MeetingKey
from shared_data import image

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

FACE = image("single_face.jpg").read_bytes() if image("single_face.jpg").exists() else b""
LEFT_HALF = media_pb2.Tile(participant_id="ada", box=common_pb2.Box(width=0.5, height=1), consent=GRANTED)
RIGHT_HALF = media_pb2.Tile(participant_id="bob", box=common_pb2.Box(x=0.5, width=0.5, height=1), consent=GRANTED)


async def end_meeting(service: Service, meeting: str) -> meeting_service_pb2.EndMeetingResponse:
    key = common_pb2.MeetingKey(id=meeting)
    return await service.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))


async def log_of(service: Service, opened: pb.StreamOpened) -> list[Event]:
    recorder = service.app.parts.recorder
    key = MeetingKey("default", opened.meeting.id, opened.meeting.uid)
    return await recorder.read(recorder.store.read_events, key, limit=1000)


async def test_a_meeting_that_ends_while_packets_wait_accounts_for_each(roompulse: Service) -> None:
    stream = pb.AnalyzeVideoRequest(config=config("ends-busy", "ada"))
    call = roompulse.analysis.AnalyzeVideo(iter([stream, *(packet(index, FACE) for index in range(2000))]))
    responses: list[pb.AnalyzeVideoResponse] = []
    endings: list[asyncio.Task[meeting_service_pb2.EndMeetingResponse]] = []

    async def read() -> None:
        async for response in call:
            responses.append(response)
            if len(updates_of(responses)) == 5:
                endings.append(asyncio.create_task(end_meeting(roompulse, "ends-busy")))

    assert await refusal(read()) != ""  # grpcio hides the status if it cut a write short; the last notice says it, too
    assert [r.flow.detail for r in responses if r.flow.final] == ["meeting_ended"]
    await asyncio.gather(*endings)
    counters = final_counters(responses)
    assert balances(counters)
    assert counters.pending == 0
    assert dropped(counters)["STREAM_ENDED"] > 64  # all that waited, and the one that waited for room


async def test_a_caller_that_goes_away_while_its_stream_finishes_is_still_recorded(roompulse: Service) -> None:
    call, opened = await begin(roompulse, config("gone", "ada"))
    for index in range(60):
        await call.write(packet(index, FACE))
    await call.done_writing()
    await asyncio.sleep(0.2)
    call.cancel()
    for _ in range(100):
        closed = [event for event in await log_of(roompulse, opened) if event.kind is EventKind.STREAM_CLOSED]
        if closed:
            break
        await asyncio.sleep(0.1)
    (event,) = closed
    assert event.counters is not None
    assert event.counters.received >= 60
    assert event.counters.pending == 0


async def test_streams_of_one_participant_opened_at_once_replace_each_other(roompulse: Service) -> None:
    async def stream() -> str:
        call = roompulse.analysis.AnalyzeVideo()
        await call.write(pb.AnalyzeVideoRequest(config=config("crowd", "ada")))
        await call.done_writing()
        return (await everything(call))[1]

    ends = await asyncio.gather(*(stream() for _ in range(8)))
    assert set(ends) <= {"", "STREAM_REPLACED"}


async def test_a_meeting_that_ends_while_a_stream_opens_tells_it(roompulse: Service) -> None:
    for number in range(10):
        key = common_pb2.MeetingKey(id=f"opening-{number}")
        create = meeting_service_pb2.CreateMeetingRequest(meeting=key, purpose=common_pb2.PURPOSE_RESEARCH)
        await roompulse.meetings.CreateMeeting(create)
        call = roompulse.analysis.AnalyzeVideo()
        await call.write(pb.AnalyzeVideoRequest(config=config(key.id, "ada")))
        for _ in range(number):
            await asyncio.sleep(0.001)
        assert await refusal(end_meeting(roompulse, key.id)) == ""
        assert (await everything(call))[1] == "MEETING_ENDED"


async def test_a_tile_that_left_streams_no_more(roompulse: Service) -> None:
    tiles = media_pb2.TileLayout(tiles=[LEFT_HALF, RIGHT_HALF])
    fields: dict[str, object] = {"source": media_pb2.SOURCE_GALLERY, "tiles": tiles}
    call, opened = await begin(roompulse, config("tile-left", "gallery", 0, **fields))
    await call.write(packet(0, FACE))
    await call.write(pb.AnalyzeVideoRequest(tiles=media_pb2.TileLayout(tiles=[LEFT_HALF])))
    await call.write(packet(1, FACE))
    request = meeting_service_pb2.ListParticipantsRequest(meeting=opened.meeting)
    for _ in range(50):
        people = {p.id: p.streaming for p in (await roompulse.meetings.ListParticipants(request)).participants}
        if people == {"ada": True, "bob": False, "gallery": True}:
            break
        await asyncio.sleep(0.05)
    assert people == {"ada": True, "bob": False, "gallery": True}
    await call.done_writing()
    await everything(call)
    closed = [e.participant for e in await log_of(roompulse, opened) if e.kind is EventKind.STREAM_CLOSED]
    assert sorted(closed) == ["ada", "bob", "gallery"]


async def test_who_is_shown_by_a_newer_stream_loses_the_older_one(roompulse: Service) -> None:
    call, _ = await begin(roompulse, config("twice", "ada"))
    fields: dict[str, object] = {"source": media_pb2.SOURCE_GALLERY, "tiles": media_pb2.TileLayout(tiles=[LEFT_HALF])}
    gallery, _ = await begin(roompulse, config("twice", "gallery", 0, **fields))
    await call.write(packet(0, FACE))
    assert (await everything(call))[1] == "STREAM_REPLACED"
    await gallery.write(packet(0, FACE))
    await gallery.done_writing()
    responses, why = await everything(gallery)
    assert why == ""
    assert [r.update.participant_id for r in updates_of(responses)] == ["ada"]


FAR = Duration(seconds=300_000_000_000)
YEAR = Duration(seconds=365 * 86_400)


async def test_times_from_another_age_cost_themselves_alone(roompulse: Service) -> None:
    """A state without pictures fills time with an update a second: a wrong time must not fill years."""
    silent = config("ages", "ada", consent=common_pb2.Consent())
    far = packet(1, FACE)
    far.packets[0].capture_offset.CopyFrom(YEAR)
    requests = [packet(0, FACE), far, packet(2, FACE, 1.0)]
    responses = await roompulse.stream(silent, requests)
    assert [r.fault.packet_index for r in responses if r.WhichOneof("event") == "fault"] == [1]
    assert final_counters(responses).received == 3
    assert len(updates_of(responses)) < 10


@pytest.mark.parametrize("offset", [FAR, YEAR, Duration(seconds=-300_000_000_000)])
async def test_a_camera_change_at_a_wrong_time_is_refused(roompulse: Service, offset: Duration) -> None:
    off = pb.AnalyzeVideoRequest(camera=media_pb2.CameraChange(on=False))
    on = pb.AnalyzeVideoRequest(camera=media_pb2.CameraChange(on=True, capture_offset=offset))
    why = await refusal(roompulse.stream(config(f"camera{offset.seconds}", "ada"), [packet(0, FACE), off, on]))
    assert why in ("INVALID_ARGUMENT", "")


async def test_wall_clocks_from_another_age_cost_themselves_alone(roompulse: Service) -> None:
    stream = config("wall", "ada", clock=media_pb2.CLOCK_WALL)
    stream.ClearField("media_zero_ms")

    def at(index: int, seconds: int) -> pb.AnalyzeVideoRequest:
        moment = Timestamp(seconds=seconds)
        return pb.AnalyzeVideoRequest(packets=[media_pb2.VideoPacket(index=index, data=FACE, capture_time=moment)])

    responses = await roompulse.stream(stream, [at(0, 1_700_000_000), at(1, 9_000_000_000_000), at(2, 1_700_000_001)])
    assert [r.fault.packet_index for r in responses if r.WhichOneof("event") == "fault"] == [1]
    assert final_counters(responses).analyzed == 2


@pytest.mark.parametrize("zero_ms", [2**63 - 1, -(2**63), 10**15])
async def test_a_media_zero_out_of_range_is_refused(roompulse: Service, zero_ms: int) -> None:
    assert await refusal(roompulse.stream(config("zero", "ada", media_zero_ms=zero_ms), [])) == "INVALID_ARGUMENT"


@pytest.mark.parametrize("offset", [FAR, Duration(seconds=-300_000_000_000), Duration(seconds=2**62)])
async def test_offsets_out_of_range_are_no_internal_errors(roompulse: Service, offset: Duration) -> None:
    await roompulse.stream(config("offsets", "ada"), [packet(0, FACE)])
    key = common_pb2.MeetingKey(id="offsets")
    ranges = ({"start_offset": offset}, {"end_offset": offset})
    for fields in ranges:
        request = meeting_service_pb2.ListUpdatesRequest(meeting=key, **fields)  # type: ignore[arg-type]
        assert await refusal(roompulse.meetings.ListUpdates(request)) in ("INVALID_ARGUMENT", "")
    call = roompulse.subscriptions.SubscribeUpdates(sub.SubscribeUpdatesRequest(meeting=key, from_offset=offset))
    assert await refusal(call.read()) in ("INVALID_ARGUMENT", "")
    call.cancel()
    meeting = common_pb2.MeetingKey(id="offsets-new")
    request_id = f"{offset.seconds}"
    create = meeting_service_pb2.CreateMeetingRequest(
        meeting=meeting, purpose=common_pb2.PURPOSE_RESEARCH, retention=offset, request_id=request_id
    )
    assert await refusal(roompulse.meetings.CreateMeeting(create)) in ("INVALID_ARGUMENT", "MEETING_EXISTS", "")


PAGE_TOKENS = ["[1e999,2]", '[99999999999999999999999999,"x"]', "[" * 100_000, "null", "é", '["a"]']


@pytest.mark.parametrize("token", PAGE_TOKENS)
async def test_damaged_page_tokens_are_no_internal_errors(roompulse: Service, token: str) -> None:
    await roompulse.stream(config("pages", "ada"), [packet(0, FACE)])
    key = common_pb2.MeetingKey(id="pages")
    calls: list[Awaitable[object]] = [
        roompulse.meetings.ListMeetings(meeting_service_pb2.ListMeetingsRequest(page_token=token)),
        roompulse.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key, page_token=token)),
    ]
    for call in calls:
        assert await refusal(call) == "INVALID_ARGUMENT"


async def test_a_packet_of_an_unknown_encoding_costs_itself_alone(roompulse: Service) -> None:
    odd = media_pb2.VideoFormat(encoding=99)  # type: ignore[arg-type]
    responses = await roompulse.stream(config("odd", "ada"), [packet(0, FACE, format=odd), packet(1, FACE)])
    assert [r.fault.packet_index for r in responses if r.WhichOneof("event") == "fault"] == [0]
    assert final_counters(responses).analyzed == 1


async def many(service: Service) -> AsyncIterator[pb.AnalyzeVideoRequest]:
    tiny = [media_pb2.VideoPacket(index=index, data=b"x") for index in range(60_000)]
    yield pb.AnalyzeVideoRequest(config=config("many", "ada"))
    yield pb.AnalyzeVideoRequest(packets=tiny)


async def test_one_message_of_many_bad_packets_ends_after_a_hundred(roompulse: Service) -> None:
    responses, why = await everything(roompulse.analysis.AnalyzeVideo(many(roompulse)))
    assert why == "TOO_MANY_FAULTS"
    assert final_counters(responses).received < 1000

"""LIVE streams: updates at the asked rate, honest about age, silence and what was dropped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count

import pytest
from google.protobuf.duration_pb2 import Duration
from live_service import Service, annexb, balances, config, dropped, kinds, packet
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from shared_data import image, video

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

LIVE = {"delivery": media_pb2.DELIVERY_LIVE}


def live(meeting: str, encoding: int = 0, **fields: object) -> pb.StreamConfig:
    message = config(meeting, "ada", encoding, **{**LIVE, **fields})
    message.ClearField("media_zero_ms")
    return message


class Caller:
    """A live caller: sends when told, remembers what came."""

    def __init__(self, service: Service, stream: pb.StreamConfig) -> None:
        self.call = service.analysis.AnalyzeVideo()
        self.config = stream
        self.responses: list[pb.AnalyzeVideoResponse] = []

    async def until(self, enough: Callable[[pb.AnalyzeVideoResponse], bool]) -> pb.AnalyzeVideoResponse:
        while True:
            response = await self.call.read()
            assert isinstance(response, pb.AnalyzeVideoResponse), kinds(self.responses)
            self.responses.append(response)
            if enough(response):
                return response

    async def finish(self) -> common_pb2.PacketCounters:
        await self.call.done_writing()
        return (await self.until(lambda response: response.flow.final)).flow.counters


async def paced(units: list[bytes], hz: float) -> AsyncIterator[tuple[int, bytes, float]]:
    """Yield units at their own pace, by the clock."""
    began = asyncio.get_running_loop().time()
    for index, unit in enumerate(units):
        due = began + index / hz
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        yield index, unit, index / hz


async def test_updates_come_at_the_asked_rate_and_the_newest_wins(roompulse: Service) -> None:
    units = [unit for unit, _ in annexb(video("portrait_d12.mp4"))][:75]
    caller = Caller(roompulse, live("rate", media_pb2.ENCODING_H264, update_rate_hz=4.0))
    await caller.call.write(pb.AnalyzeVideoRequest(config=caller.config))
    async for index, unit, at in paced(units, 25):
        await caller.call.write(packet(index, unit, at))
    counters = await caller.finish()
    assert counters.received == len(units)
    assert balances(counters)
    assert counters.pending == 0
    assert set(dropped(counters)) <= {"SUPERSEDED", "NO_PICTURE"}
    assert 8 <= counters.analyzed <= 14  # three seconds at four a second
    updates = [r.update for r in caller.responses if r.WhichOneof("event") == "update"]
    assert [u.sequence for u in updates] == list(range(1, len(updates) + 1))
    offsets = [u.meeting_offset.ToMicroseconds() for u in updates]
    assert offsets == sorted(offsets)
    assert "heartbeat" in kinds(caller.responses)


async def test_updates_may_come_more_often_than_analyses(roompulse: Service) -> None:
    face = image("single_face.jpg").read_bytes()
    caller = Caller(roompulse, live("often", update_rate_hz=10.0, analysis_rate_hz=2.0))
    await caller.call.write(pb.AnalyzeVideoRequest(config=caller.config))
    async for index, unit, at in paced([face] * 30, 10):
        await caller.call.write(packet(index, unit, at))
    counters = await caller.finish()
    assert 5 <= counters.analyzed <= 7  # three seconds at two a second
    updates = [r.update for r in caller.responses if r.WhichOneof("event") == "update"]
    assert 20 <= len(updates) <= 32  # and ten updates a second, each with the age of its analysis
    aged = [u for u in updates if not u.HasField("packet_index")]
    assert all(0 < u.analysis_age.ToMilliseconds() <= 900 for u in aged)
    assert len(updates) - len(aged) == counters.analyzed


async def test_silence_and_a_camera_that_is_off_are_told_apart(roompulse: Service) -> None:
    caller = Caller(roompulse, live("silence"))
    numbers = count()
    await caller.call.write(pb.AnalyzeVideoRequest(config=caller.config))
    await caller.call.write(packet(next(numbers), image("single_face.jpg").read_bytes()))
    await caller.until(lambda r: r.update.presence == update_pb2.PRESENCE_PRESENT)
    aged = await caller.until(lambda r: r.update.analysis_age.ToMicroseconds() > 0)
    assert not aged.update.HasField("packet_index")
    silent = await caller.until(lambda r: r.update.presence == update_pb2.PRESENCE_NO_PICTURES)
    assert silent.update.engagement.no_score_reason == update_pb2.NO_SCORE_REASON_NO_PICTURES
    await caller.call.write(pb.AnalyzeVideoRequest(camera=media_pb2.CameraChange(on=False)))
    off = await caller.until(lambda r: r.update.presence == update_pb2.PRESENCE_CAMERA_OFF)
    assert off.update.engagement.no_score_reason == update_pb2.NO_SCORE_REASON_CAMERA_OFF
    await caller.call.write(packet(next(numbers), image("single_face.jpg").read_bytes(), 5.0))
    await caller.call.write(pb.AnalyzeVideoRequest(camera=media_pb2.CameraChange(on=True)))
    await caller.call.write(packet(next(numbers), image("single_face.jpg").read_bytes(), 6.0))
    await caller.until(lambda r: r.update.presence == update_pb2.PRESENCE_PRESENT)
    counters = await caller.finish()
    assert (counters.received, counters.analyzed, dropped(counters)) == (3, 2, {"NOT_A_CAMERA": 1})


@pytest.mark.parametrize("content", [media_pb2.CONTENT_SCREEN_SHARE, media_pb2.CONTENT_AVATAR])
async def test_what_is_no_camera_is_never_analysed(roompulse: Service, content: media_pb2.Content.ValueType) -> None:
    requests = [packet(i, image("single_face.jpg").read_bytes()) for i in range(3)]
    responses = await roompulse.stream(live(f"content-{content}", content=content), requests)
    (final,) = [r.flow for r in responses if r.flow.final]
    assert (final.counters.analyzed, dropped(final.counters)) == (0, {"NOT_A_CAMERA": 3})
    presences = {r.update.presence for r in responses if r.WhichOneof("event") == "update"}
    assert presences == {update_pb2.PRESENCE_NOT_A_CAMERA}


async def test_a_subscriber_goes_on_from_its_token(roompulse: Service) -> None:
    face = image("single_face.jpg").read_bytes()
    key = common_pb2.MeetingKey(id="token")
    await roompulse.stream(config("token", "ada"), [packet(i, face) for i in range(5)])
    first = roompulse.subscriptions.SubscribeUpdates(
        sub.SubscribeUpdatesRequest(meeting=key, from_offset=Duration(), without_events=True, without_rollups=True)
    )
    token = b""
    seen: list[int] = []
    while len(seen) < 3:
        response = await first.read()
        assert isinstance(response, sub.SubscribeUpdatesResponse)
        seen.append(response.update.sequence)
        token = response.resume_token
    first.cancel()
    await roompulse.stream(config("token", "ada"), [packet(i, face, 1 + i / 25) for i in range(4)])
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    second = roompulse.subscriptions.SubscribeUpdates(
        sub.SubscribeUpdatesRequest(meeting=key, resume_token=token, without_events=True, without_rollups=True)
    )
    seen += [r.update.sequence async for r in second if r.HasField("update")]
    assert seen == list(range(1, 10))

"""What a sender says about time is theirs alone: it costs the service a row or ten, never an hour's."""

import asyncio
import itertools
import pathlib
from collections.abc import AsyncIterator, Iterable

import pytest_asyncio
from bare_service import Bare, bare
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.meetings.meeting_service import MeetingService
from roompulse_server.streams.packet_admission import IncomingPacket
from roompulse_server.streams.participant_stream import UPDATES_A_TURN
from roompulse_server.streams.replies import PacketFault, Reply
from roompulse_server.streams.stream import AnalysisStream
from roompulse_server.types import MeetingKey, Purpose, Source, Tile, Update
from roompulse_server.types.requests import MeetingRef, StreamConfig, TileConfig
from roompulse_vision.enumerations import Delivery, Encoding, Presence
from roompulse_vision.types import Box, VideoFormat

S = 1_000_000
HOUR, DAY = 3600 * S, 86_400 * S
KEY_FRAME = b"\0\0\0\1\x65"
WINDOWS = 11  # roll-ups that a single update leads to: its own second, and ten in which its participant still counts


@pytest_asyncio.fixture
async def service(tmp_path: pathlib.Path) -> AsyncIterator[Bare]:
    async with bare(tmp_path) as running:
        yield running


def config(delivery: Delivery = Delivery.EVERY_FRAME, **fields: object) -> StreamConfig:
    values: dict[str, object] = {"purpose": Purpose.RESEARCH, "media_zero_us": 0, "delivery": delivery}
    values |= {"participant": "ada", "format": VideoFormat(Encoding.H264)} | fields
    return StreamConfig(MeetingRef("default", "leaps"), **values)  # type: ignore[arg-type]


def gallery(count: int) -> dict[str, object]:
    tiles = tuple(TileConfig(Tile(f"t{number}", Box(0, 0, 1, 1))) for number in range(count))
    return {"source": Source.GALLERY, "tiles": tiles}


def packets(*times_us: int) -> list[IncomingPacket]:
    return [IncomingPacket(index, KEY_FRAME, at_us) for index, at_us in enumerate(times_us)]


async def finish(stream: AnalysisStream, faults: int = 0) -> list[Reply]:
    ending = asyncio.create_task(stream.finish())
    replies = []
    while (reply := await stream.next()) is not None:
        replies.append(reply)
    await ending
    assert sum(isinstance(reply, PacketFault) for reply in replies) == faults
    return replies


async def rows(service: Bare) -> tuple[int, int]:
    """End the meeting; return how many updates and final roll-ups its record holds."""
    key: MeetingKey = (await service.registry.end(MeetingRef("default", "leaps"))).key
    store, read = service.parts.recorder.store, service.parts.recorder.read
    listed = await read(store.read_updates, key, limit=100_000)
    return len(listed.items), len(await read(store.read_rollups, key, limit=100_000))


async def each(stream: AnalysisStream, incoming: Iterable[IncomingPacket]) -> None:
    for packet in incoming:
        await stream.packets([packet])


async def test_packets_days_apart_cost_a_row_each(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    await each(stream, packets(*(day * DAY for day in range(7))))
    await finish(stream)
    updates, rollups = await rows(service)
    assert updates <= 7 + 1  # one a packet, and the state at the beginning
    assert rollups <= WINDOWS * updates


async def test_a_live_stream_that_leaps_pays_nothing(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config(Delivery.LIVE))
    await each(stream, packets(*(day * DAY for day in range(7))))
    await finish(stream, faults=6)
    updates, rollups = await rows(service)
    assert updates <= 2
    assert rollups <= WINDOWS * updates


async def test_a_gallery_pays_a_row_a_tile(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config(Delivery.EVERY_FRAME, **gallery(64)))
    await each(stream, packets(0, DAY, 2 * DAY))
    await finish(stream)
    updates, rollups = await rows(service)
    assert updates <= 64 * (3 + 1)
    assert rollups <= WINDOWS * (3 + 1)


async def test_a_message_of_packets_costs_no_more_than_its_last_one(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    await stream.packets(packets(*range(0, 16 * HOUR, HOUR)))
    await finish(stream)
    assert (await rows(service))[0] <= 2


async def test_a_camera_that_is_off_for_hours_costs_a_row_a_change(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    for hour in range(20):
        await stream.set_camera(hour % 2 == 1, hour * HOUR)
    await finish(stream)
    assert (await rows(service))[0] <= 2 * 20


async def test_nobody_can_lie_more_than_a_week_ahead(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    await each(stream, packets(*(day * DAY for day in range(12))))
    faults = [reply for reply in await finish(stream, faults=4) if isinstance(reply, PacketFault)]
    assert [fault.packet_index for fault in faults] == [8, 9, 10, 11]
    assert "seven days ahead is the most" in faults[0].message
    assert (await summary(service)).duration_us <= 7 * DAY + 2 * S


async def test_an_honest_hour_without_a_camera_is_an_hour_in_the_summary(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    await stream.set_camera(False, 60 * S)
    await stream.set_camera(True, 60 * S + HOUR)
    await finish(stream)
    (ada,) = (await summary(service)).participants
    assert {time.presence: time.duration_us for time in ada.presence_times}[Presence.CAMERA_OFF] >= HOUR


async def summary(service: Bare) -> MeetingSummary:
    meetings = MeetingService(service.registry, service.parts.recorder, service.parts.settings)
    return await meetings.summary(ANONYMOUS, MeetingRef("default", "leaps"))


async def test_who_is_off_in_a_recording_counts_while_others_are_seen(service: Bare) -> None:
    off = await service.analysis.open(ANONYMOUS, config())
    await off.set_camera(False, 0)
    await off.set_camera(True, HOUR)
    other = await service.analysis.open(ANONYMOUS, config(participant="bob"))
    await each(other, packets(*range(1800 * S, 1830 * S, S)))
    await finish(other)
    await finish(off)
    key = (await service.registry.end(MeetingRef("default", "leaps"))).key
    rollups = await service.parts.recorder.read(service.parts.recorder.store.read_rollups, key, limit=1000)
    assert {rollup.total for rollup in rollups if 1800 * S <= rollup.start_us < 1830 * S} == {2}


async def test_recording_lets_others_have_their_turn(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config(Delivery.LIVE, **gallery(64)))
    sequences: list[int] = []
    watching = asyncio.create_task(watch(service, sequences))
    await stream.packets(packets(0))
    await stream.packets([IncomingPacket(1, KEY_FRAME, 20 * S)])
    watching.cancel()
    await finish(stream)
    steps = [after - before for before, after in itertools.pairwise(sequences)]
    assert sum(steps) >= 64 - UPDATES_A_TURN
    assert max(steps) <= UPDATES_A_TURN


async def watch(service: Bare, queued: list[int]) -> None:
    """Count at each turn of the loop what has been queued for the record since the start."""
    while True:
        statistics = service.parts.recorder.statistics()
        queued.append(statistics.queued)
        await asyncio.sleep(0)


async def test_updates_never_fall_behind_what_they_say(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    await each(stream, packets(*range(0, 20 * S, 400_000)))
    updates = [reply for reply in await finish(stream) if isinstance(reply, Update)]
    assert [update.offset_us for update in updates] == [second * S for second in range(20)]
    assert {update.reading.presence for update in updates} == {Presence.NO_CONSENT}

"""What is seen between a withdrawal and a grant is never recorded, however late it comes from a worker."""

import asyncio
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from bare_service import Bare, bare
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.meetings.validation import check_stream
from roompulse_server.streams.stream import AnalysisStream
from roompulse_server.types import Consent, ConsentState, Purpose, Source, Tile, Update
from roompulse_server.types.requests import MeetingRef, StreamConfig, TileConfig
from roompulse_vision.enumerations import Delivery, Presence
from roompulse_vision.observation import Observation, RegionObservation, Stamp
from roompulse_vision.types import Box

GRANTED, WITHDRAWN = Consent(ConsentState.GRANTED), Consent(ConsentState.WITHDRAWN)
S = 1_000_000


@pytest_asyncio.fixture
async def service(tmp_path: pathlib.Path) -> AsyncIterator[Bare]:
    async with bare(tmp_path) as running:
        yield running


def config(**fields: Any) -> StreamConfig:
    values: dict[str, Any] = {
        "purpose": Purpose.RESEARCH,
        "delivery": Delivery.EVERY_FRAME,
        "media_zero_us": 0,
        **fields,
    }
    return check_stream(StreamConfig(MeetingRef("default", "watch"), "ada", **values | fields), ANONYMOUS)


def seen(at_s: int, generation: int, *regions: str) -> Observation:
    looks = tuple(RegionObservation(region, Presence.NO_FACE, ()) for region in regions or ("",))
    return Observation(at_s, Stamp(at_s * S, at_s * S, at_s * S), looks, generation=generation)


def generation(stream: AnalysisStream) -> int:
    assert stream._frames is not None
    return stream._frames._watch.generation


async def updates(stream: AnalysisStream) -> list[tuple[str, int | None]]:
    """End the stream; return whose updates there are, and of which packet."""
    finishing = asyncio.create_task(stream.finish())
    found = []
    while (reply := await stream.next()) is not None:
        if isinstance(reply, Update):
            found.append((reply.participant, reply.packet_index))
    await finishing
    return [one for one in found if one[1] is not None]


async def test_nothing_that_was_seen_between_a_withdrawal_and_a_grant_is_recorded(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config(consent=GRANTED))
    assert stream._participants is not None
    first = generation(stream)
    await stream._participants.take(seen(1, first))
    stream.set_consent("ada", WITHDRAWN)
    await stream._participants.take(seen(2, first))
    stream.set_consent("ada", GRANTED)
    await stream._participants.take(seen(3, first))  # it was looked at before the grant
    await stream._participants.take(seen(4, generation(stream)))
    assert generation(stream) > first
    assert await updates(stream) == [("ada", 1), ("ada", 4)]


async def test_a_tile_that_stays_loses_nothing_when_another_one_comes(service: Bare) -> None:
    tiles = [TileConfig(Tile(name, Box(at, 0, 0.5, 1)), GRANTED) for name, at in (("bob", 0.0), ("carl", 0.5))]
    stream = await service.analysis.open(ANONYMOUS, config(source=Source.GALLERY, tiles=(tiles[0],)))
    assert stream._participants is not None
    before = generation(stream)
    await stream.set_tiles(tuple(tiles))
    await stream._participants.take(seen(1, before, "bob", "carl"))  # carl was not watched yet
    await stream._participants.take(seen(2, generation(stream), "bob", "carl"))
    assert await updates(stream) == [("bob", 1), ("bob", 2), ("carl", 2)]


async def test_nothing_is_watched_until_a_consent_says_so(service: Bare) -> None:
    stream = await service.analysis.open(ANONYMOUS, config())
    assert stream._frames is not None
    assert stream._participants is not None
    assert stream._frames._watch.regions is None
    await stream._participants.take(seen(1, generation(stream)))
    assert await updates(stream) == []

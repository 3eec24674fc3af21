"""A live meeting: which windows are over, and whom a refusal concerns."""

import asyncio
import pathlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest_asyncio
from live_service import service
from roompulse_server.app import Parts
from roompulse_server.errors import RoompulseError
from roompulse_server.insight.rollup.rollup_builder import RollupBuilder
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.meetings.live_meeting import LiveMeeting, MeetingParts
from roompulse_server.types import (
    Band,
    Consent,
    Engagement,
    Meeting,
    MeetingKey,
    MeetingState,
    NoScoreReason,
    Purpose,
    Reading,
    Rollup,
    Update,
)
from roompulse_server.types.log import Committed
from roompulse_server.types.requests import MeetingRef, StreamConfig
from roompulse_vision.enumerations import Presence

NOTHING = Engagement("f", None, Band.UNSPECIFIED, NoScoreReason.NO_FACE, None, None, 0.0, None, None, 0, 10.0)
MINUTE_US = 60_000_000


@dataclass
class Streaming:
    every_frame: bool
    progress_us: int
    progressed_us: int
    config: StreamConfig = field(default_factory=lambda: StreamConfig(MeetingRef("default", "m"), "ada"))
    stopped: list[RoompulseError] = field(default_factory=list)

    async def stop(self, error: RoompulseError) -> None:
        self.stopped.append(error)

    def shows(self, name: str) -> bool:
        return name == self.config.participant

    def set_consent(self, name: str, consent: Consent) -> bool:
        raise AssertionError(name)

    def forget(self, name: str) -> None:
        raise AssertionError(name)


class Rollups(RollupBuilder):
    """Remembers how far it was advanced."""

    reached_us = -1

    def advance(self, watermark_us: int, most: int | None = None) -> list[Rollup]:
        self.reached_us = watermark_us
        return []

    def due(self, watermark_us: int) -> bool:
        return False


@pytest_asyncio.fixture
async def parts(tmp_path: pathlib.Path) -> AsyncIterator[Parts]:
    async with service(tmp_path) as running:
        yield running.app.parts


def meeting_parts(parts: Parts) -> MeetingParts:
    return MeetingParts(parts.recorder, parts.hub, parts.clock, lambda: ParticipantScorer(parts.formula))


def meeting(parts: Parts, age_us: int) -> tuple[LiveMeeting, Rollups]:
    began_us = parts.clock.now_us() - age_us
    row = Meeting(MeetingKey("default", "m", "0" * 32), Purpose.RESEARCH, MeetingState.ACTIVE, began_us)
    rollups = Rollups(parts.formula)
    return LiveMeeting(row, meeting_parts(parts), rollups, began_us), rollups


def update() -> Update:
    return Update("ada", 1, 1, 0, 0, 0, 0, Reading(Presence.NO_FACE, None, None, NOTHING))


async def test_windows_are_over_when_nothing_before_them_can_come(parts: Parts) -> None:
    live, rollups = meeting(parts, MINUTE_US)
    await live.roll_up()
    assert rollups.reached_us == -1  # an empty meeting's time closes nothing: a recording may fill it
    live.committed(Committed(live.meeting.key, updates=(update(),)))
    now_us = parts.clock.now_us()
    live.streams["recording"] = Streaming(True, 10 * MINUTE_US, now_us)
    await live.roll_up()
    assert rollups.reached_us == 10 * MINUTE_US  # faster than the clock
    live.streams["camera"] = Streaming(False, 0, now_us)
    await live.roll_up()
    assert MINUTE_US <= rollups.reached_us < 2 * MINUTE_US  # the camera's pictures are still to come
    live.streams["other"] = Streaming(True, 5, now_us)
    await live.roll_up()
    assert rollups.reached_us == 5


async def test_two_who_take_a_meeting_up_at_once_get_the_same_one(parts: Parts) -> None:
    registry = parts.registry()
    row = Meeting(MeetingKey("default", "m", ""), Purpose.RESEARCH, MeetingState.ACTIVE, parts.clock.now_us())
    made = await parts.recorder.call(parts.recorder.store.create_meeting, row)
    one, other = await asyncio.gather(registry._revive(made), registry._revive(replace(made)))
    assert one is other is registry.live(made.key.uid)

"""The reply queue: bounded, in order, and clear about what it does when full."""

import asyncio

import pytest
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.streams.replies import Heartbeat, PacketFault
from roompulse_server.streams.reply_queue import UPDATES_BOUND, ReplyQueue
from roompulse_server.types import Band, Engagement, NoScoreReason, Reading, Update
from roompulse_vision.enumerations import FaultReason, Presence

NOTHING = Engagement(
    "f", None, Band.UNSPECIFIED, NoScoreReason.NO_FACE, None, None, 0.0, None, None, 0, 10.0
)  # fmt: skip


def update(sequence: int) -> Update:
    return Update("ada", sequence, 1, 0, 0, 0, 0, Reading(Presence.NO_FACE, None, None, NOTHING))


async def test_live_keeps_the_newest_updates() -> None:
    box = ReplyQueue(live=True)
    for sequence in range(UPDATES_BOUND + 3):
        await box.reserve()
        box.put(update(sequence))
    first = await box.get()
    assert isinstance(first, Update)
    assert first.sequence == 3


async def test_every_frame_waits_for_the_reader() -> None:
    box = ReplyQueue(live=False)
    for sequence in range(UPDATES_BOUND):
        await box.reserve()
        if sequence % 2:
            box.put(update(sequence - 1))
            box.put(update(sequence))
    waiting = asyncio.create_task(box.reserve())
    await asyncio.sleep(0)
    assert not waiting.done()
    box.post(Heartbeat(1))  # control passes
    first = await box.get()
    assert isinstance(first, Update)
    assert first.sequence == 0
    await waiting


async def test_a_place_that_is_given_back_is_free_again() -> None:
    box = ReplyQueue(live=False)
    for _ in range(UPDATES_BOUND):
        await box.reserve()
    waiting = asyncio.create_task(box.reserve())
    await asyncio.sleep(0)
    assert not waiting.done()
    box.release()
    await waiting


async def test_the_end_comes_after_everything_before() -> None:
    box = ReplyQueue(live=True)
    box.post(PacketFault(1, FaultReason.CORRUPT, "cut short"))
    box.end(RoompulseError(Reason.MEETING_ENDED, "over"))
    box.end()
    assert isinstance(await box.get(), PacketFault)
    with pytest.raises(RoompulseError, match="over"):
        await box.get()

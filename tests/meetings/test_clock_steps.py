"""The host's clock is set while the service is away: meetings go on, and nobody's record is deleted before its time."""

import pathlib

import pytest
from bare_service import Bare, Host, bare
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.meetings.validation import check_stream
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose, Update
from roompulse_server.types.requests import MeetingRef, StreamConfig

S = 1_000_000
DAY = 86_400 * S
REF = MeetingRef("default", "standup")
LIVE = check_stream(StreamConfig(REF, "ada", purpose=Purpose.RESEARCH, update_rate_hz=30.0), ANONYMOUS)


async def updates(service: Bare, count: int) -> list[Update]:
    """Open a LIVE stream that nobody agreed to, and return its first updates."""
    stream = await service.analysis.open(ANONYMOUS, LIVE)
    found: list[Update] = []
    while len(found) < count:
        if isinstance(reply := await stream.next(), Update):
            found.append(reply)
    await stream.aclose()
    return found


@pytest.mark.parametrize("boot", ["boot-1", "boot-2"])
@pytest.mark.parametrize("set_s", [-3600, 40 * 86_400])
async def test_a_meeting_goes_on_after_its_last_moment_whatever_the_clock_was_set_to(
    tmp_path: pathlib.Path, set_s: int, boot: str
) -> None:
    host = Host()
    async with bare(tmp_path, host) as service:
        (*_, last) = await updates(service, 1)
    host.set_us, host.boot = set_s * S, boot
    async with bare(tmp_path, host) as service:
        first, second = await updates(service, 2)  # a second apart: time passes
    assert last.offset_us < first.offset_us < last.offset_us + 60 * S
    assert first.offset_us + S <= second.offset_us < first.offset_us + 60 * S
    assert second.sequence == first.sequence + 1 == last.sequence + 2


async def ended_meeting(service: Bare) -> MeetingKey:
    meeting = Meeting(MeetingKey("default", "young", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 0)
    await service.registry.create(meeting)
    return (await service.registry.end(MeetingRef("default", "young"))).key


async def is_kept(service: Bare) -> bool:
    await service.privacy.delete_expired()
    return await service.registry._found(MeetingRef("default", "young")) is not None


@pytest.mark.parametrize("boot", ["boot-1", "boot-2"])
async def test_retention_deletes_no_meeting_that_is_a_minute_old(tmp_path: pathlib.Path, boot: str) -> None:
    host = Host()
    host.set_us = -40 * DAY
    async with bare(tmp_path, host) as service:
        await ended_meeting(service)
    host.set_us, host.boot = 0, boot
    async with bare(tmp_path, host) as service:
        assert await is_kept(service)


async def test_retention_deletes_what_has_become_old_while_the_service_was_away(tmp_path: pathlib.Path) -> None:
    host = Host()
    async with bare(tmp_path, host, retention_s=3600.0) as service:
        await ended_meeting(service)
        assert await is_kept(service)
    host.set_us, host.boot = 2 * 3600 * S, "boot-2"
    async with bare(tmp_path, host, retention_s=3600.0) as service:
        assert not await is_kept(service)

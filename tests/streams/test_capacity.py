"""Whether there is room is asked before anything is recorded."""

import asyncio
import pathlib

import pytest
from bare_service import Bare, bare
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.engine.capacity import Capacity
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.meetings.validation import check_stream
from roompulse_server.streams.stream import AnalysisStream
from roompulse_server.types import Consent, ConsentState, Purpose
from roompulse_server.types.requests import MeetingRef, StreamConfig


def config(meeting: str, participant: str) -> StreamConfig:
    consent = Consent(ConsentState.GRANTED)
    ref = MeetingRef("default", meeting)
    return check_stream(StreamConfig(ref, participant, purpose=Purpose.RESEARCH, consent=consent), ANONYMOUS)


async def open_stream(service: Bare, meeting: str, participant: str) -> AnalysisStream:
    return await service.analysis.open(ANONYMOUS, config(meeting, participant))


async def read_to_the_end(stream: AnalysisStream) -> None:
    while await stream.next() is not None:
        pass


async def test_a_stream_that_finds_no_room_leaves_nothing_in_the_record(tmp_path: pathlib.Path) -> None:
    async with bare(tmp_path, max_streams=1) as service:
        first = await open_stream(service, "full", "ada")
        for meeting, participant in (("full", "bob"), ("other", "bob")):
            with pytest.raises(RoompulseError, match="1 streams are open, and 1 are allowed") as error:
                await open_stream(service, meeting, participant)
            assert error.value.reason is Reason.TOO_MANY_STREAMS
        store, read = service.parts.recorder.store, service.parts.recorder.read
        listed = await read(store.list_participants, first.key, limit=9)
        assert [participant.id for participant in listed.items] == ["ada"]
        meetings = await read(store.list_meetings, "default", limit=9)
        assert [meeting.key.id for meeting in meetings.items] == ["full"]
        await first.aclose()
        await (await open_stream(service, "other", "bob")).aclose()


async def test_a_stream_that_takes_its_older_one_s_place_needs_no_other(tmp_path: pathlib.Path) -> None:
    async with bare(tmp_path, max_streams=1) as service:
        older = await open_stream(service, "full", "ada")
        newer = await open_stream(service, "full", "ada")
        with pytest.raises(RoompulseError, match="replaced"):
            await read_to_the_end(older)
        with pytest.raises(RoompulseError, match="1 are allowed"):
            await open_stream(service, "full", "bob")
        await newer.aclose()


async def test_a_stream_that_is_refused_gives_its_place_back(tmp_path: pathlib.Path) -> None:
    async with bare(tmp_path, max_streams=1) as service:
        meeting = await open_stream(service, "over", "ada")
        await meeting.aclose()
        await service.registry.end(MeetingRef("default", "over"))
        for _ in range(3):
            with pytest.raises(RoompulseError) as error:
                await open_stream(service, "over", "ada")
            assert error.value.reason is Reason.MEETING_ENDED
        await asyncio.gather((await open_stream(service, "next", "ada")).aclose())


def test_a_place_is_given_back_once() -> None:
    capacity = Capacity(2)
    one, _ = capacity.take(), capacity.take()
    one.release()
    one.release()
    assert capacity.taken == 1

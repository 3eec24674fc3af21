"""The service stops: open streams end, and a disk that fails to the last does not keep them."""

import asyncio
import pathlib
from collections.abc import Callable, Sequence

import pytest
from bare_service import bare
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.errors import Reason, RoompulseError, StoreError
from roompulse_server.meetings.validation import check_stream
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.streams.stream import AnalysisStream
from roompulse_server.types import Purpose
from roompulse_server.types.log import Committed, Entry
from roompulse_server.types.requests import MeetingRef, StreamConfig

LIVE = check_stream(
    StreamConfig(MeetingRef("default", "m"), "ada", purpose=Purpose.RESEARCH, update_rate_hz=30.0), ANONYMOUS
)


def full(_: SqliteStore, entries: Sequence[Entry]) -> list[Committed]:
    raise StoreError("no space left on the device")


async def reason_of_the_end(stream: AnalysisStream) -> Reason | None:
    try:
        while await stream.next() is not None:
            pass
    except RoompulseError as error:
        return error.reason
    return None


async def stop_with_a_full_disk(data: pathlib.Path, fail: Callable[[], None]) -> None:
    async with bare(data, drain_s=0.1) as service:
        stream = await service.analysis.open(ANONYMOUS, LIVE)
        fail()
        finishing = asyncio.create_task(stream.finish())
        while not service.parts.recorder.statistics().failing:  # noqa: ASYNC110 - the disk's thread has no event here
            await asyncio.sleep(0)
        assert not finishing.done()
        await service.registry.drain()
        assert await reason_of_the_end(stream) in (Reason.RECORD_UNAVAILABLE, Reason.DRAINING)
        await finishing
        assert not service.registry.streams(LIVE.meeting, LIVE.participant)


async def test_a_stream_that_waits_for_a_full_disk_is_let_go(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its closing call was queued before the disk failed, and waited for as long as that lasted."""
    with pytest.raises(StoreError, match="entries could not be written"):
        await stop_with_a_full_disk(tmp_path, lambda: monkeypatch.setattr(SqliteStore, "commit", full))

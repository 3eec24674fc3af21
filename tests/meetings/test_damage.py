"""Damaged pages: one of a meeting costs that meeting, any other ends the start with a sentence, and nothing crashes."""

import asyncio
import pathlib
import random
import shutil
import sqlite3
from contextlib import closing

import pytest
import pytest_asyncio
from bare_service import Bare, bare
from roompulse_server.access.caller import ANONYMOUS
from roompulse_server.errors import Reason, RoompulseError, StoreError
from roompulse_server.meetings.validation import check_stream
from roompulse_server.streams.packet_admission import IncomingPacket
from roompulse_server.types import Purpose
from roompulse_server.types.requests import MeetingRef, StreamConfig
from roompulse_vision.enumerations import Delivery, Encoding
from roompulse_vision.types import VideoFormat
from structlog.testing import capture_logs

S = 1_000_000
PAGE = 4096
KEY_FRAME = b"\0\0\0\1\x65"


def config(meeting: str) -> StreamConfig:
    return check_stream(
        StreamConfig(
            MeetingRef("default", meeting),
            "ada",
            purpose=Purpose.RESEARCH,
            delivery=Delivery.EVERY_FRAME,
            media_zero_us=0,
            format=VideoFormat(Encoding.H264),
        ),
        ANONYMOUS,
    )


async def stream(service: Bare, meeting: str, seconds: int = 3) -> None:
    stream = await service.analysis.open(ANONYMOUS, config(meeting))
    for second in range(seconds):
        await stream.packets([IncomingPacket(second, KEY_FRAME, second * S)])
    finishing = asyncio.create_task(stream.finish())
    while await stream.next() is not None:
        pass
    await finishing


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def record(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the file of a record with two active meetings."""
    folder = tmp_path_factory.mktemp("record")
    async with bare(folder) as service:
        for meeting in ("broken", "whole"):
            await stream(service, meeting, 60)
    return folder / "record.sqlite3"


def copied(record: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(exist_ok=True)
    return pathlib.Path(shutil.copy(record, folder / record.name))


def with_noise(record: pathlib.Path, folder: pathlib.Path, page: int) -> pathlib.Path:
    """Return a folder with a copy in which a page holds noise."""
    copy, data = copied(record, folder / str(page)), record.read_bytes()
    noise = random.Random(page).randbytes(PAGE)
    copy.write_bytes(data[: page * PAGE] + noise + data[(page + 1) * PAGE :])
    return copy.parent


async def outcome(folder: pathlib.Path) -> str:
    try:
        async with bare(folder) as service:
            return f"{len(service.registry._live)} taken up"
    except (StoreError, RoompulseError) as error:
        return "a sentence" if "roompulse-server restore" in str(error) else str(error)


async def test_any_damaged_page_costs_a_meeting_or_ends_the_start_with_a_sentence(
    record: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    pages = (await asyncio.to_thread(record.stat)).st_size // PAGE
    outcomes = [await outcome(with_noise(record, tmp_path, page)) for page in range(pages)]
    assert set(outcomes) == {"0 taken up", "1 taken up", "2 taken up", "a sentence"}
    assert outcomes.count("a sentence") < pages / 2


def damage(record: pathlib.Path, meeting: str) -> None:
    """Put other bytes in the place of what is sealed of a meeting."""
    with closing(sqlite3.connect(record)) as connection:
        (uid,) = connection.execute("SELECT uid FROM meetings WHERE id = ?", (meeting,)).fetchone()
        connection.execute("UPDATE blocks SET payload = randomblob(200) WHERE meeting_uid = ?", (uid,))
        connection.commit()


async def refusal(service: Bare, meeting: str) -> Reason | None:
    try:
        await stream(service, meeting)
    except RoompulseError as error:
        return error.reason
    return None


async def test_a_damaged_meeting_is_said_takes_no_streams_and_can_be_deleted(
    record: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    copy = copied(record, tmp_path)
    damage(copy, "broken")
    with capture_logs() as logs:
        async with bare(tmp_path) as service:
            said = [line for line in logs if line["log_level"] == "error"]
            assert await refusal(service, "whole") is None
            assert await refusal(service, "broken") is Reason.RECORD_DAMAGED
            await service.privacy.delete_meeting(ANONYMOUS, MeetingRef("default", "broken"), allow_missing=False)
            assert await refusal(service, "broken") is None  # its id is free again
    (line,) = said
    assert '"broken" is damaged' in line["event"]
    assert "delete or end it" in line["event"]
    assert "roompulse-server restore" in line["event"]

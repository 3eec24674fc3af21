"""`kill -9` at random moments, under live streams and subscribers: everybody sees one history, and all of it.

    streams ×4 ══▶ service (killed, started again, killed …) ══▶ subscribers ×2
                        └─ its folder: integrity_check after each kill
    in the end: what everybody saw ─▶ history checker ◀─ the record

A short form runs with the suite; `make verify` kills fifty times.
"""

import asyncio
import contextlib
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Sequence

import pytest
import roompulse
from history import Witness, items_of, violations
from roompulse import Reconnection
from seen_by import Seen, bot, come_and_go, free_address, small_face, watch
from service_process import Process, children, gone, launched, served
from shared_data import needs_shared

MEETING, PEOPLE = "killed", ("ada", "bob", "carl", "dora")
PERSISTENT = Reconnection(tries=10_000, first_s=0.05, most_s=0.5)
EARLY, COLD = 0.15, 0.3  # so many of the kills hit a service that is starting, or that nobody has come back to
FIFTY = pytest.param(50, marks=[pytest.mark.verify, pytest.mark.timeout(1800)])


def assert_sound(folder: pathlib.Path) -> None:
    """Open a copy of what a kill left, as the next service will, and have SQLite check every page."""
    with tempfile.TemporaryDirectory() as elsewhere:
        for file in folder.glob("record.sqlite3*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, elsewhere)
        with contextlib.closing(sqlite3.connect(pathlib.Path(elsewhere) / "record.sqlite3")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def kill(process: Process) -> None:
    """Kill the service, and wait until it and its workers are gone."""
    workers = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    await gone(workers)


async def rage(
    folder: pathlib.Path, address: str, kills: int, chance: random.Random, everybody: Sequence[Seen]
) -> None:
    """Start the service and kill it, again and again."""
    for _ in range(kills):
        async with launched(folder, address) as process:
            stage = chance.random()
            if stage >= EARLY:
                await served(process)
            if stage >= COLD:
                await chance.choice(everybody).more()
            await asyncio.sleep(chance.uniform(0.0, 1.5))  # the moment is random: that is what is tested
            await kill(process)
        assert_sound(folder)


@needs_shared
@pytest.mark.parametrize("kills", [3, FIFTY])
async def test_whatever_is_killed_everybody_sees_one_history(tmp_path: pathlib.Path, kills: int) -> None:
    chance, address, picture, enough = random.Random(kills), free_address(), small_face(), asyncio.Event()
    bots, (steady, moody) = {person: Seen() for person in PEOPLE}, (Seen(), Seen())
    async with (
        roompulse.connect(address, reconnect=PERSISTENT) as client,
        asyncio.TaskGroup() as group,
    ):
        async with launched(tmp_path, address) as process:
            await served(process)
            await client.meetings.create(MEETING, purpose="research")
            watching = [
                group.create_task(watch(client, MEETING, steady)),
                group.create_task(come_and_go(client, MEETING, chance, moody)),
            ]
            sending = [group.create_task(bot(client, MEETING, name, picture, enough, bots[name])) for name in PEOPLE]
            await asyncio.gather(*(seen.more() for seen in (*bots.values(), steady, moody)))
            await kill(process)
        await rage(tmp_path, address, kills - 1, chance, [*bots.values(), steady, moody])
        async with launched(tmp_path, address) as process:
            await served(process)
            await asyncio.gather(*(seen.more() for seen in bots.values()))
            enough.set()
            await asyncio.gather(*sending)
            await client.meetings.end(MEETING)
            await asyncio.gather(*watching)
            whole = Seen()
            await watch(client, MEETING, whole)
            listed = [update async for update in client.meetings.updates(MEETING)]
    record = items_of(whole.events)
    witnesses = [Witness(name, items_of(seen.events), only=frozenset({name})) for name, seen in bots.items()]
    witnesses += [Witness("steady", items_of(steady.events)), Witness("moody", items_of(moody.events))]
    witnesses += [Witness("listed", items_of(listed), only=frozenset(PEOPLE))]
    assert violations(record, witnesses) == []
    assert min(seen.cuts for seen in bots.values()) >= kills // 4  # a kill may come before a stream was back
    assert len(listed) > 5 * kills

"""The recorder: order, grouping, backpressure, and a disk that fails."""

import asyncio
import dataclasses
import itertools
import pathlib
from collections.abc import AsyncIterator

import pytest
from blockbuster import blockbuster_ctx
from record_updates import plain
from recorder_desk import MEETING, Desk
from roompulse_server.errors import Reason, RoompulseError, StoreError
from roompulse_server.storage.block import quantise
from roompulse_server.storage.recorder import SLICE, Recorder
from roompulse_server.storage.recorder_queue import OnRecorded
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import MeetingKey
from roompulse_server.types.log import Committed, Entry, QuantisedUpdate, Refusal


@pytest.fixture
async def desk(tmp_path: pathlib.Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    async with desk.recorder:
        await desk.begin()
        yield desk


async def test_what_waits_while_the_disk_is_busy_is_one_commit(desk: Desk) -> None:
    await desk.close_gate()
    for sequence in range(2, 7):
        await desk.recorder.append(desk.entry(sequence))
    assert desk.sequences() == []
    desk.disk.gate.set()
    await desk.recorder.flush()
    assert desk.disk.sizes == [1, 5]
    assert desk.sequences() == [1, 2, 3, 4, 5, 6]
    stored = await desk.recorder.read(desk.disk.read_updates, desk.key, limit=99)
    assert list(stored.items) == desk.updates()


async def test_after_a_commit_the_next_one_gathers_until_somebody_waits_for_an_answer(desk: Desk) -> None:
    await desk.close_gate()
    desk.disk.gate.set()
    while not desk.sequences():  # noqa: ASYNC110 - the disk's thread has no event of this loop
        await asyncio.sleep(0)
    for sequence in range(2, 5):
        await desk.recorder.append(desk.entry(sequence))
        for _ in range(5):
            await asyncio.sleep(0)
    await desk.recorder.flush()
    assert desk.disk.sizes == [1, 3]


async def test_a_full_queue_makes_appenders_wait(desk: Desk) -> None:
    await desk.close_gate()
    for sequence in range(2, 10):
        await desk.recorder.append(desk.entry(sequence))
    waiting = asyncio.create_task(desk.recorder.append(desk.entry(10)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert desk.recorder.statistics().queued == 8
    assert desk.recorder.statistics().waits == 1
    desk.disk.gate.set()
    await waiting
    await desk.recorder.flush()
    assert desk.sequences() == list(range(1, 11))


async def test_a_cancelled_appender_leaves_the_others_alone(desk: Desk) -> None:
    await desk.close_gate()
    for sequence in range(2, 10):
        await desk.recorder.append(desk.entry(sequence))
    first, second = (asyncio.create_task(desk.recorder.append(desk.entry(10))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    desk.disk.gate.set()
    await second
    await desk.recorder.flush()
    assert first.cancelled()
    assert desk.sequences() == list(range(1, 11))


async def test_calls_take_their_turn_and_their_events_are_handed_out_before_they_return(desk: Desk) -> None:
    await desk.recorder.append(desk.entry(1))
    again = await desk.recorder.call(desk.disk.open_stream, desk.key, "ada", offset_us=5, time_us=5)
    assert (again.epoch, again.last_sequence) == (2, 1)
    assert desk.sequences() == [1]
    assert [event.epoch for item in desk.out for event in item.events] == [1, 2]
    await desk.recorder.append(desk.entry(2))
    await desk.recorder.flush()
    assert desk.out[-1].refusals == (Refusal("ada", 1, Reason.STREAM_REPLACED),)


async def test_a_call_whose_caller_has_left_is_passed_over(desk: Desk) -> None:
    await desk.close_gate()
    opening = desk.recorder.call(desk.disk.open_stream, desk.key, "ada", offset_us=5, time_us=5)
    task = asyncio.create_task(opening)
    await asyncio.sleep(0)
    assert desk.recorder.statistics().queued == 1
    task.cancel()
    desk.disk.gate.set()
    await desk.recorder.flush()
    tail = await desk.recorder.read(desk.disk.tail, desk.key)
    assert tail.heads["ada"].epoch == 1


async def test_a_methods_own_error_reaches_its_caller_only(desk: Desk) -> None:
    with pytest.raises(RoompulseError) as error:
        await desk.recorder.call(desk.disk.create_meeting, MEETING)
    assert error.value.reason == Reason.MEETING_EXISTS
    await desk.recorder.append(desk.entry(1))
    await desk.recorder.flush()
    assert desk.sequences() == [1]


async def test_a_failing_disk_refuses_what_is_new_and_keeps_what_it_has(desk: Desk) -> None:
    await desk.close_gate()
    desk.disk.failing = True
    await desk.recorder.append(desk.entry(2))
    calling = asyncio.create_task(desk.recorder.flush())
    desk.disk.gate.set()
    for _ in range(2):  # before the second try the first one's failure is known
        await asyncio.to_thread(desk.disk.failed.acquire, timeout=10)
    assert desk.recorder.statistics().failing
    with pytest.raises(RoompulseError) as error:
        await desk.recorder.append(desk.entry(3))
    assert error.value.reason == Reason.RECORD_UNAVAILABLE
    assert isinstance(error.value.__cause__, StoreError)
    assert desk.sequences() == []
    desk.disk.failing = False
    await calling
    assert desk.sequences() == [1, 2]
    await desk.recorder.append(desk.entry(3))
    await desk.recorder.flush()
    assert desk.sequences() == [1, 2, 3]


async def test_appenders_that_wait_are_told_when_the_disk_fails(desk: Desk) -> None:
    await desk.close_gate()
    for sequence in range(2, 10):
        await desk.recorder.append(desk.entry(sequence))
    desk.disk.failing = True
    # The queue stays full only if the pump cannot take it: the commit on its way is the one that fails.
    waiting = asyncio.create_task(desk.recorder.append(desk.entry(10)))
    await asyncio.sleep(0)
    desk.disk.gate.set()
    with pytest.raises(RoompulseError) as error:
        await waiting
    assert error.value.reason == Reason.RECORD_UNAVAILABLE
    desk.disk.failing = False


async def test_an_entry_that_breaks_the_rules_costs_itself_alone(desk: Desk) -> None:
    await desk.close_gate()
    broken = dataclasses.replace(plain(3).reading.engagement, formula_id=None)  # type: ignore[arg-type]
    update = dataclasses.replace(plain(3), reading=dataclasses.replace(plain(3).reading, engagement=broken))
    await desk.recorder.append(desk.entry(2))
    await desk.recorder.append(Entry(desk.key, (QuantisedUpdate(update, b""),)))
    await desk.recorder.append(desk.entry(3))
    desk.disk.gate.set()
    await desk.recorder.flush()
    assert desk.sequences() == [1, 2, 3]
    assert [refusal for item in desk.out for refusal in item.refusals] == [Refusal("", 0, Reason.RECORD_UNAVAILABLE)]


async def test_a_meeting_whose_pages_are_damaged_costs_itself_alone(desk: Desk) -> None:
    """Its streams are told, and end; a commit that failed as a whole would be tried for ever."""
    other = dataclasses.replace(MEETING, key=MeetingKey("default", "damaged", ""))
    desk.disk.damaged = (await desk.recorder.call(desk.disk.create_meeting, other)).key
    await desk.recorder.call(desk.disk.open_stream, desk.disk.damaged, "bob", offset_us=0, time_us=0)
    await desk.close_gate()
    await desk.recorder.append(Entry(desk.disk.damaged, (quantise(plain(1, participant="bob", epoch=1)),)))
    await desk.recorder.append(desk.entry(2))
    desk.disk.gate.set()
    await desk.recorder.flush()
    assert desk.sequences() == [1, 2]
    assert [refusal for item in desk.out for refusal in item.refusals] == [Refusal("bob", 1, Reason.RECORD_DAMAGED)]
    assert not desk.recorder.statistics().failing


async def test_leaving_writes_what_is_queued_and_refuses_what_comes_later(tmp_path: pathlib.Path) -> None:
    desk = Desk(tmp_path)
    async with desk.recorder:
        await desk.begin()
        await desk.close_gate()
        await desk.recorder.append(desk.entry(2))
        closing = asyncio.create_task(desk.recorder.aclose())
        await asyncio.sleep(0)
        desk.disk.gate.set()
        await closing
        with pytest.raises(RoompulseError):
            await desk.recorder.append(desk.entry(3))
        with pytest.raises(RoompulseError):
            await desk.recorder.read(desk.disk.tail, desk.key)
    assert desk.sequences() == [1, 2]
    again = SqliteStore(tmp_path)
    again.open()
    assert again.tail(desk.key).heads["ada"].last_sequence == 2
    again.close()


async def test_closing_over_a_broken_disk_says_what_is_lost(tmp_path: pathlib.Path) -> None:
    desk = Desk(tmp_path)
    async with desk.recorder:
        await desk.begin()
        await desk.close_gate()
        desk.disk.failing = True
        await desk.recorder.append(desk.entry(2))
        calling = asyncio.create_task(desk.recorder.flush())
        await asyncio.sleep(0)
        desk.disk.gate.set()
        with pytest.raises(StoreError, match="2 entries"):
            await desk.recorder.aclose()
        with pytest.raises(RoompulseError) as error:
            await calling
        assert error.value.reason == Reason.RECORD_UNAVAILABLE
        desk.recorder._lost = 0


async def test_a_large_commit_is_handed_out_in_slices_between_which_the_loop_turns(tmp_path: pathlib.Path) -> None:
    desk = Desk(tmp_path, capacity=1000)
    turns: list[int] = []
    async with desk.recorder:
        await desk.begin()
        await desk.close_gate()
        for sequence in range(2, 200):
            await desk.recorder.append(desk.entry(sequence))

        async def others() -> None:
            while len(desk.out) < 200:
                turns.append(len(desk.out))
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        desk.disk.gate.set()
        await desk.recorder.flush()
        await other
    assert desk.disk.sizes == [1, 198]
    assert max(after - before for before, after in itertools.pairwise(turns)) <= SLICE
    assert desk.sequences() == list(range(1, 200))


async def test_once_given_up_nobody_waits_for_a_disk_that_fails(desk: Desk) -> None:
    await desk.close_gate()
    desk.disk.failing = True
    flushing = asyncio.create_task(desk.recorder.flush())
    desk.disk.gate.set()
    await asyncio.to_thread(desk.disk.failed.acquire, timeout=10)
    desk.recorder.give_up()
    with pytest.raises(RoompulseError) as error:
        await flushing
    assert error.value.reason == Reason.RECORD_UNAVAILABLE
    desk.disk.failing = False
    with pytest.raises(StoreError, match="1 entries"):
        await desk.recorder.aclose()
    desk.recorder._lost = 0


async def test_a_disk_that_goes_on_failing_is_told_of_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.close_gate()
    desk.disk.failing = True
    desk.disk.gate.set()
    for _ in range(5):
        await asyncio.to_thread(desk.disk.failed.acquire, timeout=10)
    desk.disk.failing = False
    while desk.recorder.statistics().failing:  # noqa: ASYNC110 - the disk's thread has no event of this loop
        await asyncio.sleep(0)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["the record cannot be written, 0 entries wait: no space left", "the record can be written again"]


async def test_a_callback_that_fails_does_not_stop_the_writer(tmp_path: pathlib.Path) -> None:
    def fail(_: Committed) -> None:
        raise ZeroDivisionError

    store = SqliteStore(tmp_path)
    async with Recorder(store, fail) as recorder:
        key = (await recorder.call(store.create_meeting, MEETING)).key
        await recorder.call(store.open_stream, key, "ada", offset_us=0, time_us=0)
        await recorder.append(Entry(key, (quantise(plain(1)),)))
        await recorder.flush()
        assert (await recorder.read(store.tail, key)).heads["ada"].last_sequence == 1


async def test_a_store_that_cannot_be_opened_is_not_entered(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        await Recorder(SqliteStore(tmp_path / "file"), lambda _: None).__aenter__()


async def test_the_loop_never_blocks(tmp_path: pathlib.Path) -> None:
    desk = Desk(tmp_path)
    with blockbuster_ctx():
        async with desk.recorder:
            await desk.begin()
            for sequence in range(1, 30):
                await desk.recorder.append(desk.entry(sequence))
            await desk.recorder.flush()
            assert len(await desk.recorder.read(desk.disk.read_series, desk.key)) == 1
    assert desk.recorder.statistics().entries == 29


async def test_who_appends_hears_what_became_of_it_in_the_order_of_the_log(desk: Desk) -> None:
    heard: list[tuple[int, tuple[int, ...], tuple[Reason, ...]]] = []

    def hear(number: int) -> OnRecorded:
        def on_recorded(entry: Committed) -> None:
            published = len(desk.out)  # it is published before
            sequences = tuple(update.sequence for update in entry.updates)
            heard.append((published, sequences, tuple(refusal.reason for refusal in entry.refusals)))

        return on_recorded

    before = len(desk.out)
    await desk.close_gate()
    for number, sequence in enumerate((2, 4, 3)):
        await desk.recorder.append(desk.entry(sequence), hear(number))
    desk.disk.gate.set()
    await desk.recorder.flush()
    expected = [((2,), ()), ((), (Reason.INVALID_ARGUMENT,)), ((3,), ())]
    assert [(sequences, reasons) for _, sequences, reasons in heard] == expected
    assert [published - before for published, _, _ in heard] == [2, 3, 4]

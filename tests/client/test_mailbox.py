"""Results that wait to be read: bounded, and nobody waits for ever."""

import asyncio

import pytest
from roompulse.transport.mailbox import Mailbox, WhenFull


async def drained(mailbox: Mailbox[int]) -> list[int]:
    taken: list[int] = []
    try:
        while True:
            taken.append(await mailbox.get())
    except StopAsyncIteration:
        return taken


async def test_drop_oldest_keeps_the_newest_and_counts() -> None:
    mailbox: Mailbox[int] = Mailbox(3, WhenFull.DROP_OLDEST)
    for number in range(5):
        await mailbox.put(number)
    await mailbox.close()
    assert await drained(mailbox) == [2, 3, 4]
    assert mailbox.dropped == 2


async def test_wait_loses_nothing_while_somebody_reads() -> None:
    mailbox: Mailbox[int] = Mailbox(2, WhenFull.WAIT)
    reading = asyncio.create_task(drained(mailbox))
    for number in range(50):
        await mailbox.put(number)
    await mailbox.close()
    assert await reading == list(range(50))
    assert mailbox.dropped == 0


async def test_wait_gives_the_oldest_up_when_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    mailbox: Mailbox[int] = Mailbox(2, WhenFull.WAIT, patience_s=0.01)
    for number in range(6):
        await mailbox.put(number)
    assert mailbox.dropped == 4
    assert [record.message for record in caplog.records] == [
        "nobody reads the results: 2 wait, the oldest go from now on"
    ]
    assert await mailbox.get() == 4


async def test_a_waiting_put_goes_on_when_abandoned() -> None:
    mailbox: Mailbox[int] = Mailbox(1, WhenFull.WAIT, patience_s=None)
    await mailbox.put(1)
    putting = asyncio.create_task(mailbox.put(2))
    await mailbox.abandon()
    await putting
    assert mailbox.dropped == 1


async def test_an_error_comes_after_what_came_before_it_and_stays() -> None:
    mailbox: Mailbox[int] = Mailbox(2, WhenFull.WAIT)
    await mailbox.put(1)
    await mailbox.close(ZeroDivisionError("first"))
    await mailbox.close(ValueError("second"))
    assert await mailbox.get() == 1
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="first"):
            await mailbox.get()


async def test_a_cancelled_get_loses_nothing() -> None:
    mailbox: Mailbox[int] = Mailbox(2, WhenFull.WAIT)
    waiting = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await mailbox.put(1)
    assert await mailbox.get() == 1

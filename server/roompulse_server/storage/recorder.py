"""The record's only writer: queues what is to be written, commits whenever the disk is free, says what is on disk.

    append ─► queue (bounded, full = wait) ─► all that waits, one commit ─► on_committed, in order
    call   ─►   in the same queue          ─► alone                      ─► on_committed, then the caller
    read   ─► reader threads

While one commit is on its way to the disk the next one gathers, so under load commits grow. After a commit the writer
rests for sixteen times as long as it took, 100 ms at most, unless somebody waits for an answer: a commit costs the same
for one entry as for ten, and the processor has pictures to look at. When the disk fails, the commit is kept and tried
again, everything queued stays queued, and whoever wants to add something is refused until it works again, or until the
owner gives up. What a large commit wrote is handed out in slices, between which the event loop has its turn.
"""

import asyncio
import contextlib
import functools
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from roompulse_server.errors import DamageError, Reason, RoompulseError, StoreError
from roompulse_server.storage.store import Committed, Entry, Refusal, Store

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
REST = 16.0  # times a commit's length: the longest rest cuts this short for slow disks
MAX_REST_S = 0.1  # what is published is at most so much later for it
_REMEDY = "stop the service and put a backup back (roompulse-server restore)"
SLICE = 32  # entries handed out before everybody else has a turn: some milliseconds
TELL_S = 60.0  # between two lines of the log about one failure that goes on

OnCommitted = Callable[[Sequence[Committed]], None]


@dataclass(frozen=True, slots=True)
class RecorderStatistics:
    """Counters since the start, and the state now. A commit's time is from its start to the callback's end."""

    queued: int
    capacity: int
    commits: int
    entries: int
    largest_commit: int
    longest_commit_s: float
    waits: int  # appends that found the queue full
    failures: int  # commits that the disk refused; each was tried again
    failing: bool


@dataclass(slots=True)
class _Call:
    """A method of the store to run between commits."""

    run: Callable[[], Any]
    result: asyncio.Future[Any]


@dataclass(slots=True)
class _Counters:
    commits: int = 0
    entries: int = 0
    largest: int = 0
    longest_s: float = 0.0
    waits: int = 0
    failures: int = 0


class Recorder:
    """Use as `async with`. Opens the store on entering; leaving writes what is queued, then closes it.

    Args:
        store: The record; from now on used by the recorder's threads only.
        on_committed: Called on the event loop with what each commit wrote, in the order of the log. Must not block.
        capacity: Entries and calls that may wait; as many more may be on their way to the disk.
        readers: Threads that read.
        retry_s: Time between two tries when the disk fails.
    """

    def __init__(
        self,
        store: Store,
        on_committed: OnCommitted,
        *,
        capacity: int = 4096,
        readers: int = 2,
        retry_s: float = 0.5,
    ) -> None:
        self.store = store
        self._on_committed = on_committed
        self._capacity = capacity
        self._retry_s = retry_s
        self._queue: deque[Entry | _Call] = deque()
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._given_up = asyncio.Event()  # a commit that fails is not tried again
        self._hurry = asyncio.Event()  # a call waits, the queue is half full, or the record is being closed
        self._failure: StoreError | None = None
        self._call_failed = False
        self._told_s = -TELL_S
        self._lost = 0
        self._counters = _Counters()
        self._writer = ThreadPoolExecutor(1, "record-writer")
        self._readers = ThreadPoolExecutor(readers, "record-reader")
        self._pump: asyncio.Task[None] | None = None
        self._closed: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Recorder":
        try:
            await self._on_writer(self.store.open)
        except BaseException:
            self._writer.shutdown(wait=False)
            raise
        self._pump = asyncio.create_task(self._run(), name="record writer")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Write what is queued, then close the store. Doing it twice changes nothing.

        Raises:
            StoreError: The disk failed to the last, and entries are lost.
        """
        if self._closed is None:
            self._closed = asyncio.create_task(self._close(), name="record closing")
        await asyncio.shield(self._closed)
        if self._lost:
            raise StoreError(f"{self._lost} entries could not be written before the record was closed")

    def give_up(self) -> None:
        """Let everybody go who waits for a disk that fails, now or later: what cannot be written at once is lost."""
        self._given_up.set()

    async def append(self, entry: Entry) -> None:
        """Queue an entry; waits while the queue is full. What becomes of it, `on_committed` hears.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE while the disk fails or after closing; the entry is not queued.
        """
        await self._put(entry)

    async def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a writing method of the store after everything queued before, and return its result.

        A caller that is cancelled before its turn comes is passed over.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE as for `append`; whatever the method raises.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._put(_Call(functools.partial(method, *args, **kwargs), future))
        return await future

    async def read(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a reading method of the store on a reader thread.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE, RECORD_DAMAGED; whatever the method raises.
        """
        if self._closing.is_set():
            raise _unavailable("it is being closed")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, functools.partial(method, *args, **kwargs))
        except DamageError as error:
            logger.warning("reading the record failed: %s", error)
            raise RoompulseError(Reason.RECORD_DAMAGED, f"{error}; {_REMEDY}") from error
        except StoreError as error:
            logger.warning("reading the record failed: %s", error)
            raise _unavailable("it cannot be read now") from error

    async def flush(self) -> None:
        """Wait until everything queued before is on disk and handed out.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE while the disk fails.
        """
        await self.call(_nothing)

    def statistics(self) -> RecorderStatistics:
        """Return the counters."""
        c = self._counters
        return RecorderStatistics(
            queued=len(self._queue),
            capacity=self._capacity,
            commits=c.commits,
            entries=c.entries,
            largest_commit=c.largest,
            longest_commit_s=c.longest_s,
            waits=c.waits,
            failures=c.failures,
            failing=self._failure is not None or self._call_failed,
        )

    async def _put(self, item: Entry | _Call) -> None:
        async with self._changed:
            if len(self._queue) >= self._capacity:
                self._counters.waits += 1
            await self._changed.wait_for(lambda: self._refuses() or len(self._queue) < self._capacity)
            if self._refuses():
                why = "it is being closed" if self._closing.is_set() else "it cannot be written now, try again soon"
                raise _unavailable(why) from self._failure
            self._queue.append(item)
            if isinstance(item, _Call) or len(self._queue) > self._capacity // 2:
                self._hurry.set()
            self._changed.notify_all()

    def _refuses(self) -> bool:
        return self._failure is not None or self._closing.is_set()

    async def _run(self) -> None:
        while batch := await self._take():
            first = batch[0]
            if isinstance(first, _Call):
                await self._answer(first)
            else:
                began_s = time.monotonic()
                await self._write([item for item in batch if isinstance(item, Entry)])
                await self._rest(time.monotonic() - began_s)

    async def _rest(self, spent_s: float) -> None:
        """Let the next commit gather."""
        if not any(isinstance(item, _Call) for item in self._queue):
            self._hurry.clear()
        if not self._closing.is_set() and len(self._queue) <= self._capacity // 2:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), min(REST * spent_s, MAX_REST_S))

    async def _take(self) -> list[Entry | _Call]:
        """Wait for something to do: one call, or all entries before the next call; nothing means the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._queue or self._closing.is_set())
            batch: list[Entry | _Call] = []
            while self._queue and not (batch and isinstance(self._queue[0], _Call)):
                batch.append(self._queue.popleft())
                if isinstance(batch[0], _Call):
                    break
            self._changed.notify_all()
            return batch

    async def _answer(self, call: _Call) -> None:
        if call.result.done():
            return
        try:
            result, committed = await self._on_writer(self._run_call, call)
        except DamageError as error:
            logger.error("a part of the record cannot be changed: %s", error)
            if not call.result.done():
                call.result.set_exception(RoompulseError(Reason.RECORD_DAMAGED, f"{error}; {_REMEDY}"))
        except StoreError as error:
            self._call_failed = True
            self._tell("the record cannot be written: %s", error)
            _refuse(call, error)
        except Exception as error:
            if not call.result.done():
                call.result.set_exception(error)
        else:
            self._works_again()
            await self._hand_out(committed)
            if not call.result.done():
                call.result.set_result(result)

    def _run_call(self, call: _Call) -> tuple[Any, list[Committed]]:
        result = call.run()
        return result, self.store.take_committed()

    async def _write(self, entries: list[Entry]) -> None:
        start = time.monotonic()
        while True:
            try:
                committed = await self._on_writer(self._commit, entries)
                break
            except StoreError as error:
                if not await self._wait_to_retry(error):
                    self._let_go(entries)
                    return
        self._works_again()
        await self._set_failure(None)
        await self._hand_out(committed)
        c = self._counters
        c.commits += 1
        c.entries += len(entries)
        c.largest = max(c.largest, len(entries))
        c.longest_s = max(c.longest_s, time.monotonic() - start)

    def _commit(self, entries: list[Entry]) -> list[Committed]:
        """Commit on the writer's thread; an entry that breaks the database's rules costs itself alone.

        So does one whose meeting's pages are damaged.
        """
        try:
            return self.store.commit(entries)
        except DamageError as error:
            if len(entries) == 1:
                logger.error("an entry cannot be recorded: %s", error)
                return [Committed(entries[0].key, refusals=_of_everybody(entries[0]))]
        except StoreError:
            raise
        except Exception:
            logger.exception("an entry cannot be recorded")
        if len(entries) > 1:
            return [committed for entry in entries for committed in self._commit([entry])]
        return [Committed(entries[0].key, refusals=(Refusal("", 0, Reason.RECORD_UNAVAILABLE),))]

    async def _wait_to_retry(self, error: StoreError) -> bool:
        """Refuse new entries for a while; False when the last try was already made."""
        self._tell("the record cannot be written, %d entries wait: %s", len(self._queue), error)
        self._counters.failures += 1
        if self._given_up.is_set():
            return False
        await self._set_failure(error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._given_up.wait(), self._retry_s)
        return True

    def _tell(self, message: str, *values: object) -> None:
        """Log a failure, and once a minute that it goes on."""
        if time.monotonic() - self._told_s >= TELL_S:
            self._told_s = time.monotonic()
            logger.error(message, *values)

    def _works_again(self) -> None:
        if self._call_failed or self._failure is not None:
            logger.warning("the record can be written again")
        self._call_failed, self._told_s = False, -TELL_S

    async def _set_failure(self, error: StoreError | None) -> None:
        if self._failure is not error:
            async with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _let_go(self, entries: list[Entry]) -> None:
        """The disk has failed for good: nobody waits any more."""
        self._lost += len(entries)
        while self._queue:
            item = self._queue.popleft()
            if isinstance(item, _Call):
                _refuse(item, self._failure)
            else:
                self._lost += 1
        logger.critical("%d entries could not be written", self._lost)

    async def _hand_out(self, committed: list[Committed]) -> None:
        for first in range(0, len(committed), SLICE):
            if first:
                await asyncio.sleep(0)
            try:
                self._on_committed(committed[first : first + SLICE])
            except Exception:
                logger.exception("what was committed could not be handed out")  # subscribers find it in the record

    async def _close(self) -> None:
        self.give_up()
        async with self._changed:
            self._closing.set()
            self._hurry.set()
            self._changed.notify_all()
        if self._pump:
            await self._pump
        await self._on_writer(self._readers.shutdown)  # waits for reads, off the loop
        await self._on_writer(self.store.close)
        self._writer.shutdown(wait=False)

    async def _on_writer(self, method: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, functools.partial(method, *args))


def _nothing() -> None: ...


def _of_everybody(entry: Entry) -> tuple[Refusal, ...]:
    """Refuse whatever an entry holds: the streams that it is of must end."""
    who = {(item.participant, item.epoch) for item in entry.updates}
    who |= {(item.participant, item.epoch) for item in entry.events}
    return tuple(Refusal(participant, epoch, Reason.RECORD_DAMAGED) for participant, epoch in sorted(who))


def _refuse(call: _Call, error: StoreError | None) -> None:
    if not call.result.done():
        refusal = _unavailable("it cannot be written now, try again soon")
        refusal.__cause__ = error
        call.result.set_exception(refusal)


def _unavailable(why: str) -> RoompulseError:
    return RoompulseError(Reason.RECORD_UNAVAILABLE, f"the record is not available: {why}")

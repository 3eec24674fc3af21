"""The record's only writer: queues what is to be written, commits whenever the disk is free, says what is on disk.

    append ─► queue (bounded, full = wait) ─► all that waits, one commit ─► publish, then on_recorded, entry by entry
    call   ─►   in the same queue          ─► alone                      ─► publish, then the caller
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from roompulse_server.errors import DamageError, Reason, RoompulseError, StoreError
from roompulse_server.storage.recorder_queue import (
    Append,
    Call,
    OnRecorded,
    do_nothing,
    refusals_of,
    refuse_call,
    unavailable,
)
from roompulse_server.storage.recorder_statistics import RecorderCounters, RecorderStatistics
from roompulse_server.storage.store import Store
from roompulse_server.types.log import Committed, Entry, Refusal

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
REST = 16.0  # times a commit's length: the longest rest cuts this short for slow disks
MAX_REST_S = 0.1  # what is published is at most so much later for it
_REMEDY = "stop the service and put a backup back (roompulse-server restore)"
SLICE = 32  # entries handed out before everybody else has a turn: some milliseconds
LOG_INTERVAL_S = 60.0  # between two lines of the log about one failure that goes on


class Recorder:
    """Use as `async with`. Opens the store on entering; leaving writes what is queued, then closes it.

    Args:
        store: The record; from now on used by the recorder's threads only.
        publish: Called on the event loop with what became of each entry, in the order of the log. Must not block.
        capacity: Entries and calls that may wait; as many more may be on their way to the disk.
        readers: Threads that read.
        retry_s: Time between two tries when the disk fails.
    """

    def __init__(
        self,
        store: Store,
        publish: OnRecorded,
        *,
        capacity: int = 4096,
        readers: int = 2,
        retry_s: float = 0.5,
    ) -> None:
        self.store = store
        self._publish = publish
        self._capacity = capacity
        self._retry_s = retry_s
        self._queue: deque[Append | Call] = deque()
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()
        self._given_up = asyncio.Event()  # a commit that fails is not tried again
        self._hurry = asyncio.Event()  # a call waits, the queue is half full, or the record is being closed
        self._failure: StoreError | None = None
        self._call_failed = False
        self._logged_s = -LOG_INTERVAL_S
        self._lost = 0
        self._counters = RecorderCounters()
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

    async def append(self, entry: Entry, on_recorded: OnRecorded | None = None) -> None:
        """Queue an entry; waits while the queue is full.

        `on_recorded` hears what is on disk of it and what was refused, on the event loop, in the order of the log.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE while the disk fails or after closing; the entry is not queued.
        """
        await self._put(Append(entry, on_recorded))

    async def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a writing method of the store after everything queued before, and return its result.

        A caller that is cancelled before its turn comes is passed over.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE as for `append`; whatever the method raises.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._put(Call(functools.partial(method, *args, **kwargs), future))
        return await future

    async def read(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a reading method of the store on a reader thread.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE, RECORD_DAMAGED; whatever the method raises.
        """
        if self._closing.is_set():
            raise unavailable("it is being closed")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, functools.partial(method, *args, **kwargs))
        except DamageError as error:
            logger.warning("reading the record failed: %s", error)
            raise RoompulseError(Reason.RECORD_DAMAGED, f"{error}; {_REMEDY}") from error
        except StoreError as error:
            logger.warning("reading the record failed: %s", error)
            raise unavailable("it cannot be read now") from error

    async def flush(self) -> None:
        """Wait until everything queued before is on disk and handed out.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE while the disk fails.
        """
        await self.call(do_nothing)

    def statistics(self) -> RecorderStatistics:
        """Return the counters."""
        failing = self._failure is not None or self._call_failed
        return self._counters.statistics(len(self._queue), self._capacity, failing=failing)

    async def _put(self, item: Append | Call) -> None:
        async with self._changed:
            if len(self._queue) >= self._capacity:
                self._counters.waits += 1
            await self._changed.wait_for(lambda: self._refuses() or len(self._queue) < self._capacity)
            if self._refuses():
                why = "it is being closed" if self._closing.is_set() else "it cannot be written now, try again soon"
                raise unavailable(why) from self._failure
            self._queue.append(item)
            if isinstance(item, Call) or len(self._queue) > self._capacity // 2:
                self._hurry.set()
            self._changed.notify_all()

    def _refuses(self) -> bool:
        return self._failure is not None or self._closing.is_set()

    async def _run(self) -> None:
        while batch := await self._take():
            first = batch[0]
            if isinstance(first, Call):
                await self._answer(first)
            else:
                began_s = time.monotonic()
                await self._write([item for item in batch if isinstance(item, Append)])
                await self._rest(time.monotonic() - began_s)

    async def _rest(self, spent_s: float) -> None:
        """Let the next commit gather."""
        if not any(isinstance(item, Call) for item in self._queue):
            self._hurry.clear()
        if not self._closing.is_set() and len(self._queue) <= self._capacity // 2:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), min(REST * spent_s, MAX_REST_S))

    async def _take(self) -> list[Append | Call]:
        """Wait for something to do: one call, or all entries before the next call; nothing means the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._queue or self._closing.is_set())
            batch: list[Append | Call] = []
            while self._queue and not (batch and isinstance(self._queue[0], Call)):
                batch.append(self._queue.popleft())
                if isinstance(batch[0], Call):
                    break
            self._changed.notify_all()
            return batch

    async def _answer(self, call: Call) -> None:
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
            self._log_failure("the record cannot be written: %s", error)
            refuse_call(call, error)
        except Exception as error:
            if not call.result.done():
                call.result.set_exception(error)
        else:
            self._works_again()
            await self._hand_out([(entry, None) for entry in committed])
            if not call.result.done():
                call.result.set_result(result)

    def _run_call(self, call: Call) -> tuple[Any, list[Committed]]:
        result = call.run()
        return result, self.store.take_committed()

    async def _write(self, appends: list[Append]) -> None:
        start, entries = time.monotonic(), [append.entry for append in appends]
        while True:
            try:
                committed = await self._on_writer(self._commit, entries)
                break
            except StoreError as error:
                if not await self._wait_to_retry(error):
                    self._let_go(appends)
                    return
        self._works_again()
        await self._set_failure(None)
        await self._hand_out(list(zip(committed, (append.on_recorded for append in appends), strict=True)))
        c = self._counters
        c.count(committed, len(entries), time.monotonic() - start)

    def _commit(self, entries: list[Entry]) -> list[Committed]:
        """Commit on the writer's thread; an entry that breaks the database's rules costs itself alone.

        So does one whose meeting's pages are damaged.
        """
        try:
            return self.store.commit(entries)
        except DamageError as error:
            if len(entries) == 1:
                logger.error("an entry cannot be recorded: %s", error)
                return [Committed(entries[0].key, refusals=refusals_of(entries[0]))]
        except StoreError:
            raise
        except Exception:
            logger.exception("an entry cannot be recorded")
        if len(entries) > 1:
            return [committed for entry in entries for committed in self._commit([entry])]
        return [Committed(entries[0].key, refusals=(Refusal("", 0, Reason.RECORD_UNAVAILABLE),))]

    async def _wait_to_retry(self, error: StoreError) -> bool:
        """Refuse new entries for a while; False when the last try was already made."""
        self._log_failure("the record cannot be written, %d entries wait: %s", len(self._queue), error)
        self._counters.failures += 1
        if self._given_up.is_set():
            return False
        await self._set_failure(error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._given_up.wait(), self._retry_s)
        return True

    def _log_failure(self, message: str, *values: object) -> None:
        """Log a failure, and once a minute that it goes on."""
        if time.monotonic() - self._logged_s >= LOG_INTERVAL_S:
            self._logged_s = time.monotonic()
            logger.error(message, *values)

    def _works_again(self) -> None:
        if self._call_failed or self._failure is not None:
            logger.warning("the record can be written again")
        self._call_failed, self._logged_s = False, -LOG_INTERVAL_S

    async def _set_failure(self, error: StoreError | None) -> None:
        if self._failure is not error:
            async with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _let_go(self, appends: list[Append]) -> None:
        """The disk fails to the last: refuse everything that waits."""
        waiting = [*appends, *self._queue]
        self._queue.clear()
        for item in waiting:
            if isinstance(item, Call):
                refuse_call(item, self._failure)
                continue
            self._lost += 1
            refusal = Refusal("", 0, Reason.RECORD_UNAVAILABLE)
            self._tell_one(item.on_recorded, Committed(item.entry.key, refusals=(refusal,)))
        logger.critical("%d entries could not be written", self._lost)

    async def _hand_out(self, committed: list[tuple[Committed, OnRecorded | None]]) -> None:
        for number, (entry, on_recorded) in enumerate(committed, 1):
            self._tell_one(self._publish, entry)
            self._tell_one(on_recorded, entry)
            if number % SLICE == 0:
                await asyncio.sleep(0)

    def _tell_one(self, on_recorded: OnRecorded | None, entry: Committed) -> None:
        if on_recorded is None:
            return
        try:
            on_recorded(entry)
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

"""The parent's side of the CPU: worker processes, the streams placed on them, one warm spare.

open ─▶ the worker with the fewest streams      submit ─▶ that worker, within the stream's window
a worker ends unasked ─▶ its streams move to the spare at once, each asks for a key frame; a new spare starts
several end           ─▶ a new worker gets streams of the others, each at its next key frame
"""

import asyncio
import itertools
import os
import time
from collections import Counter
from dataclasses import dataclass

import structlog
from roompulse_vision.enumerations import FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.stream_spec import StreamSpec
from roompulse_vision.types import MediaLimits, VideoFormat

from roompulse_server.background import OnFailure, Periodic
from roompulse_server.engine.messages import (
    DropStream,
    FromWorker,
    ReadStill,
    Ready,
    Setup,
    StillRead,
    VisionSetup,
    WorkerReport,
)
from roompulse_server.engine.process import START_LIMIT_S, STEP_LIMIT_S, WorkerProcess
from roompulse_server.engine.progress import StepKind
from roompulse_server.engine.step_watch import LOOK_S
from roompulse_server.engine.stream import EngineStream
from roompulse_server.errors import Reason, RoompulseError

log = structlog.get_logger(__name__)

RESTART_PAUSE_S = 0.5  # between tries when workers cannot even start
MAX_STILLS = 64  # pictures read at the same time; more are refused


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """Numbers for metrics.

    Of each worker: `busy`, the share of its time it worked; `load`, the share that the asked rates would take (above 1:
    they cannot be granted); `scale`, granted over asked rates.
    """

    workers: int
    streams: int
    spare_ready: bool
    workers_lost: dict[str, int]  # by reason: ended, hung, start
    busy: tuple[float, ...]
    load: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @property
    def participant_cost(self) -> float:
        """The share of one core that a stream takes on average, at the rates asked for."""
        return sum(self.load) / self.streams if self.streams else 0.0


class Engine:
    """Use as `async with`; streams opened here end with it."""

    def __init__(
        self,
        vision: VisionSetup,
        limits: MediaLimits,
        workers: int,
        *,
        step_limit_s: float = STEP_LIMIT_S,
        start_limit_s: float = START_LIMIT_S,
        on_failure: OnFailure = lambda loop: None,
    ) -> None:
        """`step_limit_s`, `start_limit_s`: CPU time of a worker's step, of its start, after which it is replaced."""
        self._setup = Setup(os.getpid(), vision, limits)
        self._count = workers
        self._limits_s = {"step_limit_s": step_limit_s, "start_limit_s": start_limit_s}
        self._watch = Periodic("engine watch", LOOK_S, self._look, on_failure)
        self._workers: list[WorkerProcess] = []
        self._spare: WorkerProcess | None = None
        self._streams: dict[int, EngineStream] = {}
        self._placed: dict[int, WorkerProcess] = {}
        self._stills: dict[int, asyncio.Future[StillRead]] = {}
        self._numbers = itertools.count(1)
        self._hiring: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._lost: Counter[str] = Counter()
        self._closed = False

    async def __aenter__(self) -> "Engine":
        workers = [self._worker() for _ in range(self._count + 1)]
        try:
            await asyncio.gather(*(worker.start() for worker in workers))
        except BaseException:
            await asyncio.gather(*(worker.aclose() for worker in workers), return_exceptions=True)
            raise
        *self._workers, self._spare = workers
        await self._watch.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def ready(self) -> Ready:
        """What the workers loaded: model, detector, warnings."""
        found = next((worker.ready for worker in self._workers if worker.ready), None)
        if found is None:
            raise RoompulseError(Reason.ENGINE_UNAVAILABLE, "no worker process is running; try again in a second")
        return found

    def statistics(self) -> EngineStatistics:
        workers = self._workers
        return EngineStatistics(
            len(workers),
            len(self._streams),
            self._spare is not None,
            dict(self._lost),
            busy=tuple(worker.busy_fraction for worker in workers),
            load=tuple(worker.load for worker in workers),
            scale=tuple(worker.scale for worker in workers),
        )

    def why_not(self, now_s: float) -> str:
        """Return, in words, why no picture would be looked at; nothing where some would. `now_s` is monotonic."""
        if not self._workers:
            return "no worker process is running"
        return "" if any(worker.answers(now_s) for worker in self._workers) else "no worker process answers"

    def open(self, spec: StreamSpec, first_track: int = 1) -> EngineStream:
        """Place a stream on the worker with the fewest; its tracks count from `first_track`."""
        stream = EngineStream(next(self._numbers), spec)
        stream.next_track = first_track
        self._streams[stream.number] = stream
        self._place(stream)
        return stream

    def release(self, stream: EngineStream) -> None:
        """End a stream at once and forget it. Idempotent."""
        stream.close()
        self._streams.pop(stream.number, None)
        worker = self._placed.pop(stream.number, None)
        if worker is not None and stream.number in worker.streams:
            worker.streams.discard(stream.number)
            worker.send(DropStream(stream.number))

    async def read_still(self, data: bytes, format: VideoFormat, max_faces: int) -> StillRead:
        """Read the faces of one picture.

        Raises:
            MediaError: The picture cannot be used.
            RoompulseError: ENGINE_UNAVAILABLE: too many at once, or its worker went away.
        """
        if not self._workers or len(self._stills) >= MAX_STILLS:
            raise RoompulseError(Reason.ENGINE_UNAVAILABLE, f"{len(self._stills)} pictures are being read; try again")
        number = next(self._numbers)
        worker = min(self._workers, key=lambda each: (len(each.stills), len(each.streams)))
        future: asyncio.Future[StillRead] = asyncio.get_running_loop().create_future()
        self._stills[number] = future
        worker.stills.add(number)
        try:
            worker.send(ReadStill(number, data, format, max_faces))
            read = await future
        finally:
            self._stills.pop(number, None)
            worker.stills.discard(number)
        if read.fault is not None:
            raise MediaError(FaultReason(read.fault), read.message)
        return read

    async def aclose(self) -> None:
        """End all streams and processes; wait for them. Idempotent."""
        self._closed = True
        await self._watch.__aexit__()
        if self._hiring is not None:
            self._hiring.cancel()
            await asyncio.gather(self._hiring, return_exceptions=True)
        for stream in list(self._streams.values()):
            self.release(stream)
        for future in self._stills.values():
            _fail(future, "the service is going away")
        workers = [*self._workers, *([self._spare] if self._spare else [])]
        self._workers, self._spare = [], None
        await asyncio.gather(*(worker.aclose() for worker in workers), *self._leaving)

    def _worker(self) -> WorkerProcess:
        return WorkerProcess(self._setup, self._on_message, self._on_lost, **self._limits_s)

    async def _look(self) -> None:
        """End the workers that hang."""
        now_s = time.monotonic()
        for worker in (*self._workers, *([self._spare] if self._spare else [])):
            worker.look(now_s)

    def _place(self, stream: EngineStream) -> None:
        if not self._workers:
            return  # a worker that starts takes it (see _hire)
        worker = min(self._workers, key=lambda each: (len(each.streams), each.load))
        worker.streams.add(stream.number)
        self._placed[stream.number] = worker
        stream.attach(worker)

    def _spread(self) -> None:
        """Let streams move until no worker has two more than another."""
        counts = {worker: len(worker.streams) for worker in self._workers}
        while True:
            fullest, emptiest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
            stream = self._newest_of(fullest)
            if counts[fullest] - counts[emptiest] < 2 or stream is None:
                return
            counts[fullest] -= 1
            counts[emptiest] += 1
            stream.move()

    def _newest_of(self, worker: WorkerProcess) -> EngineStream | None:
        """Return the stream that was placed on a worker last, and has the least to lose, of those that stay there."""
        placed = (self._streams[number] for number in reversed(self._placed) if self._placed[number] is worker)
        return next((stream for stream in placed if not stream.moving), None)

    def _on_message(self, worker: WorkerProcess, message: FromWorker) -> None:
        if isinstance(message, WorkerReport):
            worker.busy_fraction, worker.scale, worker.load = message.busy_fraction, message.scale, message.load
            for report in message.streams:
                stream = self._streams.get(report.stream)
                if stream is None or self._placed.get(report.stream) is not worker:
                    continue
                if report.closed:
                    worker.streams.discard(report.stream)
                    del self._placed[report.stream]
                stream.answered(report)
                if report.closed and not stream.closed:
                    self._place(stream)  # it was handed over
        elif isinstance(message, StillRead):
            future = self._stills.get(message.request)
            if future is not None and not future.done():
                future.set_result(message)

    def _on_lost(self, worker: WorkerProcess) -> None:
        self._count_lost("hung" if worker.hung else "ended")
        if worker.hung is not None:
            seconds, kind = round(worker.hung_s, 1), worker.hung.kind.name.lower()
            log.error("a worker process hung and was replaced", pid=worker.pid, seconds=seconds, step=kind)
        else:
            log.warning("a worker process ended unasked", pid=worker.pid, streams=len(worker.streams))
        self._leaving.add(leaving := asyncio.create_task(_see_off(worker)))
        leaving.add_done_callback(self._leaving.discard)
        if worker is self._spare:
            self._spare = None
        elif worker in self._workers:
            self._workers.remove(worker)
            if self._spare is not None:
                self._workers.append(self._spare)
                self._spare = None
        for request in worker.stills:
            if (future := self._stills.get(request)) is not None:
                own = worker.hung is not None and worker.hung.kind is StepKind.STILL and worker.hung.number == request
                why = "this picture kept a worker process busy for too long" if own else None
                _fail(future, why or "the worker process that read this picture ended", again=not own)
        for number in sorted(worker.streams):
            self._placed.pop(number, None)
            self._streams[number].detach(worker.hung)
            self._place(self._streams[number])
        if not self._closed and (self._hiring is None or self._hiring.done()):
            self._hiring = asyncio.create_task(self._hire(), name="hire workers")

    def _count_lost(self, reason: str) -> None:
        self._lost[reason] += 1

    async def _hire(self) -> None:
        """Start processes until there are as many as asked for, and a spare."""
        while len(self._workers) < self._count or self._spare is None:
            worker = self._worker()
            try:
                await worker.start()
            except Exception as error:
                self._count_lost("start")
                log.error("a worker process could not be started", error=str(error))
                await worker.aclose()
                await asyncio.sleep(RESTART_PAUSE_S)
                continue
            except BaseException:
                await worker.aclose()
                raise
            if len(self._workers) < self._count:
                self._workers.append(worker)
                for stream in self._streams.values():
                    if stream.number not in self._placed and not stream.closed:
                        self._place(stream)
                self._spread()
            else:
                self._spare = worker


async def _see_off(worker: WorkerProcess) -> None:
    """Close what a dead process has left; what its libraries printed may say what it died of."""
    await worker.aclose()
    if worker.last_words:
        log.warning("what the libraries of that worker printed last", pid=worker.pid, text=worker.last_words)


def _fail(future: asyncio.Future[StillRead], message: str, *, again: bool = True) -> None:
    if future.done():
        return
    if again:
        future.set_exception(RoompulseError(Reason.ENGINE_UNAVAILABLE, f"{message}; try again"))
    else:
        future.set_exception(MediaError(FaultReason.TIMED_OUT, f"{message}; it is not tried again"))

"""A worker process: single-threaded, many streams, one turn after the other.

    receive what has come ─▶ the next stream decodes and looks ─▶ face batcher ─▶ one batch of expressions ─▶ report
             ▲                                                     │ no stream is ready, or a face waited long enough
             └──────────────── a stream is ready ◀─────────────────┘

Started by `WorkerProcess` as `python -m roompulse_server.engine.worker CHANNEL LOG PROGRESS` (descriptors). It ends
when its parent does. Its log goes to LOG; standard error is for what C libraries print.
"""

import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import time
from functools import partial

from roompulse_vision.enumerations import FaultReason
from roompulse_vision.errors import MediaError, ModelError
from roompulse_vision.face_batcher import FaceBatcher, observations
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.rate_governor import Governor
from roompulse_vision.still_picture import read_still
from roompulse_vision.stream_analyzer import Effort, StreamAnalyzer
from roompulse_vision.types import MediaLimits

from roompulse_server.engine.channel import BlockingChannel
from roompulse_server.engine.messages import (
    CloseStream,
    DropStream,
    FromWorker,
    OpenStream,
    PacketsFor,
    ReadStill,
    Ready,
    Setup,
    SetupFailed,
    StillRead,
    StreamReport,
    WatchStream,
    WorkerReport,
)
from roompulse_server.engine.progress import Progress, StepKind

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
IDLE_S = 1.0  # after which a worker that has nothing to do says how little it does
NICENESS = 5  # below the parent's: what is analysed waits for a processor, whoever calls or listens does not


class Worker:
    """Serves streams round-robin, longest-waiting first; faces of several streams share one inference batch."""

    def __init__(self, channel: BlockingChannel, reader: FaceReader, limits: MediaLimits, progress: Progress) -> None:
        self._channel, self._reader, self._limits, self._progress = channel, reader, limits, progress
        self._analyzers: dict[int, StreamAnalyzer] = {}
        self._ready: dict[int, None] = {}  # numbers of streams with something to do, in the order of its coming
        self._batcher = FaceBatcher()
        self._reports: dict[int, StreamReport] = {}
        self._governor = Governor(time.monotonic())
        self._stills: list[ReadStill] = []

    def run(self) -> None:
        """Serve until the parent closes the channel."""
        while True:
            self._progress.begin(StepKind.IDLE)
            for message in self._channel.receive(self._patience_s()):
                self._take(message)
            began_s = time.monotonic()
            effort = self._step()
            self._read_stills()
            self._govern(effort, time.monotonic() - began_s)

    def _patience_s(self) -> float | None:
        if self._next() is not None:
            return 0.0
        if self._batcher:
            return self._wait_s()
        if self._reports:
            return 0.0
        return IDLE_S if self._analyzers else None

    def _wait_s(self) -> float:
        """Return how long the batch may wait for more faces."""
        others_next = self._next() is not None
        return self._batcher.wait_s(time.monotonic(), self._governor.busy_fraction, others_next=others_next)

    def _next(self) -> int | None:
        """Return the next ready stream; a stream with a job still in the batch is skipped."""
        return next((number for number in self._ready if not self._batcher.holds(number)), None)

    def _take(self, message: object) -> None:
        match message:
            case PacketsFor(stream, packets, sent_s) if stream in self._analyzers:
                self._analyzers[stream].push(packets, sent_s)
                self._ready[stream] = None
            case OpenStream(stream, spec, first_track):
                self._analyzers[stream] = StreamAnalyzer(
                    spec,
                    first_track,
                    self._reader,
                    self._limits,
                    partial(self._progress.begin, StepKind.PACKET, stream),
                )
            case WatchStream(stream, watch) if stream in self._analyzers:
                self._analyzers[stream].watch(watch)
                self._batcher.keep_regions(stream, {region.name for region in watch.regions or ()} | {""})
            case CloseStream(stream) if stream in self._analyzers:
                self._analyzers[stream].finishing = True
                self._ready[stream] = None
            case DropStream(stream):
                self._drop(stream)
            case ReadStill():
                self._stills.append(message)

    def _step(self) -> Effort:
        """Give the next stream its turn; read and answer when nobody is next, or somebody has waited long enough."""
        effort = Effort()
        if (number := self._next()) is not None:
            effort = self._advance(number)
        if self._batcher and self._wait_s():
            return effort
        began_s = time.monotonic()
        self._read()
        effort.looking_s += time.monotonic() - began_s
        self._answer()
        return effort

    def _advance(self, number: int) -> Effort:
        analyzer = self._analyzers[number]
        del self._ready[number]
        self._batcher.put(number, analyzer.advance(self._rate_hz(analyzer)), time.monotonic(), live=analyzer.live)
        self._add(StreamReport(number, analyzer.take_results(), analyzer.take_key_frame_wish(), closed=analyzer.done))
        if analyzer.done:
            self._forget(number)
        elif analyzer.busy:
            self._ready[number] = None
        return analyzer.take_effort()

    def _read(self) -> None:
        self._progress.begin(StepKind.FACES)
        for number, observation in observations(self._batcher.take(), self._reader.classify):
            self._add(StreamReport(number, (observation,)))

    def _add(self, report: StreamReport) -> None:
        """Keep an answer until the next message to the parent."""
        if report.tells:
            before = self._reports.get(report.stream)
            self._reports[report.stream] = report if before is None else before.then(report)

    def _answer(self) -> None:
        governor = self._governor
        told = tuple(self._reports.values())
        self._reports.clear()
        if told:
            self._send(WorkerReport(told, governor.busy_fraction, governor.scale, governor.load))

    def _rate_hz(self, analyzer: StreamAnalyzer) -> float:
        asked_hz = analyzer.spec.rate_hz
        return self._governor.rate_hz(asked_hz) if analyzer.live and asked_hz else asked_hz

    def _govern(self, effort: Effort, busy_s: float) -> None:
        governor, before = self._governor, self._governor.busy_fraction
        governor.worked(busy_s, effort.looking_s, effort.looks, effort.superseded)
        if governor.tick(time.monotonic()):
            for number, analyzer in self._analyzers.items():
                if analyzer.live and analyzer.spec.rate_hz:
                    self._add(StreamReport(number, rate_hz=governor.rate_hz(analyzer.spec.rate_hz)))
        if governor.busy_fraction != before and not self._reports:
            self._send(WorkerReport((), governor.busy_fraction, governor.scale, governor.load))

    def _read_stills(self) -> None:
        for request in self._stills:
            self._progress.begin(StepKind.STILL, request.request)
            self._send(_read_still(self._reader, self._limits, request))
        self._stills.clear()

    def _drop(self, stream: int) -> None:
        """Forget a stream and all that was seen in it."""
        self._batcher.drop(stream)
        self._reports.pop(stream, None)
        self._forget(stream)

    def _forget(self, stream: int) -> None:
        self._ready.pop(stream, None)
        analyzer = self._analyzers.pop(stream, None)
        if analyzer is not None:
            analyzer.close()

    def _send(self, message: FromWorker) -> None:
        self._channel.send(message)


def _read_still(reader: FaceReader, limits: MediaLimits, request: ReadStill) -> StillRead:
    try:
        still = read_still(reader, request.data, request.format, limits, request.max_faces)
    except MediaError as error:
        return StillRead(request.request, fault=error.reason, message=error.message)
    except Exception:
        log.exception("a picture could not be read")
        message = "the picture could not be analysed; the service's log says why"
        return StillRead(request.request, fault=FaultReason.CORRUPT, message=message)
    return StillRead(request.request, still.width, still.height, still.faces)


def _die_with(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies; Linux only, elsewhere end-of-file does it later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        sys.exit(0)  # it died before the line above


def main(descriptor: int, log_descriptor: int, progress_descriptor: int) -> None:
    """Load the models, say so, serve."""
    sys.stderr = open(log_descriptor, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115 - until the end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent drains first
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="worker %(process)d %(levelname)s %(message)s")
    progress = Progress.attach(progress_descriptor)
    channel = BlockingChannel(socket.socket(fileno=descriptor))
    with contextlib.suppress(EOFError, ConnectionError):
        setup = next(iter(channel.receive(None)))
        assert isinstance(setup, Setup)
        _die_with(setup.parent_pid)
        if hasattr(os, "nice"):
            os.nice(NICENESS)
        try:
            reader, warnings = load_reader(setup.vision, setup.vision.providers)
        except ModelError as error:
            channel.send(SetupFailed(str(error)))
            return
        channel.send(
            Ready(reader.model_id, reader.detector_id, tuple(warnings), reader.neutral_logp, reader.engagement_id)
        )
        gc.freeze()  # models and libraries stay: the collector need not walk through them again and again
        Worker(channel, reader, setup.limits, progress).run()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))

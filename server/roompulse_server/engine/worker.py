"""A worker process: single-threaded, many streams, one turn after the other.

    receive what has come ─▶ each stream decodes and looks ─▶ expressions of all faces in one batch ─▶ one answer

Started by `WorkerProcess` as `python -m roompulse_server.engine.worker FD`. It ends when its parent does.
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
from dataclasses import replace

from roompulse_server.engine.channel import BlockingChannel
from roompulse_server.engine.governor import Governor
from roompulse_server.engine.messages import (
    CloseStream,
    DropStream,
    FromWorker,
    OpenStream,
    PacketsFor,
    ReadStill,
    Ready,
    Retile,
    Setup,
    SetupFailed,
    StillRead,
    StreamTurn,
    Turn,
)
from roompulse_server.engine.pipeline import Job, StreamPipeline
from roompulse_server.errors import MediaError, ModelError
from roompulse_server.media.decoder import Decoder
from roompulse_server.types import FaceReading, FaultReason, MediaLimits, Packet
from roompulse_server.vision.reader import FaceReader, Seen, load_reader

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1


class Worker:
    def __init__(self, channel: BlockingChannel, reader: FaceReader, limits: MediaLimits) -> None:
        self._channel, self._reader, self._limits = channel, reader, limits
        self._pipelines: dict[int, StreamPipeline] = {}
        self._governor = Governor(time.monotonic())
        self._looking_s = 0.0  # reading expressions, in this turn
        self._stills: list[ReadStill] = []

    def run(self) -> None:
        """Serve until the parent closes the channel."""
        while True:
            busy = any(pipeline.busy for pipeline in self._pipelines.values())
            timeout_s = 0.0 if busy else (1.0 if self._pipelines else None)
            for message in self._channel.receive(timeout_s):
                self._take(message)
            began_s = time.monotonic()
            turns = self._turn()
            self._read_stills()
            self._govern(turns, time.monotonic() - began_s)

    def _take(self, message: object) -> None:
        match message:
            case PacketsFor(stream, packets) if stream in self._pipelines:
                self._pipelines[stream].push(*packets)
            case OpenStream(stream, spec, first_track):
                self._pipelines[stream] = StreamPipeline(spec, first_track, self._reader, self._limits)
            case Retile(stream, tiles) if stream in self._pipelines:
                self._pipelines[stream].retile(tiles)
            case CloseStream(stream) if stream in self._pipelines:
                self._pipelines[stream].finishing = True
            case DropStream(stream):
                self._forget(stream)
            case ReadStill():
                self._stills.append(message)

    def _turn(self) -> dict[int, StreamTurn]:
        jobs: list[tuple[int, Job]] = []
        busy = [(number, pipeline) for number, pipeline in self._pipelines.items() if pipeline.busy]
        for number, pipeline in busy:
            jobs += [(number, job) for job in pipeline.advance(self._rate_hz(pipeline))]
        began_s = time.monotonic()
        readings = self._classify([job for _, job in jobs])
        self._looking_s += time.monotonic() - began_s
        turns: dict[int, StreamTurn] = {}
        for number, pipeline in busy:
            mirrored = pipeline.spec.mirrored
            analysed = [job.outcome(lambda seen: readings[id(seen)], mirrored) for at, job in jobs if at == number]
            answers = (*pipeline.take_answers(), *analysed)
            turns[number] = StreamTurn(number, answers, pipeline.take_key_frame_wish(), closed=pipeline.done)
            if pipeline.done:
                self._forget(number)
        return turns

    def _classify(self, jobs: list[Job]) -> dict[int, FaceReading]:
        seen: list[Seen] = [seen for job in jobs for region in job.regions for seen in region.seen]
        return dict(zip(map(id, seen), self._reader.classify(seen), strict=True))

    def _rate_hz(self, pipeline: StreamPipeline) -> float:
        asked_hz = pipeline.spec.rate_hz
        return asked_hz if pipeline.every_frame or not asked_hz else self._governor.rate_hz(asked_hz)

    def _govern(self, turns: dict[int, StreamTurn], busy_s: float) -> None:
        governor, before = self._governor, self._governor.busy_fraction
        efforts = [pipeline.take_effort() for pipeline in self._pipelines.values() if not pipeline.every_frame]
        looking_s = self._looking_s + sum(effort.looking_s for effort in efforts)
        looks, superseded = sum(effort.looks for effort in efforts), sum(effort.superseded for effort in efforts)
        governor.worked(busy_s, looking_s, looks, superseded)
        self._looking_s = 0.0
        if governor.tick(time.monotonic()):
            for number, pipeline in self._pipelines.items():
                if not pipeline.every_frame and pipeline.spec.rate_hz:
                    rated = turns.get(number, StreamTurn(number))
                    turns[number] = replace(rated, rate_hz=governor.rate_hz(pipeline.spec.rate_hz))
        told = [turn for turn in turns.values() if turn.answers or turn.wants_key_frame or turn.closed or turn.rate_hz]
        if told or governor.busy_fraction != before:
            self._send(Turn(tuple(told), governor.busy_fraction, governor.scale, governor.load))

    def _read_stills(self) -> None:
        for request in self._stills:
            self._send(_read_still(self._reader, self._limits, request))
        self._stills.clear()

    def _forget(self, stream: int) -> None:
        pipeline = self._pipelines.pop(stream, None)
        if pipeline is not None:
            pipeline.close()

    def _send(self, message: FromWorker) -> None:
        self._channel.send(message)


def _read_still(reader: FaceReader, limits: MediaLimits, request: ReadStill) -> StillRead:
    packet = Packet(0, request.data, request.format, 0, 0, 0)
    decoder = Decoder(limits)
    try:
        frames = decoder.decode(packet).frames + decoder.flush()
        if not frames:
            raise MediaError(FaultReason.CORRUPT, "the bytes hold no picture")
        picture = frames[0].picture()
        faces = tuple(reader.faces(picture, request.max_faces))
    except MediaError as error:
        return StillRead(request.request, fault=error.reason, message=error.message)
    except Exception:
        log.exception("a picture could not be read")
        message = "the picture could not be analysed; the service's log says why"
        return StillRead(request.request, fault=FaultReason.CORRUPT, message=message)
    finally:
        decoder.close()
    return StillRead(request.request, picture.shape[1], picture.shape[0], faces)


def _die_with(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies; Linux only, elsewhere end-of-file does it later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        sys.exit(0)  # it died before the line above


def main(descriptor: int) -> None:
    """Load the models, say so, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent drains first
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="worker %(process)d %(levelname)s %(message)s")
    channel = BlockingChannel(socket.socket(fileno=descriptor))
    with contextlib.suppress(EOFError, ConnectionError):
        setup = next(iter(channel.receive(None)))
        assert isinstance(setup, Setup)
        _die_with(setup.parent_pid)
        try:
            reader, warnings = load_reader(setup.vision, setup.vision.providers)
        except ModelError as error:
            channel.send(SetupFailed(str(error)))
            return
        channel.send(
            Ready(reader.model_id, reader.detector_id, tuple(warnings), reader.neutral_logp, reader.engagement_id)
        )
        gc.freeze()  # models and libraries stay: the collector need not walk through them again and again
        Worker(channel, reader, setup.limits).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""One analyse stream: its states, and the two sides that it joins.

packets ─▶ FrameStream ─▶ Observation ─▶ ParticipantStream ─▶ record ─▶ ReplyQueue ─▶ next()
                ▲                              │
                └────────── watch ─────────────┘

OPENING ─▶ OPEN ─▶ DRAINING ─▶ CLOSED      (a stream that cannot be opened goes from OPENING to DRAINING)
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import structlog
from roompulse_vision.enumerations import Delivery
from roompulse_vision.types import MediaLimits

from roompulse_server.engine.capacity import Place
from roompulse_server.engine.engine import Engine
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.live_meeting import LiveMeeting
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.meetings.validation import check_tiles
from roompulse_server.metrics import Metrics
from roompulse_server.settings import Settings
from roompulse_server.storage.recorder import Recorder
from roompulse_server.streams.consent_policy import ConsentPolicy
from roompulse_server.streams.frame_stream import FrameStream
from roompulse_server.streams.packet_admission import IncomingPacket
from roompulse_server.streams.participant_stream import ParticipantStream
from roompulse_server.streams.replies import RETRY_AFTER_MS, GoingAway, Heartbeat, Reply, StreamOpened
from roompulse_server.streams.reply_queue import ReplyQueue
from roompulse_server.streams.stream_participants import StreamParticipants
from roompulse_server.streams.stream_tasks import StreamTasks
from roompulse_server.types import Consent, Content, MeetingKey, PacketCounters
from roompulse_server.types.requests import StreamConfig, TileConfig

log = structlog.get_logger(__name__)


class StreamState(IntEnum):
    """A stream goes forward only."""

    OPENING = 0
    OPEN = 1
    DRAINING = 2  # it takes no packets; what came is still answered for and recorded
    CLOSED = 3


@dataclass(frozen=True, slots=True, eq=False)
class StreamParts:
    """What streams are made of."""

    engine: Engine
    recorder: Recorder
    clock: ServerClock
    metrics: Metrics
    settings: Settings
    limits: MediaLimits
    formula_id: str


class AnalysisStream:
    """`open`; then `packets`, `set_camera`, `set_tiles`, `finish` from one task, `next` from another; then `aclose`."""

    def __init__(self, config: StreamConfig, live: LiveMeeting, parts: StreamParts, place: Place) -> None:
        """`place` is given back when the stream has ended."""
        self.config = config
        self._place = place
        self.every_frame = config.delivery is Delivery.EVERY_FRAME
        self._live, self._parts = live, parts
        self._replies = ReplyQueue(live=not self.every_frame)
        self._tasks = StreamTasks(config.participant, self.stop)
        self._began_us = live.now_us() if config.media_zero_us is None else config.media_zero_us
        self._participants: ParticipantStream | None = None  # until the record has admitted the stream's own
        self._frames: FrameStream | None = None
        self._state = StreamState.OPENING
        self._settled = asyncio.Event()  # it is opening no longer
        self._closing: asyncio.Task[None] | None = None

    @property
    def key(self) -> MeetingKey:
        return self._live.meeting.key

    @property
    def progress_us(self) -> int:
        """Offset of the newest packet that was answered for."""
        return self._participants.progress_us if self._participants else self._began_us

    @property
    def progressed_us(self) -> int:
        """When that was, by the service's clock."""
        return self._participants.progressed_us if self._participants else self._parts.clock.now_us()

    def _enter(self, state: StreamState) -> None:
        """Change the state: here, and nowhere else."""
        if state <= self._state:
            raise AssertionError(f"a stream cannot go from {self._state.name} to {state.name}")
        self._state = state
        self._settled.set()

    async def open(self) -> None:
        """Take the participant's next epoch, start the tasks, and answer that the stream is open."""
        self._parts.metrics.streams.inc()
        try:
            await self._live.enter(self.config.participant, self)
            await self._open()
        except BaseException:
            await self._end("not opened", None)
            raise
        if self._state is StreamState.OPENING:
            self._enter(StreamState.OPEN)

    async def _open(self) -> None:
        config, live, parts = self.config, self._live, self._parts
        own = await live.admit_own(config, max(0, self._began_us))
        attested = config.everyone_consented or live.meeting.everyone_consented
        policy = ConsentPolicy(config, parts.settings.consent_required, attested)
        participants = ParticipantStream(
            config,
            live,
            StreamParticipants(config, live, policy, own),
            self._replies,
            clock=parts.clock,
            metrics=parts.metrics,
            camera_on=config.content is Content.CAMERA,
            progress_us=self._began_us,
            on_watch=lambda watch, unwatched: frames.watch(watch, unwatched),
            on_refused=self._tasks.stop_soon,
        )
        frames = FrameStream(
            config,
            participants,
            self._replies,
            self._tasks,
            engine=parts.engine,
            clock=parts.clock,
            metrics=parts.metrics,
            began_us=live.began_us,
            limits=parts.limits,
            max_faults=parts.settings.max_faults_in_a_row,
        )
        self._participants, self._frames = participants, frames
        ready, row, sequence = parts.engine.ready, own.row, own.sequence

        def opened() -> StreamOpened:
            warnings = (*ready.warnings, *participants.participants.warnings())
            ids = (ready.model_id, ready.detector_id, parts.formula_id)
            return StreamOpened(self.key, row.epoch, sequence, *ids, row.consent, warnings)

        await participants.begin(opened)
        self._tasks.start(self._tick(participants, frames), "tick")
        if not self.every_frame:
            self._tasks.start(self._keep_up(participants), "keep up")

    # From the caller.

    async def packets(self, incoming: Iterable[IncomingPacket]) -> None:
        """Take packets that came together; whatever is wrong with one is answered and costs it alone."""
        if self._state is StreamState.OPEN and self._frames is not None:
            await self._frames.packets(incoming)

    async def set_camera(self, on: bool, capture_us: int | None) -> None:
        """Turn the camera on or off; what came before is analysed first.

        Raises:
            InvalidArgumentError: The time is out of range.
        """
        frames, participants = self._frames, self._participants
        if frames is None or participants is None:
            return
        if self.config.content is not Content.CAMERA or on == participants.camera_on:
            return
        placed_us = frames.offset_us(capture_us)
        await frames.drain()
        if self._state is StreamState.OPEN:
            await participants.set_camera(on, self._live.now_us() if placed_us is None else placed_us)

    async def set_tiles(self, tiles: tuple[TileConfig, ...]) -> None:
        """Give a gallery other tiles.

        Raises:
            InvalidArgumentError: The stream has no tiles, or one is wrong.
        """
        if not self.config.tiled:
            raise InvalidArgumentError("tiles", "this stream began without tiles; open a GALLERY stream with tiles")
        check_tiles(tiles, self.config.participant)
        if not tiles:
            raise InvalidArgumentError("tiles", "a gallery needs a tile; end the stream when everybody has left")
        if self._participants is not None:
            await self._participants.set_tiles(tiles)

    async def next(self) -> Reply | None:
        """Return the next reply; None at the end.

        Raises:
            RoompulseError: Why the stream ended.
        """
        return await self._replies.get()

    # From the meeting, which follows the record.

    def shows(self, name: str) -> bool:
        """Whether a participant is in the stream's pictures."""
        return self._participants is not None and self._participants.participants.shows(name)

    def set_consent(self, name: str, consent: Consent) -> bool:
        """Take a consent over at once; return whether the stream must end for it."""
        return self._participants is not None and self._participants.set_consent(name, consent)

    def forget(self, name: str) -> None:
        """Hold nothing any more of a participant who was erased."""
        self._replies.forget(name)

    # Ending.

    async def finish(self) -> None:
        """No packets follow: answer for all, say the exact counters, end."""
        await self._end("finished", None)

    async def stop(self, error: RoompulseError) -> None:
        """End the stream from this side: what is recorded is sent, then the error."""
        await self._settled.wait()
        self._replies.relax()
        if error.reason is Reason.DRAINING:
            self._replies.post(GoingAway(error.message, RETRY_AFTER_MS))
        await self._hurry()
        await self._end(error.reason.value.lower(), error)

    async def aclose(self) -> None:
        """End whatever still runs; the record says that the caller went away. Idempotent."""
        self._replies.end()
        await self._hurry()
        await self._end("cancelled", None)

    async def _hurry(self) -> None:
        """Wait for the caller no longer; a finish that is under way gets the time of draining."""
        if self._closing is not None:
            await asyncio.wait([self._closing], timeout=self._parts.settings.drain_s)
            if self._frames is not None:
                self._frames.close()

    async def _end(self, detail: str, error: RoompulseError | None) -> None:
        """End once, in a task of its own: the caller may be cancelled, the ending goes on."""
        if self._closing is None:
            self._enter(StreamState.DRAINING)
            self._closing = asyncio.create_task(self._close(detail, error), name=f"close {self.config.participant}")
        await asyncio.shield(self._closing)

    async def _close(self, detail: str, error: RoompulseError | None) -> None:
        try:
            if self._frames is not None and self._participants is not None:
                if detail != "finished":
                    self._frames.close()
                await self._frames.drain()
                error = error or self._tasks.failure
                await self._participants.depart(detail, self._frames.settle)
                await self._parts.recorder.flush()
                self._frames.notice(final=True, detail=detail)
        except RoompulseError as failure:
            log.warning("a stream could not be closed in the record", detail=detail, error=str(failure))
            error = error or failure
        finally:
            self._live.leave(self.config.participant, self)
            if self._frames is not None:
                self._frames.close()
            await self._tasks.aclose()
            self._replies.end(error)
            self._parts.metrics.streams.dec()
            self._place.release()
            self._enter(StreamState.CLOSED)

    # Tasks.

    async def _tick(self, participants: ParticipantStream, frames: FrameStream) -> None:
        """Once a heartbeat: say that the stream lives, and what became of its packets."""
        settings, clock = self._parts.settings, self._parts.clock
        said = recorded = PacketCounters()
        recorded_us = clock.now_us()
        while True:
            await asyncio.sleep(settings.heartbeat_s)
            counters = frames.counters
            if counters != said:
                frames.notice()
                said = counters
            now_us = clock.now_us()
            if now_us - recorded_us >= settings.counters_s * 1e6 and counters != recorded:
                await participants.count(counters)
                recorded, recorded_us = counters, now_us
            self._replies.post(Heartbeat(now_us))

    async def _keep_up(self, participants: ParticipantStream) -> None:
        """Give LIVE participants updates at the asked rate also while no observation comes."""
        while True:
            await asyncio.sleep(1 / self.config.update_rate_hz)
            await participants.keep_up()

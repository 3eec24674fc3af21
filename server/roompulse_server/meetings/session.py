"""One analyse stream: packets in, replies out; every packet accounted for, every value recorded before it is sent.

packets() ─▶ checks ─▶ engine stream ─▶ _consume ─▶ seats (score) ─▶ record ─▶ hub ─▶ _deliver ─▶ replies ─▶ next()
               └─ faults, notices ───────────────────────────────────────────────────────────────▲
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog
from roompulse_vision.enumerations import Delivery, DropReason, FaultReason
from roompulse_vision.observation import DroppedPacket, Observation, PacketResult
from roompulse_vision.stream_spec import FaceSelection, StreamSpec
from roompulse_vision.types import MediaLimits, Packet, Region

from roompulse_server.engine.stream import EngineStream
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.delivery import Delivered
from roompulse_server.meetings.live import LiveMeeting
from roompulse_server.meetings.packet_accounting import PacketAccounting
from roompulse_server.meetings.packet_admission import IncomingPacket, PacketAdmission
from roompulse_server.meetings.participant import Moment
from roompulse_server.meetings.reply_queue import (
    RETRY_AFTER_MS,
    FlowNotice,
    GoingAway,
    Heartbeat,
    PacketFault,
    Reply,
    ReplyQueue,
    StreamOpened,
    rated,
)
from roompulse_server.meetings.services import Services
from roompulse_server.meetings.stream_participants import Scored, StreamParticipants
from roompulse_server.meetings.stream_tasks import StreamTasks
from roompulse_server.meetings.validation import check_tiles
from roompulse_server.storage.block import quantise
from roompulse_server.types import Consent, Content, EventKind, MeetingKey, PacketCounters
from roompulse_server.types.requests import StreamConfig, TileConfig

log = structlog.get_logger(__name__)


class Session:
    """`open`; then `packets`, `camera`, `retile`, `finish` from one task, `next` from another; `aclose` at last."""

    def __init__(self, config: StreamConfig, live: LiveMeeting, services: Services, limits: MediaLimits) -> None:
        self.config = config
        self.every_frame = config.delivery is Delivery.EVERY_FRAME
        self.progress_us = live.now_us() if config.media_zero_us is None else config.media_zero_us
        self.progressed_us = services.clock.now_us()
        self._live, self._services = live, services
        self._replies = ReplyQueue(live=not self.every_frame)
        self._accounting = PacketAccounting()
        self._admission = PacketAdmission(config, live.began_us, limits)
        self._granted_hz = config.analysis_rate_hz
        self._camera_on = config.content is Content.CAMERA
        self._stream: EngineStream | None = None
        self._next_track = 1
        self._consuming: asyncio.Task[None] | None = None
        self._tasks = StreamTasks(config.participant, self.stop)
        self._seats: StreamParticipants
        self._delivered = Delivered(services, live.meeting.key, self._replies, live.meeting.aggregate_only)
        self._scoring = asyncio.Lock()  # a value is scored and queued for the record before the next one is
        self._opened = asyncio.Event()  # or not: then `_admitted` is False
        self._admitted = self._departed = False
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Take the participant's next epoch, start the tasks, and answer that the stream is open."""
        self._services.metrics.streams.inc()
        try:
            await self._live.enter(self.config.participant, self)
            await self._open()
        except BaseException:
            await self._end("not opened", None)
            raise
        finally:
            self._opened.set()

    async def _open(self) -> None:
        config, live = self.config, self._live
        own = await live.admit_own(config, max(0, self.progress_us))
        self._seats = StreamParticipants(config, live, own)
        self._admitted = True
        self._delivered.watch(own)
        if config.tiled:
            await self._retile(config.tiles)
        self._tasks.start(self._delivered.run(), "deliver")
        self._tasks.start(self._tick(), "tick")
        if not self.every_frame:
            self._tasks.start(self._keep_up(), "keep up")
        ready = self._services.engine.ready
        warnings = (*ready.warnings, *self._seats.warnings())
        self._replies.post(
            StreamOpened(live.meeting.key, own.row.epoch, own.sequence, ready.model_id, ready.detector_id,
                   self._services.scoring.id, own.row.consent, warnings)
        )  # fmt: skip
        await self._enter_state(self._moment(self.progress_us))

    @property
    def _ending(self) -> bool:
        return self._closing is not None

    @property
    def key(self) -> MeetingKey:
        return self._live.meeting.key

    # From the caller.

    async def packets(self, incoming: Iterable[IncomingPacket]) -> None:
        """Take packets that came together; whatever is wrong with one is answered and costs it alone."""
        if self._ending:
            return
        now_us, unseen = self._services.clock.now_us(), self._seats.unseen(self._camera_on)
        packets = [packet for each in incoming if (packet := self._accept(each, now_us, unseen)) is not None]
        if packets and unseen is not None:
            await self._fill(max(packet.offset_us for packet in packets))
        elif packets:
            await self._engine_stream().submit(packets)

    def _accept(self, incoming: IncomingPacket, now_us: int, unseen: DropReason | None) -> Packet | None:
        self._accounting.received()
        incoming = self._admission.numbered(incoming)
        packet, fault = self._admission.accept(incoming, now_us)
        if packet is None:
            self._accounting.dropped(DropReason.FAULT)
        elif unseen is not None:
            self._accounting.unseen(unseen)
        if fault is not None:
            self._fault(incoming.index, fault.reason, fault.message)
        return packet

    async def camera(self, on: bool, capture_us: int | None) -> None:
        """Turn the camera on or off; what came before is analysed first.

        Raises:
            InvalidArgumentError: The time is out of range.
        """
        if self.config.content is not Content.CAMERA or on == self._camera_on:
            return
        placed_us = self._admission.offset_us(capture_us, self._services.clock.now_us())
        await self._drain()
        if self._ending:
            return
        offset_us = self._live.now_us() if placed_us is None else placed_us
        moment = self._moment(offset_us)
        await self._fill(offset_us)
        self._camera_on = on
        kind = EventKind.CAMERA_ON if on else EventKind.CAMERA_OFF
        await self._live.note(kind, self._seats.own, max(offset_us, self._seats.own.offset_us), "")
        await self._enter_state(moment)

    async def retile(self, tiles: tuple[TileConfig, ...]) -> None:
        """Give a gallery other tiles.

        Raises:
            InvalidArgumentError: The stream has no tiles, or one is wrong.
        """
        if not self.config.tiled:
            raise InvalidArgumentError("tiles", "this stream began without tiles; open a GALLERY stream with tiles")
        check_tiles(tiles, self.config.participant)
        if not tiles:
            raise InvalidArgumentError("tiles", "a gallery needs a tile; end the stream when everybody has left")
        await self._retile(tiles)

    async def finish(self) -> None:
        """No packets follow: answer for all, say the exact counters, end."""
        await self._end("finished", None)

    async def stop(self, error: RoompulseError) -> None:
        """End the stream from this side: what is recorded is sent, then the error."""
        await self._opened.wait()
        self._replies.relax()
        if error.reason is Reason.DRAINING:
            self._replies.post(GoingAway(error.message, RETRY_AFTER_MS))
        await self._hurry()
        await self._end(error.reason.value.lower(), error)

    def agree(self, name: str, consent: Consent) -> None:
        """Look at somebody in the pictures from now on: they have agreed."""
        self._seats.put(name, consent)
        self._rewatch()

    def revoke(self, name: str, consent: Consent) -> bool:
        """Look at somebody in the pictures no longer, from this moment; return whether the stream must end for it."""
        ends = self._seats.rests_on(name)
        if self._seats.put(name, consent) and self._stream is not None:
            self._stream.close(DropReason.NO_CONSENT)
            self._services.engine.release(self._stream)  # the worker drops what it was sent
        self._seats.forget(name)
        self._rewatch()
        return ends

    def forget(self, name: str) -> None:
        """Hold nothing any more of somebody who was erased."""
        self._replies.forget(name)
        self._delivered.forget(name)

    async def refused(self, reason: Reason) -> None:
        """The record refused what was scored: another stream, or the meeting's end, took the epoch."""
        self._delivered.give_up()
        message = f"the record takes no more of this stream: {reason.value.lower().replace('_', ' ')}"
        self._tasks.stop_soon(RoompulseError(reason, message))

    async def next(self) -> Reply | None:
        """Return the next reply; None at the end.

        Raises:
            RoompulseError: Why the stream ended.
        """
        return await self._replies.get()

    async def aclose(self) -> None:
        """End whatever still runs; the record says that the caller went away. Idempotent."""
        self._replies.end()
        await self._hurry()
        await self._end("cancelled", None)

    # Ending.

    async def _hurry(self) -> None:
        """Wait for the caller no longer; a finish that is under way gets the time of draining."""
        self._delivered.give_up()
        if self._closing is not None:
            await asyncio.wait([self._closing], timeout=self._services.settings.drain_s)
            if self._stream is not None:
                self._stream.close()

    async def _end(self, detail: str, error: RoompulseError | None) -> None:
        """End once, in a task of its own: who asked for it may be cancelled, the ending goes on."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(detail, error), name=f"close {self.config.participant}")
        await asyncio.shield(self._closing)

    async def _close(self, detail: str, error: RoompulseError | None) -> None:
        try:
            if detail != "finished" and self._stream is not None:
                self._stream.close()
            await self._drain()
            error = error or self._tasks.failure
            counters = await self._depart(detail)
            await self._services.recorder.flush()
            await self._delivered.drain()
            self._replies.post(FlowNotice(counters, analysis_rate_hz=self._granted_hz, final=True, detail=detail))
        except RoompulseError as failure:
            log.warning("a stream could not be closed in the record", detail=detail, error=str(failure))
            error = error or failure
        finally:
            await self._abandon()
            self._replies.end(error)
            self._services.metrics.streams.dec()

    async def _depart(self, detail: str) -> PacketCounters:
        """Close everybody's stream in the record, with the exact counters; nothing of them is recorded after."""
        async with self._scoring:
            self._departed = True
            self._accounting.settle()
            counters = self._accounting.counters()
            self._services.metrics.count(counters)
            for seat in self._seats.all_seats() if self._admitted else ():
                await self._live.depart(seat, detail, counters if seat is self._seats.own else None)
        return counters

    async def _abandon(self) -> None:
        self._live.leave(self.config.participant, self)
        if self._stream is not None:
            self._services.engine.release(self._stream)
        self._delivered.close()
        await self._tasks.aclose()

    # Packets and their outcomes.

    def _engine_stream(self) -> EngineStream:
        if self._stream is None:
            config = self.config
            faces = FaceSelection.ALL if config.finds_faces else FaceSelection.PRIMARY
            faces = FaceSelection.REGIONS if config.tiled else faces
            spec = StreamSpec(faces, config.delivery, config.analysis_rate_hz, config.mirrored, self._regions())
            self._stream = self._services.engine.open(spec, self._next_track)
            self._consuming = self._tasks.start(self._consume(self._stream), "consume")
        return self._stream

    async def _drain(self) -> None:
        """Wait until everything that was submitted is answered for and scored."""
        if self._stream is None or self._consuming is None:
            return
        stream, consuming = self._stream, self._consuming
        stream.finish()
        if consuming is not asyncio.current_task():
            await asyncio.wait([consuming])
        self._next_track = stream.next_track
        self._services.engine.release(stream)
        self._stream = self._consuming = None

    async def _consume(self, stream: EngineStream) -> None:
        while (arrival := await stream.next()) is not None:
            self._granted_hz = arrival.rate_hz or self._granted_hz
            if arrival.wants_key_frame or arrival.rate_hz is not None:
                why = arrival.detail or rated(arrival.rate_hz, self.config.analysis_rate_hz)
                self._notice(arrival.wants_key_frame, why)
            for result in arrival.results:
                await self._resolve(result)

    async def _resolve(self, result: PacketResult) -> None:
        self._accounting.answered(result)
        if isinstance(result, DroppedPacket) and result.fault is not None:
            self._fault(result.packet_index, result.fault, result.message)
        elif isinstance(result, Observation):
            async with self._scoring:
                await self._record(await self._seats.take(result, self._services.clock.now_us()))
        self._progress(result.offset_us)

    def _progress(self, offset_us: int) -> None:
        self.progress_us = max(self.progress_us, offset_us)
        self.progressed_us = self._services.clock.now_us()

    def _fault(self, index: int, reason: FaultReason, message: str) -> None:
        self._services.metrics.faults.labels(reason.name.lower()).inc()
        self._replies.post(PacketFault(index, reason, message))
        if (in_a_row := self._accounting.fault()) == self._services.settings.max_faults_in_a_row:
            message = f"{in_a_row} packets in a row could not be used; the last one: {message}"
            self._tasks.stop_soon(RoompulseError(Reason.TOO_MANY_FAULTS, message))

    # Participants.

    async def _record(self, scored: Iterable[Scored]) -> None:
        """Queue values for the record; `_scoring` is held since before they were scored."""
        for seat, update in scored:
            await self._delivered.room()
            self._delivered.watch(seat)
            if update.scoring_latency_us is not None:
                self._services.metrics.scored.observe(update.scoring_latency_us / 1e6)
            kept = quantise(update)
            self._delivered.expect(kept)
            await self._live.record(seat, kept)

    async def _add(self, score: Callable[..., Iterable[Scored]], *args: object) -> None:
        async with self._scoring:
            if not self._departed:
                await self._record(score(*args))

    async def _retile(self, tiles: tuple[TileConfig, ...]) -> None:
        async with self._scoring:
            if self._departed:
                return
            scored = await self._seats.retile(tiles, self._moment(self.progress_us))
            await self._record(scored)
            here = self._seats.all_seats()
            for seat in (seat for seat, _ in scored if seat not in here):
                await self._live.depart(seat, "left", None)
        self._rewatch()

    def _rewatch(self) -> None:
        if self.config.tiled and self._stream is not None:
            self._services.engine.watch(self._stream, self._regions())

    def _regions(self) -> tuple[Region, ...]:
        return tuple(Region(tile.participant_id, tile.box) for tile in (e.tile for e in self._seats.watched_tiles))

    async def _enter_state(self, moment: Moment) -> None:
        """Record what is known without pictures: no camera, camera off, no consent."""
        await self._add(lambda: self._seats.enter(moment, self._seats.state(self._camera_on)))

    async def _fill(self, until_us: int) -> None:
        await self._add(self._seats.fill, until_us)
        self._progress(until_us)

    async def _tick(self) -> None:
        """Once a beat: say that the stream lives, and what became of its packets."""
        told = kept = PacketCounters()
        kept_us = self._services.clock.now_us()
        while True:
            await asyncio.sleep(self._services.settings.heartbeat_s)
            counters = self._accounting.counters()
            if counters != told:
                self._notice(False, "")
                told = counters
            now_us = self._services.clock.now_us()
            due = now_us - kept_us >= self._services.settings.counters_s * 1e6
            if due and counters != kept and not self._departed:
                await self._live.note(EventKind.COUNTERS, self._seats.own, self.progress_us, "", counters)
                kept, kept_us = counters, now_us
            self._replies.post(Heartbeat(now_us))

    async def _keep_up(self) -> None:
        """Give LIVE participants updates at the asked rate also while no analysis comes."""
        while True:
            await asyncio.sleep(1 / self.config.update_rate_hz)
            now_us = self._live.now_us()
            self._progress(now_us)
            await self._add(self._seats.keep_up, self._moment(now_us))

    def _notice(self, key_frame: bool, detail: str) -> None:
        self._replies.post(FlowNotice(self._accounting.counters(), key_frame, self._granted_hz, detail=detail))

    def _moment(self, offset_us: int) -> Moment:
        now_us = self._services.clock.now_us()
        return Moment(offset_us, self._live.began_us + offset_us, now_us, now_us)

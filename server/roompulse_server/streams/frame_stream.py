"""The frame side of one stream: packets in, observations out, and an account of every packet.

    packets() ─▶ admission ─▶ watched? ─▶ engine stream ─▶ results ─▶ ObservationSink.take
                    └─ faults ─▶ replies    └─ no: ObservationSink.fill

It knows nothing of participants. `watch` tells it what to look at, and until it was called nothing is looked at.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from roompulse_vision.enumerations import DropReason, FaultReason
from roompulse_vision.observation import DroppedPacket, Observation, PacketResult
from roompulse_vision.stream_spec import FaceSelection, StreamSpec, Watch
from roompulse_vision.types import MediaLimits, Packet

from roompulse_server.engine.engine import Engine
from roompulse_server.engine.stream import EngineStream
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.metrics import Metrics
from roompulse_server.streams.packet_accounting import PacketAccounting
from roompulse_server.streams.packet_admission import IncomingPacket, PacketAdmission
from roompulse_server.streams.replies import FlowNotice, PacketFault, rated
from roompulse_server.streams.reply_queue import ReplyQueue
from roompulse_server.streams.stream_tasks import StreamTasks
from roompulse_server.types import PacketCounters
from roompulse_server.types.requests import StreamConfig

NOTHING = Watch(0)


class ObservationSink(Protocol):
    """What takes in the results."""

    async def take(self, observation: Observation) -> None: ...

    async def fill(self, until_us: int) -> None:
        """Packets came up to this offset, and none of them is looked at."""

    def progress(self, offset_us: int) -> None:
        """Every packet up to this offset was answered for."""


class FrameStream:
    """`packets` from one task; the others from the event loop.

    Args:
        max_faults: So many packets in a row that cannot be used end the stream.
    """

    def __init__(
        self,
        config: StreamConfig,
        sink: ObservationSink,
        replies: ReplyQueue,
        tasks: StreamTasks,
        *,
        engine: Engine,
        clock: ServerClock,
        metrics: Metrics,
        began_us: int,
        limits: MediaLimits,
        max_faults: int,
    ) -> None:
        self._config, self._sink, self._replies, self._tasks = config, sink, replies, tasks
        self._engine, self._clock, self._metrics = engine, clock, metrics
        self._max_faults = max_faults
        self._admission = PacketAdmission(config, began_us, limits)
        self._accounting = PacketAccounting()
        self._watch = NOTHING
        self._unwatched = DropReason.NO_CONSENT
        self._stream: EngineStream | None = None
        self._consuming: set[asyncio.Task[None]] = set()
        self._next_track = 1
        self.granted_hz = config.analysis_rate_hz

    @property
    def counters(self) -> PacketCounters:
        return self._accounting.counters()

    def watch(self, watch: Watch, unwatched: DropReason | None = None) -> None:
        """Look at this from now on; where it is nothing, packets are dropped for the reason `unwatched`.

        The worker drops what it was sent and may no longer look at.
        """
        self._watch, self._unwatched = watch, unwatched or self._unwatched
        if self._stream is None:
            return
        if watch.regions is None:
            self.close(self._unwatched)
        else:
            self._stream.watch(watch)

    async def packets(self, incoming: Iterable[IncomingPacket]) -> None:
        """Take packets that came together; whatever is wrong with one is answered and costs it alone."""
        now_us, unwatched = self._clock.now_us(), self._unwatched if self._watch.regions is None else None
        packets = [packet for each in incoming if (packet := self._accept(each, now_us, unwatched)) is not None]
        if packets and unwatched is not None:
            await self._sink.fill(max(packet.offset_us for packet in packets))
        elif packets:
            await self._engine_stream().submit(packets)

    def offset_us(self, capture_us: int | None) -> int | None:
        """Return where a capture time lies in the meeting; without one, where the newest packet does.

        Raises:
            InvalidArgumentError: The time is out of range.
        """
        return self._admission.offset_us(capture_us, self._clock.now_us())

    async def drain(self) -> None:
        """Wait until everything that was submitted is answered for."""
        stream = self._stream
        if stream is not None:
            stream.finish()
        if waiting := [task for task in self._consuming if task is not asyncio.current_task()]:
            await asyncio.wait(waiting)
        if stream is not None:
            self._next_track = max(self._next_track, stream.next_track)
            self._engine.release(stream)
        if self._stream is stream:
            self._stream = None

    def close(self, reason: DropReason = DropReason.STREAM_ENDED) -> None:
        """Give up at once what is on its way."""
        if self._stream is not None:
            self._stream.close(reason)
            self._engine.release(self._stream)

    def settle(self) -> PacketCounters:
        """Return the final counters: what is still pending will not be resolved any more."""
        self._accounting.settle()
        counters = self._accounting.counters()
        self._metrics.count(counters)
        return counters

    def notice(self, *, key_frame: bool = False, final: bool = False, detail: str = "") -> None:
        """Tell the caller what became of the packets so far."""
        self._replies.post(FlowNotice(self.counters, key_frame, self.granted_hz, final=final, detail=detail))

    def _accept(self, incoming: IncomingPacket, now_us: int, unwatched: DropReason | None) -> Packet | None:
        self._accounting.received()
        incoming = self._admission.numbered(incoming)
        packet, fault = self._admission.accept(incoming, now_us)
        if packet is None:
            self._accounting.dropped(DropReason.FAULT)
        elif unwatched is not None:
            self._accounting.unseen(unwatched)
        if fault is not None:
            self._fault(incoming.index, fault.reason, fault.message)
        return packet

    def _engine_stream(self) -> EngineStream:
        if self._stream is None or self._stream.closed:
            config = self._config
            faces = FaceSelection.ALL if config.finds_faces else FaceSelection.PRIMARY
            faces = FaceSelection.REGIONS if config.tiled else faces
            spec = StreamSpec(faces, config.delivery, config.analysis_rate_hz, config.mirrored, self._watch)
            self._stream = self._engine.open(spec, self._next_track)
            consuming = self._tasks.start(self._consume(self._stream), "consume")
            self._consuming.add(consuming)
            consuming.add_done_callback(self._consuming.discard)
        return self._stream

    async def _consume(self, stream: EngineStream) -> None:
        while (arrival := await stream.next()) is not None:
            self.granted_hz = arrival.rate_hz or self.granted_hz
            if arrival.wants_key_frame or arrival.rate_hz is not None:
                why = arrival.detail or rated(arrival.rate_hz, self._config.analysis_rate_hz)
                self.notice(key_frame=arrival.wants_key_frame, detail=why)
            for result in arrival.results:
                await self._resolve(result)
        self._next_track = max(self._next_track, stream.next_track)

    async def _resolve(self, result: PacketResult) -> None:
        self._accounting.answered(result)
        if isinstance(result, DroppedPacket) and result.fault is not None:
            self._fault(result.packet_index, result.fault, result.message)
        elif isinstance(result, Observation):
            await self._sink.take(result)
        self._sink.progress(result.offset_us)

    def _fault(self, index: int, reason: FaultReason, message: str) -> None:
        self._metrics.faults.labels(reason.name.lower()).inc()
        self._replies.post(PacketFault(index, reason, message))
        if (in_a_row := self._accounting.fault()) == self._max_faults:
            message = f"{in_a_row} packets in a row could not be used; the last one: {message}"
            self._tasks.stop_soon(RoompulseError(Reason.TOO_MANY_FAULTS, message))

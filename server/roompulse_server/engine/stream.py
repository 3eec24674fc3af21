"""One stream in the engine, the parent's half: packets go in, results come out, each packet exactly once.

    submit ──▶ PacketQueue ──(≤ window unanswered)──▶ worker ──▶ answers ──▶ next()

A place in the window is given back only when the answer has been taken by `next()`, so a slow consumer slows the
worker and no queue here grows without bound.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from roompulse_vision.bitstream.access_unit import is_encoded_video, is_raw
from roompulse_vision.enumerations import Delivery, DropReason, Encoding, FaultReason
from roompulse_vision.observation import DroppedPacket, Observation, PacketResult, SkippedPackets
from roompulse_vision.packet_queue import Dropped, PacketQueue
from roompulse_vision.stream_spec import StreamSpec, Watch
from roompulse_vision.types import Packet

from roompulse_server.engine.messages import CloseStream, OpenStream, PacketsFor, StreamReport, ToWorker, WatchStream
from roompulse_server.engine.progress import Step, StepKind

LIVE_WINDOW = 24  # access units that may wait for decoding in a worker: about a second of video
EVERY_FRAME_WINDOW = 24  # more than the 16 pictures that H.264 lets a decoder hold back
RAW_WINDOW_BYTES = 32 * 1024 * 1024  # of raw pictures that may wait in a worker, beside one
QUEUE_PACKETS = 64
QUEUE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """What `next()` brings: results, and of how many packets."""

    results: tuple[PacketResult, ...] = ()
    packets: int = 0
    wants_key_frame: bool = False
    detail: str = ""
    rate_hz: float | None = None


class WorkerLink(Protocol):
    """The way to a worker."""

    def send(self, message: ToWorker) -> None: ...


class EngineStream:
    """Made by `Engine.open`, which attaches it to a worker."""

    def __init__(self, number: int, spec: StreamSpec) -> None:
        self.number = number
        self.spec = spec
        self.next_track = 1
        self._every_frame = spec.delivery is Delivery.EVERY_FRAME
        self._encoding = Encoding.UNSPECIFIED  # of the newest packet
        self._window = EVERY_FRAME_WINDOW if self._every_frame else LIVE_WINDOW
        self._queue = PacketQueue(spec.delivery, QUEUE_PACKETS, QUEUE_BYTES)
        self._in_flight: dict[int, Packet] = {}
        self._raw_bytes = 0  # of raw pictures among them
        self._untaken = 0  # answered by the worker, not yet taken by next()
        self._arrivals: deque[Arrival] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._worker: WorkerLink | None = None
        self._finishing = False
        self._close_sent = False
        self.moving = False  # to another worker, where the next key frame begins …
        self._handing_over = False  # … as soon as this one has answered for what it has
        self._closed = False

    async def submit(self, packets: Iterable[Packet]) -> None:
        """Hand packets over. LIVE never waits; EVERY_FRAME waits while the queue is full.

        Packets that are still waiting when the stream is closed get no answer.
        """
        for packet in packets:
            if self._queue.full:
                self._pump()  # nothing is dropped, and nobody waits, for what may leave
            while self._every_frame and self._queue.full and not self._closed:
                self._room.clear()
                await self._room.wait()
            if self._closed:
                return  # the caller counts what was never answered
            self._offer(packet)
        self._pump()

    def watch(self, watch: Watch) -> None:
        """Look at something else from the next picture on."""
        self.spec = replace(self.spec, watch=watch)
        if self._worker is not None:
            self._worker.send(WatchStream(self.number, watch))

    def move(self) -> None:
        """Go on in another worker, from the next picture on that needs none before it; nothing is lost for it."""
        self.moving = True
        if is_encoded_video(self._encoding):
            self._arrive(Arrival(wants_key_frame=True, detail="the stream moves to a worker that has more room"))
        self._pump()

    def finish(self) -> None:
        """Say that no packets follow: the worker answers for all it has, then `closed` arrives."""
        self._finishing = True
        self._pump()

    async def next(self) -> Arrival | None:
        """Return what came next; None after `closed`."""
        while not self._arrivals:
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        arrival = self._arrivals.popleft()
        self._untaken -= arrival.packets
        self._pump_if_waiting()
        return arrival

    def close(self, reason: DropReason = DropReason.STREAM_ENDED) -> None:
        """End at once: whatever is unanswered is dropped for `reason`. Idempotent."""
        if self._closed:
            return
        self._give_up_in_flight(reason)
        self._arrive_dropped(self._queue.clear(reason))
        self._closed, self._worker = True, None
        self._arrived.set()
        self._room.set()

    # What the engine calls.

    @property
    def closed(self) -> bool:
        return self._closed

    def attach(self, worker: WorkerLink) -> None:
        """Go on in a worker, with what waits."""
        self._worker = worker
        worker.send(OpenStream(self.number, self.spec, self.next_track))
        self._pump()

    def _pump(self) -> None:
        """Send what may be sent now."""
        if self._worker is None or self._closed:
            return
        if packets := self._take():
            self._worker.send(PacketsFor(self.number, packets, time.monotonic()))
        if self._take_close():
            self._worker.send(CloseStream(self.number))

    def _take(self) -> tuple[Packet, ...]:
        """Return the packets to send now: what waits, as far as the window has room; for a move, up to a key frame."""
        taken: list[Packet] = []
        while (
            not (self.moving and (self._handing_over or self._queue.begins_anew))
            and len(self._in_flight) + self._untaken < self._window
            and self._raw_bytes < RAW_WINDOW_BYTES
        ):
            packet = self._queue.take()
            if packet is None:
                break
            self._in_flight[packet.index] = packet
            self._raw_bytes += _raw_bytes(packet)
            taken.append(packet)
        if taken:
            self._room.set()
        return tuple(taken)

    def _take_close(self) -> bool:
        """Whether to tell the worker now that no packets follow: the stream ends, or goes on in another worker."""
        if self._close_sent or self._handing_over:
            return False
        self._handing_over = self.moving and self._queue.begins_anew
        self._close_sent = self._finishing and not len(self._queue)
        return self._close_sent or self._handing_over

    def answered(self, report: StreamReport) -> None:
        """Take in what a worker reports; after `close` everything has its outcome already."""
        if self._closed:
            return
        packets = sum(map(self._land, report.results))
        if report.results or report.wants_key_frame or report.rate_hz is not None:
            self._arrive(Arrival(report.results, packets, report.wants_key_frame, "", report.rate_hz))
        if report.closed and self._handing_over:
            self.moving = self._handing_over = False  # the engine attaches it to another worker
            self._worker = None
        elif report.closed:
            self.close()
        self._pump_if_waiting()

    def detach(self, hung: Step | None = None) -> None:
        """The worker is gone: its packets are lost, the next worker starts at a key frame.

        `hung`: what the worker did not come to an end with; if it was a packet of this stream, that is its fault.
        """
        self._worker = None
        self._close_sent = self.moving = self._handing_over = False
        if hung is not None and hung.kind is StepKind.PACKET and hung.number == self.number:
            self._blame(hung.packet)
        self._give_up_in_flight(DropReason.WORKER_LOST)
        self._arrive_dropped(self._queue.restart(DropReason.WAITING_FOR_KEY_FRAME))
        self._arrive(Arrival(wants_key_frame=True, detail="the worker process was restarted"))
        self._room.set()

    def _blame(self, index: int) -> None:
        packet = self._in_flight.pop(index, None)
        if packet is not None:
            self._raw_bytes -= _raw_bytes(packet)
            message = f"packet {index} kept a worker process busy for too long; it is not tried again"
            timed_out = FaultReason.TIMED_OUT
            dropped = DroppedPacket(index, packet.offset_us, DropReason.FAULT, timed_out, message)
            self._arrive(Arrival((dropped,), 1))

    def _land(self, result: PacketResult) -> int:
        """Take what is answered out of flight; return how many packets that is."""
        indices = result.packet_indices if isinstance(result, SkippedPackets) else (result.packet_index,)
        for index in indices:
            packet = self._in_flight.pop(index, None)
            self._raw_bytes -= _raw_bytes(packet) if packet else 0
        if isinstance(result, Observation):
            tracks = [face.track for region in result.regions for face in region.faces]
            self.next_track = max(self.next_track, 1 + max(tracks, default=0))
        return len(indices)

    def _pump_if_waiting(self) -> None:
        if len(self._queue):
            self._pump()

    def _offer(self, packet: Packet) -> None:
        self._encoding = packet.format.encoding
        skipped = self._queue.skipped_to_key_frame
        self._arrive_dropped(self._queue.offer(packet))
        if self._queue.skipped_to_key_frame != skipped and self._queue.skipping:
            self._arrive(Arrival(wants_key_frame=True, detail="the queue was full: skipping to the next key frame"))

    def _give_up_in_flight(self, reason: DropReason) -> None:
        packets = list(self._in_flight.values())
        self._in_flight.clear()
        self._raw_bytes = 0
        self._arrive_dropped([Dropped(packet, reason) for packet in packets])

    def _arrive_dropped(self, dropped: list[Dropped]) -> None:
        if dropped:
            self._arrive(Arrival(tuple(_result(item) for item in dropped), len(dropped)))

    def _arrive(self, arrival: Arrival) -> None:
        self._untaken += arrival.packets
        self._arrivals.append(arrival)
        self._arrived.set()


def _raw_bytes(packet: Packet) -> int:
    return len(packet.data) if is_raw(packet.format.encoding) else 0


def _result(dropped: Dropped) -> DroppedPacket:
    return DroppedPacket(dropped.packet.index, dropped.packet.offset_us, dropped.reason)

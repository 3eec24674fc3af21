"""A stream's packets between the network and its worker: bounded, and exact about what it gives up. Pure.

    network ──offer──▶ [ waiting, bounded ] ──take──▶ worker (at most `window` unanswered)

When full: EVERY_FRAME makes the sender wait (`full`); LIVE drops, also when what waits has become old. Pictures that
stand alone: the oldest goes, the newest wins. Encoded video cannot lose a packet before a decoder, so it gives up
everything to the next key frame.
"""

from collections import deque
from dataclasses import dataclass

from roompulse_vision.bitstream.access_unit import is_encoded_video
from roompulse_vision.bitstream.key_frames import UnitKind, unit_kind
from roompulse_vision.enumerations import Delivery, DropReason
from roompulse_vision.types import Packet

MAX_AGE_US = 1_000_000  # older pictures are no longer live


@dataclass(frozen=True, slots=True)
class Dropped:
    packet: Packet
    reason: DropReason


class PacketQueue:
    """Args: `max_packets`, `max_bytes` bound what waits (one packet always fits), `max_age_us` how long, in LIVE."""

    def __init__(self, delivery: Delivery, max_packets: int, max_bytes: int, max_age_us: int = MAX_AGE_US) -> None:
        self._max_age_us = max_age_us
        self._live = delivery is not Delivery.EVERY_FRAME
        self._max_packets, self._max_bytes = max_packets, max_bytes
        self._waiting: deque[Packet] = deque()
        self._bytes = 0
        self._skipping = False
        self.skipped_to_key_frame = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether another packet would go over the bounds."""
        return len(self._waiting) >= self._max_packets or self._bytes >= self._max_bytes

    @property
    def skipping(self) -> bool:
        """Whether only a key frame is let in."""
        return self._skipping

    def offer(self, packet: Packet) -> list[Dropped]:
        """Take a packet in; return what had to go for it, the packet itself perhaps."""
        crowded = self._live and (self.full or self._stale(packet))
        kind = _kind(packet) if self._skipping or crowded else UnitKind.KEY  # of no matter: not looked for
        if self._skipping and kind is UnitKind.DELTA:
            return [Dropped(packet, DropReason.WAITING_FOR_KEY_FRAME)]
        self._skipping = self._skipping and kind is UnitKind.PARAMETERS
        dropped: list[Dropped] = []
        if crowded:
            dropped = self._make_room(packet)
            if self._skipping and kind is UnitKind.DELTA:
                return [*dropped, Dropped(packet, DropReason.QUEUE_FULL)]
        self._waiting.append(packet)
        self._bytes += len(packet.data)
        return dropped

    @property
    def begins_anew(self) -> bool:
        """Whether another decoder could go on with what waits first."""
        return bool(self._waiting) and _kind(self._waiting[0]) is not UnitKind.DELTA

    def take(self) -> Packet | None:
        """Return the oldest packet, or None."""
        if not self._waiting:
            return None
        packet = self._waiting.popleft()
        self._bytes -= len(packet.data)
        return packet

    def restart(self, reason: DropReason) -> list[Dropped]:
        """Give up what waits up to the next key frame: the decoder behind the queue is a new one."""
        dropped: list[Dropped] = []
        while self._waiting and _kind(self._waiting[0]) is UnitKind.DELTA:
            packet = self.take()
            if packet is not None:
                dropped.append(Dropped(packet, reason))
        self._skipping = not self._waiting
        return dropped

    def clear(self, reason: DropReason) -> list[Dropped]:
        """Give up everything that waits."""
        dropped = [Dropped(packet, reason) for packet in self._waiting]
        self._waiting.clear()
        self._bytes = 0
        return dropped

    def _stale(self, packet: Packet) -> bool:
        return bool(self._waiting) and packet.receive_us - self._waiting[0].receive_us > self._max_age_us

    def _make_room(self, packet: Packet) -> list[Dropped]:
        if not is_encoded_video(packet.format.encoding):
            oldest = self.take()
            return [Dropped(oldest, DropReason.SUPERSEDED)] if oldest is not None else []
        self.skipped_to_key_frame += 1
        self._skipping = _kind(packet) is not UnitKind.KEY
        return self.clear(DropReason.QUEUE_FULL)


def _kind(packet: Packet) -> UnitKind:
    """Return what a packet is to a decoder: stills and raw pictures stand alone, as key frames do."""
    if not is_encoded_video(packet.format.encoding):
        return UnitKind.KEY
    return unit_kind(packet.format.encoding, packet.data)

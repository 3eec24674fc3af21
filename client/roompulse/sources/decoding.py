"""Packets into pictures, each with its moment."""

import heapq
from dataclasses import dataclass
from typing import TypeAlias

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from roompulse.sources.clock import REORDERED_PACKETS, Timed

AvPacket: TypeAlias = "av.Packet[VideoStream]"


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture, the packet that brought it, and when it is shown (ticks)."""

    frame: av.VideoFrame
    timed: Timed[AvPacket]
    at: int


class NumberedDecoder:
    """Decodes one track. Pictures are told by their packets' numbers, not by stamps that may be missing or twice there.

    Where packets do not say when they are shown, the moments of decoding are given out in the order of showing.

    Attributes:
        damaged: How many packets could not be decoded, or only in part.
    """

    def __init__(self, context: VideoCodecContext, *, shown_stamps: bool) -> None:
        """Keep the track's codec context."""
        self._context, self._shown_stamps = context, shown_stamps
        self._pending: dict[int, Timed[AvPacket]] = {}
        self._moments: list[int] = []
        self.damaged = 0

    def decode(self, timed: Timed[AvPacket]) -> list[Decoded]:
        """Return the pictures that a packet leads to, in the order of showing, without those that are not shown."""
        hidden_wrongly = timed.packet.is_discard and timed.shown  # FFmpeg would leave its picture out
        packet = av.Packet(bytes(timed.packet)) if hidden_wrongly else timed.packet
        packet.pts = timed.number
        self._pending[timed.number] = timed
        if timed.shown:
            heapq.heappush(self._moments, timed.at)
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError:
            self._lose(timed.number)
            return []
        decoded = self._taken(frames)
        self._pending.pop(timed.number - 2 * REORDERED_PACKETS, None)
        return decoded

    def flush(self) -> list[Decoded]:
        """Return the pictures that the decoder still holds, at the end."""
        try:
            return self._taken(self._context.decode(None))
        except av.FFmpegError:
            return []

    def start_over(self) -> None:
        """Forget what is under way: the next packet is a key frame."""
        self._context.flush_buffers()
        self._pending.clear()
        self._moments.clear()

    def _taken(self, frames: list[av.VideoFrame]) -> list[Decoded]:
        decoded = []
        for frame in frames:
            number = min(self._pending, default=None) if frame.pts not in self._pending else frame.pts
            if number is None:
                continue
            timed = self._pending.pop(number)
            sorts = timed.shown and not self._shown_stamps and self._moments
            at = heapq.heappop(self._moments) if sorts else timed.at
            if frame.is_corrupt:
                self.damaged += 1
            elif timed.shown:
                decoded.append(Decoded(frame, timed, at))
        return decoded

    def _lose(self, number: int) -> None:
        self.damaged += 1
        lost = self._pending.pop(number, None)
        if lost is not None and lost.at in self._moments:
            self._moments.remove(lost.at)
            heapq.heapify(self._moments)

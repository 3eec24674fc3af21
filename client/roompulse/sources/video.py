"""An open source: demuxed, timed, and then decoded or passed through."""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from types import TracebackType
from typing import Self

import av

from roompulse.enums import Encoding
from roompulse.errors import SourceError
from roompulse.media import MAX_PACKET_BYTES, Packet, VideoFormat
from roompulse.sources import finding
from roompulse.sources.clock import REORDERED_PACKETS, SourceClock, Timed
from roompulse.sources.decoding import AvPacket, Decoded, NumberedDecoder
from roompulse.sources.description import describe
from roompulse.sources.finding import Finding, Reading
from roompulse.sources.info import COPYABLE, Picture, SourceInfo, Unit
from roompulse.sources.opening import open_container
from roompulse.sources.passing import Passage
from roompulse.sources.tone import ToneMap
from roompulse.sources.track import choose

MAX_PROBED_PACKETS = 10_000  # up to the first picture
MAX_PROBED_BYTES = 256 * 1024 * 1024
ASSUMED_RATE_HZ = 25.0
MAX_RATE_HZ = 480  # above, it is no rate but the container's resolution of time
SPARE_BYTES = 4096  # for parameter sets and start codes
LEAD_SPEED = 2.0  # times real time, at which packets are due that only serve decoding the first picture
WITHOUT_SHOWN_STAMPS = ("avi",)


class VideoSource:
    """An open source; use as a context manager, and read it once: `pictures` or `units`.

    Attributes:
        name: As it was given.
        info: What it is, once it is open.
        ended_early: Whether `units` ended before one that the service would not take; `pictures` goes on from there.
    """

    info: SourceInfo

    def __init__(
        self, name: str | os.PathLike[str], options: Mapping[str, str] | None = None, *, track: int | None = None
    ) -> None:
        """Keep where to read from; nothing is opened yet.

        Args:
            name: A file, a URL, or a device (`/dev/video0`).
            options: FFmpeg's options for the demuxer.
            track: Which video track, from 1; None: the one that the container marks as default.
        """
        self.name = os.fspath(name)
        self._options, self._track = dict(options or {}), track
        self._primed: deque[Timed[AvPacket]] = deque()
        self._decoded: deque[Decoded] = deque()
        self._failure: SourceError | None = None
        self._passage: Passage | None = None
        self._tone = ToneMap()
        self._undecodable = self._too_large = 0
        self._ended = self.ended_early = False
        self._interlaced = False

    def __enter__(self) -> Self:
        """Open it and decode up to its first picture.

        Raises:
            SourceError: It is not there, no video, or holds no picture that can be decoded.
        """
        self._container = open_container(self.name, self._options)
        try:
            self._stream = choose(self._container, self.name, self._track)
            self._start()
            self.info = self._describe(self._prime())
        except BaseException:
            self._container.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._container.close()

    @property
    def damaged(self) -> int:
        """Packets, so far, that could not be decoded or passed through."""
        return self._decoder.damaged + (self._passage.damaged if self._passage else 0)

    @property
    def duration_s(self) -> float | None:
        """How long it is, seconds: as was read once all was, else as the container says."""
        return self._read_s if self._ended else self.info.duration_s

    @property
    def _read_s(self) -> float:
        return self._seconds(self._clock.newest) + 1 / (self._rate_hz or ASSUMED_RATE_HZ)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a person should know of it, as far as it was read."""
        clock = self._clock
        reading = Reading(
            self.damaged,
            self._undecodable,
            clock.hidden,
            clock.outliers,
            clock.repeated,
            tuple(map(self._seconds, clock.restarts)),
            tuple((self._seconds(start), self._seconds(end)) for start, end in clock.pauses),
            self._interlaced,
            self._too_large,
            self._read_s if self._ended else None,
            self.info.duration_s,
        )
        return (*finding.of_container(self.info, shown_stamps=self._shown_stamps), *finding.of_reading(reading))

    def pictures(self) -> Iterator[Picture]:
        """Yield all pictures in the order of showing, in ordinary range; damaged packets are left out and counted.

        Raises:
            SourceError: Reading fails halfway.
        """
        for decoded in self._decoding():
            self._interlaced |= decoded.frame.interlaced_frame
            yield Picture(self._tone.ordinary(decoded.frame), self._seconds(decoded.at), self.info.geometry)

    def units(self, *, until_too_large: bool = False) -> Iterator[Unit]:
        """Yield all access units as they are, in decoding order, from the first picture on.

        Args:
            until_too_large: End before a unit that the service would not take; see `ended_early`.

        Raises:
            SourceError: It cannot be passed through, or reading fails halfway.
        """
        encoding, shape = self.copy_format()
        passage = self._passage = Passage(encoding, self._stream)
        for timed in self._in_decoding_order():
            if timed.packet.size > MAX_PACKET_BYTES - SPARE_BYTES:
                self._too_large += 1
                if until_too_large:
                    self._decode_from(timed)
                    self.ended_early = True
                    return
            data = passage.form(timed.packet)
            if data:
                packet = Packet(data, self._seconds(timed.at), format=shape, decode_only=not timed.shown)
                yield Unit(packet, self._due_s(timed))

    def copy_format(self) -> tuple[Encoding, VideoFormat]:
        """Return what its packets are when they are passed through.

        Raises:
            SourceError: They cannot be.
        """
        info = self.info
        if info.uncopyable:
            raise SourceError(f"{self.name} cannot be copied: {info.uncopyable}; encode it: jpeg or h264")
        encoding = COPYABLE[info.codec]
        return encoding, info.geometry.said_in(VideoFormat(encoding, matrix=info.matrix, range=info.range))

    # Reading.

    def _start(self) -> None:
        stream = self._stream
        packets = self._packets()
        first = next(packets, None)
        stamped = first is not None and not (first.pts is None and first.dts is None)
        self._shown_stamps = stamped and self._container.format.name not in WITHOUT_SHOWN_STAMPS
        rate = stream.average_rate if stamped else None  # without stamps it is what FFmpeg assumes
        self._rate_hz = _plausible(rate) or _plausible(stream.guessed_rate)
        self._tick_s = stream.time_base or Fraction(1, 1000)
        self._reordered = bool(stream.codec_context.reorder_depth)
        self._clock = SourceClock(
            float(self._tick_s),
            1 / ((self._rate_hz or ASSUMED_RATE_HZ) * self._tick_s),
            reordered=self._reordered,
            shown_stamps=self._shown_stamps,
        )
        self._timed = self._clock.timed(() if first is None else chain((first,), packets))
        self._decoder = NumberedDecoder(stream.codec_context, shown_stamps=self._shown_stamps)

    def _packets(self) -> Iterator[AvPacket]:
        """Yield what the container holds. An error ends it, and is raised when all before it was handed out."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    yield packet
        except av.FFmpegError as err:
            self._failure = SourceError(f"{self.name} cannot be read on: {err.strerror}")
            self._failure.__cause__ = err

    def _prime(self) -> av.VideoFrame:
        """Decode up to the first picture: only then size, turn and colours are known for sure."""
        probed_bytes = 0
        for timed in self._timed:
            self._primed.append(timed)
            probed_bytes += timed.packet.size
            self._decoded.extend(self._decoder.decode(timed))
            if self._decoded or timed.number >= MAX_PROBED_PACKETS or probed_bytes > MAX_PROBED_BYTES:
                break
        if not self._decoded:
            self._decoded.extend(self._decoder.flush())
        if not self._decoded:
            codec = self._stream.codec_context.name
            raise SourceError(f"{self.name} has a video stream ({codec}), but no picture in it can be decoded")
        self._zero = self._decoded[0].at
        self._leave_out_before(self._decoded[0].timed.number)
        self._first_due = next(timed.due for timed in self._primed if timed.shown)
        return self._decoded[0].frame

    def _leave_out_before(self, first: int) -> None:
        """Leave out what comes before the key frame of the first picture; hidden packets serve to decode it."""
        keys = [timed.number for timed in self._primed if timed.packet.is_keyframe and timed.number <= first]
        start = max(keys, default=first)
        kept = [timed for timed in self._primed if timed.number >= start or not timed.shown]
        self._undecodable = max(0, len(self._primed) - len(kept) - self._decoder.damaged)
        self._primed = deque(kept)

    def _decoding(self) -> Iterator[Decoded]:
        while self._decoded:
            yield self._decoded.popleft()
        for timed in self._timed:
            yield from self._decoder.decode(timed)
        yield from self._decoder.flush()
        self._end()

    def _decode_from(self, timed: Timed[AvPacket]) -> None:
        self._decoder.start_over()
        self._decoded.clear()
        self._timed = chain((timed,), self._timed)

    def _in_decoding_order(self) -> Iterator[Timed[AvPacket]]:
        if self._shown_stamps or not self._reordered:
            yield from chain(self._primed, self._timed)  # a generator alone would be closed with this one
        else:
            yield from self._by_decoding()
        self._end()

    def _by_decoding(self) -> Iterator[Timed[AvPacket]]:
        """Yield packets with the moments of their pictures, which only decoding tells."""
        waiting, moments = self._primed, {one.timed.number: one.at for one in self._decoded}
        last = self._zero

        def placed() -> Timed[AvPacket]:
            nonlocal last
            timed = waiting.popleft()
            at = moments.pop(timed.number, None)
            last = last if at is None else at
            return replace(timed, at=last, shown=at is not None)

        for timed in self._timed:
            moments |= {one.timed.number: one.at for one in self._decoder.decode(timed)}
            waiting.append(timed)
            while waiting and (waiting[0].number in moments or len(waiting) > REORDERED_PACKETS):
                yield placed()
        moments |= {one.timed.number: one.at for one in self._decoder.flush()}
        while waiting:
            yield placed()

    def _end(self) -> None:
        self._ended = True
        if self._failure is not None:
            raise self._failure

    def _describe(self, frame: av.VideoFrame) -> SourceInfo:
        largest = max(timed.packet.size for timed in self._primed)
        return describe(self.name, self._container, self._stream, frame, rate_hz=self._rate_hz, largest_bytes=largest)

    def _seconds(self, moment: int) -> float:
        """Return seconds since the first picture."""
        return max(0.0, float((moment - self._zero) * self._tick_s))

    def _due_s(self, timed: Timed[AvPacket]) -> float:
        """Return when a packet is due; before the first picture, what it needs is handed out faster."""
        due_s = float((timed.due - self._first_due) * self._tick_s)
        return due_s if due_s >= 0 else due_s / LEAD_SPEED


def _plausible(rate: Fraction | None) -> float | None:
    return float(rate) if rate and rate <= MAX_RATE_HZ else None

"""A source's pictures on their way into a stream: decoded, encoded or copied in a thread, paced by their times.

VideoSource ─▶ Step (due, make) ─▶ Pacer: wait, or too late: skip ─▶ make (encode) ─▶ stream.send
"""

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

from roompulse.media import Packet
from roompulse.sending.encoder import Encoder, EncoderName, JpegEncoder, make_encoder
from roompulse.sources import Finding, Picture, VideoSource

Passing = Literal["auto", "copy", "jpeg", "h264", "raw"]
LATE_S = 0.5  # a live picture later than this is not worth its encoding
BATCH_PACKETS = 8


class PacketSink(Protocol):
    """Where packets go: an analyse stream."""

    async def send(self, picture: Sequence[Packet]) -> int:
        """Send packets."""

    def use_encoder(self, encoder: Encoder) -> None:
        """Take note of whom to ask for key frames."""


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What was sent.

    Attributes:
        packets: How many.
        bytes: Of these packets.
        media_s: Seconds of media.
        skipped: Live pictures that were not sent because sending was behind.
        damaged: Packets of the source that could not be used.
        findings: What a person should know of the source, in words.
    """

    packets: int
    bytes: int
    media_s: float
    skipped: int
    damaged: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One picture: when it is due in the media, when it was captured, and how to make its packet (CPU)."""

    due_s: float
    capture_s: float
    make: Callable[[], Packet]
    skippable: bool


class Pacer:
    """Holds media time to the clock. `speed` times real time; None never waits."""

    def __init__(
        self,
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the clock; the first wait is its zero."""
        self._speed, self._clock, self._sleep = speed, clock, sleep
        self._zero: float | None = None

    async def wait(self, due_s: float) -> float:
        """Wait until `due_s` of the media; return how many seconds late it was, 0 when on time."""
        if self._speed is None:
            return 0.0
        now = self._clock()
        if self._zero is None:
            self._zero = now - due_s / self._speed
        early_s = self._zero + due_s / self._speed - now
        if early_s > 0:
            await self._sleep(early_s)
        return max(0.0, -early_s)


class VideoPlayer:
    """Plays one source into one stream."""

    def __init__(
        self,
        sink: PacketSink,
        source: str | os.PathLike[str],
        speed: float | None,
        passing: Passing,
        *,
        skip_late: bool,
        track: int | None = None,
        progress: Callable[[float], None] | None = None,
        stop: asyncio.Event | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        """Keep what to play; `skip_late` allows live stills to be skipped when sending is behind."""
        self._sink, self._source, self._passing, self._track = sink, source, passing, track
        self._batch = BATCH_PACKETS if speed is None else 1
        self._skip_late = skip_late and speed is not None
        self._pacer = pacer or Pacer(speed)
        self._progress = progress or (lambda media_s: None)
        self._stop = stop or asyncio.Event()
        self._encoder: Encoder | None = None
        self._offset_s = 0.0
        self.report = FeedReport(0, 0, 0.0, 0)

    async def run(self, *, loop: bool = False) -> FeedReport:
        """Play to the end, or until `stop`; with `loop` begin again."""
        while True:
            before = self.report.packets + self.report.skipped
            await self._play_once()
            if not loop or self._stop.is_set() or self.report.packets + self.report.skipped == before:
                return self.report

    async def _play_once(self) -> None:
        source = VideoSource(self._source, track=self._track)
        await asyncio.to_thread(source.__enter__)
        try:
            steps = self._steps(source)
            while batch := await asyncio.to_thread(lambda: list(itertools.islice(steps, self._batch))):
                await self._play(batch)
                if self._stop.is_set():
                    break
            self._offset_s = self.report.media_s + 1.0 / (source.info.rate_hz or 25.0)
            self._tell(source)
        finally:
            await asyncio.to_thread(source.__exit__, None, None, None)

    def _tell(self, source: VideoSource) -> None:
        findings = list(source.findings)
        if isinstance(self._encoder, JpegEncoder) and self._encoder.shrunk:
            size = "{}×{}".format(*self._encoder.shrunk)
            findings.append(Finding("pictures have more bytes than the service takes", f"scaled down to {size}"))
        damaged = self.report.damaged + source.damaged
        self.report = replace(self.report, damaged=damaged, findings=tuple(findings))

    async def _play(self, batch: list[Step]) -> None:
        late_s = await self._pacer.wait(batch[0].due_s)
        if self._skip_late and late_s > LATE_S and batch[0].skippable:
            self.report = replace(self.report, skipped=self.report.skipped + 1)
            return
        packets = await asyncio.to_thread(lambda: [step.make() for step in batch])
        await self._sink.send(packets)
        done = self.report
        self.report = replace(
            done,
            packets=done.packets + len(packets),
            bytes=done.bytes + sum(len(packet.data) for packet in packets),
            media_s=max(done.media_s, *(step.capture_s for step in batch)),
        )
        self._progress(self.report.media_s)

    def _steps(self, source: VideoSource) -> Iterator[Step]:
        name: EncoderName | None = None
        if self._passing == "auto":
            name = None if source.info.copyable else "jpeg"
        elif self._passing != "copy":
            name = self._passing
        return self._copied(source) if name is None else self._encoded(source, name)

    def _copied(self, source: VideoSource) -> Iterator[Step]:
        auto = self._passing == "auto"
        for unit in source.units(until_too_large=auto):
            capture_s = (unit.packet.capture_s or 0.0) + self._offset_s
            packet = replace(unit.packet, capture_s=capture_s)
            yield Step(unit.due_s + self._offset_s, capture_s, partial(_itself, packet), skippable=False)
        if source.ended_early:
            yield from self._encoded(source, "jpeg")  # from the unit on that the service would not take

    def _encoded(self, source: VideoSource, name: EncoderName) -> Iterator[Step]:
        if self._encoder is None:
            self._encoder = make_encoder(name)
            self._sink.use_encoder(self._encoder)
        for picture in source.pictures():
            capture_s = picture.capture_s + self._offset_s
            make = partial(_encode, self._encoder, picture, capture_s)
            yield Step(capture_s, capture_s, make, skippable=True)


def stamped(packet: Packet, capture_s: float | None, speaking: bool | None) -> Packet:
    """Return the packet with a capture time within the media, and whether the participant spoke."""
    return replace(packet, capture_s=capture_s, speaking=speaking)


def _itself(packet: Packet) -> Packet:
    return packet


def _encode(encoder: Encoder, picture: Picture, capture_s: float) -> Packet:
    packet = stamped(encoder.encode(picture.frame), capture_s, None)
    return packet if packet.format is None else replace(packet, format=picture.geometry.said_in(packet.format))

"""Video from any file, URL or device that PyAV opens.

    container ─demux─▶ packets ──decode──▶ pictures()   decoded, with capture times; encode as you like
                          └──h264_mp4toannexb──▶ units()   passed through: H.264, VP8, VP9, AV1 as they are

Turns that the container asks for (display matrix) are passed on in the format's `rotation_deg`, once, and never applied
to the pixels. Reading is synchronous: off the event loop, one call at a time.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream as AvVideoStream

from roompulse.encode import MATRICES, Bytes3
from roompulse.enums import ColorMatrix, ColorRange, Encoding
from roompulse.errors import SourceError
from roompulse.media import Packet, VideoFormat

COPYABLE: Mapping[str, Encoding] = {
    "h264": Encoding.H264,
    "vp8": Encoding.VP8,
    "vp9": Encoding.VP9,
    "av1": Encoding.AV1,
}
MAX_PROBED_PACKETS = 256
OPEN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source is.

    Attributes:
        name: As it was given.
        codec: FFmpeg's name of it, for example "h264".
        width: Pixels, before turning.
        height: Pixels, before turning.
        rate_hz: Pictures a second, or None where the container does not say.
        duration_s: Seconds, or None for live sources.
        rotation_deg: Clockwise turn that makes the pictures upright.
        matrix: The YUV matrix, where it is said.
        range: The YUV range, where it is said.
    """

    name: str
    codec: str
    width: int
    height: int
    rate_hz: float | None
    duration_s: float | None
    rotation_deg: int
    matrix: ColorMatrix
    range: ColorRange

    @property
    def copyable(self) -> bool:
        """Whether its packets can be sent as they are."""
        return self.codec in COPYABLE


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture, not turned; `capture_s` counts from the source's first picture."""

    frame: av.VideoFrame = field(repr=False)
    capture_s: float
    rotation_deg: int

    def upright_bgr(self) -> Bytes3:
        """Return it upright, (height, width, 3), blue first."""
        array = self.frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
        return np.ascontiguousarray(np.rot90(array, -self.rotation_deg // 90))


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """An access unit passed through; `due_s` is when an encoder would have handed it out (decoding order)."""

    packet: Packet
    due_s: float


class VideoSource:
    """An open source; use as a context manager. `damaged` counts packets that could not be decoded."""

    def __init__(self, name: str | os.PathLike[str], options: Mapping[str, str] | None = None) -> None:
        """Keep where to read from; nothing is opened yet.

        Args:
            name: A file, a URL, or a device (`/dev/video0`).
            options: FFmpeg's options for the demuxer.
        """
        self.name = os.fspath(name)
        self.damaged = 0
        self._options = dict(options or {})
        self._primed: list[av.Packet[AvVideoStream]] = []
        self._frames: list[av.VideoFrame] = []

    def __enter__(self) -> Self:
        """Open it and decode up to its first picture.

        Raises:
            SourceError: It is not there, no video, or holds no picture that can be decoded.
        """
        self._container = self._open()
        try:
            self._stream = self._video_stream()
            self._packets = self._reading(self._container.demux(self._stream))
            self._prime()
        except BaseException:
            self._container.close()
            raise
        self.info = self._describe(self._frames[0])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._container.close()

    def pictures(self) -> Iterator[Picture]:
        """Yield all pictures in the order of showing; damaged packets are left out and counted.

        Raises:
            SourceError: Reading fails halfway.
        """
        for number, frame in enumerate(self._decoded()):
            yield Picture(frame, self._seconds(frame.pts, number), self.info.rotation_deg)

    def units(self) -> Iterator[Unit]:
        """Yield all access units as they are, in decoding order.

        Raises:
            SourceError: The codec cannot be passed through, or reading fails halfway.
        """
        encoding, shape = self.copy_format()
        to_annex_b = BitStreamFilterContext("h264_mp4toannexb", self._stream) if encoding is Encoding.H264 else None
        for number, packet in enumerate(self._demuxed()):
            pts = packet.pts if packet.pts is not None else packet.dts
            due_s = self._seconds(packet.dts, number, clamp=False)
            for whole in to_annex_b.filter(packet) if to_annex_b else (packet,):
                if whole.size:
                    yield Unit(Packet(bytes(whole), self._seconds(pts, number), format=shape), due_s)

    def _open(self) -> InputContainer:
        device = self.name.startswith("/dev/video")
        try:
            return av.open(
                self.name, "r", format="v4l2" if device else None, options=self._options, timeout=OPEN_TIMEOUT_S
            )
        except av.FFmpegError as err:
            raise SourceError(_why_not(self.name, err)) from err
        except OSError as err:
            raise SourceError(f"{self.name} cannot be opened: {err.strerror or err}") from err

    def _video_stream(self) -> AvVideoStream:
        for stream in self._container.streams.video:
            if not stream.disposition & Disposition.attached_pic:
                return stream
        held = ", ".join(stream.type for stream in self._container.streams) or "nothing"
        raise SourceError(f"{self.name} has no video stream (it holds: {held})")

    def _prime(self) -> None:
        """Decode up to the first picture: only then size, turn and colours are known for sure."""
        for packet in self._packets:
            self._primed.append(packet)
            self._frames.extend(self._decode(packet))
            if self._frames or len(self._primed) >= MAX_PROBED_PACKETS:
                break
        if not self._frames:
            codec = self._stream.codec_context.name
            raise SourceError(f"{self.name} has a video stream ({codec}), but no picture in it can be decoded")
        first = min((packet.pts for packet in self._primed if packet.pts is not None), default=0)
        self._zero = first if self._frames[0].pts is None else min(first, self._frames[0].pts)
        self._first_dts = next((packet.dts for packet in self._primed if packet.dts is not None), self._zero)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        yield from self._frames
        self._frames.clear()
        for packet in self._packets:
            yield from self._decode(packet)

    def _demuxed(self) -> Iterator["av.Packet[AvVideoStream]"]:
        yield from self._primed
        yield from self._packets

    def _decode(self, packet: "av.Packet[AvVideoStream]") -> list[av.VideoFrame]:
        try:
            return packet.decode()
        except av.error.InvalidDataError:
            self.damaged += 1
            return []

    def _reading(self, packets: Iterator["av.Packet[AvVideoStream]"]) -> Iterator["av.Packet[AvVideoStream]"]:
        try:
            yield from packets
        except av.FFmpegError as err:
            raise SourceError(f"{self.name} cannot be read on: {err.strerror}") from err

    def copy_format(self) -> tuple[Encoding, VideoFormat]:
        """Return what its packets are when they are passed through.

        Raises:
            SourceError: The codec cannot be passed through.
        """
        info = self.info
        if not info.copyable:
            raise SourceError(
                f"{self.name} is {info.codec}, which cannot be passed through (h264, vp8, vp9, av1 can); "
                "encode it: jpeg or h264"
            )
        encoding = COPYABLE[info.codec]
        return encoding, VideoFormat(encoding, 0, 0, (), info.matrix, info.range, info.rotation_deg)

    def _describe(self, frame: av.VideoFrame) -> SourceInfo:
        stream = self._stream
        rate = stream.average_rate or stream.guessed_rate
        duration = self._container.duration
        return SourceInfo(
            self.name,
            stream.codec_context.codec.canonical_name,
            frame.width,
            frame.height,
            float(rate) if rate else None,
            duration / av.time_base if duration else None,
            -round(frame.rotation / 90) * 90 % 360,  # FFmpeg counts anticlockwise
            MATRICES.get(frame.colorspace, ColorMatrix.UNSPECIFIED),
            ColorRange(frame.color_range if frame.color_range in (1, 2) else 0),
        )

    def _seconds(self, stamp: int | None, number: int, *, clamp: bool = True) -> float:
        """Return seconds since the first picture (since the first packet with `clamp` off, in decoding order)."""
        if stamp is None or self._stream.time_base is None:
            return number / (self.info.rate_hz or 25.0)
        zero = self._zero if clamp else self._first_dts
        return max(0.0, float((stamp - zero) * self._stream.time_base))


def _why_not(name: str, err: av.FFmpegError) -> str:
    if isinstance(err, FileNotFoundError):
        return f"there is no file {name}"
    if isinstance(err, av.error.InvalidDataError):
        return f"{name} is no video that can be read"
    return f"{name} cannot be opened: {err.strerror}"

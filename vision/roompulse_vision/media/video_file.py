"""A video file as packets: access units as they are where the analyser reads the codec, else decoded pictures."""

import math
import pathlib
import struct
from collections.abc import Iterator
from fractions import Fraction

import av
from av.sidedata.sidedata import SideData, Type
from av.stream import Disposition

from roompulse_vision.enumerations import ColorMatrix, ColorRange, Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.types import Packet, VideoFormat

CODED = {"h264": Encoding.H264, "vp8": Encoding.VP8, "vp9": Encoding.VP9, "av1": Encoding.AV1}
ANNEX_B = "h264_mp4toannexb"
MATRIX = struct.Struct("=9i")  # of a display matrix, as FFmpeg keeps it: x' = a x + c y, y' = b x + d y


def video_packets(path: pathlib.Path) -> Iterator[Packet]:
    """Yield the packets of a file's first video track that is no cover picture. Offsets begin at 0.

    The file's rotation, flip and shape of pixels are in each packet's format, so that pictures come out upright.

    Raises:
        MediaError: The file cannot be opened, or has no video.
    """
    try:
        container = av.open(str(path))
    except (OSError, av.FFmpegError) as error:
        raise MediaError(FaultReason.UNKNOWN_FORMAT, f"{path} cannot be read as a video: {error}") from error
    with container:
        cover = Disposition.attached_pic
        tracks = [track for track in container.streams.video if not track.disposition & cover]
        if not tracks:
            raise MediaError(FaultReason.UNKNOWN_FORMAT, f"{path} has no video track")
        track = tracks[0]
        encoding = CODED.get(track.codec_context.codec.canonical_name)
        packets = _coded(container, track, encoding) if encoding else _decoded(container, track)
        try:
            yield from packets
        except av.FFmpegError as error:
            raise MediaError(FaultReason.CORRUPT, f"{path} cannot be read on: {error}") from error


def _coded(container: "av.container.InputContainer", track: "av.VideoStream", encoding: Encoding) -> Iterator[Packet]:
    units = av.BitStreamFilterContext(ANNEX_B, track) if encoding is Encoding.H264 else None
    form, base, began = _format(track, encoding), track.time_base or Fraction(1, 1), None
    index = 0
    for demuxed in container.demux(track):
        flushing = not demuxed.size
        for unit in units.filter(None if flushing else demuxed) if units else ([] if flushing else [demuxed]):
            at = unit.pts if unit.pts is not None else unit.dts or 0
            began = at if began is None else began
            offset_us = max(0, round((at - began) * base * 1_000_000))
            yield Packet(index, bytes(unit), form, offset_us, offset_us, offset_us)
            index += 1


def _decoded(container: "av.container.InputContainer", track: "av.VideoStream") -> Iterator[Packet]:
    began: float | None = None
    for index, frame in enumerate(container.decode(track)):
        at_s = frame.time or 0.0
        began = at_s if began is None else began
        offset_us = max(0, round((at_s - began) * 1e6))
        pixels = frame.to_ndarray(format="bgr24")
        form = _format(track, Encoding.BGR24, frame.width, frame.height)
        yield Packet(index, pixels.tobytes(), form, offset_us, offset_us, offset_us)


def _format(track: "av.VideoStream", encoding: Encoding, width: int = 0, height: int = 0) -> VideoFormat:
    turn, flip = _turn(track)
    aspect = track.sample_aspect_ratio or Fraction(0, 1)
    square = aspect in (0, 1)
    return VideoFormat(
        encoding,
        width,
        height,
        (),
        ColorMatrix.UNSPECIFIED,
        ColorRange.UNSPECIFIED,
        turn,
        flip,
        0 if square else aspect.numerator,
        0 if square else aspect.denominator,
    )


def _turn(track: "av.VideoStream") -> tuple[int, bool]:
    """Return what the display matrix of the first picture says: a flip, then a clockwise turn by degrees."""
    container = track.container
    assert isinstance(container, av.container.InputContainer)
    frame = next(container.decode(track), None)
    container.seek(0)
    every: list[SideData] = list(frame.side_data) if frame else []  # type: ignore[arg-type]  # by number, whatever its type says
    matrices = [bytes(data) for data in every if data.type is Type.DISPLAYMATRIX]
    if not matrices:
        return 0, False
    a, b, _, c, d, *_ = MATRIX.unpack(matrices[0])
    flip = a * d - b * c < 0
    turn = math.degrees(math.atan2(-b, -a) if flip else math.atan2(b, a))
    return round(turn / 90) * 90 % 360, flip

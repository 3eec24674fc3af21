"""What an open source is, told from its container and its first picture."""

from fractions import Fraction

import av
from av.container import InputContainer
from av.sidedata.sidedata import SideData, Type
from av.video.stream import VideoStream

from roompulse.encode import MATRICES
from roompulse.enums import ColorMatrix, ColorRange
from roompulse.sources import exif
from roompulse.sources.geometry import MATRIX, Geometry, from_exif, from_matrix, from_rotation
from roompulse.sources.info import COPYABLE, SourceInfo
from roompulse.sources.opening import still_bytes
from roompulse.sources.passing import largest_indexed, why_uncopyable
from roompulse.sources.tone import HDR
from roompulse.sources.track import tracks_of


def describe(
    name: str,
    container: InputContainer,
    stream: VideoStream,
    frame: av.VideoFrame,
    *,
    rate_hz: float | None,
    largest_bytes: int,
) -> SourceInfo:
    """Return what a source is.

    Args:
        name: As it was given.
        container: The open container.
        stream: Its video track.
        frame: The first picture.
        rate_hz: Pictures a second.
        largest_bytes: The largest packet met so far.
    """
    codec, size = stream.codec_context.codec.canonical_name, (frame.width, frame.height)
    if codec in COPYABLE:
        largest_bytes = max(largest_bytes, largest_indexed(stream))
    tracks = tracks_of(container)
    return SourceInfo(
        name=name,
        codec=codec,
        width=frame.width,
        height=frame.height,
        rate_hz=rate_hz,
        duration_s=container.duration / av.time_base if container.duration else None,
        geometry=_geometry(name, frame, stream.sample_aspect_ratio),
        matrix=MATRICES.get(frame.colorspace, ColorMatrix.UNSPECIFIED),
        range=ColorRange(frame.color_range if frame.color_range in (1, 2) else 0),
        hdr=HDR.get(frame.color_trc, ""),
        tracks=tracks,
        track=next((track.number for track in tracks if track.index == stream.index), 1),
        uncopyable=why_uncopyable(codec, size, largest_bytes),
    )


def _geometry(name: str, frame: av.VideoFrame, pixel_aspect: Fraction | None) -> Geometry:
    still = still_bytes(name)
    if still is not None:
        return from_exif(exif.orientation(still))
    try:
        every: list[SideData] = list(frame.side_data)  # type: ignore[arg-type]  # by number, whatever its type says
    except ValueError:  # PyAV does not know one of the others
        return from_rotation(frame.rotation, pixel_aspect)
    matrices = [bytes(data) for data in every if data.type is Type.DISPLAYMATRIX]
    return from_matrix(MATRIX.unpack(matrices[0]), pixel_aspect) if matrices else from_rotation(0, pixel_aspect)

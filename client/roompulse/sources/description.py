"""What an open source is, told from its container and its first picture."""

from fractions import Fraction

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from roompulse.enums import ColorMatrix, ColorRange
from roompulse.sending.encoder import MATRICES
from roompulse.sources import exif
from roompulse.sources.geometry import Geometry, from_exif, from_frame
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
    return from_exif(exif.orientation(still)) if still is not None else from_frame(frame, pixel_aspect)

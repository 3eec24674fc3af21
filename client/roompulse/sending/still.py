"""A still picture as the service takes it: as it is, or scaled down where it is too large."""

import io
from dataclasses import dataclass, replace

import av
from av.video.stream import VideoStream

from roompulse.enums import Encoding
from roompulse.media import MAX_PACKET_BYTES, Packet, VideoFormat
from roompulse.sending.encoder import JpegEncoder, fitting
from roompulse.sources import exif
from roompulse.sources.geometry import from_exif

STILLS = (Encoding.UNSPECIFIED, Encoding.JPEG, Encoding.PNG, Encoding.WEBP)


@dataclass(frozen=True, slots=True)
class Still:
    """A picture ready to be sent; `scaled` says what was done to it, empty where nothing was."""

    packet: Packet
    scaled: str = ""


def prepared(data: bytes, shape: VideoFormat | None = None) -> Still:
    """Return a picture's bytes as they are, or a smaller JPEG of it where the service takes no more.

    Which way up it is, by its Exif block or by `shape`, is said in the packet's format. What cannot be read is returned
    as it is: the service says what is wrong with it.
    """
    if shape is not None and shape.encoding not in STILLS:
        return Still(Packet(data, format=shape))
    try:
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.video[0]
            size = (stream.codec_context.width, stream.codec_context.height)
            if fitting(*size) == size and len(data) <= MAX_PACKET_BYTES:
                return Still(Packet(data, format=shape))
            return _scaled(data, stream, shape or VideoFormat())
    except (av.FFmpegError, IndexError, AttributeError, StopIteration):
        return Still(Packet(data, format=shape))


def _scaled(data: bytes, stream: VideoStream, shape: VideoFormat) -> Still:
    frame = next(iter(stream.container.decode(stream)))  # type: ignore[attr-defined]
    encoder = JpegEncoder()
    packet = encoder.encode(frame)
    turn = exif.orientation(data)
    if turn != exif.UPRIGHT:
        shape = from_exif(turn).said_in(shape)
    packet = replace(packet, format=replace(shape, encoding=Encoding.JPEG))
    width, height = encoder.shrunk or fitting(frame.width, frame.height)
    told = f"{frame.width}×{frame.height} pixels in {len(data)} bytes are more than the service takes"
    return Still(packet, f"{told}; sent as {width}×{height} in {len(packet.data)}")

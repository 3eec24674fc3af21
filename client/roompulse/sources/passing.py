"""Packets as they are: whether they can be sent so, and in the form that the service takes."""

import av
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from roompulse.enums import Encoding
from roompulse.media import MAX_PACKET_BYTES
from roompulse.sending.encoder import fitting
from roompulse.sources.decoding import AvPacket
from roompulse.sources.info import COPYABLE


def why_uncopyable(codec: str, size: tuple[int, int], largest_bytes: int) -> str:
    """Return, in words, why packets cannot be sent as they are; empty where they can.

    Args:
        codec: FFmpeg's name of it.
        size: Width and height, pixels.
        largest_bytes: The largest packet that is known.
    """
    if codec not in COPYABLE:
        return f"it is {codec}, which cannot be passed through ({', '.join(COPYABLE)} can)"
    if fitting(*size) != size:
        return "its pictures of {}×{} pixels are larger than the service takes".format(*size)
    if largest_bytes > MAX_PACKET_BYTES:
        return f"a packet of it has {largest_bytes} bytes, and the service takes {MAX_PACKET_BYTES}"
    return ""


def largest_indexed(stream: VideoStream) -> int:
    """Return the size of the largest packet, bytes, by the container's index; 0 where it has none."""
    return max((entry.size for entry in stream.index_entries), default=0)


class Passage:
    """Brings packets into the service's form: H.264 as Annex B with its parameter sets, all else as it is.

    Attributes:
        damaged: How many packets could not be.
    """

    def __init__(self, encoding: Encoding, stream: VideoStream) -> None:
        """Prepare for one track."""
        self._to_annex_b = BitStreamFilterContext("h264_mp4toannexb", stream) if encoding is Encoding.H264 else None
        self.damaged = 0

    def form(self, packet: AvPacket) -> bytes:
        """Return a packet's bytes; none where it is damaged. The packet is used up."""
        if self._to_annex_b is None:
            return bytes(packet)
        try:
            return b"".join(bytes(whole) for whole in self._to_annex_b.filter(packet))
        except av.FFmpegError:
            self.damaged += 1
            return b""

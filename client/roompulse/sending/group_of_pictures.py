"""The group of pictures that is being sent, kept to start a decoder again. Pure."""

from collections.abc import Sequence

from roompulse.media import Packet, VideoFormat, starts_anew

MAX_BYTES = 8 * 1024 * 1024
MAX_PACKETS = 600


class GroupOfPictures:
    """Keeps the packets since the last key frame, bounded; a group that grows over a bound is given up.

    What is given up is given up whole: without its first packets a group cannot start a decoder. The next key frame
    begins a new one.
    """

    def __init__(self, max_packets: int = MAX_PACKETS, max_bytes: int = MAX_BYTES) -> None:
        """Keep the bounds."""
        self._max_packets, self._max_bytes = max_packets, max_bytes
        self._packets: list[Packet] = []
        self._bytes = 0

    @property
    def packets(self) -> Sequence[Packet]:
        """The group so far, the key frame first; empty when there is none to start with."""
        return self._packets

    def add(self, packet: Packet, shape: VideoFormat) -> bool:
        """Take in a packet about to be sent in format `shape`; return whether it starts a group."""
        if not shape.encoding.depends_on_earlier:
            self._clear()
            return True
        key = starts_anew(shape.encoding, packet.data) if packet.key_frame is None else packet.key_frame
        if key:
            self._clear()
        if key or self._packets:
            self._packets.append(packet)
            self._bytes += len(packet.data)
        if len(self._packets) > self._max_packets or self._bytes > self._max_bytes:
            self._clear()
        return key

    def _clear(self) -> None:
        self._packets = []
        self._bytes = 0

"""What a source is, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import av
import numpy as np

from roompulse.enums import ColorMatrix, ColorRange, Encoding
from roompulse.media import Packet
from roompulse.sending.encoder import Bytes3
from roompulse.sources.geometry import Geometry
from roompulse.sources.track import Track

COPYABLE: Mapping[str, Encoding] = {
    "h264": Encoding.H264,
    "vp8": Encoding.VP8,
    "vp9": Encoding.VP9,
    "av1": Encoding.AV1,
}


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source is.

    Attributes:
        name: As it was given.
        codec: FFmpeg's name of it, for example "h264".
        width: Pixels as stored: before pixels are made square, before turning.
        height: Pixels as stored.
        rate_hz: Pictures a second, or None where neither the container nor the video says.
        duration_s: Seconds as the container says, or None for live sources.
        geometry: What makes the pictures upright.
        matrix: The YUV matrix, where it is said.
        range: The YUV range, where it is said.
        hdr: "HLG" or "PQ" for pictures of high dynamic range, else empty.
        tracks: All video tracks.
        track: The number of this one, from 1.
        uncopyable: Why its packets cannot be sent as they are, in words; empty where they can.
    """

    name: str
    codec: str
    width: int
    height: int
    rate_hz: float | None
    duration_s: float | None
    geometry: Geometry
    matrix: ColorMatrix
    range: ColorRange
    hdr: str
    tracks: tuple[Track, ...]
    track: int
    uncopyable: str

    @property
    def must_encode(self) -> str:
        """Why its packets should not be sent as they are, in words; empty where they can."""
        pale = f"its pictures are {self.hdr}, of high dynamic range, which the service does not read"
        return self.uncopyable or (pale if self.hdr else "")

    @property
    def copyable(self) -> bool:
        """Whether its packets can be sent as they are, and read as others are."""
        return not self.must_encode

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn that makes the pictures upright, after `geometry` has flipped them back."""
        return self.geometry.rotation_deg

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of the upright picture, pixels."""
        return self.geometry.shown(self.width, self.height)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture as stored, not turned; `capture_s` counts from the source's first picture."""

    frame: av.VideoFrame = field(repr=False)
    capture_s: float
    geometry: Geometry = field(default_factory=Geometry)

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn that makes it upright, after `geometry` has flipped it back."""
        return self.geometry.rotation_deg

    def upright_bgr(self) -> Bytes3:
        """Return it upright, (height, width, 3), blue first, with square pixels."""
        width, height = self.geometry.stretched(self.frame.width, self.frame.height)
        array = self.frame.to_ndarray(format="bgr24", width=width, height=height).astype(np.uint8, copy=False)
        if self.geometry.horizontal_flip:
            array = array[:, ::-1]
        return np.ascontiguousarray(np.rot90(array, -self.geometry.rotation_deg // 90))


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """An access unit passed through; `due_s` is when an encoder would have handed it out (decoding order)."""

    packet: Packet
    due_s: float

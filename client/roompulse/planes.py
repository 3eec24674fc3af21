"""Pictures as planes of YUV 4:2:0: what Zoom, Teams and LiveKit hand to a bot.

    I420((y, u, v))                                    a 2-D array of uint8 for each plane
    I420((y, u, v), 640, 360, strides=(704, 352, 352)) a buffer for each plane, with the bytes from row to row
    I420(data, 640, 360)                               one buffer, the planes one after the other
    NV12((y, uv)), NV12(data, 640, 360), …             the same, with U and V interleaved

Nothing is copied before it is sent; then it is once, without the padding of the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeGuard

import av
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from roompulse import argument
from roompulse.enums import ColorMatrix, ColorRange, Encoding
from roompulse.errors import InvalidArgument
from roompulse.media import Packet, VideoFormat
from roompulse.sending.encoder import LEAST_SIDE, MOST_SIDE

Buffer = bytes | bytearray | memoryview | NDArray[np.uint8]
Rows = NDArray[np.uint8]

ROTATIONS_DEG = (0, 90, 180, 270)
_AV_MATRIX = {ColorMatrix.UNSPECIFIED: 2, ColorMatrix.BT601: 5, ColorMatrix.BT709: 1, ColorMatrix.BT2020: 9}


@dataclass(frozen=True, slots=True, eq=False)
class Yuv420:
    """A picture in YUV 4:2:0, eight bits: `I420` or `NV12`.

    Attributes:
        data: A buffer or 2-D array of uint8 for each plane, or one buffer that holds all of them. Chroma has half of
            the width and height, rounded up.
        width: Pixels, 16 to 16384; may be left out where the first plane is a 2-D array.
        height: Pixels, 16 to 16384; may be left out where the first plane is a 2-D array.
        strides: Bytes from one row to the next, a number for each plane; empty: rows without padding. Arrays know.
        matrix: The YUV matrix; unspecified: BT.709 for 720 lines and more, BT.601 below.
        range: The YUV range; unspecified: limited, 16 to 235.
        rotation_deg: Clockwise turn that makes the picture upright: 0, 90, 180 or 270.

    Raises:
        InvalidArgument: Sizes, strides and bytes do not fit together; names the plane and what would fit.
    """

    data: Buffer | Sequence[Buffer] = field(repr=False)
    width: int = 0
    height: int = 0
    strides: Sequence[int] = ()
    matrix: ColorMatrix | str = ColorMatrix.UNSPECIFIED
    range: ColorRange | str = ColorRange.UNSPECIFIED
    rotation_deg: int = 0
    rows: tuple[Rows, ...] = field(init=False, repr=False)

    ENCODING: ClassVar[Encoding]
    PLANES: ClassVar[str]

    def __post_init__(self) -> None:
        """Find each plane's rows."""
        for name, value in (("width", self.width), ("height", self.height)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                kind, letters = type(self).__name__, ", ".join(self.PLANES.lower().split())
                known = f"planes come in one list: {kind}([{letters}], width=…, height=…)"
                raise InvalidArgument(
                    f"{name} must be a whole number, not {argument.shown(value)}; {known}", field=name
                )
        if self.rotation_deg not in ROTATIONS_DEG:
            raise argument.refused("rotation_deg", self.rotation_deg, "0, 90, 180 or 270")
        object.__setattr__(self, "matrix", ColorMatrix.of(self.matrix))
        object.__setattr__(self, "range", ColorRange.of(self.range))
        object.__setattr__(self, "rows", self._found())
        height, width = self.rows[0].shape
        object.__setattr__(self, "width", width)
        object.__setattr__(self, "height", height)

    def packet(self) -> Packet:
        """Return the picture as it is, without the padding of its rows: exact, and large."""
        colors = ColorMatrix.of(self.matrix), ColorRange.of(self.range)
        shape = VideoFormat(self.ENCODING, self.width, self.height, (), *colors, self.rotation_deg)
        return Packet(b"".join(plane.tobytes() for plane in self.rows), format=shape, key_frame=True)

    def frame(self) -> av.VideoFrame:
        """Return the picture for an encoder, with its colours said; the turn is left to the packet's format."""
        frame = av.VideoFrame(self.width, self.height, "yuv420p" if len(self.rows) == 3 else "nv12")
        for plane, source in zip(frame.planes, self.rows, strict=True):
            target = np.asarray(memoryview(plane)).reshape(-1, plane.line_size)
            target[: source.shape[0], : source.shape[1]] = source
        frame.colorspace = _AV_MATRIX[ColorMatrix.of(self.matrix)]
        frame.color_range = int(ColorRange.of(self.range))
        return frame

    def _found(self) -> tuple[Rows, ...]:
        name, count = type(self).__name__, len(self.PLANES.split())
        planes = [self.data] if _is_buffer(self.data) else argument.items(self.data, "data")
        if len(planes) not in (1, count) or len(self.strides) not in (0, count):
            said = f"{len(planes)} planes and {len(self.strides)} strides"
            raise InvalidArgument(f"{name} takes {count} planes or one buffer, and {count} strides or none; not {said}")
        shapes = self._shapes(*self._size(planes[0]))
        steps = [argument.whole(step, "strides", 1, 1 << 31) for step in self.strides] or [0] * count
        if len(planes) == 1:
            sizes = [rows * (step or length) for (rows, length), step in zip(shapes, steps, strict=True)]
            planes = np.split(_flat(f"the buffer of {name}", planes[0]), np.cumsum(sizes[:-1]))
        named = zip(self.PLANES.split(), planes, shapes, steps, strict=True)
        return tuple(_rows(f"plane {plane} of {name}", data, shape, step) for plane, data, shape, step in named)

    def _size(self, first: Buffer) -> tuple[int, int]:
        known = not self.width and not self.height and isinstance(first, np.ndarray) and first.ndim == 2
        height, width = first.shape if known and isinstance(first, np.ndarray) else (self.height, self.width)
        return (
            argument.whole(height, "height", LEAST_SIDE, MOST_SIDE),
            argument.whole(width, "width", LEAST_SIDE, MOST_SIDE),
        )

    def _shapes(self, height: int, width: int) -> list[tuple[int, int]]:
        rows, columns = (height + 1) // 2, (width + 1) // 2
        chroma = [(rows, columns)] * 2 if self.ENCODING is Encoding.I420 else [(rows, 2 * columns)]
        return [(height, width), *chroma]


class I420(Yuv420):
    """Planar YUV 4:2:0: Y, U, V, as Zoom's raw data and LiveKit give it; see `Yuv420`."""

    __slots__ = ()
    ENCODING = Encoding.I420
    PLANES = "Y U V"


class NV12(Yuv420):
    """Semi-planar YUV 4:2:0: Y, then U and V interleaved, as Teams gives it; see `Yuv420`."""

    __slots__ = ()
    ENCODING = Encoding.NV12
    PLANES = "Y UV"


def _is_buffer(data: object) -> TypeGuard[Buffer]:
    return isinstance(data, bytes | bytearray | memoryview | np.ndarray)


def _flat(path: str, data: object) -> Rows:
    """Return a buffer's bytes as one row, without a copy where they lie one after the other."""
    if not _is_buffer(data) or (isinstance(data, np.ndarray) and data.dtype != np.uint8):
        kind = f"an array of {data.dtype}" if isinstance(data, np.ndarray) else type(data).__name__
        raise InvalidArgument(f"{path} is {kind}; it must be a buffer or an array of uint8")
    try:
        return data.reshape(-1) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    except (ValueError, BufferError) as err:
        raise InvalidArgument(f"{path} cannot be read as bytes: {err}") from err


def _rows(path: str, data: object, shape: tuple[int, int], stride: int) -> Rows:
    """Return a plane as (rows, bytes of a row)."""
    count, length = shape
    if isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype == np.uint8:
        if data.shape != shape:
            raise InvalidArgument(f"{path} is {data.shape}; it must be {shape}: rows, bytes of a row")
        return data
    step = stride or length
    if step < length:
        raise InvalidArgument(f"the stride of {path} is {step}; a row takes {length} bytes")
    flat = _flat(path, data)
    least, most = (count - 1) * step + length, count * step
    if not least <= flat.size <= most:
        what = f"{count} rows of {length} bytes, {step} apart, take {most}"
        raise InvalidArgument(f"{path} has {flat.size} bytes; {what} (say the strides where rows are padded)")
    return as_strided(flat, shape, (step, 1), writeable=False)

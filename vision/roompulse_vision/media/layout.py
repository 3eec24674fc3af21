"""Where the planes of a raw picture lie in its bytes."""

from dataclasses import dataclass
from itertools import accumulate

from roompulse_vision.enumerations import Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.types import VideoFormat

PACKED_BYTES = {Encoding.RGB24: 3, Encoding.BGR24: 3, Encoding.RGBA: 4}
MIN_SIDE = 16


@dataclass(frozen=True, slots=True)
class PlaneLayout:
    """One plane: `rows` rows of `row_bytes` bytes that count, `stride` bytes from one to the next, from `offset`."""

    offset: int
    rows: int
    row_bytes: int
    stride: int


def check_sides(picture: VideoFormat, max_side: int) -> None:
    """Check the declared size of a raw picture.

    Raises:
        MediaError: `WRONG_LAYOUT`: a side is shorter than `MIN_SIDE`. `TOO_MANY_PIXELS`: longer than `max_side`.
    """
    size = f"a raw picture of {picture.width}×{picture.height} pixels"
    if min(picture.width, picture.height) < MIN_SIDE:
        message = f"{size} is declared; raw formats need width and height of at least {MIN_SIDE}"
        raise MediaError(FaultReason.WRONG_LAYOUT, message)
    if max(picture.width, picture.height) > max_side:
        raise MediaError(FaultReason.TOO_MANY_PIXELS, f"{size} is declared; no side may exceed {max_side}")


def planes(picture: VideoFormat, byte_count: int) -> tuple[PlaneLayout, ...]:
    """Lay out a raw picture of `byte_count` bytes. The last row may come without its padding.

    Chroma planes of odd sizes are rounded up.

    Raises:
        MediaError: `WRONG_LAYOUT`: strides or the number of bytes do not fit.
    """
    shapes = _shapes(picture)
    strides = picture.strides or tuple(row_bytes for _, row_bytes in shapes)
    name = f"{picture.encoding.name} of {picture.width}×{picture.height}"
    if len(strides) != len(shapes):
        message = f"{name} has {len(shapes)} plane(s), {len(strides)} stride(s) came; send one for each plane, or none"
        raise MediaError(FaultReason.WRONG_LAYOUT, message)
    for index, (stride, (_, row_bytes)) in enumerate(zip(strides, shapes, strict=True)):
        if stride < row_bytes:
            message = f"stride {stride} of plane {index} is too small; a row of {name} takes {row_bytes} bytes"
            raise MediaError(FaultReason.WRONG_LAYOUT, message)
    sizes = [stride * rows for stride, (rows, _) in zip(strides, shapes, strict=True)]
    padding = strides[-1] - shapes[-1][1]
    if not sum(sizes) - padding <= byte_count <= sum(sizes):
        message = f"{name} with strides {', '.join(map(str, strides))} takes {sum(sizes)} bytes, {byte_count} came"
        raise MediaError(FaultReason.WRONG_LAYOUT, message)
    offsets = accumulate(sizes[:-1], initial=0)
    return tuple(
        PlaneLayout(offset, rows, row_bytes, stride)
        for offset, (rows, row_bytes), stride in zip(offsets, shapes, strides, strict=True)
    )


def _shapes(picture: VideoFormat) -> tuple[tuple[int, int], ...]:
    """Return rows and bytes of a row for each plane."""
    width, height = picture.width, picture.height
    half_width, half_height = (width + 1) // 2, (height + 1) // 2
    match picture.encoding:
        case Encoding.I420:
            return (height, width), (half_height, half_width), (half_height, half_width)
        case Encoding.NV12:
            return (height, width), (half_height, 2 * half_width)
        case packed:
            return ((height, width * PACKED_BYTES[packed]),)

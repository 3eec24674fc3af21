"""Small videos made for a test: moving stripes, in any codec and container that PyAV writes."""

import pathlib
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray


def stripes(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return a picture (height, width, 3): a bright bar that moves four columns a picture."""
    picture = np.full((height, width, 3), 40, np.uint8)
    left = 4 * number % (width - 8)
    picture[:, left : left + 8] = (60, 120, 220)
    return picture


def write_clip(
    path: pathlib.Path, codec: str = "libx264", pictures: int = 12, rotation: int = 0, rate: int = 10
) -> pathlib.Path:
    """Write a clip; `rotation` is the display matrix's turn, degrees anticlockwise as FFmpeg counts."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, rate)
        stream.codec_context.gop_size = 6
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(stripes(number), format="bgr24")))
        container.mux(stream.encode(None))
    return path

"""What `send` and `image` take, made into packets: pictures of every library that bots use, and stills as they are.

av.VideoFrame ─────────┐
numpy, I420, NV12 ─────┴─▶ encoded: by an encoder        or ─▶ raw_packet: as it is
JPEG, PNG, WebP bytes ───▶ still_packet: as they are
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeGuard

import av
import numpy as np

from roompulse import argument
from roompulse.enums import ColorMatrix, ColorRange, Encoding
from roompulse.errors import InvalidArgument
from roompulse.media import Packet, VideoFormat
from roompulse.planes import I420, NV12, Yuv420
from roompulse.sending.encoder import Bytes3, Encoder, Pixels, RawEncoder, check_array, fitting, picture_of
from roompulse.sources.geometry import Geometry, from_frame

Still = bytes | bytearray | memoryview
Picture = av.VideoFrame | Bytes3 | I420 | NV12 | Still

NEUTRAL = b"\x80"
_STILLS = ((b"\xff\xd8\xff", Encoding.JPEG), (b"\x89PNG\r\n\x1a\n", Encoding.PNG))


def is_still(picture: object) -> TypeGuard[Still]:
    """Return whether these are bytes, which are sent as they are."""
    return isinstance(picture, bytes | bytearray | memoryview)


def still_packet(data: Still, shape: VideoFormat) -> Packet:
    """Return the packet of bytes: JPEG, PNG, WebP, or what the stream's own format `shape` says.

    Raises:
        InvalidArgument: They are no still, and the stream says no format.
    """
    held = bytes(data)
    encoding = _still_encoding(held)
    if encoding is Encoding.UNSPECIFIED and shape.encoding is Encoding.UNSPECIFIED:
        begins = held[:8].hex(" ") or "nothing"
        raise InvalidArgument(
            f"the bytes are no JPEG, PNG or WebP (they begin with {begins}); send video as Packet with a format, "
            "raw pictures as arrays, I420 or NV12"
        )
    if encoding is Encoding.UNSPECIFIED or shape.encoding < Encoding.I420:
        return Packet(held)
    return Packet(held, format=replace(shape, encoding=encoding, width=0, height=0, strides=()))


def encoded(encoder: Encoder, picture: object, pixels: Pixels) -> Packet:
    """Return the packet that an encoder makes of a picture; its turn and flip are passed on in the format.

    Raises:
        InvalidArgument: It is nothing that can be sent.
    """
    if isinstance(picture, av.VideoFrame):
        frame, geometry = picture, from_frame(picture)
    elif isinstance(picture, Yuv420):
        frame, geometry = picture.frame(), Geometry(picture.rotation_deg)
    elif isinstance(picture, np.ndarray):
        frame, geometry = picture_of(picture, pixels), Geometry()
    else:
        raise InvalidArgument(
            f"{type(picture).__name__} is no picture that can be sent; send an av.VideoFrame, an array of uint8, I420, "
            "NV12, the bytes of a JPEG, PNG or WebP, or Packets"
        )
    packet = encoder.encode(frame)
    return packet if geometry.plain else replace(packet, format=geometry.said_in(packet.format or VideoFormat()))


def raw_packet(picture: object, pixels: Pixels = "bgr") -> Packet:
    """Return a picture as it is: exact, and large. Alpha is left out; grey becomes I420 without colour.

    What is larger than the service takes is scaled down.

    Raises:
        InvalidArgument: It is nothing that can be sent.
    """
    if not isinstance(picture, Yuv420 | np.ndarray) or fitting(*size_of(picture)) != size_of(picture):
        return encoded(RawEncoder(), picture, pixels)
    if isinstance(picture, Yuv420):
        return picture.packet()
    order = check_array(picture, pixels)
    height, width = picture.shape[:2]
    if order == "gray":
        chroma = NEUTRAL * (2 * ((height + 1) // 2) * ((width + 1) // 2))
        shape = VideoFormat(Encoding.I420, width, height, (), ColorMatrix.BT601, ColorRange.FULL)
        return Packet(picture.tobytes() + chroma, format=shape, key_frame=True)
    encoding = Encoding.BGR24 if order.startswith("bgr") else Encoding.RGB24
    return Packet(picture[:, :, :3].tobytes(), format=VideoFormat(encoding, width, height), key_frame=True)


def size_of(picture: av.VideoFrame | Bytes3 | Yuv420) -> tuple[int, int]:
    """Return a picture's width and height, pixels."""
    if isinstance(picture, np.ndarray):
        return (picture.shape[1], picture.shape[0]) if picture.ndim > 1 else (0, 0)
    return picture.width, picture.height


def capture_of(picture: object) -> float | None:
    """Return when a frame was captured by its own clock, seconds; None where it does not say so sensibly."""
    if not isinstance(picture, av.VideoFrame) or picture.pts is None or not picture.time_base:
        return None
    seconds = float(picture.pts * picture.time_base)
    return seconds if math.isfinite(seconds) and 0.0 <= seconds <= argument.MOST_MEDIA_S else None


def packets_of(value: object) -> Sequence[Packet] | None:
    """Return the packets that were passed, None for a picture.

    Raises:
        InvalidArgument: A list holds something else.
    """
    if isinstance(value, Packet):
        return (value,)
    if not isinstance(value, list | tuple):
        return None
    strangers: list[Any] = [item for item in value if not isinstance(item, Packet)]
    if strangers:
        raise InvalidArgument(f"a list holds Packets, not {type(strangers[0]).__name__}; send pictures one by one")
    return value


def _still_encoding(data: bytes) -> Encoding:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Encoding.WEBP
    return next((encoding for magic, encoding in _STILLS if data.startswith(magic)), Encoding.UNSPECIFIED)

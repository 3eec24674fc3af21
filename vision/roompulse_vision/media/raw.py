"""Raw pictures: planes in a packet's bytes to BGR."""

import av
import cv2
import numpy as np

from roompulse_vision.enumerations import Encoding
from roompulse_vision.media.color import BgrConverter, plane_rows
from roompulse_vision.media.layout import PACKED_BYTES, PlaneLayout, planes
from roompulse_vision.media.orientation import Picture
from roompulse_vision.types import Packet, VideoFormat

TO_BGR = {Encoding.RGB24: cv2.COLOR_RGB2BGR, Encoding.RGBA: cv2.COLOR_RGBA2BGR}


def raw_picture(packet: Packet, converter: BgrConverter) -> Picture:
    """Return a raw packet, admitted before, as BGR (H, W, 3), full range, as sent (not turned)."""
    layout = planes(packet.format, len(packet.data))
    if packet.format.encoding in PACKED_BYTES:
        return _packed_picture(packet.data, packet.format, layout[0])
    return converter.convert(_yuv_frame(packet, layout), packet.format)


def _plane_view(data: bytes, plane: PlaneLayout, pixel_bytes: int) -> Picture:
    """Return a plane (rows, pixels, bytes of a pixel) without copying it."""
    shape = (plane.rows, plane.row_bytes // pixel_bytes, pixel_bytes)
    return np.ndarray(shape, np.uint8, data, plane.offset, (plane.stride, pixel_bytes, 1))


def _packed_picture(data: bytes, picture: VideoFormat, plane: PlaneLayout) -> Picture:
    pixels = _plane_view(data, plane, PACKED_BYTES[picture.encoding])
    code = TO_BGR.get(picture.encoding)
    return pixels.copy() if code is None else np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _yuv_frame(packet: Packet, layout: tuple[PlaneLayout, ...]) -> av.VideoFrame:
    """Copy the planes, NV12's chroma taken apart: swscale has a fast path for I420 only (measured: three times)."""
    views = [_plane_view(packet.data, layout[0], 1)[:, :, 0]]
    if packet.format.encoding is Encoding.NV12:
        chroma = _plane_view(packet.data, layout[1], 2)
        views += [chroma[:, :, 0], chroma[:, :, 1]]
    else:
        views += [_plane_view(packet.data, plane, 1)[:, :, 0] for plane in layout[1:]]
    frame = av.VideoFrame(packet.format.width, packet.format.height, "yuv420p")
    for view, target in zip(views, frame.planes, strict=True):
        rows, columns = view.shape
        plane_rows(target)[:rows, :columns] = view
    return frame

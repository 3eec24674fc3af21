"""A copy of a picture with its faces boxed and labelled."""

import pathlib
from fractions import Fraction

import av
import numpy as np

from roompulse.cli.lettering import dots
from roompulse.contract.expression_words import expression_in_words
from roompulse.errors import SourceError
from roompulse.results import ImageFace, ImageResult
from roompulse.sending.encoder import Bytes3, JpegEncoder, picture_of
from roompulse.sources import VideoSource

_BOX = (80, 220, 60)  # blue, green, red
_INK = (0, 0, 0)
_LINES_PER_DOT = 240  # letters grow with the picture


def annotate(path: pathlib.Path, result: ImageResult, out: pathlib.Path) -> None:
    """Write the picture at `path`, upright, with a box and a label for each face of `result`, to `out`.

    Raises:
        SourceError: The picture cannot be read, or the copy not written.
    """
    with VideoSource(path) as source:
        picture = next(source.pictures()).upright_bgr()
    for number, face in enumerate(result.faces, 1):
        draw_face(picture, face, number)
    try:
        out.write_bytes(_encoded(picture, out.suffix.lower()))
    except OSError as err:
        raise SourceError(f"{out} cannot be written: {err.strerror}") from err


def draw_face(picture: Bytes3, face: ImageFace, number: int) -> None:
    """Draw a face's box and label into the picture, (height, width, 3)."""
    height, width = picture.shape[:2]
    scale = max(1, round(height / _LINES_PER_DOT))
    box = face.face.box
    left, top = round(box.x * width), round(box.y * height)
    right, bottom = round((box.x + box.width) * width), round((box.y + box.height) * height)
    for strip in (
        (top, top + scale, left, right),
        (bottom - scale, bottom, left, right),
        (top, bottom, left, left + scale),
        (top, bottom, right - scale, right),
    ):
        _fill(picture, *strip)
    _write(picture, label(face, number), left, top, scale)


def label(face: ImageFace, number: int) -> str:
    """Return the face's number and its most probable expression, or what keeps it from being read."""
    shown = expression_in_words(dict(face.affect.raw or ())) if face.affect else ""
    return f"#{number} {shown.partition(' (')[0].replace(' %', '%') or face.presence.word}"


def _write(picture: Bytes3, text: str, left: int, bottom: int, scale: int) -> None:
    """Write above `bottom`, or below it where there is no room above."""
    mask = np.kron(np.pad(dots(text), 1), np.ones((scale, scale), dtype=bool))
    top = bottom - mask.shape[0] if bottom >= mask.shape[0] else max(bottom, 0)
    left = max(0, min(left, picture.shape[1] - mask.shape[1]))
    place = picture[top : top + mask.shape[0], left : left + mask.shape[1]]
    place[:] = _BOX
    place[mask[: place.shape[0], : place.shape[1]]] = _INK


def _fill(picture: Bytes3, top: int, bottom: int, left: int, right: int) -> None:
    picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = _BOX


def _encoded(picture: Bytes3, suffix: str) -> bytes:
    frame = picture_of(picture)
    if suffix != ".png":
        return JpegEncoder(quantiser=2).encode(frame).data
    context = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "rgb24"
    context.time_base = Fraction(1, 1)
    packets = [*context.encode(frame.reformat(format="rgb24")), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)

"""One still picture, read: its faces, largest first."""

from dataclasses import dataclass

from roompulse_vision.enumerations import FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.faces.face_reader import FaceReader
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.types import FaceReading, MediaLimits, Packet, VideoFormat


@dataclass(frozen=True, slots=True)
class StillPicture:
    """Pixels of the upright picture, and its faces."""

    width: int
    height: int
    faces: tuple[FaceReading, ...]


def read_still(
    reader: FaceReader, data: bytes, form: VideoFormat, limits: MediaLimits, max_faces: int = 0
) -> StillPicture:
    """Decode a picture and read its faces, at most `max_faces` (0: 50).

    Raises:
        MediaError: The bytes cannot be used.
    """
    decoder = Decoder(limits)
    try:
        frames = decoder.decode(Packet(0, data, form, 0, 0, 0)).frames + decoder.flush()
        if not frames:
            raise MediaError(FaultReason.CORRUPT, "the bytes hold no picture")
        picture = frames[0].picture()
    finally:
        decoder.close()
    height, width = picture.shape[:2]
    return StillPicture(width, height, tuple(reader.faces(picture, max_faces)))

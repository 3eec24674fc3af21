"""Whether a moment may be scored at all: what is there to see, and which reason stands where nothing is.

Presence gates and never multiplies: faces go missing for reasons that are not the person's.
"""

from typing import NamedTuple

from roompulse_vision.enumerations import Presence
from roompulse_vision.types import FaceReading, RawAffect

from roompulse_server.types import FaceObservation, NoScoreReason

REASONS: dict[Presence, NoScoreReason] = {
    Presence.UNSPECIFIED: NoScoreReason.NO_PICTURES,
    Presence.PRESENT: NoScoreReason.UNSPECIFIED,
    Presence.NO_FACE: NoScoreReason.NO_FACE,
    Presence.SEVERAL_FACES: NoScoreReason.SEVERAL_FACES,
    Presence.FACE_TOO_SMALL: NoScoreReason.FACE_TOO_SMALL,
    Presence.STATIC_IMAGE: NoScoreReason.STATIC_IMAGE,
    Presence.CAMERA_OFF: NoScoreReason.CAMERA_OFF,
    Presence.NOT_A_CAMERA: NoScoreReason.NOT_A_CAMERA,
    Presence.NO_CONSENT: NoScoreReason.NO_CONSENT,
    Presence.NO_PICTURES: NoScoreReason.NO_PICTURES,
    Presence.LEFT: NoScoreReason.LEFT,
}
SEEN_IN_PICTURES = frozenset(
    (
        Presence.PRESENT,
        Presence.NO_FACE,
        Presence.SEVERAL_FACES,
        Presence.FACE_TOO_SMALL,
        Presence.STATIC_IMAGE,
    )
)


LASTING = frozenset(  # known without pictures: the same from one update of it to the next, however far apart
    (Presence.CAMERA_OFF, Presence.NOT_A_CAMERA, Presence.NO_CONSENT, Presence.NO_PICTURES)
)


class ReadableFace(NamedTuple):
    """A face large enough to be read, with what was read."""

    face: FaceReading
    affect: RawAffect


def readable(observation: FaceObservation) -> ReadableFace | None:
    """Return the one clear face of an observation, if there is one that could be read."""
    face = observation.face
    if observation.presence is not Presence.PRESENT or face is None or face.affect is None:
        return None
    return ReadableFace(face, face.affect)


def presence_of(observation: FaceObservation) -> Presence:
    """Return the presence that an observation amounts to, before stillness is looked at."""
    if observation.presence is Presence.UNSPECIFIED:
        return Presence.NO_PICTURES
    if observation.presence is not Presence.PRESENT or readable(observation):
        return observation.presence
    return Presence.NO_FACE if observation.face is None else Presence.FACE_TOO_SMALL

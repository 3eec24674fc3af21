"""What to tell people where a score is missing: one sentence why, one what helps."""

from collections.abc import Mapping

from roompulse.enums import NoScoreReason, Presence
from roompulse.results import Update

REASONS: Mapping[NoScoreReason, tuple[str, str]] = {
    NoScoreReason.NO_CONSENT: (
        "no consent is in force, so nothing is analysed",
        "ask the participant, then record it (--consent granted)",
    ),
    NoScoreReason.CAMERA_OFF: ("the camera is off", "nothing to do: absence is not disengagement"),
    NoScoreReason.NO_FACE: ("no face was found", "try more light from the front, and keep the face inside the picture"),
    NoScoreReason.SEVERAL_FACES: (
        "more than one face of like size",
        "stream it as a room (--source room), or send one camera for each person",
    ),
    NoScoreReason.FACE_TOO_SMALL: ("the face has too few pixels", "send a larger picture, or sit closer"),
    NoScoreReason.STATIC_IMAGE: (
        "nothing moved for ten seconds",
        "send camera pictures: this is a photo, an avatar or a stalled encoder",
    ),
    NoScoreReason.TOO_LITTLE_EVIDENCE: (
        "too few of the last seconds show a clear face",
        "wait: a score needs five clear seconds of ten, and an engagement network as many pictures as its card says",
    ),
    NoScoreReason.NOT_A_CAMERA: ("the content is no camera picture", "send the camera, not the screen or an avatar"),
    NoScoreReason.NO_PICTURES: (
        "no picture came for a while",
        "check the sender: its network, its encoder, and whether it still runs",
    ),
    NoScoreReason.EXPRESSION_UNCLEAR: (
        "the expression is none that the model knows",
        "nothing to do: it passes; a hand or a mask before the face can cause it",
    ),
    NoScoreReason.LEFT: ("the participant left the picture", "nothing to do: it goes on when they come back"),
}

PRESENCES: Mapping[Presence, NoScoreReason] = {
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


def why(reason: NoScoreReason) -> str:
    """Return why there is no score, or nothing when there is one."""
    return REASONS[reason][0] if reason in REASONS else ""


def remedy(reason: NoScoreReason) -> str:
    """Return what helps, or nothing when there is a score."""
    return REASONS[reason][1] if reason in REASONS else ""


def explain(update: Update) -> str:
    """Return why this update has no score and what helps, in one sentence; nothing when it has one."""
    if update.score is not None:
        return ""
    reason = update.engagement.no_score_reason if update.engagement else NoScoreReason.UNSPECIFIED
    reason = reason or PRESENCES.get(update.presence, NoScoreReason.UNSPECIFIED)
    return f"{why(reason)}: {remedy(reason)}" if reason else "no score yet"

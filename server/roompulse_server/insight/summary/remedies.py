"""Why there is no score, in one sentence for people, with what would help."""

from roompulse_server.types import NoScoreReason

REMEDIES: dict[NoScoreReason, str] = {
    NoScoreReason.UNSPECIFIED: "There is a score.",
    NoScoreReason.NO_CONSENT: "No consent is in force: record the participant's consent to have them analysed.",
    NoScoreReason.CAMERA_OFF: "The camera is off: nothing to mend, absence is not disengagement.",
    NoScoreReason.NO_FACE: "No face was found: more light from the front, or the face fully inside the picture, helps.",
    NoScoreReason.SEVERAL_FACES: "More than one face of like size is in view: send the stream with source ROOM.",
    NoScoreReason.FACE_TOO_SMALL: "The face has too few pixels: send a larger picture, or sit closer.",
    NoScoreReason.STATIC_IMAGE: "Nothing moved for ten seconds: send camera pictures, not a photo or an avatar.",
    NoScoreReason.TOO_LITTLE_EVIDENCE: "Less than 5 of the last 10 seconds, or than a network needs, was seen: wait.",
    NoScoreReason.NOT_A_CAMERA: "This is no camera picture (screen share, avatar): send the camera's stream.",
    NoScoreReason.NO_PICTURES: "No picture came for a while: look at the sender and its connection.",
    NoScoreReason.EXPRESSION_UNCLEAR: "The model cannot name the expression: an uncovered, well-lit face helps.",
    NoScoreReason.LEFT: "The person left the picture: values go on when they come back.",
}
LABELS_OF_REASONS: dict[NoScoreReason, str] = {
    NoScoreReason.UNSPECIFIED: "scored",
    NoScoreReason.NO_CONSENT: "no consent",
    NoScoreReason.CAMERA_OFF: "camera off",
    NoScoreReason.NO_FACE: "no face",
    NoScoreReason.SEVERAL_FACES: "several faces",
    NoScoreReason.FACE_TOO_SMALL: "face too small",
    NoScoreReason.STATIC_IMAGE: "static image",
    NoScoreReason.TOO_LITTLE_EVIDENCE: "too little evidence",
    NoScoreReason.NOT_A_CAMERA: "not a camera",
    NoScoreReason.NO_PICTURES: "no pictures",
    NoScoreReason.EXPRESSION_UNCLEAR: "expression unclear",
    NoScoreReason.LEFT: "left",
}
# As clauses about somebody, in the past: "Ada Obi: the camera was off".
EVENTS: dict[NoScoreReason, str] = {
    NoScoreReason.UNSPECIFIED: "nothing was received",
    NoScoreReason.NO_CONSENT: "no consent was recorded",
    NoScoreReason.CAMERA_OFF: "the camera was off",
    NoScoreReason.NO_FACE: "no face was found",
    NoScoreReason.SEVERAL_FACES: "several faces were in view",
    NoScoreReason.FACE_TOO_SMALL: "the face was too small",
    NoScoreReason.STATIC_IMAGE: "the picture did not move",
    NoScoreReason.TOO_LITTLE_EVIDENCE: "the face was seen too briefly",
    NoScoreReason.NOT_A_CAMERA: "the pictures were not from a camera",
    NoScoreReason.NO_PICTURES: "no pictures arrived",
    NoScoreReason.EXPRESSION_UNCLEAR: "the expression was unclear",
    NoScoreReason.LEFT: "the person was out of the picture",
}


def remedy(reason: NoScoreReason) -> str:
    """Return the sentence for people."""
    return REMEDIES[reason]


def what_helps(reason: NoScoreReason) -> str:
    """Return the second half of that sentence: what would help, as a sentence; "" where there is a score."""
    _, _, help = REMEDIES[reason].partition(": ")
    return help[:1].upper() + help[1:]


def what_happened(reason: NoScoreReason) -> str:
    """Return the clause that says it of somebody; UNSPECIFIED: there was nothing at all."""
    return EVENTS[reason]


def reason_in_words(reason: NoScoreReason) -> str:
    """Return two or three words for tables and notes."""
    return LABELS_OF_REASONS[reason]

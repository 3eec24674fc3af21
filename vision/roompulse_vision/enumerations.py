"""The closed lists of what sees. Names and numbers are the contract's; a test holds the two together."""

from enum import IntEnum


class Provenance(IntEnum):
    UNSPECIFIED = 0
    MODEL = 1
    DERIVED = 2


class DropReason(IntEnum):
    UNSPECIFIED = 0
    SUPERSEDED = 1
    QUEUE_FULL = 2
    WAITING_FOR_KEY_FRAME = 3
    FAULT = 4
    NO_PICTURE = 5
    NO_CONSENT = 6
    NOT_A_CAMERA = 7
    WORKER_LOST = 8
    STREAM_ENDED = 9


class FaultReason(IntEnum):
    UNSPECIFIED = 0
    CORRUPT = 1
    UNKNOWN_FORMAT = 2
    TOO_MANY_PIXELS = 3
    TOO_MANY_BYTES = 4
    WRONG_LAYOUT = 5
    NO_KEY_FRAME = 6
    WRONG_TIME = 7
    WRONG_INDEX = 8
    EMPTY = 9
    TIMED_OUT = 10


class Encoding(IntEnum):
    UNSPECIFIED = 0
    JPEG = 1
    PNG = 2
    WEBP = 3
    I420 = 4
    NV12 = 5
    RGB24 = 6
    BGR24 = 7
    RGBA = 8
    H264 = 9
    VP8 = 10
    VP9 = 11
    AV1 = 12


class ColorMatrix(IntEnum):
    UNSPECIFIED = 0
    BT601 = 1
    BT709 = 2
    BT2020 = 3


class ColorRange(IntEnum):
    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


class Delivery(IntEnum):
    UNSPECIFIED = 0
    LIVE = 1
    EVERY_FRAME = 2


class Presence(IntEnum):
    UNSPECIFIED = 0
    PRESENT = 1
    NO_FACE = 2
    SEVERAL_FACES = 3
    FACE_TOO_SMALL = 4
    STATIC_IMAGE = 5
    CAMERA_OFF = 6
    NOT_A_CAMERA = 7
    NO_CONSENT = 8
    NO_PICTURES = 9
    LEFT = 10

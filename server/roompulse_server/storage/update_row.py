"""One update as a row of fixed width, and back.

`FaceReading.affect` is the scorer's input and is not kept: `AffectReading.raw` and its companions say the same.
"""

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS, LABELS, Box, FaceQuality, FaceReading, HeadPose, Point

from roompulse_server.storage.fixed_point import (
    ANGLE,
    BYTE_UNIT,
    GREY,
    PIXELS,
    PLACE,
    SECONDS,
    SIGNED_UNIT,
    UNIT,
    FixedRow,
)
from roompulse_server.types import AffectReading, Band, Engagement, FacingState, NoScoreReason, Reading, Update

FORMAT = 1  # version of ROW; a new layout gets a new number and keeps reading the old

_HEAD = np.dtype(
    [
        ("sequence", "<u4"),
        ("capture_us", "<i8"),
        ("receive_us", "<i8"),
        ("offset_us", "<i8"),
        ("age", "<i4"),  # 100 µs, to 59 h
        ("latency", "<i4"),  # 100 µs, to 59 h; NO_LATENCY
        ("packet_index", "<i8"),  # -1 is none
        ("flags", "u1"),
        ("presence", "u1"),
        ("no_score_reason", "u1"),
        ("band", "u1"),  # + 16 × facing state
    ]
)
_FACE = np.dtype(
    [
        ("track", "<u4"),
        ("box", "<i2", (4,)),  # PLACE: x, y, width, height
        ("landmarks", "<i2", (10,)),  # PLACE: x, y of each
        ("pose", "<i2", (3,)),  # ANGLE: yaw, pitch, roll
        ("size_px", "<u2"),  # PIXELS
        ("sharpness", "<f4"),
        ("detector_score", "<u2"),  # UNIT
        ("motion", "<u2"),  # GREY
    ]
)
_AFFECT = np.dtype(
    [
        ("raw", "<u2", (len(LABELS),)),  # UNIT
        ("adjusted", "<u2", (len(LABELS),)),  # UNIT
        ("smoothed", "<u2", (len(LABELS),)),  # UNIT
        ("valences", "<i2", (4,)),  # SIGNED_UNIT: raw valence, raw arousal, valence, arousal
        ("provenances", "u1"),  # valence and arousal, + 16 × action units
        ("action_units", "u1", (len(ACTION_UNITS),)),  # BYTE_UNIT
        ("active", "<u2"),  # a bit for each action unit
        ("baseline_weight", "<u2"),  # UNIT
    ]
)
_ENGAGEMENT = np.dtype(
    [
        ("score", "<f4"),  # nan is none; so for facing and expression
        ("facing", "<f4"),
        ("expression", "<f4"),
        ("coverage", "<u2"),  # UNIT
        ("from_reference", "<i2", (2,)),  # ANGLE: yaw, pitch
        ("reference_count", "<u4"),
        ("window_s", "<u2"),  # SECONDS
    ]
)
ROW = np.dtype([("head", _HEAD), ("face", _FACE), ("affect", _AFFECT), ("engagement", _ENGAGEMENT)])

_IN_SUMMARIES = (
    ("head", ("sequence", "offset_us", "flags", "presence", "no_score_reason", "band")),
    ("affect", ("smoothed", "valences", "provenances", "action_units", "active", "baseline_weight")),
    ("engagement", ("score", "facing", "expression", "coverage")),
)
_SUMMED_FIELDS = [(part, name) for part, names in _IN_SUMMARIES for name in names]
SUMMED = np.dtype(
    [(name, ROW[part][name]) for part, name in _SUMMED_FIELDS]
)  # what `Series` is made of: these bytes of a ROW:
_PLACES = np.arange(ROW.itemsize, dtype=np.uint8).view(ROW)  # a row whose every byte is its own index
SUMMED_BYTES = np.frombuffer(b"".join(_PLACES[part][name].tobytes() for part, name in _SUMMED_FIELDS), np.uint8)

SPEAKING_KNOWN, SPEAKING, _HAS_FACE, _HAS_LANDMARKS, _HAS_POSE, HAS_AFFECT, HAS_UNITS, HAS_ACTIVE = (
    1 << bit for bit in range(8)
)
_NO_LATENCY = -(2**31)
_TICK_US = 100
_MAX_TICKS = 2**31 - 1

_LABELS, _UNITS = len(LABELS), len(ACTION_UNITS)
_FACE_KINDS = (None, *[PLACE] * 14, *[ANGLE] * 3, PIXELS, None, UNIT, GREY)
_AFFECT_KINDS = (*[UNIT] * 3 * _LABELS, *[SIGNED_UNIT] * 4, None, *[BYTE_UNIT] * _UNITS, None, UNIT)
_ENGAGEMENT_KINDS = (None, None, None, UNIT, ANGLE, ANGLE, None, SECONDS)
_FIXED = FixedRow((*_FACE_KINDS, *_AFFECT_KINDS, *_ENGAGEMENT_KINDS))
_NO_FACE, _NO_AFFECT = (0,) * len(_FACE_KINDS), (0,) * len(_AFFECT_KINDS)
_NO_LANDMARKS, _NO_POSE, _NO_UNITS = (0,) * 10, (0,) * 3, (None,) * _UNITS
_AFFECT_FROM, _ENGAGEMENT_FROM = len(_FACE_KINDS), len(_FACE_KINDS) + len(_AFFECT_KINDS)

_FORMATS = {"|u1": "B", "<u2": "H", "<i2": "h", "<u4": "I", "<i4": "i", "<i8": "q", "<f4": "f"}


def _format(dtype: np.dtype[Any]) -> str:
    """Return every number of a type, in order, in the language of `struct`."""
    if dtype.fields is not None:
        return "".join(_format(part) for part, *_ in dtype.fields.values())
    base, shape = dtype.subdtype or (dtype, ())
    return _FORMATS[base.str] * math.prod(shape)


_HEAD_CELLS = len(_format(_HEAD))
_ROW = struct.Struct("<" + _format(ROW))  # one row by it takes a twentieth of what numpy takes

Values = Sequence[Any]  # of a row, or of a part of it, in its order


def to_update(row: bytes, participant: str, epoch: int, model_id: str, formula_id: str) -> Update:
    """Return the update that the bytes of a `ROW` hold; what a row does not say is given."""
    cells = _ROW.unpack(row)
    sequence, capture_us, receive_us, offset_us, age, latency, packet_index, flags, presence, reason, band = cells[
        :_HEAD_CELLS
    ]
    rest = _FIXED.values(cells[_HEAD_CELLS:])
    reading = Reading(
        presence=Presence(presence),
        face=_face(rest[:_AFFECT_FROM], flags) if flags & _HAS_FACE else None,
        affect=_affect(rest[_AFFECT_FROM:_ENGAGEMENT_FROM], flags, model_id) if flags & HAS_AFFECT else None,
        engagement=_engagement(rest[_ENGAGEMENT_FROM:], formula_id, band, NoScoreReason(reason)),
    )
    return Update(
        participant=participant,
        sequence=sequence,
        epoch=epoch,
        capture_us=capture_us,
        receive_us=receive_us,
        offset_us=offset_us,
        analysis_age_us=age * _TICK_US,
        reading=reading,
        speaking=bool(flags & SPEAKING) if flags & SPEAKING_KNOWN else None,
        packet_index=None if packet_index < 0 else packet_index,
        scoring_latency_us=None if latency == _NO_LATENCY else latency * _TICK_US,
    )


def _ticks(duration_us: int) -> int:
    return max(-_MAX_TICKS, min(_MAX_TICKS, (duration_us + _TICK_US // 2) // _TICK_US))


def to_row(update: Update) -> bytes:
    """Return the update as the bytes of one `ROW`."""
    reading = update.reading
    latency, index = update.scoring_latency_us, update.packet_index
    face = _NO_FACE if reading.face is None else _face_values(reading.face)
    affect = _NO_AFFECT if reading.affect is None else _affect_values(reading.affect)
    return _ROW.pack(
        update.sequence,
        update.capture_us,
        update.receive_us,
        update.offset_us,
        _ticks(update.analysis_age_us),
        _NO_LATENCY if latency is None else _ticks(latency),
        -1 if index is None else index,
        _flags(update),
        reading.presence,
        reading.engagement.no_score_reason,
        reading.engagement.band | reading.engagement.facing_state << 4,
        *_FIXED.codes((*face, *affect, *_engagement_values(reading.engagement))),
    )


def _flags(update: Update) -> int:
    face, affect = update.reading.face, update.reading.affect
    return (
        SPEAKING_KNOWN * (update.speaking is not None)
        | SPEAKING * bool(update.speaking)
        | _HAS_FACE * (face is not None)
        | _HAS_LANDMARKS * (face is not None and face.landmarks is not None)
        | _HAS_POSE * (face is not None and face.pose is not None)
        | HAS_AFFECT * (affect is not None)
        | HAS_UNITS * (affect is not None and affect.action_units is not None)
        | HAS_ACTIVE * (affect is not None and affect.action_units_active is not None)
    )


def _face_values(face: FaceReading) -> Values:
    box, pose, quality = face.box, face.pose, face.quality
    points = [number for point in face.landmarks for number in (point.x, point.y)] if face.landmarks else _NO_LANDMARKS
    return (
        face.track,
        *(box.x, box.y, box.width, box.height),
        *points,
        *((pose.yaw_deg, pose.pitch_deg, pose.roll_deg) if pose else _NO_POSE),
        quality.size_px,
        quality.sharpness,
        quality.detector_score,
        face.motion,
    )


def _face(values: Values, flags: int) -> FaceReading:
    track, x, y, width, height, *places, yaw, pitch, roll, size_px, sharpness, detector_score, motion = values
    right_eye, left_eye, nose, right_mouth, left_mouth = map(Point, places[::2], places[1::2])
    return FaceReading(
        track=track,
        box=Box(x, y, width, height),
        quality=FaceQuality(size_px, sharpness, _or_none(detector_score)),
        landmarks=(right_eye, left_eye, nose, right_mouth, left_mouth) if flags & _HAS_LANDMARKS else None,
        pose=HeadPose(yaw, pitch, roll) if flags & _HAS_POSE else None,
        motion=_or_none(motion),
    )


def _affect_values(affect: AffectReading) -> Values:
    return (
        *affect.raw,
        *affect.adjusted,
        *affect.smoothed,
        *(affect.raw_valence, affect.raw_arousal, affect.valence, affect.arousal),
        affect.valence_arousal_provenance | affect.action_unit_provenance << 4,
        *(affect.action_units or _NO_UNITS),
        sum(bit << index for index, bit in enumerate(affect.action_units_active or ())),
        affect.baseline_weight,
    )


def _affect(values: Values, flags: int, model_id: str) -> AffectReading:
    raw_valence, raw_arousal, valence, arousal, provenances, *units, active, weight = values[3 * _LABELS :]
    return AffectReading(
        model_id=model_id,
        raw=tuple(values[:_LABELS]),
        adjusted=tuple(values[_LABELS : 2 * _LABELS]),
        smoothed=tuple(values[2 * _LABELS : 3 * _LABELS]),
        raw_valence=_or_none(raw_valence),
        raw_arousal=_or_none(raw_arousal),
        valence=_or_none(valence),
        arousal=_or_none(arousal),
        valence_arousal_provenance=Provenance(provenances & 15),
        action_units=tuple(units) if flags & HAS_UNITS else None,
        action_unit_provenance=Provenance(provenances >> 4),
        action_units_active=tuple([active >> i & 1 > 0 for i in range(_UNITS)]) if flags & HAS_ACTIVE else None,
        baseline_weight=weight,
    )


def _engagement_values(engagement: Engagement) -> Values:
    return (
        _or_nan(engagement.score),
        _or_nan(engagement.facing),
        _or_nan(engagement.expression),
        engagement.coverage,
        engagement.yaw_from_reference_deg,
        engagement.pitch_from_reference_deg,
        engagement.reference_count,
        engagement.window_s,
    )


def _engagement(values: Values, formula_id: str, states: int, reason: NoScoreReason) -> Engagement:
    score, facing, expression, coverage, yaw, pitch, reference_count, window_s = values
    return Engagement(
        formula_id=formula_id,
        score=_or_none(score),
        band=Band(states & 15),
        no_score_reason=reason,
        facing=_or_none(facing),
        expression=_or_none(expression),
        coverage=coverage,
        yaw_from_reference_deg=_or_none(yaw),
        pitch_from_reference_deg=_or_none(pitch),
        reference_count=reference_count,
        window_s=window_s,
        facing_state=FacingState(states >> 4),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if value != value else value

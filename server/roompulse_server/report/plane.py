"""The valence–arousal plane: everybody's mean with its spread, numbered; numbers that would overlap step aside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_server.insight.summary.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.report.axis import reach
from roompulse_server.report.naming import Named
from roompulse_server.series import Floats

SIDE = 400  # of the square that is drawn in
BADGE = 11  # radius of a number's circle
MAX_BADGES = 60  # more would hide each other: then points stand alone
_ROUNDS = 80


@dataclass(frozen=True, slots=True)
class Mark:
    """One person: the mean at (x, y), half-axes of the spread, and where the number stands (None: nowhere)."""

    name: str
    number: int
    person: ParticipantSummary
    x: float
    y: float
    spread_x: float
    spread_y: float
    badge: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Plane:
    """`reach` is the largest value shown, in all four directions; `centre` the meeting's mean."""

    reach: float
    marks: tuple[Mark, ...]
    centre: tuple[float, float] | None


def plane_of(summary: MeetingSummary, people: Sequence[Named]) -> Plane:
    placed = [
        (name, person, person.valence, person.arousal)
        for name, person in people
        if person.valence is not None and person.arousal is not None
    ]
    own = [(summary.valence, summary.arousal)] if summary.valence is not None and summary.arousal is not None else []
    far = reach(value for pair in [*own, *((v, a) for _, _, v, a in placed)] for value in pair)
    points = np.array([_point(valence, arousal, far) for _, _, valence, arousal in placed]).reshape(-1, 2)
    badges = _apart(points).round(1).tolist() if len(placed) <= MAX_BADGES else [None] * len(placed)
    scale = SIDE / 2 / far
    marks = tuple(
        Mark(
            name,
            number,
            person,
            *_point(valence, arousal, far),
            spread_x=round(scale * (person.valence_deviation or 0.0), 1),
            spread_y=round(scale * (person.arousal_deviation or 0.0), 1),
            badge=tuple(badge) if badge else None,
        )
        for number, ((name, person, valence, arousal), badge) in enumerate(zip(placed, badges, strict=True), 1)
    )
    return Plane(far, marks, _point(*own[0], far) if own else None)


def _point(valence: float, arousal: float, far: float) -> tuple[float, float]:
    return round((1 + valence / far) * SIDE / 2, 1), round((1 - arousal / far) * SIDE / 2, 1)


def _apart(points: Floats) -> Floats:
    """Return a place for each point's number: near it, inside the square, off every point and every other number."""
    if not len(points):
        return points
    angles = np.arange(len(points)) * math.pi * (3 - math.sqrt(5))  # golden: neighbours start in different directions
    badges: Floats = points + 2 * BADGE * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(_ROUNDS):
        badges = badges + _push(badges, badges, 2 * BADGE + 2) + _push(badges, points, BADGE + 6)
        badges = np.clip(badges, BADGE + 2, SIDE - BADGE - 2)
    return badges


def _push(badges: Floats, others: Floats, distance: float) -> Floats:
    """Return half of the way that each badge is too near to each of the others, away from them, together."""
    away = badges[:, None, :] - others[None, :, :]
    length = np.linalg.norm(away, axis=2)
    near = (length < distance) & (length > 1e-9)
    shift = np.where(near, (distance - length) / np.maximum(length, 1e-9) / 2, 0.0)
    pushed: Floats = (away * shift[:, :, None]).sum(axis=1)
    return pushed

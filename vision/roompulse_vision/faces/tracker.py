"""Whose face is whose from picture to picture: pure geometry, with time passed in.

Boxes are fractions of the region that is watched, so that a picture that changes size, or a tile that moves, keeps
its tracks. A face goes on as the track it overlaps most; failing that as the nearest one of like size within reach,
because people move between two looks. A track that is missed for `GAP_S` is over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from roompulse_vision.types import Box

GAP_S = 2.0  # longer missed, and somebody else may have sat down
HOLE_S = 6.0  # not looked at for longer: the same; more than the 5 s between looks at the lowest rate, 0.2 Hz
MIN_IOU = 0.1
REACH = 0.5  # face sizes that a face may have moved at once …
REACH_PER_S = 1.0  # … and more with every second unseen …
MAX_REACH = 1.5  # … but not as far as to the next chair
MAX_GROWTH = 1.6  # ratio of sizes within one reach
RIVAL_AREA = 0.3  # of the primary face's area: half as far again from the camera; smaller ones are background
RIVAL_SCORE = 0.75  # surer than this, whatever threshold is set: a doubtful second face takes nobody's score away


def iou(a: Box, b: Box) -> float:
    """Return the shared area over the joint one, 0 to 1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)


@dataclass(frozen=True, slots=True)
class _Track:
    id: int
    box: Box
    seen_s: float
    missed: bool = False

    def over(self, time_s: float) -> bool:
        return time_s - self.seen_s > (GAP_S if self.missed else HOLE_S)


class MultiTracker:
    """Gives every face a number, counting from `first_track`; a number is never used for another face again."""

    def __init__(self, first_track: int = 1) -> None:
        self._next = first_track
        self._tracks: list[_Track] = []

    def follow(self, time_s: float, boxes: Sequence[Box]) -> list[int]:
        """Return the track of each box that was seen at `time_s` (never falling)."""
        alive = [track for track in self._tracks if not track.over(time_s)]
        pairs = _pairs(alive, boxes, time_s)
        ids = [alive[pairs[i]].id if i in pairs else self._new() for i in range(len(boxes))]
        taken = set(pairs.values())
        missed = [replace(track, missed=True) for i, track in enumerate(alive) if i not in taken]
        seen = [_Track(number, box, time_s) for number, box in zip(ids, boxes, strict=True)]
        self._tracks = seen + [track for track in missed if not track.over(time_s)]
        return ids

    @property
    def alive(self) -> set[int]:
        """The tracks that are seen, or missed so shortly that they may come back."""
        return {track.id for track in self._tracks}

    def _new(self) -> int:
        self._next += 1
        return self._next - 1


def _pairs(tracks: Sequence[_Track], boxes: Sequence[Box], time_s: float) -> dict[int, int]:
    """Return track index by box index: greedily, the closest pair first."""
    ranked = sorted(
        ((closeness, b, t) for b, box in enumerate(boxes) for t, track in enumerate(tracks)
         if (closeness := _closeness(track, box, time_s)) is not None),
        reverse=True,
    )  # fmt: skip
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, b, t in ranked:
        if b not in pairs and t not in taken:
            pairs[b] = t
            taken.add(t)
    return pairs


def _closeness(track: _Track, box: Box, time_s: float) -> float | None:
    """Return the IoU, or minus the distance in face sizes (so that any overlap comes first), or None: out of reach."""
    overlap = iou(track.box, box)
    if overlap >= MIN_IOU:
        return overlap
    old = track.box
    width, height = (old.width + box.width) / 2, (old.height + box.height) / 2
    if width <= 0 or height <= 0:
        return None
    distance = math.hypot(
        (box.x + box.width / 2 - old.x - old.width / 2) / width,
        (box.y + box.height / 2 - old.y - old.height / 2) / height,
    )
    reach = min(REACH + REACH_PER_S * max(0.0, time_s - track.seen_s), MAX_REACH)
    growth = math.sqrt(max(box.width * box.height, 1e-12) / max(old.width * old.height, 1e-12))
    return -distance if distance <= reach and 1 / MAX_GROWTH <= growth <= MAX_GROWTH else None


@dataclass(frozen=True, slots=True)
class Primary:
    """The primary face's place among the given ones, its track, and whether another is as near to the camera."""

    index: int
    track: int
    several: bool


class PrimaryTracker:
    """Keeps to one face, the largest when it began, and takes no other before that one is gone for `GAP_S`.

    The others are followed too, so that a neighbour is not mistaken for the primary face that just left.
    """

    def __init__(self, first_track: int = 1) -> None:
        self._everybody = MultiTracker()
        self._primary: int | None = None
        self._next = first_track

    def follow(self, time_s: float, boxes: Sequence[Box], scores: Sequence[float | None]) -> Primary | None:
        """Return the primary face among `boxes` seen at `time_s`; None while it is missing."""
        ids = self._everybody.follow(time_s, boxes)
        if self._primary is None or self._primary not in self._everybody.alive:
            if not boxes:
                return None
            self._primary = ids[max(range(len(boxes)), key=lambda i: boxes[i].width * boxes[i].height)]
            self._next += 1
        if self._primary not in ids:
            return None
        index = ids.index(self._primary)
        return Primary(index, self._next - 1, _rivalled(index, boxes, scores))


def _rivalled(index: int, boxes: Sequence[Box], scores: Sequence[float | None]) -> bool:
    least = RIVAL_AREA * boxes[index].width * boxes[index].height
    return any(
        i != index and box.width * box.height >= least and (score is None or score >= RIVAL_SCORE)
        for i, (box, score) in enumerate(zip(boxes, scores, strict=True))
    )

"""Watching one stream or tile, picture after picture: its primary face, or every face."""

from dataclasses import dataclass
from typing import Protocol

from roompulse_vision.enumerations import Presence
from roompulse_vision.faces.detection import Detection, Detector, Picture
from roompulse_vision.faces.face_search import Seeker, search
from roompulse_vision.faces.measured_face import Gauge, Seen
from roompulse_vision.faces.tracker import MultiTracker, PrimaryTracker
from roompulse_vision.faces.view import view_of
from roompulse_vision.types import Box


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one look at one picture brought.

    Of a primary face `presence` is PRESENT, NO_FACE (then there is none), SEVERAL_FACES or FACE_TOO_SMALL (then it is
    there, without a crop). Where every face is watched, PRESENT means at least one; one without a crop is too small.
    """

    presence: Presence
    faces: tuple[Seen, ...] = ()


class Watcher(Protocol):
    """Remembers tracks, and how their faces looked a second ago."""

    def look(self, picture: Picture, time_s: float, region: Box | None = None) -> Look:
        """Look at one picture, uint8 (H, W, 3), BGR, upright.

        Args:
            picture: The whole picture.
            time_s: Its time in the stream, never falling.
            region: A tile, fractions of the picture: searched at its own resolution, reported in the picture's.
        """


class PrimaryFaceWatcher:
    """Reads one face and no other, and none while it cannot be told whose values they would be."""

    def __init__(self, detector: Detector, gauge: Gauge, first_track: int = 1) -> None:
        self._seeker, self._gauge = Seeker(detector), gauge
        self._tracker = PrimaryTracker(first_track)

    def look(self, picture: Picture, time_s: float, region: Box | None = None) -> Look:
        view = view_of(picture, region)
        found = self._seeker.find(view, time_s)
        boxes, scores = [view.own(face.box_px) for face in found], [face.score for face in found]
        primary = self._tracker.follow(time_s, boxes, scores)
        if primary is None:
            self._seeker.forget()
            return Look(Presence.NO_FACE)
        face = found[primary.index]
        self._seeker.remember(view, time_s, face, alone=len(found) == 1)
        presence = self._presence(face, several=primary.several)
        self._gauge.forget_all_but([primary.track])
        seen = self._gauge.measure(view, time_s, face, primary.track, read=presence is Presence.PRESENT)
        return Look(presence, (seen,))

    def _presence(self, face: Detection, *, several: bool) -> Presence:
        if several:
            return Presence.SEVERAL_FACES
        return Presence.PRESENT if self._gauge.large_enough(face) else Presence.FACE_TOO_SMALL


class EveryFaceWatcher:
    """Reads every face that is large enough, largest first."""

    def __init__(self, detector: Detector, gauge: Gauge, first_track: int = 1) -> None:
        self._detector, self._gauge = detector, gauge
        self._tracker = MultiTracker(first_track)

    def look(self, picture: Picture, time_s: float, region: Box | None = None) -> Look:
        view = view_of(picture, region)
        found = search(self._detector, view)
        tracks = self._tracker.follow(time_s, [view.own(face.box_px) for face in found])
        self._gauge.forget_all_but(self._tracker.alive)
        seen = tuple(
            self._gauge.measure(view, time_s, face, track, read=self._gauge.large_enough(face))
            for face, track in zip(found, tracks, strict=True)
        )
        return Look(Presence.PRESENT if seen else Presence.NO_FACE, seen)

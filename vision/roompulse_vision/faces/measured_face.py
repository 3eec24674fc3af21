"""One face of one picture, measured: everything but its expression."""

from collections.abc import Iterable
from dataclasses import dataclass

from roompulse_vision.faces.card import ModelCard
from roompulse_vision.faces.crop import CropRule, crop
from roompulse_vision.faces.detection import Detection, FivePoints
from roompulse_vision.faces.embedding_window import EmbeddingWindow
from roompulse_vision.faces.motion import MotionMeter, Snapshot, motion, smoothed
from roompulse_vision.faces.pose import head_pose
from roompulse_vision.faces.quality import Thumbnail, sharpness, thumbnail
from roompulse_vision.faces.sampling import Patch
from roompulse_vision.faces.view import View
from roompulse_vision.types import FaceQuality, FaceReading, Point


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A face: its reading without affect, and its crop for the emotion model, None where it is not to be read.

    `time_s` is the picture's, and `window` where its embedding belongs, None where nobody needs embeddings.
    """

    reading: FaceReading
    crop: Patch | None
    time_s: float = 0.0
    window: EmbeddingWindow | None = None


class Gauge:
    """Measures the faces of one stream or tile; remembers how each track looked a second ago.

    Of each track it also keeps the newest `embeddings`, where a network needs them.
    """

    def __init__(self, card: ModelCard, rule: CropRule, embeddings: int = 0) -> None:
        self._card, self._rule, self._embeddings = card, rule, embeddings
        self._meters: dict[int, MotionMeter] = {}
        self._windows: dict[int, EmbeddingWindow] = {}

    def large_enough(self, face: Detection) -> bool:
        return face.box_px.shorter_side >= self._card.min_face_px

    def measure(self, view: View, time_s: float, face: Detection, track: int, *, read: bool) -> Seen:
        """Return the face as track `track`; with its crop if it is to be `read`."""
        small, marks = thumbnail(view.pixels, face.box_px), face.landmarks_px
        reading = FaceReading(
            track=track,
            box=view.reported(face.box_px),
            quality=FaceQuality(face.box_px.shorter_side, sharpness(small), face.score),
            landmarks=_reported(view, marks) if marks else None,
            pose=head_pose(marks) if marks else None,
            motion=self._motion(view, time_s, face, track, small),
        )
        if not read:
            return Seen(reading, None)
        return Seen(reading, self._crop(view, face), time_s, self._window(track))

    def _window(self, track: int) -> EmbeddingWindow | None:
        return self._windows.setdefault(track, EmbeddingWindow(self._embeddings)) if self._embeddings else None

    def _crop(self, view: View, face: Detection) -> Patch:
        spec = self._card.input
        return crop(view.pixels, face.box_px, self._rule, spec.size, spec.colour, spec.resize)

    def forget_all_but(self, tracks: Iterable[int]) -> None:
        """Drop what is remembered of tracks that are over."""
        kept = set(tracks)
        self._meters = {track: meter for track, meter in self._meters.items() if track in kept}
        self._windows = {track: window for track, window in self._windows.items() if track in kept}

    def _motion(self, view: View, time_s: float, face: Detection, track: int, small: Thumbnail) -> float | None:
        meter = self._meters.setdefault(track, MotionMeter())
        reference, now = meter.reference(time_s), smoothed(small)
        meter.keep(Snapshot(time_s, view.own(face.box_px), now))
        if reference is None:
            return None
        if (lively := meter.lively(time_s)) is not None:
            return lively
        there = smoothed(thumbnail(view.pixels, view.pixel_box(reference.box)))
        measured = motion(now, there, reference.face)
        meter.note(time_s, measured)
        return measured


def _reported(view: View, marks: FivePoints) -> tuple[Point, Point, Point, Point, Point]:
    right_eye, left_eye, nose, right_mouth, left_mouth = map(view.reported_point, marks)
    return right_eye, left_eye, nose, right_mouth, left_mouth

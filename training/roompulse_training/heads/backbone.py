"""What the backbone says of each picture, computed once: embeddings and logits, cached where the user says.

    picture ─ crop as the service cuts it ─▶ the model of a card ─▶ embedding, logits ─▶ <cache>/<model>/<clip>.npz

Nothing is kept but in the folder that the user names: it is their training data.
"""

import hashlib
import pathlib
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from roompulse_vision.faces.card import ModelCard
from roompulse_vision.faces.classifier import MAX_BATCH, Classifier
from roompulse_vision.faces.crop import BoxCrop, CropRule, crop
from roompulse_vision.faces.detection import Detector, Picture, PixelBox
from roompulse_vision.faces.face_search import search
from roompulse_vision.faces.sampling import Patch
from roompulse_vision.faces.view import view_of

from roompulse_training.errors import DataError
from roompulse_training.heads.dense import Floats
from roompulse_training.heads.material import LabelledClip

T = TypeVar("T")
Halves = NDArray[np.float16]
FORMAT = 1  # of the cache's files


class FaceSource(StrEnum):
    WHOLE = "whole"  # a picture is a face, cut out already
    DETECT = "detect"  # faces are found and cut as the service does


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """A clip's frames with a face: `rows` (m,), ascending, `features` (m, D), `logits` (m, labels of the card)."""

    rows: NDArray[np.intp]
    features: Halves
    logits: Floats


_NOTHING = Embedded(np.zeros(0, np.intp), np.zeros((0, 0), np.float16), np.zeros((0, 0), np.float32))


class Backbone:
    """A card's model that gives embeddings. With a detector faces are found; without one a picture is a face.

    Raises:
        DataError: The card names no embedding.
        ModelError: The model cannot be used, or its card has no crop for the detector.
    """

    def __init__(self, card: ModelCard, detector: Detector | None) -> None:
        if card.output.embedding is None:
            raise DataError(card.name, "heads need a model whose card names an embedding (output.embedding)")
        self.card, self._detector = card, detector
        self._rule: CropRule = card.crop_for(detector.id) if detector else BoxCrop()
        self._classifier = Classifier(card)

    @property
    def key(self) -> str:
        """What the numbers depend on, besides the pictures."""
        return f"{self.card.name}-{self.card.checksum.value[:12]}-{self._detector.id if self._detector else 'whole'}"

    def embed(self, pictures: Sequence[tuple[int, pathlib.Path]]) -> Embedded:
        """Return what the model says of pictures, given with their rows; those without a face are left out.

        Raises:
            DataError: A file is no picture.
        """
        parts = [self._batch(pictures[start:][:MAX_BATCH]) for start in range(0, len(pictures), MAX_BATCH)]
        seen = [part for part in parts if len(part.rows)] or [_NOTHING]
        return Embedded(*(np.concatenate([getattr(part, name) for part in seen]) for name in Embedded.__slots__))

    def _batch(self, pictures: Sequence[tuple[int, pathlib.Path]]) -> Embedded:
        patches = {row: patch for row, path in pictures if (patch := self._patch(path)) is not None}
        if not patches:
            return _NOTHING
        found = self._classifier.run(list(patches.values()))
        assert found.embeddings is not None  # the card names it, and the model is held to its card
        logits = found.scores[:, : len(self.card.output.labels)]
        return Embedded(np.array(list(patches), np.intp), found.embeddings.astype(np.float16), logits)

    def _patch(self, path: pathlib.Path) -> Patch | None:
        picture = _read(path)
        box, spec = self._box(picture), self.card.input
        return None if box is None else crop(picture, box, self._rule, spec.size, spec.colour, spec.resize)

    def _box(self, picture: Picture) -> PixelBox | None:
        if self._detector is None:
            return PixelBox(0, 0, picture.shape[1], picture.shape[0])
        found = search(self._detector, view_of(picture))
        large = [face.box_px for face in found if face.box_px.shorter_side >= self.card.min_face_px]
        return large[0] if large else None


def _read(path: pathlib.Path) -> Picture:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise DataError(path, f"expected a picture, found {data.size} bytes that are none")
    return np.asarray(picture, np.uint8)


def embedded(clips: Iterable[LabelledClip], backbone: Backbone, cache: pathlib.Path | None) -> list[Embedded]:
    """Return what the backbone says of each clip, in order; from the cache what stands there of these very files.

    Raises:
        DataError: A picture, or the cache's folder, is not as it should be.
    """
    return [_cached(clip, backbone, cache) if cache else _embed(clip, backbone) for clip in clips]


def _embed(clip: LabelledClip, backbone: Backbone) -> Embedded:
    return backbone.embed(list(clip.pictures.items()))


def _cached(clip: LabelledClip, backbone: Backbone, cache: pathlib.Path) -> Embedded:
    file = cache / backbone.key / f"{clip.name.replace('/', '--')}.npz"
    mark = _mark(clip)
    if (known := _load(file, mark)) is not None:
        return known
    fresh = _embed(clip, backbone)
    try:
        _save(file, fresh, mark)
    except OSError as error:
        raise DataError(file, f"embeddings cannot be written there: {error.strerror}") from error
    return fresh


def _mark(clip: LabelledClip) -> str:
    """Return what changes when a picture does, without reading it."""
    stats = ((row, path, path.stat()) for row, path in clip.pictures.items())
    lines = [f"{row} {path.name} {stat.st_size} {stat.st_mtime_ns}" for row, path, stat in stats]
    return hashlib.sha256("\n".join([str(FORMAT), *lines]).encode()).hexdigest()


def _load(file: pathlib.Path, mark: str) -> Embedded | None:
    """Return what a file of the cache holds; None where it is missing, damaged or about other pictures."""
    try:
        with np.load(file) as held:
            if str(held["mark"]) != mark:
                return None
            return Embedded(held["rows"], held["features"], held["logits"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _save(file: pathlib.Path, clip: Embedded, mark: str) -> None:
    """Write so that the file is never half there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as temporary:
        np.savez(temporary, rows=clip.rows, features=clip.features, logits=clip.logits, mark=np.array(mark))
    pathlib.Path(temporary.name).replace(file)

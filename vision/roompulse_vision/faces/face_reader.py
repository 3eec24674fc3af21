"""Pictures to readings: the one thing of this package that a worker holds.

    FaceReader.watcher() ─▶ Watcher.look(picture) ─▶ Look: presence, faces (crops cut, not yet read)
                                                        │  of many streams
    FaceReader.classify(seen) ◀─────────────────────────┘  ─▶ readings with their affect, in few batches

`FaceReader.faces` does it all for a still picture.
"""

import math
import pathlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from roompulse_vision.faces import weights
from roompulse_vision.faces.accelerator import choose
from roompulse_vision.faces.attention import AttentionNetwork
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.detection import Detector, Picture
from roompulse_vision.faces.detectors import load_detector
from roompulse_vision.faces.face_search import MAX_FACES
from roompulse_vision.faces.face_watcher import EveryFaceWatcher, Look, PrimaryFaceWatcher, Watcher
from roompulse_vision.faces.inference import Floats
from roompulse_vision.faces.measured_face import Gauge, Seen
from roompulse_vision.faces.registry import find_emotion_model, find_engagement_network
from roompulse_vision.observation import ObservationSource
from roompulse_vision.types import LABELS, FaceReading, Probabilities, RawAffect

__all__ = ["FaceReader", "Look", "ReaderSetup", "Seen", "Watcher", "load_reader"]


class FaceReader:
    """A detector and an emotion model that fit each other, and an engagement network that fits both, if there is one.

    Not to be shared between threads.

    Raises:
        ModelError: The model's card has no crop for this detector, or the network is for another model's embeddings.
    """

    def __init__(self, detector: Detector, classifier: Classifier, network: AttentionNetwork | None = None) -> None:
        self._detector, self._classifier, self._network = detector, classifier, network
        self._rule = classifier.card.crop_for(detector.id)
        if network is not None:
            network.check_fit(classifier)

    @property
    def model_id(self) -> str:
        return self._classifier.card.name

    @property
    def detector_id(self) -> str:
        return self._detector.id

    @property
    def source(self) -> ObservationSource:
        """What makes the observations."""
        card = self._classifier.card
        return ObservationSource(card.name, str(card.checksum), self._detector.id)

    @property
    def engagement_id(self) -> str:
        """The id that scores of the engagement network carry; empty without one."""
        return self._network.card.formula if self._network else ""

    @property
    def neutral_logp(self) -> Probabilities | None:
        """Return the population's neutral profile by `LABELS`, nan for labels that are absent; None without one."""
        card = self._classifier.card
        if not card.neutral_logp:
            return None
        profile = dict(zip(card.output.labels, card.neutral_logp, strict=True))
        return tuple(profile.get(label, math.nan) for label in LABELS)

    def watcher(self, *, every_face: bool = False, first_track: int = 1) -> Watcher:
        """Return a watcher of one stream or tile: its primary face, or every face; tracks count from the first."""
        gauge = Gauge(self._classifier.card, self._rule, self._network.card.window if self._network else 0)
        if every_face:
            return EveryFaceWatcher(self._detector, gauge, first_track)
        return PrimaryFaceWatcher(self._detector, gauge, first_track)

    def classify(self, seen: Sequence[Seen]) -> list[FaceReading]:
        """Return the readings, in order, with the affect of those that have a crop."""
        affects = iter(self._affects([face for face in seen if face.crop is not None]))
        return [face.reading if face.crop is None else replace(face.reading, affect=next(affects)) for face in seen]

    def _affects(self, read: Sequence[Seen]) -> list[RawAffect]:
        crops = [face.crop for face in read if face.crop is not None]
        if self._network is None:
            return self._classifier.infer(crops)
        found = zip(read, self._classifier.infer_embedded(crops), strict=True)
        return [self._attended(self._network, face, affect, embedding) for face, (affect, embedding) in found]

    def _attended(self, network: AttentionNetwork, face: Seen, affect: RawAffect, embedding: Floats) -> RawAffect:
        if face.window is None:
            return affect
        face.window.put(face.time_s, embedding)
        return replace(affect, engaged=network.read(face.window))

    def faces(self, picture: Picture, max_faces: int = 0) -> list[FaceReading]:
        """Return the faces of a still picture, largest first, complete; at most `max_faces` (0: 50)."""
        look = self.watcher(every_face=True).look(picture, 0.0)
        return self.classify(look.faces[: max_faces or MAX_FACES])


class ReaderSetup(Protocol):
    """What decides which reader a worker gets; None means the default."""

    @property
    def models(self) -> str | None:
        """Name a folder to look for detector weights in, before the user's cache."""

    @property
    def card(self) -> str | None:
        """Name the emotion model, or its card; by default the one that is shipped."""

    @property
    def engagement(self) -> str | None:
        """Name the engagement network, or its card; by default there is none."""

    @property
    def detector_threshold(self) -> float | None:
        """Give the least score of a face, 0 to 1."""

    @property
    def detector_width(self) -> int | None:
        """Give the longer side, pixels, that pictures are shrunk to before faces are sought."""


def load_reader(setup: ReaderSetup, providers: Sequence[str] = ()) -> tuple[FaceReader, list[str]]:
    """Return the reader, and what its user should be told, once.

    `providers`: where the emotion model is to run, keys of `accelerator.PROVIDERS`; what is not at hand is passed over.

    Raises:
        ModelError: A card or model cannot be used.
    """
    where = weights.folders(pathlib.Path(setup.models) if setup.models else None)
    detector, warnings = load_detector(where, setup.detector_threshold, setup.detector_width)
    card = find_emotion_model(setup.card, where) if setup.card else read_card()
    network = find_engagement_network(setup.engagement, where) if setup.engagement else None
    if network and network.card.caution:
        warnings = [*warnings, f"engagement network {network.card.name}: {network.card.caution}"]
    classifier = Classifier(card, choose(providers))
    return FaceReader(detector, classifier, network), [*warnings, *classifier.warnings]

"""Does the score mean the same when the picture is worse? The same seconds of video, whole and perturbed.

video ─▶ clip ─┬─ as it is ──┬─▶ watcher ─▶ model ─▶ scorer ─▶ E at each moment ─┐
               └─ perturbed ─┘   as the service has them                         └─▶ comparison
"""

import math
import pathlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from roompulse_server.insight.scoring.baseline import adjustment_for
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import FaceObservation, NoScoreReason, Reading
from roompulse_vision.faces.face_reader import FaceReader
from roompulse_vision.types import FaceReading

from roompulse_training.perturbation import Clip, Perturbation, Picture

RATE_HZ = 5
CLIP_S = 10.0  # of the video, from its beginning; a score needs five
BOUND = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """A perturbed clip against the clip, over the moments at which the clip has a score.

    `before` and `after` are mean scores where both have one; `mean` is the mean of the differences, `largest` the
    largest of their sizes; `facing` and `expression` are the mean differences of the score's factors. `unscored` is
    the share of moments without a score that had one, `reasons` says why. Nan where there is nothing to compare.
    """

    clip: str
    perturbation: str
    before: float
    after: float
    mean: float
    largest: float
    facing: float
    expression: float
    unscored: float
    reasons: dict[NoScoreReason, int]

    def within(self, right: frozenset[NoScoreReason], bound: float = BOUND) -> bool:
        """Say whether no score moved by more than the bound, and all that are missing have a right reason."""
        waits = {NoScoreReason.TOO_LITTLE_EVIDENCE}  # follows a gap that had its own reason
        excused = not self.reasons or (set(self.reasons) <= right | waits and bool(set(self.reasons) & right))
        return excused and not self.largest > bound


def read_clip(reader: FaceReader, file: pathlib.Path, seconds: float = CLIP_S) -> Clip:
    """Return the clip at the beginning of a video; a shorter video is shown forwards and backwards in turn.

    Raises:
        ValueError: The video has no pictures, or cannot be read.
    """
    capture = cv2.VideoCapture(str(file))
    native_hz = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    looked_at = due(native_hz, seconds)
    wanted = set(looked_at)
    pictures = [picture for index, picture in enumerate(filmed(file, looked_at[-1] + 1)) if index in wanted]
    if not pictures:
        raise ValueError(f"{file} has no pictures that can be read")
    return Clip(
        name=file.stem,
        pictures=pictures,
        faces=primary_faces(reader, pictures),
        looked_at=looked_at[: len(pictures)],
        every_picture=lambda: filmed(file, looked_at[-1] + 1),
        native_hz=native_hz,
        looks=len(looked_at),
    )


def primary_faces(reader: FaceReader, pictures: Sequence[Picture]) -> list[FaceReading | None]:
    """Return where the primary face is in each picture."""
    watcher = reader.watcher()
    looks = [watcher.look(picture, number / RATE_HZ) for number, picture in enumerate(pictures)]
    return [look.faces[0].reading if look.faces else None for look in looks]


def due(native_hz: float, seconds: float) -> list[int]:
    """Return which pictures of a clip are looked at."""
    return [math.ceil(look * native_hz / RATE_HZ - 1e-6) for look in range(round(seconds * RATE_HZ))]


def filmed(file: pathlib.Path, count: int) -> Iterator[Picture]:
    """Yield the first pictures of a video."""
    capture = cv2.VideoCapture(str(file))
    for _ in range(count):
        done, picture = capture.read()
        if not done:
            break
        yield np.asarray(picture, np.uint8)
    capture.release()


def readings(reader: FaceReader, pictures: Sequence[Picture], looks: int) -> list[Reading]:
    """Return what the service would say of one participant who sends these pictures, there and back, `looks` in all."""
    watcher, formula = reader.watcher(), Formula()
    scorer = ParticipantScorer(formula, adjustment_for(formula, reader.neutral_logp))
    found = []
    for number, picture in enumerate(there_and_back(pictures, looks)):
        at_s = number / RATE_HZ
        look = watcher.look(picture, at_s)
        faces = reader.classify(look.faces)
        found.append(scorer.observe(FaceObservation(at_s, look.presence, faces[0] if len(faces) == 1 else None)))
    return found


def there_and_back(pictures: Sequence[Picture], count: int) -> Iterator[Picture]:
    """Yield pictures without a cut: first to last, and back."""
    round_trip = [*pictures, *pictures[-2:0:-1]]
    return islice((round_trip[number % len(round_trip)] for number in range(count)), count)


def comparisons(reader: FaceReader, clip: Clip, perturbations: Sequence[Perturbation]) -> Iterator[Comparison]:
    """Yield the comparison of a clip with each of its perturbations."""
    whole = readings(reader, clip.pictures, clip.looks)
    for perturbation in perturbations:
        yield compare(clip, perturbation, whole, readings(reader, perturbation.apply(clip), clip.looks))


def compare(clip: Clip, perturbation: Perturbation, whole: Sequence[Reading], worse: Sequence[Reading]) -> Comparison:
    """Compare readings of the same moments."""
    pairs = [(a.engagement, b.engagement) for a, b in zip(whole, worse, strict=True) if a.engagement.score is not None]
    both = [(a, b) for a, b in pairs if b.score is not None]
    parts = np.array([[(e.score, e.facing, e.expression) for e in pair] for pair in both], float).reshape(-1, 2, 3)
    change = parts[:, 1] - parts[:, 0]
    means = change.mean(0).tolist() if both else [math.nan] * 3
    before, after = parts[:, :, 0].mean(0).tolist() if both else (math.nan, math.nan)
    return Comparison(
        clip=clip.name,
        perturbation=perturbation.name,
        before=before,
        after=after,
        mean=means[0],
        largest=float(np.abs(change[:, 0]).max()) if both else math.nan,
        facing=means[1],
        expression=means[2],
        unscored=1 - len(both) / len(pairs) if pairs else math.nan,
        reasons=dict(Counter(b.no_score_reason for _, b in pairs if b.score is None)),
    )

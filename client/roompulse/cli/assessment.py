"""What a video would be worth as a participant's stream, judged from samples. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roompulse.enums import NoScoreReason, Presence
from roompulse.remedies import remedy, why
from roompulse.results import ImageResult

LIKE_SIZE = 0.5  # a second face of at least half the first one's area makes it unclear whose values they are
STILL_LEVELS = 0.4  # grey levels between samples, 0 to 255: below it nothing but the encoder moves
STATIC_AFTER_S = 10.0
NEEDED_COVERAGE = 0.5  # a score needs five clear seconds of ten
NEEDED_S = 5.0
LOW_RATE_HZ = 2.0
TURNED_DEG = 35.0
WORTH_A_REMARK = 0.05  # of the samples

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture: its time, what was found, and the mean change against the sample before, grey levels."""

    capture_s: float
    result: ImageResult
    motion: float | None

    @property
    def problem(self) -> NoScoreReason:
        """What would keep this picture from counting; UNSPECIFIED: nothing."""
        faces = self.result.faces
        if not faces:
            return NoScoreReason.NO_FACE
        areas = sorted((face.face.box.width * face.face.box.height for face in faces), reverse=True)
        if len(areas) > 1 and areas[1] >= LIKE_SIZE * areas[0]:
            return NoScoreReason.SEVERAL_FACES
        small = faces[0].presence is Presence.FACE_TOO_SMALL
        return NoScoreReason.FACE_TOO_SMALL if small else NoScoreReason.UNSPECIFIED

    @property
    def turned(self) -> bool:
        """Whether the head is turned away so far that it counts as not facing."""
        pose = self.result.faces[0].face.pose if self.result.faces else None
        return pose is not None and abs(pose.yaw_deg) > TURNED_DEG


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Something worth knowing: how much of the video it concerns (0 to 1), why, and what helps."""

    share: float
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """Numbers over all samples: `coverage` the share that would count, face sizes in pixels, and the findings."""

    samples: int
    coverage: float
    face_px: tuple[float, float, float] | None  # smallest, median, largest
    motion: float | None  # median grey levels between samples
    findings: tuple[Shortcoming, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        sizes = dict(zip(("smallest", "median", "largest"), self.face_px, strict=True)) if self.face_px else None
        return {
            "samples": self.samples,
            "coverage": self.coverage,
            "facePx": sizes,
            "motion": self.motion,
            "findings": [{"share": one.share, "why": one.why, "remedy": one.remedy} for one in self.findings],
        }


def assess(samples: Sequence[Sample], rate_hz: float | None, duration_s: float | None = None) -> Assessment:
    """Judge a video from its samples, in order; `rate_hz` its pictures a second, `duration_s` its length, if known."""
    problems = [sample.problem for sample in samples]
    sizes = [face.quality.size_px for sample in samples for face in _faces(sample) if face.quality]
    motions = [sample.motion for sample in samples if sample.motion is not None]
    still = _still_share(samples)
    clear = sum(not problem for problem in problems) / len(samples) if samples else 0.0
    return Assessment(
        len(samples),
        max(0.0, clear - still),
        (min(sizes), statistics.median(sizes), max(sizes)) if sizes else None,
        statistics.median(motions) if motions else None,
        (*_problems(problems), *_others(samples, still, rate_hz), *_evidence(clear, duration_s, bool(samples))),
    )


def motion_between(one: Grey, other: Grey) -> float:
    """Return the mean absolute difference of two grey pictures of the same size, 0 to 255."""
    return float(np.abs(one - other).mean())


def _faces(sample: Sample) -> list[Any]:
    return [sample.result.faces[0].face] if sample.result.faces else []


def _problems(problems: Sequence[NoScoreReason]) -> list[Shortcoming]:
    shares = {reason: problems.count(reason) / len(problems) for reason in set(problems) if reason}
    worth = sorted((share, reason) for reason, share in shares.items() if share >= WORTH_A_REMARK)
    return [Shortcoming(share, why(reason), remedy(reason)) for share, reason in reversed(worth)]


def _others(samples: Sequence[Sample], still: float, rate_hz: float | None) -> list[Shortcoming]:
    findings: list[Shortcoming] = []
    if still:
        reason = NoScoreReason.STATIC_IMAGE
        findings.append(Shortcoming(still, why(reason), remedy(reason)))
    turned = sum(sample.turned for sample in samples) / len(samples) if samples else 0.0
    if turned >= WORTH_A_REMARK:
        findings.append(
            Shortcoming(turned, "the head is turned far away", "put the camera beside the screen looked at")
        )
    if rate_hz is not None and rate_hz < LOW_RATE_HZ:
        findings.append(Shortcoming(1.0, f"only {rate_hz:g} pictures a second", "send at least 2 a second, better 5"))
    return findings


def _evidence(clear: float, duration_s: float | None, any_samples: bool) -> list[Shortcoming]:
    """A score needs five clear seconds of ten: neither a poor nor a very short video has them."""
    if duration_s is not None and duration_s < NEEDED_S:
        return [Shortcoming(1.0, f"it is only {duration_s:.1f} s long", "a score needs five clear seconds: send more")]
    if any_samples and clear < NEEDED_COVERAGE:
        reason = NoScoreReason.TOO_LITTLE_EVIDENCE
        return [Shortcoming(1 - clear, why(reason), "mend the above: a score needs five clear seconds of ten")]
    return []


def _still_share(samples: Sequence[Sample]) -> float:
    """Return the share of the samples that lie in stretches without motion of ten seconds and more."""
    still = 0
    stretch: list[Sample] = []
    for sample in [*samples, None]:
        if sample is not None and sample.motion is not None and sample.motion < STILL_LEVELS:
            stretch.append(sample)
            continue
        if stretch and stretch[-1].capture_s - stretch[0].capture_s >= STATIC_AFTER_S:
            still += len(stretch)
        stretch = []
    return still / len(samples) if samples else 0.0

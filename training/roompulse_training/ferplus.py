"""FER+ by the published protocol, and what a model's probabilities are worth on it.

Barsoum et al. 2016 (microsoft/FERPlus, src/ferplus.py): a class with a single vote has none (an outlier); a face counts
where one class then has more than half of the remaining votes, and that class is one of the eight expressions. Votes of
"unknown" and "not a face" count in the half. Of the official splits this leaves 25,060 training, 3,199 valid and 3,153
test faces; other numbers of faces are another protocol, so n always stands beside the figures.
"""

import math
import pathlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roompulse_training import calibration, metrics
from roompulse_training.errors import DataError
from roompulse_training.interval import ROUNDS, Indices, Interval, Watch, bootstrap, wilson
from roompulse_training.temperature import Fit

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
COLUMNS = (*CLASSES, "unknown", "not a face")
RARE = ("disgust", "contempt")  # 24 and 13 of the valid faces: one picture moves their recall by points
UNSURE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces of a split.

    Attributes:
        images: uint8 (N, 48, 48), grey.
        distributions: (N, 8), the shares of the remaining votes for the eight expressions.
        labels: (N,), the majority's, 0 to 7; -1 where the protocol leaves the face out.
        rows: (N,), their rows in the file.
    """

    images: NDArray[np.uint8]
    distributions: Doubles
    labels: Integers
    rows: Integers


@dataclass(frozen=True, slots=True)
class FerScore:
    """What probabilities are worth on the `n` faces of the protocol; 95 % intervals beside them.

    Attributes:
        n: Faces of the protocol.
        accuracy: Against the majority's label, by argmax.
        accuracy_interval: Wilson's.
        macro_f1: Mean over the eight classes.
        macro_f1_interval: Bootstrap over faces.
        macro_f1_common: Without disgust and contempt.
        vote_nll: Against the distribution of votes, nats; cannot be below `vote_entropy`.
        vote_entropy: Of the votes themselves.
        vote_brier: Against the distribution of votes, 0 to 2.
        ece: Of the most probable label against the majority's, 15 bins. Probabilities that match the votes are below
            it, for a majority is more often right than its share of votes says.
        vote_ece: Of the most probable label against its share of the votes.
        f1: Each class's.
        support: Each class's faces.
        confusion: A row for each true class.
        n_ambiguous: All faces with votes for an expression, those without a majority too.
        vote_nll_ambiguous: On these; nan where there are no probabilities for them.
        vote_brier_ambiguous: On these.
        vote_ece_ambiguous: On these.
        temperature: Fitted to the votes, where it was asked for.
    """

    n: int
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    macro_f1_common: float
    vote_nll: float
    vote_entropy: float
    vote_brier: float
    ece: float
    vote_ece: float
    f1: dict[str, float]
    support: dict[str, int]
    confusion: tuple[tuple[int, ...], ...]
    n_ambiguous: int
    vote_nll_ambiguous: float
    vote_brier_ambiguous: float
    vote_ece_ambiguous: float
    temperature: Fit | None = None


def remaining(votes: NDArray[np.integer]) -> Integers:
    """Return votes (N, 10) without the single ones."""
    return np.where(votes <= 1, 0, votes).astype(np.int64)


def majority(votes: NDArray[np.integer]) -> Integers:
    """Return the labels (N,) of votes (N, 10), -1 where the protocol leaves a face out."""
    kept = remaining(votes)
    labels = kept.argmax(1)
    clear = (labels < len(CLASSES)) & (2 * kept.max(1) > kept.sum(1))
    return np.where(clear, labels, UNSURE).astype(np.int64)


def read_faces(path: pathlib.Path, *, ambiguous: bool = False) -> Faces:
    """Return the faces of a split that count; with `ambiguous` all that have votes for an expression.

    Args:
        path: An npz file with `images` uint8 (N, 48, 48) and `votes` (N, 10) in the order of `COLUMNS`.
        ambiguous: Take those without a majority too; their label is -1.

    Raises:
        DataError: The file cannot be read or holds something else.
    """
    images, votes = _arrays(path)
    kept, labels = remaining(votes)[:, : len(CLASSES)], majority(votes)
    rows = np.flatnonzero(kept.any(1) if ambiguous else labels != UNSURE)
    chosen = kept[rows]
    return Faces(images[rows], chosen / chosen.sum(1, keepdims=True), labels[rows], rows)


def _arrays(path: pathlib.Path) -> tuple[NDArray[np.uint8], NDArray[np.integer]]:
    try:
        with np.load(path) as data:
            images, votes = data["images"], data["votes"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise DataError(path, f"expected an npz file with `images` and `votes`, found: {error}") from error
    if images.shape[1:] != (48, 48) or votes.shape != (len(images), len(COLUMNS)):
        raise DataError(path, f"expected images (N, 48, 48) and votes (N, 10), found {images.shape} and {votes.shape}")
    return images, votes


def score(faces: Faces, probabilities: Doubles, rounds: int = ROUNDS, seed: int = 1, watch: Watch = iter) -> FerScore:
    """Return what `probabilities` (N, 8), in the order of `CLASSES`, are worth on faces (N).

    Faces without a majority (where `faces` has them) count for the votes' figures of their own only.
    """
    sure = faces.labels != UNSURE
    labels, p, q = faces.labels[sure], probabilities[sure], faces.distributions[sure]
    called = p.argmax(1)
    counts, hits = metrics.confusion_matrix(labels, called, len(CLASSES)), int((labels == called).sum())
    f1 = metrics.f1_scores(counts)
    everything = bool((~sure).any())
    return FerScore(
        n=len(labels),
        accuracy=metrics.accuracy(counts),
        accuracy_interval=wilson(hits, len(labels)),
        macro_f1=metrics.mean_f1(f1),
        macro_f1_interval=_macro_interval(labels, called, rounds, seed, watch),
        macro_f1_common=metrics.mean_f1(f1[[name not in RARE for name in CLASSES]]),
        vote_nll=calibration.vote_nll(q, p),
        vote_entropy=calibration.entropy(q),
        vote_brier=calibration.vote_brier(q, p),
        ece=calibration.expected_calibration_error(labels == called, p.max(1)),
        vote_ece=calibration.vote_ece(q, p),
        f1=dict(zip(CLASSES, f1.tolist(), strict=True)),
        support=dict(zip(CLASSES, counts.sum(1).tolist(), strict=True)),
        confusion=tuple(map(tuple, counts.tolist())),
        n_ambiguous=len(sure),
        vote_nll_ambiguous=calibration.vote_nll(faces.distributions, probabilities) if everything else math.nan,
        vote_brier_ambiguous=calibration.vote_brier(faces.distributions, probabilities) if everything else math.nan,
        vote_ece_ambiguous=calibration.vote_ece(faces.distributions, probabilities) if everything else math.nan,
    )


def _macro_interval(labels: Integers, called: NDArray[np.intp], rounds: int, seed: int, watch: Watch) -> Interval:
    def macro(rows: Indices) -> list[float]:
        return [metrics.macro_f1(metrics.confusion_matrix(labels[rows], called[rows], len(CLASSES)))]

    return bootstrap(macro, range(len(labels)), rounds, seed, watch)[0] if rounds else Interval(math.nan, math.nan)


def read_probabilities(path: pathlib.Path) -> Doubles:
    """Return probabilities (N, 8) from a CSV file: the header names `CLASSES` in any order, then a line for each face.

    Raises:
        DataError: The file is not that, or a line is no distribution.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").rstrip().splitlines()
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from error
    header = [name.strip().lower() for name in lines[0].split(",")] if lines else []
    if sorted(header) != sorted(CLASSES):
        raise DataError(path, f"expected the header {','.join(CLASSES)!r}, found {','.join(header)!r}", 1)
    rows = [_distribution(path, number, line.split(",")) for number, line in enumerate(lines[1:], 2)]
    table: Doubles = np.array(rows, np.float64).reshape(len(rows), len(CLASSES))
    return table[:, [header.index(name) for name in CLASSES]]


def _distribution(path: pathlib.Path, line: int, words: list[str]) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise DataError(path, f"expected numbers, found {','.join(words)!r}", line) from error
    if len(values) != len(CLASSES) or not all(0 <= v <= 1 for v in values) or abs(sum(values) - 1) > 1e-3:
        raise DataError(path, f"expected 8 probabilities with a sum of 1, found {','.join(words)!r}", line)
    return values


def matching(path: pathlib.Path, source: pathlib.Path, probabilities: Doubles) -> tuple[Faces, Doubles]:
    """Return a split's faces with their probabilities: one for each of the file, of the protocol, or with votes.

    Raises:
        DataError: `probabilities`, read from `source`, are of another number.
    """
    sure, voted = read_faces(path), read_faces(path, ambiguous=True)
    total = len(_arrays(path)[1])
    found = len(probabilities)
    if found == total:
        return voted, probabilities[voted.rows]
    for faces in (sure, voted):
        if found == len(faces.labels):
            return faces, probabilities
    choices = f"{total} (all rows), {len(voted.labels)} (with votes) or {len(sure.labels)} (of the protocol)"
    raise DataError(source, f"has probabilities of {found} faces; {path} has {choices}")

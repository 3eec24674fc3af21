"""Many participants' values of one moment as one roll-up, without mixing models or formulas."""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from roompulse_vision.types import LABELS, Probabilities

from roompulse_server.insight.rollup.participant_window import Share, face_of, model_of
from roompulse_server.types import AffectReading, Rollup, Update

NO_EXPRESSIONS: Probabilities = (math.nan,) * len(LABELS)
PEOPLE_FOR_PERCENTILES = 3


def pooled(empty: Rollup, shares: Sequence[Share]) -> Rollup:
    """Fill a roll-up with the shares of its participants.

    The model is the one that most faces were read with, the formula the one that most scores of that model were made
    with (of equals the first by name); `seen` counts the scores behind the median, others are left out.
    """
    faces = [affect for share in shares if share.faced and (affect := face_of(share.faced))]
    if not faces:
        return empty
    model_id = _most_frequent(affect.model_id for affect in faces)
    scored = [share.scored for share in shares if share.scored and model_of(share.scored) == model_id]
    return _with_scores(_with_faces(empty, [f for f in faces if f.model_id == model_id]), scored)


def of_one_model(shares: Iterable[Share]) -> bool:
    """Return whether all faces and scores were read with the same model: then none is left out of `pooled`."""
    updates = (update for share in shares for update in (share.faced, share.scored) if update)
    return len({model_of(update) for update in updates}) == 1


def _with_faces(rollup: Rollup, faces: Sequence[AffectReading]) -> Rollup:
    columns = zip(*(affect.smoothed for affect in faces), strict=True)
    means = (_mean(column) for column in columns)
    return dataclasses.replace(
        rollup,
        model_id=faces[0].model_id,
        expressions=tuple(math.nan if mean is None else mean for mean in means),
        valence=_mean(affect.valence for affect in faces if affect.valence is not None),
        arousal=_mean(affect.arousal for affect in faces if affect.arousal is not None),
    )


def _with_scores(rollup: Rollup, scored: Sequence[Update]) -> Rollup:
    engagements = [update.reading.engagement for update in scored]
    formula_id = _most_frequent(engagement.formula_id for engagement in engagements)
    scores = sorted(e.score for e in engagements if e.score is not None and e.formula_id == formula_id)
    if not scores:
        return rollup
    enough = len(scores) >= PEOPLE_FOR_PERCENTILES
    return dataclasses.replace(
        rollup,
        formula_id=formula_id,
        seen=len(scores),
        median=_quantile(scores, 0.5),
        mean=_mean(scores),
        p10=_quantile(scores, 0.1) if enough else None,
        p90=_quantile(scores, 0.9) if enough else None,
    )


def _most_frequent(names: Iterable[str]) -> str:
    counts = Counter(names)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def _quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, straight between neighbours (numpy's default)."""
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def _mean(values: Iterable[float]) -> float | None:
    """Return the mean of what is known, the same in any order (fsum), or None of nothing."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else None

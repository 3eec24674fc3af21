"""Shares of a whole as one bar: expressions, and where the time went."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from roompulse_vision.types import LABELS, Probabilities

from roompulse_server.insight.summary.remedies import reason_in_words
from roompulse_server.insight.summary.summary_types import ParticipantSummary
from roompulse_server.report.sentence import percent
from roompulse_server.types import NoScoreReason

_CHARACTER, _MARGIN = 0.019, 0.02  # of the bar where it is shortest, on a telephone


@dataclass(frozen=True, slots=True)
class Part:
    """`key` is the part's style, `start` and `share` are 0 to 1."""

    key: str
    word: str
    start: float
    share: float

    @property
    def caption(self) -> str:
        """What fits in it: its word and share, the share alone, or nothing."""
        share = percent(self.share)
        captions = (f"{self.word} {share}", share, "")
        return next(text for text in captions if not text or self.share >= _CHARACTER * len(text) + _MARGIN)


def expression_parts(probabilities: Probabilities) -> tuple[Part, ...]:
    return _parts((f"expression-{label}", label, p) for label, p in zip(LABELS, probabilities, strict=True))


def time_parts(person: ParticipantSummary) -> tuple[Part, ...]:
    """Return the time with a score and without one, by reason: together all of the attendance."""
    times = [(NoScoreReason.UNSPECIFIED, person.coverage * person.attended_us)]
    times += [(time.reason, float(time.duration_us)) for time in person.no_score_times]
    return _parts(
        (f"reason-{reason.name.lower().replace('_', '-')}", reason_in_words(reason), us) for reason, us in times
    )


def _parts(amounts: Iterable[tuple[str, str, float]]) -> tuple[Part, ...]:
    known = [(key, word, amount) for key, word, amount in amounts if amount > 0 and not math.isnan(amount)]
    whole = sum(amount for _, _, amount in known)
    parts, start = [], 0.0
    for key, word, amount in known:
        parts.append(Part(key, word, start, amount / whole))
        start += amount / whole
    return tuple(parts)

"""Scores over time in one line of text: a bar for each stretch, a dot where there was no score. Pure."""

from collections import deque
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
NONE = "·"
SCORE_RANGE = (0.2, 1.0)  # of the usual formula; a network's score below it gets the lowest bar
MARK_EVERY_S = 3.0
MOST_MARKS = 40  # two minutes


def spark(scores: Sequence[float | None]) -> str:
    """Return a bar for each score of 0.2 to 1, and a dot for None."""
    return "".join(NONE if score is None else _bar(score) for score in scores)


def thinned(scores: Sequence[float | None], most: int) -> list[float | None]:
    """Return `most` scores at most: means of neighbouring stretches of the same length, of what is known in each."""
    if len(scores) <= most or most < 1:
        return list(scores)
    each = -(-len(scores) // most)
    stretches = (scores[at : at + each] for at in range(0, len(scores), each))
    return [_mean([score for score in stretch if score is not None]) for stretch in stretches]


class Trace:
    """A participant's last two minutes: a score every three seconds of the meeting."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._marks: deque[float | None] = deque(maxlen=MOST_MARKS)
        self._next_s = 0.0

    def add(self, meeting_offset_s: float, score: float | None) -> None:
        """Take a score, or None, if a mark is due."""
        if meeting_offset_s >= self._next_s:
            self._marks.append(score)
            self._next_s = meeting_offset_s + MARK_EVERY_S

    def __str__(self) -> str:
        """Return the marks, the newest at the right."""
        return spark(list(self._marks))


def _bar(score: float) -> str:
    low, high = SCORE_RANGE
    step = round((score - low) / (high - low) * (len(BARS) - 1))
    return BARS[min(max(step, 0), len(BARS) - 1)]


def _mean(known: Sequence[float]) -> float | None:
    return sum(known) / len(known) if known else None

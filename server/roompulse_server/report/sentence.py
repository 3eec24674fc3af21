"""Numbers in words: the pieces of which a report's sentences and tables are made."""

import math
from collections.abc import Sequence

from roompulse.contract.expression_words import NAMED_FROM, expression_in_words
from roompulse_vision.types import LABELS, Probabilities

NOTHING = "–"
_LOOKS = {
    "neutral": "neutral",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprised",
    "fear": "afraid",
    "disgust": "disgusted",
    "anger": "angry",
    "contempt": "contemptuous",
}
_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def number(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{value:z.2f}".replace("-", "−")


def people(count: float | None) -> str:
    """Return a mean number of people: a whole one without digits."""
    return NOTHING if count is None else f"{round(count, 1):g}"


def counted(count: int, one: str, many: str) -> str:
    """Return "one person", "three people", "14 people"."""
    return f"{_WORDS[count] if count < len(_WORDS) else count} {one if count == 1 else many}"


def percent(share: float | None) -> str:
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.0f}\u00a0%"


def spread(mean: float | None, deviation: float | None) -> str:
    """Return "0.71 ± 0.05", or a dash."""
    return number(mean) + (f" ± {number(deviation)}" if mean is not None and deviation is not None else "")


def clock(time_us: int) -> str:
    """Return minutes and seconds, with hours where there are any."""
    minutes, seconds = divmod(round(time_us / 1e6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def listed(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def clear_expression(probabilities: Probabilities) -> tuple[str, float] | None:
    """Return the expression that is named, with its probability; None where none is clear."""
    known = ((p, label) for p, label in zip(probabilities, LABELS, strict=True) if p >= NAMED_FROM)  # nan is not
    p, label = max(known, default=(0.0, ""))
    return (label, p) if label else None


def looks(label: str) -> str:
    """Return the adjective of an expression's label, for "looked mostly …"."""
    return _LOOKS[label]


def expression(probabilities: Probabilities) -> str:
    """Return the most probable expression, or that none is clear; "" where there is none."""
    known = {label: p for p, label in zip(probabilities, LABELS, strict=True) if not math.isnan(p)}
    return expression_in_words(known).replace(" %", "\u00a0%")


def sentence(text: str) -> str:
    """Return a clause as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def chance(p_value: float) -> str:
    """Return the probability of as much by chance."""
    return f"p\u00a0=\u00a0{p_value:.2f}" if p_value >= 0.01 else "p\u00a0<\u00a00.01"

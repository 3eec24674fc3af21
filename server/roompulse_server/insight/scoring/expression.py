"""How much a face reacts: the weighted expression of one picture."""

import math

from roompulse_vision.types import LABELS, Probabilities

from roompulse_server.insight.scoring.formula import Formula

_OTHER = LABELS.index("other")
_HAPPINESS = LABELS.index("happiness")


def expression_value(formula: Formula, probabilities: Probabilities, *, speaking: bool) -> float | None:
    """Return x, the weighted mean over the labels without "other", or None where the expression is unclear.

    `probabilities` follow `LABELS`, nan for labels that the model lacks. Unclear: more than `unclear_above` on
    "other", or nothing known. While somebody speaks an open mouth is no surprise: all but happiness counts as
    neutral, x = 0.70 + 0.30·p(happiness) with the default weights.
    """
    known = [0.0 if math.isnan(p) else p for p in probabilities]
    total = math.fsum(known[:_OTHER])
    if known[_OTHER] > formula.unclear_above or total <= 0.0:
        return None
    if speaking:
        neutral, happy = formula.weight("neutral"), formula.weight("happiness")
        return neutral + (happy - neutral) * known[_HAPPINESS] / total
    return math.fsum(w * p for w, p in zip(formula.weights, known[:_OTHER], strict=True)) / total

"""The one rule by which a mean or smoothed expression is named: on the terminal, in Markdown, on the page."""

from collections.abc import Mapping

NAMED_FROM = 0.5  # below it no expression holds even half of the probability, and none is named


def expression_in_words(probabilities: Mapping[str, float]) -> str:
    """Return the expression that holds half of the probability or more, as in "happiness 80 %".

    Without such an expression the answer is "unclear", with the most probable one in brackets; without any probability
    it is empty.

    Args:
        probabilities: By label, each 0 to 1; labels that the model lacks are left out.
    """
    if not probabilities:
        return ""
    label, share = max(probabilities.items(), key=lambda item: item[1])
    named = f"{label} {100 * share:.0f} %"
    return named if share >= NAMED_FROM else f"unclear (most: {named})"

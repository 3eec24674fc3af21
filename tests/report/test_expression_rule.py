"""An expression is named by one rule: on the terminal, in Markdown, on the page, on a picture's label."""

import math
from dataclasses import replace

import pytest
from report_samples import a_meeting
from roompulse.cli import figures
from roompulse.contract.expression_words import expression_in_words
from roompulse.results import Expressions
from roompulse_server.report import sentence
from roompulse_server.report.html_page import html_document
from roompulse_server.report.markdown_file import markdown_document
from roompulse_vision.types import LABELS


def probabilities(**known: float) -> tuple[float, ...]:
    return tuple(known.get(label, math.nan) for label in LABELS)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"neutral": 0.43, "happiness": 0.46, "surprise": 0.11}, "unclear (most: happiness 46 %)"),
        ({"neutral": 0.5, "happiness": 0.5}, "neutral 50 %"),
        ({"neutral": 0.2, "happiness": 0.8}, "happiness 80 %"),
        ({"neutral": 0.499, "happiness": 0.4}, "unclear (most: neutral 50 %)"),
    ],
)
def test_below_one_half_none_is_named_anywhere(known: dict[str, float], words: str) -> None:
    assert expression_in_words(known) == words
    assert figures.expression(Expressions(**known)) == words
    assert sentence.expression(probabilities(**known)).replace("\u00a0", " ") == words
    summary = replace(a_meeting(people=2, minutes=1), expressions=probabilities(**known))
    for document in (markdown_document(summary), html_document(summary)):
        assert words in document.content.decode().replace("\u00a0", " ").replace("&nbsp;", " ")


def test_without_a_face_there_is_nothing_to_name() -> None:
    assert expression_in_words({}) == ""
    assert figures.expression(None) == figures.expression(Expressions()) == "–"
    assert sentence.expression(probabilities()) == ""

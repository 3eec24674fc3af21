"""What reports say in words."""

import math
from dataclasses import replace

import pytest
from report_samples import a_meeting
from roompulse_server.insight.summary_types import Change, EngagementStatistics, NoScoreTime, NotableMinute, Synchrony
from roompulse_server.report import sentence
from roompulse_server.report.naming import by_name, common_notes
from roompulse_server.types import LABELS, NoScoreReason

NAN = math.nan


def probabilities(**given: float) -> tuple[float, ...]:
    return (*(given.get(label, 0.0) for label in LABELS[:-1]), NAN)


def test_an_expression_below_half_is_unclear() -> None:
    assert sentence.expression(probabilities(neutral=0.5, sadness=0.5)) in ("neutral 50\u00a0%", "sadness 50\u00a0%")
    assert sentence.expression(probabilities(happiness=0.63, neutral=0.37)) == "happiness 63\u00a0%"
    assert (
        sentence.expression(probabilities(sadness=0.4, neutral=0.35, anger=0.25)) == "unclear (most: sadness 40\u00a0%)"
    )
    assert sentence.expression((NAN,) * len(LABELS)) == ""


@pytest.mark.parametrize(("us", "text"), [(0, "0:00"), (65_400_000, "1:05"), (3_599_600_000, "1:00:00")])
def test_times_are_clocks(us: int, text: str) -> None:
    assert sentence.clock(us) == text


def test_dates_are_those_of_the_meeting_s_people() -> None:
    assert sentence.date(1_700_000_000_000_000, "Europe/Vienna") == "Tuesday, 14 November 2023, 23:13 Europe/Vienna"
    assert sentence.date(1_700_000_000_000_000, "") == "Tuesday, 14 November 2023, 22:13 UTC"
    assert sentence.date(1_700_000_000_000_000, "Nowhere/Land") == "Tuesday, 14 November 2023, 22:13 UTC"


def test_numbers_have_two_digits_a_true_minus_and_a_dash_for_nothing() -> None:
    assert [sentence.number(v) for v in (0.714, -0.2, -0.001, None, NAN)] == ["0.71", "−0.20", "0.00", "–", "–"]
    assert [sentence.people(count) for count in (7.0, 6.44, None)] == ["7", "6.4", "–"]
    assert sentence.spread(0.7, 0.05) == "0.70 ± 0.05"
    assert sentence.spread(None, 0.05) == "–"
    assert (sentence.chance(0.034), sentence.chance(0.0099)) == ("p\u00a0=\u00a00.03", "p\u00a0<\u00a00.01")


def test_a_score_is_explained_in_one_line() -> None:
    _, summary = a_meeting(2, 10)
    scores = EngagementStatistics(0.7, 0.05, 0.7, 0.5, 0.9, -0.031, facing=0.9, expression=0.78)
    person = replace(
        summary.participants[0],
        engagement=scores,
        expressions=probabilities(neutral=0.7),
        change=None,
        facing_share=0.9,
    )
    assert sentence.explanation(person) == (
        "≈ facing 0.90 × expression 0.78; scored 100\u00a0% of 10:00; turned to the screen 90\u00a0%; "
        "face neutral 70\u00a0%; fell by 0.03 a minute"
    )
    changed = replace(
        person,
        engagement=replace(scores, facing=None, trend_standard_error=0.02),
        change=Change(-0.12, 0.04, 0.02, "rule"),
    )
    assert sentence.explanation(changed).startswith("≈ expression 0.78; ")
    assert sentence.explanation(changed).endswith(
        "no clear trend; last third 0.12 below their own first (p\u00a0=\u00a00.02)"
    )
    assert sentence.explanation(replace(person, engagement=EngagementStatistics())) == ""


def test_the_reason_that_took_most_time_is_named() -> None:
    times = [NoScoreTime(NoScoreReason.NO_FACE, 5), NoScoreTime(NoScoreReason.CAMERA_OFF, 9)]
    assert sentence.missing(times).startswith("No score, mostly: camera off. ")
    assert sentence.missing([]) == "Nothing was received."


def test_what_stands_out_of_the_whole_is_said_with_its_uncertainty() -> None:
    _, summary = a_meeting(0, 0)
    minute = NotableMinute(60_000_000, 60_000_000, 0.81, 0.02, 0.9, "the highest of the whole minutes")
    found = replace(summary, highest_minute=minute, synchrony=Synchrony(0.1, 0.4, 5, "correlation"))
    assert list(sentence.remarks(found)) == [
        "The highest minute: 1:00 to 2:00, engagement 0.81 ± 0.02 with 90\u00a0% of the time scored.",
        "The faces of 5 people did not clearly move together: correlation 0.10 beyond chance (p\u00a0=\u00a00.40).",
    ]
    assert list(sentence.rules(found)) == ["Highest minute", "Moving together"]
    together = replace(found, highest_minute=None, synchrony=Synchrony(0.3, 0.01, 5, ""))
    assert "moved together" in next(iter(sentence.remarks(together)))


def test_two_of_one_name_are_told_apart_and_shared_notes_said_once() -> None:
    _, summary = a_meeting(4, 1, ("Ada", "ada", " ", "Bob"))
    assert [one.name for one in by_name(summary.participants)] == ["Ada (p000)", "ada (p001)", "Bob", "p002"]
    assert "valence and arousal are derived from expressions" in common_notes(summary.participants)
    assert common_notes(summary.participants[:1]) == ()

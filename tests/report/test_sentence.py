"""What reports say in words."""

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import a_meeting
from roompulse_server.insight.summary.remedies import what_happened, what_helps
from roompulse_server.insight.summary.summary_types import (
    BandTime,
    Change,
    EngagementStatistics,
    NoScoreTime,
    NotableMinute,
    Synchrony,
)
from roompulse_server.report import sentence
from roompulse_server.report.explanation import explanation, missing
from roompulse_server.report.naming import by_name, isolated, technical_notes
from roompulse_server.report.remark import remarks, rules
from roompulse_server.report.wall_clock import wall_clock
from roompulse_server.types import Band, NoScoreReason
from roompulse_vision.types import LABELS

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


def test_times_of_day_are_those_of_the_meeting_s_people() -> None:
    vienna = wall_clock(1_700_000_000_000_000, "Europe/Vienna")
    assert (vienna.date(), vienna.time(0), vienna.zone_name) == ("Tuesday, 14 November 2023", "23:13", "Europe/Vienna")
    assert vienna.time(3_600_000_000) == "Wed 00:13"  # on another day it is named
    for unknown in ("", "Nowhere/Land", "../etc/passwd"):
        assert wall_clock(1_700_000_000_000_000, unknown).time(0) == "22:13"
        assert wall_clock(0, unknown).zone_name == "UTC"


@given(
    st.integers(0, 4_000_000_000_000_000), st.sampled_from(["", "Europe/Vienna", "Asia/Kolkata", "America/St_Johns"])
)
def test_a_moment_has_one_format_and_reads_back_exactly(time_us: int, zone: str) -> None:
    text = wall_clock(time_us, zone).iso(0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d", text)
    assert (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == time_us


def test_numbers_have_two_digits_a_true_minus_and_a_dash_for_nothing() -> None:
    assert [sentence.number(v) for v in (0.714, -0.2, -0.001, None, NAN)] == ["0.71", "−0.20", "0.00", "–", "–"]
    assert [sentence.people(count) for count in (7.0, 6.44, None)] == ["7", "6.4", "–"]
    assert sentence.spread(0.7, 0.05) == "0.70 ± 0.05"
    assert sentence.spread(None, 0.05) == "–"
    assert (sentence.chance(0.034), sentence.chance(0.0099)) == ("p\u00a0=\u00a00.03", "p\u00a0<\u00a00.01")


def test_a_score_is_explained_in_plain_sentences() -> None:
    summary = a_meeting(2, 10)
    scores = EngagementStatistics(0.7, 0.05, 0.7, 0.5, 0.9, -0.031, facing=0.9, expression=0.78)
    person = replace(
        summary.participants[0],
        engagement=scores,
        expressions=probabilities(neutral=0.7),
        change=None,
        facing_share=0.9,
    )
    assert explanation(person) == (
        "The score covers 100\u00a0% of 10:00 in the meeting. It fell by 0.03 a minute. The face was turned to the "
        "screen for 90\u00a0% of that time and looked mostly neutral (70\u00a0%). The score is about 0.90 for facing "
        "the screen times 0.78 for the expression."
    )
    bands = (BandTime(Band.MEDIUM, 60), BandTime(Band.HIGH, 40))
    changed = replace(
        person,
        engagement=replace(scores, facing=None, trend_standard_error=0.02, bands=bands),
        change=Change(-0.12, 0.04, 0.02, "rule"),
        facing_share=1.0,
        expressions=probabilities(neutral=0.4, sadness=0.3, anger=0.3),
    )
    assert explanation(changed) == (
        "The score covers 100\u00a0% of 10:00 in the meeting and was medium for 60\u00a0% and high for 40\u00a0% of "
        "that time. It neither rose nor fell clearly. In the last third it was 0.12 below the first "
        "(p\u00a0=\u00a00.02). The face was turned to the screen throughout and showed no clear expression. The score "
        "is that of the expression alone."
    )
    assert explanation(replace(person, engagement=EngagementStatistics())) == ""
    assert explanation(replace(person, coverage=0.05)).startswith("Less than a minute has a score: too little")


def test_the_reason_that_took_most_time_is_named_with_what_helps() -> None:
    times = [NoScoreTime(NoScoreReason.NO_FACE, 5), NoScoreTime(NoScoreReason.CAMERA_OFF, 9)]
    assert missing(times) == "There is no score: the camera was off. Nothing to mend, absence is not disengagement."
    assert missing([]) == "There is no score: nothing was received."


@pytest.mark.parametrize("reason", [reason for reason in NoScoreReason if reason])
def test_every_reason_says_what_happened_and_what_helps(reason: NoScoreReason) -> None:
    assert re.fullmatch(r"[a-z][a-z ]+[a-z]", what_happened(reason))
    assert re.fullmatch(r"[A-Z].*\.", what_helps(reason))


def test_what_stands_out_of_the_whole_is_said_with_its_uncertainty() -> None:
    summary = a_meeting(0, 0)
    minute = NotableMinute(60_000_000, 60_000_000, 0.81, 0.02, 0.9, "the highest of the whole minutes")
    found = replace(summary, highest_minute=minute, synchrony=Synchrony(0.1, 0.4, 5, "correlation"))
    assert list(remarks(found)) == [
        "The highest minute: 1:00 to 2:00, engagement 0.81 ± 0.02 with 90\u00a0% of the time scored.",
        "The faces of 5 people did not clearly move together: correlation 0.10 beyond chance (p\u00a0=\u00a00.40).",
    ]
    assert list(rules(found)) == ["Highest minute", "Moving together"]
    together = replace(found, highest_minute=None, synchrony=Synchrony(0.3, 0.01, 5, ""))
    assert "moved together" in next(iter(remarks(together)))


def test_two_of_one_name_are_told_apart() -> None:
    summary = a_meeting(4, 1, ("Ada", "ada", " ", "Bob"))
    assert [one.name for one in by_name(summary.participants)] == ["Ada (p000)", "ada (p001)", "Bob", "p002"]


def test_notes_that_all_share_are_said_once_and_others_with_the_name() -> None:
    summary = a_meeting(5, 2, ("Ada", "Bob", "Cyd", "Dan", "Eve"))
    notes = technical_notes(summary, by_name(summary.participants))
    assert notes.count("valence and arousal are derived from expressions") == 1
    assert notes[-1] == "Eve: coverage 0 %: camera off 100 % of the time"


def test_a_name_that_would_change_the_line_is_shown_as_what_it_is() -> None:
    hostile = a_meeting(3, 1, ("A\x1b[2Jda\nOb\u202ei", "\u2066trick", "مريم"))
    names = [one.name for one in by_name(hostile.participants)]
    assert names == [r"\u2066trick", r"A\x1b[2Jda Ob\u202ei", "مريم"]
    assert [one.name for one in isolated(by_name(hostile.participants))][2] == "\u2068مريم\u2069"
    assert hostile.participants[0].display_name == "A\x1b[2Jda\nOb\u202ei"  # stored as given

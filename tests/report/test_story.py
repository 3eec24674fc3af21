"""What a report says happened: three sentences before any number, and who has no score."""

from collections.abc import Sequence
from dataclasses import replace

from eventful_meeting import GRANTED, PARTS, Part, S, an_eventful_meeting
from report_samples import MOMENTS, a_meeting
from roompulse_server.insight.summary.summary_types import CompositionEffect, ConsentBasis, MeetingSummary
from roompulse_server.report.legal import consent_sentences
from roompulse_server.report.naming import by_name
from roompulse_server.report.story import story_of, unscored
from roompulse_server.types import ATTESTED, Consent


def told(summary: MeetingSummary) -> tuple[str, ...]:
    return story_of(summary, by_name(summary.participants))


def of(*parts: Part) -> MeetingSummary:
    return an_eventful_meeting(parts)


def test_three_sentences_say_who_came_and_left_how_it_went_and_what_stands_out() -> None:
    assert told(an_eventful_meeting()) == (
        (
            "Seven people met from 10:00 to 10:15 (Europe/Vienna); Bob Lindqvist joined at 10:03, and Ada Obi and "
            "Gus Meyer left at 10:09."
        ),
        "Engagement was mostly high and showed no clear rise or fall; faces looked mostly neutral.",
        (
            "At 10:06 five people smiled together; at 10:09 the group’s line fell only because Ada Obi and Gus Meyer "
            "left; at 10:11 the engagement of Cyd Marín fell."
        ),
    )


def test_people_without_a_score_are_named_with_the_reason() -> None:
    meeting = an_eventful_meeting()
    assert unscored(by_name(meeting.participants)) == ("Eve Nowak (the camera was off)", "Fay (no face was found)")
    crowd = a_meeting(70, 1)
    (cameras_off,) = unscored(by_name(crowd.participants))
    assert cameras_off.endswith(" and 2 more (the camera was off)")


def test_few_are_named_and_many_are_counted() -> None:
    assert told(of(Part("Ada"), Part("Bob")))[0] == (
        "Ada and Bob met from 10:00 to 10:15 (Europe/Vienna), both of them from start to end."
    )
    assert told(of(Part("Ada")))[0] == "Ada attended from 10:00 to 10:15 (Europe/Vienna)."
    late = [Part(f"Guest {number}", there=((120 + 60 * number, 900),)) for number in range(4)]
    assert told(of(Part("Ada"), *late))[0] == (
        "Five people met from 10:00 to 10:15 (Europe/Vienna); four people joined between 10:02 and 10:05."
    )


def test_who_comes_within_the_first_minute_and_leaves_in_the_last_was_there_all_the_time() -> None:
    assert "from start to end" in told(of(Part("Ada", there=((0, 850),)), Part("Bob", there=((55, 900),))))[0]


def test_a_running_meeting_is_told_of_as_one() -> None:
    running = replace(of(Part("Ada"), Part("Bob", there=((300, 900),))), end_time_us=None)
    assert told(running)[0] == "Ada and Bob have met since 10:00 (Europe/Vienna); Bob joined at 10:05."


def test_nobody_has_sentences_too() -> None:
    assert told(a_meeting(0, 0)) == ("Nobody attended.", "Nobody has a score.", "There is nothing to tell of.")
    dark = of(Part("Ada", camera_off=((0, 900),)))
    assert told(dark)[1:] == ("Nobody has a score: the camera was off.", "No moment stands out.")


def test_a_rise_or_fall_is_told_only_if_chance_hardly_brings_it() -> None:
    falling = of(Part("Ada", drops=((600, 900),)), Part("Bob", drops=((600, 900),)))
    assert "fell from the first third to the last" in told(falling)[1]
    assert "no clear rise or fall" in told(of(Part("Ada"), Part("Bob")))[1]
    assert told(a_meeting(2, 5))[1] == "Engagement was mostly medium; faces looked mostly neutral."  # too short for it


def test_a_group_does_not_fall_because_somebody_leaves() -> None:
    leaving = of(Part("Ada", 0.85, there=((0, 500),)), Part("Bob", 0.85, there=((0, 500),)), Part("Cyd", 0.6))
    assert "no clear rise or fall" in told(leaving)[1]
    assert "the group’s line fell only because Ada and Bob left" in told(leaving)[2]


def test_little_evidence_is_told() -> None:
    half = of(Part("Ada", camera_off=((450, 900),)))
    assert told(half)[1].endswith("; there is a score for about half of the time only.")
    hardly = of(Part("Ada", camera_off=((60, 900),)))
    assert told(hardly)[1].endswith("; there is a score for hardly any of the time only.")


def test_the_surest_moments_are_told_and_the_others_counted() -> None:
    line = told(a_meeting(8, 40, moments=MOMENTS))[2]
    assert line.startswith("At 23:23 the engagement of Bob Lindqvist rose; at 23:38 Ada Obi, Cyd Marín and Dan Ōtani ")
    assert line.endswith("smiled together; one more moment stands out.")


def test_a_step_says_who_had_a_score_before_or_after() -> None:
    off = of(Part("Ada", 0.85, camera_off=((300, 500),)), Part("Bob", 0.85, camera_off=((300, 500),)), Part("Cyd", 0.6))
    assert "only because Ada and Bob had no score any more" in told(off)[2]
    effect = CompositionEffect(500 * S, 0.2, 0.0, (), ("p000", "p001"), "rule")
    assert "rose only because Ada and Bob got a score" in told(replace(off, composition_effects=(effect,)))[2]


def test_an_aggregate_meeting_is_told_of_without_anybody() -> None:
    group = replace(a_meeting(9, 30), participants=(), moments=(), change=None, aggregate_only=True)
    first, second, third = told(group)
    assert first == (
        "The meeting ran from 23:13 to 23:43 (Europe/Vienna); this report holds no values of single people."
    )
    assert second == "Faces looked mostly neutral."
    assert third == "No moment stands out."


# Of consent a report says what the record holds, and nothing else.


def consent(*parts: Part) -> Sequence[str]:
    summary = of(*parts)
    return list(consent_sentences(summary, by_name(summary.participants)))


def test_consent_of_all_is_claimed_only_where_it_is_on_record() -> None:
    everybody = "Consent was on record for everybody whose pictures were analysed, for as long as they were."
    assert consent(*PARTS) == [everybody]
    unasked = replace(PARTS[2], consent=None)
    assert consent(PARTS[1], unasked) == [
        "For one person, consent was on record for as long as their pictures were analysed.",
        "The pictures of one person were analysed while no consent was on record: Cyd Marín (15:00).",
    ]
    assert consent(Part("Ada", camera_off=((0, 900),), consent=None)) == ["Nobody’s pictures were analysed."]


def test_an_attestation_is_called_one() -> None:
    attested = Part("room#1", consent=Consent(GRANTED.state, ATTESTED))
    assert consent(attested, attested) == [
        (
            "For two people found in the pictures of a room or gallery, no consent of their own is on record: whoever "
            "ran the meeting attested that everybody had agreed."
        )
    ]


def test_of_groups_consent_is_counted_and_nobody_is_named() -> None:
    group = replace(a_meeting(4, 1), participants=(), aggregate_only=True, consent_basis=ConsentBasis(4, 3, 0, 1))
    assert list(consent_sentences(group, ())) == [
        "For three people, consent was on record for as long as their pictures were analysed.",
        "The pictures of one person were analysed while no consent was on record.",
    ]

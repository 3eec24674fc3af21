"""Moments: what was planted is found, and what was shuffled is not."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from insight_record import MEETING
from lively_meeting import lively, summed
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.moment import moments_of
from roompulse_server.insight.summary.second_grid import Seconds
from roompulse_server.insight.summary.smile import Smiles
from roompulse_server.insight.summary.summary_types import Moment, MomentKind
from roompulse_server.series import Floats
from roompulse_server.types import Participant, Update

S = 1_000_000
MOST_AN_HOUR = 0.5
SMILES = (0.005, 0.02, 0.05)  # smiles that begin, in two seconds
Meeting = tuple[dict[str, Seconds], dict[str, Smiles]]


def noise(random: np.random.Generator, seconds: int, alike_s: float, size: float) -> Floats:
    """Noise like a score's: neighbours are alike, and it is a mean of ten seconds."""
    steps = random.standard_normal(seconds + 400)
    if alike_s:
        kept = np.exp(-np.arange(int(8 * alike_s)) / alike_s)
        steps = np.convolve(steps, kept)[: steps.size]
    smooth = np.convolve(steps, np.ones(10) / 10, "same")[200 : 200 + seconds]
    values: Floats = smooth / smooth.std() * size
    return values


def meeting(random: np.random.Generator, people: int, seconds: int, often: tuple[float, ...] = SMILES) -> Meeting:
    """People whose scores wander, each in their own way, and who smile now and then."""
    scores, smiles = {}, {}
    for number in range(people):
        alike_s, size = random.choice([0, 3, 10, 30]), random.choice([0.04, 0.08, 0.12])
        score = np.clip(0.66 + noise(random, seconds, alike_s, size), 0.2, 1.0)
        scores[f"p{number}"] = Seconds(score, np.full(seconds, np.nan))
        smiling = np.zeros(seconds // 2, dtype=np.bool_)
        for at in np.flatnonzero(random.random(seconds // 2) < random.choice(often)):
            smiling[at : at + random.integers(1, 4)] = True
        smiles[f"p{number}"] = Smiles(np.ones(seconds // 2, dtype=np.bool_), smiling)
    return scores, smiles


def planted(random: np.random.Generator, people: int, seconds: int) -> tuple[Meeting, list[int], int]:
    """A meeting of steady people in which two drop, for a minute each, and all smile once."""
    scores, smiles = meeting(random, people, seconds, SMILES[:1])
    drops = [seconds // 2 + 200 * number for number in range(2)]
    for number, (name, one) in enumerate(scores.items()):
        score = 0.68 + noise(random, seconds, 3, 0.04)
        if number < len(drops):
            fallen = np.zeros(seconds)
            fallen[drops[number] : drops[number] + 60] = 0.3
            score -= np.convolve(fallen, np.ones(10) / 10)[:seconds]
        scores[name] = Seconds(np.clip(score, 0.2, 1.0), one.valence)
        smiles[name].smiling[seconds // 3 // 2 : seconds // 3 // 2 + 2] = True
    return (scores, smiles), drops, seconds // 3


def shuffled(random: np.random.Generator, was: Meeting) -> Meeting:
    """The same meeting with everybody's time in another order: ten seconds of scores, smiles in a circle."""
    scores, smiles = was
    moved = {}
    for name, one in scores.items():
        blocks = np.array_split(one.score, one.score.size // 10)
        order = random.permutation(len(blocks))
        moved[name] = Seconds(np.concatenate([blocks[at] for at in order]), one.valence)
    rolled = {
        name: Smiles(one.visible, np.roll(one.smiling, random.integers(10, one.smiling.size - 10)))
        for name, one in smiles.items()
    }
    return moved, rolled


def found(was: Meeting, uid: str) -> tuple[Moment, ...]:
    scores, smiles = was
    seconds = next(iter(scores.values())).score.size
    return moments_of(uid, scores, smiles, seconds * S)[0]


def rates(meetings: int, seed: int) -> Mapping[str, float]:
    """Moments an hour: of noise, and of shuffled meetings that had moments."""
    random = np.random.default_rng(seed)
    counts = dict.fromkeys(("noise", "shuffled"), 0.0)
    hours = 0.0
    for number in range(meetings):
        people, seconds = int(random.choice([2, 4, 8, 20])), int(random.choice([900, 1800, 3600]))
        lively_one, _, _ = planted(random, people, seconds)
        counts["noise"] += len(found(meeting(random, people, seconds), f"noise {number}"))
        counts["shuffled"] += len(found(shuffled(random, lively_one), f"shuffled {number}"))
        hours += seconds / 3600
    return {name: count / hours for name, count in counts.items()}


def test_shuffled_meetings_have_hardly_any_moments() -> None:
    assert all(rate <= MOST_AN_HOUR for rate in rates(20, 4).values())


@pytest.mark.verify
@pytest.mark.timeout(1800)
def test_shuffled_meetings_have_hardly_any_moments_in_hundreds_of_hours(capsys: pytest.CaptureFixture[str]) -> None:
    measured = rates(600, 5)
    with capsys.disabled():
        print("\nmoments an hour:", ", ".join(f"{name} {rate:.2f}" for name, rate in measured.items()))  # noqa: T201
    assert all(rate <= MOST_AN_HOUR for rate in measured.values())


def test_planted_moments_are_found() -> None:
    random = np.random.default_rng(6)
    hits = tries = 0
    for number in range(6):
        was, drops, smile_s = planted(random, int(random.choice([3, 6])), 2400)
        moments = found(was, f"planted {number}")
        dropped = [one for one in moments if one.kind is MomentKind.DROP]
        for who, at in enumerate(drops):
            near = [one for one in dropped if abs(one.start_us / S - at) < 15 and f"p{who}" in one.participant_ids]
            hits += any(30 <= one.length_us / S <= 90 for one in near)
            tries += 1
        (smile,) = [one for one in moments if one.kind is MomentKind.SHARED_SMILE]
        assert smile.start_us <= (smile_s + 2) * S <= smile.start_us + smile.length_us
        assert not any(one.kind is MomentKind.PEAK for one in moments)  # coming back is no peak
        assert all(one.rule and one.p_value is not None and one.p_value <= 0.05 for one in moments)
    assert hits / tries > 0.8


def test_a_meetings_uid_decides_about_chance_and_order_does_not() -> None:
    (scores, smiles), _, _ = planted(np.random.default_rng(7), 4, 1800)
    once, again = found((scores, smiles), "a"), found((scores, smiles), "a")
    turned = dict(reversed(scores.items())), dict(reversed(smiles.items()))
    assert once == again
    assert {(one.kind, one.start_us, one.p_value) for one in found(turned, "a")} == {
        (one.kind, one.start_us, one.p_value) for one in once
    }


def test_nothing_begins_while_the_baseline_sets_in() -> None:
    people = lively(0)
    ramping = {
        name: [
            row if row.reading.affect is None else _with_weight(row, 0.5 if row.offset_us > 300 * S else 1.0)
            for row in rows
        ]
        for name, rows in people.items()
    }
    assert summed(people).moments
    assert all(one.start_us <= 300 * S for one in summed(ramping).moments)


def _with_weight(row: Update, weight: float) -> Update:
    assert row.reading.affect is not None
    affect = replace(row.reading.affect, baseline_weight=weight)
    return replace(row, reading=replace(row.reading, affect=affect))


def test_too_little_evidence_says_so() -> None:
    people = {name: rows[:200] for name, rows in lively(1).items()}
    summary = summed(people)
    assert not [one for one in summary.moments if one.kind is not MomentKind.SHARED_SMILE]
    words = " | ".join(summary.notes)
    assert "too little evidence for drops and peaks" in words
    assert "too little evidence to name single minutes" in words
    assert all(one.change is None for one in summary.participants)
    assert f"{len(people)} of {len(people)} participants have too little evidence for a change: 3 minutes" in words
    assert not any("change" in note for one in summary.participants for note in one.notes)  # said once
    alone = summed({"a": people["a"]})
    assert alone.synchrony is None
    assert any("too little evidence for synchrony" in note for note in alone.notes)
    assert any("too little evidence for shared smiles" in note for note in alone.notes)


def test_people_who_feel_alike_are_in_step() -> None:
    summary = summed(lively(2))
    assert summary.synchrony is not None
    assert summary.synchrony.correlation > 0.2
    assert summary.synchrony.p_value < 0.01


def test_nobody_has_no_moments() -> None:
    summary = summarise(MEETING, [Participant(1, "ada")], [], [])
    assert (summary.moments, summary.synchrony, summary.highest_minute, summary.lowest_minute) == ((), None, None, None)

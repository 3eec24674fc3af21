"""Roll-ups against a slow twin, and what order, repetition and lateness may do to them: nothing."""

import math
import random
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_record import affect_of, recorded
from insight_samples import mixed
from roompulse_server.insight.rollup.rollup_builder import REVISED, RollupBuilder
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.gate import LASTING
from roompulse_server.types import Rollup, Update
from roompulse_vision.enumerations import Presence

S = 1_000_000
FORMULA = Formula()
FAR = 1 << 60
ABSENT = (Presence.CAMERA_OFF, Presence.NO_FACE, Presence.LEFT)


def final(*updates: Update) -> list[Rollup]:
    builder = RollupBuilder(FORMULA)
    for update in updates:
        builder.add(update)
    return builder.advance(FAR)


@st.composite
def logs(draw: st.DrawFn) -> list[Update]:
    """A short meeting of up to four people; sequences have no gaps, offsets never fall."""
    log: list[Update] = []
    for participant in draw(st.sets(st.sampled_from("abcd"), min_size=1)):
        offset_us = 0
        for sequence in range(1, draw(st.integers(1, 12)) + 1):
            offset_us += draw(st.sampled_from([200_000, 500_000, S, 2 * S, 12 * S]) | st.integers(1, 3 * S))
            score = draw(st.none() | st.floats(0.2, 1.0))
            presence = draw(st.sampled_from(ABSENT)) if score is None and draw(st.booleans()) else Presence.PRESENT
            log.append(recorded(participant, sequence, offset_us, score, presence=presence))
    return log


def expected(log: Sequence[Update], window: int) -> tuple[list[float], int]:
    """Return the scores and the total of one window, from all updates of all people."""
    start_us, stop_us = window * S, (window + 1) * S
    scores, total = [], 0
    for participant in sorted({update.participant for update in log}):
        mine = [update for update in log if update.participant == participant]
        ends = [update.offset_us for update in mine[1:]] + [FAR]
        held = [(update, min(end, update.offset_us + 1_500_000)) for update, end in zip(mine, ends, strict=True)]
        touching = [u for u, end in held if u.offset_us < stop_us and (end > start_us or u.offset_us >= start_us)]
        set_ones = [score for u in touching if (score := u.reading.engagement.score) is not None]
        scores += set_ones[-1:]
        known = [
            u.reading.presence
            for u, end in zip(mine, ends, strict=True)
            if u.offset_us < stop_us and (u.offset_us >= start_us or min(end, there_until(u)) > start_us)
        ]
        total += any(presence is not Presence.LEFT for presence in known)
    return scores, total


def there_until(update: Update) -> int:
    return FAR if update.reading.presence in LASTING else update.offset_us + 10 * S


def is_quiet(log: Sequence[Update], window: int) -> bool:
    """Nothing was recorded in the window or the ten seconds before."""
    return not any(window - 10 <= update.offset_us // S <= window for update in log)


@settings(max_examples=150, deadline=None)
@given(log=logs())
def test_final_windows_are_those_of_the_slow_twin(log: list[Update]) -> None:
    rollups = {rollup.start_us // S: rollup for rollup in final(*log)}
    for window in range(max(update.offset_us for update in log) // S + 15):
        scores, total = expected(log, window)
        assert (window in rollups) == (total > 0 and not is_quiet(log, window))
        if window in rollups:
            rollup = rollups[window]
            assert (rollup.seen, rollup.total) == (len(scores), total)
            if scores:
                assert rollup.median == pytest.approx(statistics.median(scores))
                assert rollup.mean == pytest.approx(statistics.fmean(scores))


@settings(max_examples=100, deadline=None)
@given(log=logs(), seed=st.integers(0, 1000))
def test_neither_order_nor_repetition_nor_calls_matter(log: list[Update], seed: int) -> None:
    chance = random.Random(seed)
    shuffled = [*log, *chance.sample(log, len(log) // 2)]
    chance.shuffle(shuffled)
    builder = RollupBuilder(FORMULA)
    for update in shuffled:
        builder.add(update)
        if chance.random() < 0.3:
            builder.revised(chance.randrange(FAR))
    assert repr(builder.advance(FAR)) == repr(final(*log))


@settings(max_examples=100, deadline=None)
@given(log=logs(), seed=st.integers(0, 1000))
def test_live_and_afterwards_are_the_same(log: list[Update], seed: int) -> None:
    """The log arrives as it grows, each participant up to 2.9 s late, and the watermark follows."""
    chance = random.Random(seed)
    lag = {update.participant: chance.randrange(2_900_000) for update in log}
    builder, rollups = RollupBuilder(FORMULA), list[Rollup]()
    for update in sorted(log, key=lambda one: one.offset_us + lag[one.participant]):
        rollups += builder.advance(update.offset_us + lag[update.participant])
        builder.add(update)
    rollups += builder.advance(FAR)
    assert builder.late_count == 0
    assert repr(rollups) == repr(final(*log))
    assert [rollup.sequence for rollup in rollups] == list(range(1, len(rollups) + 1))


@settings(max_examples=60, deadline=None)
@given(log=logs(), stop=st.integers(0, 20))
def test_a_builder_goes_on_after_the_last_final_window(log: list[Update], stop: int) -> None:
    whole = final(*log)
    if len(whole) <= stop:
        return
    builder = RollupBuilder(FORMULA)
    builder.resume(whole[stop])
    since_us = whole[stop].start_us + S - 10 * S
    for participant in "abcd":
        for update in [one for one in log if one.participant == participant and one.offset_us < since_us][-1:]:
            builder.add(update)
    for update in log:
        if update.offset_us >= since_us:
            builder.add(update)
    assert repr(builder.advance(FAR)) == repr(whole[stop + 1 :])


def test_a_window_is_half_open_and_final_three_seconds_after_its_end() -> None:
    builder = RollupBuilder(FORMULA)
    builder.add(recorded("ada", 1, 999_999, 0.5))
    builder.add(recorded("ada", 2, 1_000_000, 0.9))
    assert builder.advance(3_999_999) == []
    (first,) = builder.advance(4_000_000)
    assert (first.start_us, first.length_us, first.final, first.sequence) == (0, S, True, 1)
    assert first.median == 0.5
    (second,) = builder.advance(5_000_000)
    assert (second.start_us, second.sequence, second.median) == (S, 2, 0.9)
    assert builder.advance(5_000_000) == []


def test_provisional_windows_are_revised_while_more_comes_in() -> None:
    builder = RollupBuilder(FORMULA)
    builder.add(recorded("ada", 1, 100_000, 0.5))
    assert builder.revised(900_000) == []  # not over
    (one,) = builder.revised(1_000_000)
    assert (one.final, one.sequence, one.revision, one.seen) == (False, 0, 1, 1)
    assert builder.revised(1_500_000) == []  # nothing new
    builder.add(recorded("bob", 1, 900_000, 0.7))
    (two,) = builder.revised(1_500_000)
    assert (two.revision, two.seen) == (2, 2)
    assert two.median == pytest.approx(0.6)
    (last,) = builder.advance(4_000_000)
    assert (last.final, last.revision, last.median) == (True, 2, two.median)
    assert all(rollup.start_us > 0 for rollup in builder.revised(9_000_000))


def test_one_dark_picture_does_not_unsee_somebody_but_a_second_of_them_does() -> None:
    updates = [recorded("ada", n, n * 200_000, 0.8) for n in range(1, 5)]
    dark = [recorded("ada", n, n * 200_000, presence=Presence.NO_FACE) for n in range(5, 15)]
    rollups = final(*updates, *dark)
    assert [(rollup.seen, rollup.total) for rollup in rollups[:3]] == [(1, 1), (0, 1), (0, 1)]


def test_updates_once_a_second_that_tremble_keep_somebody_seen() -> None:
    updates = [recorded("ada", n + 1, n * S + (400_000 if n % 2 else 0), 0.8) for n in range(20)]
    assert {rollup.seen for rollup in final(*updates)[:20]} == {1}


def test_who_leaves_no_longer_holds_and_who_joins_again_is_there() -> None:
    builder = RollupBuilder(FORMULA)
    builder.join("ada", 0, 1)
    builder.add(recorded("ada", 1, 900_000, 0.8))
    builder.leave("ada", 1_000_000, 1)
    builder.join("ada", 4_000_000, 2)
    builder.add(recorded("ada", 2, 6_000_000, 0.8, epoch=2))
    builder.leave("ada", 6_500_000, 2)
    rollups = builder.advance(FAR)
    assert [(r.start_us // S, r.seen, r.total) for r in rollups] == [(0, 1, 1), (4, 0, 1), (5, 0, 1), (6, 1, 1)]


def test_a_stream_that_only_carries_others_is_nobody() -> None:
    builder = RollupBuilder(FORMULA)
    builder.join("room", 0, 1)
    builder.add(recorded("room#1", 1, 500_000, 0.8))
    (first, *_) = builder.advance(FAR)
    assert (first.seen, first.total) == (1, 1)


def test_three_people_have_percentiles_and_two_have_none() -> None:
    scores = [0.3, 0.9, 0.5, 0.6]
    (two, *_) = final(*(recorded(who, 1, 0, score) for who, score in zip("ab", scores, strict=False)))
    assert (two.p10, two.p90) == (None, None)
    assert two.median == pytest.approx(0.6)
    (four, *_) = final(*(recorded(who, 1, 0, score) for who, score in zip("abcd", scores, strict=False)))
    assert [four.p10, four.median, four.p90] == pytest.approx(np.percentile(scores, [10, 50, 90]).tolist())


def test_expressions_are_of_those_with_a_face_scored_or_not() -> None:
    happy = affect_of(mixed(happiness=1.0), valence=0.8)
    sad = affect_of(mixed(sadness=1.0), valence=-0.6)
    (rollup, *_) = final(
        recorded("a", 1, 0, 1.0, affect=happy),
        recorded("b", 1, 0, None, affect=sad),
        recorded("c", 1, 0, presence=Presence.CAMERA_OFF),
    )
    assert (rollup.seen, rollup.total) == (1, 3)
    assert rollup.expressions[:4] == pytest.approx((0.0, 0.5, 0.0, 0.5))
    assert math.isnan(rollup.expressions[-1])
    assert rollup.valence == pytest.approx(0.1)
    assert rollup.arousal == pytest.approx(-0.1)


def test_other_models_and_formulas_are_not_mixed_in() -> None:
    strange = affect_of(mixed(sadness=1.0), model="model-b")
    (rollup, *_) = final(
        recorded("a", 1, 0, 0.7),
        recorded("b", 1, 0, 0.7),
        recorded("c", 1, 0, 1.0, formula="rp-engagement-1/no-facing"),
        recorded("d", 1, 0, 0.2, affect=strange),
    )
    assert (rollup.formula_id, rollup.model_id) == ("rp-engagement-1", "model-a")
    assert (rollup.seen, rollup.total, rollup.mean) == (2, 4, 0.7)
    assert rollup.expressions[0] == 1.0


def test_nobody_with_a_face_is_said_so() -> None:
    (rollup, *_) = final(recorded("a", 1, 0, presence=Presence.CAMERA_OFF))
    assert (rollup.seen, rollup.total) == (0, 1)
    assert (rollup.median, rollup.mean, rollup.valence, rollup.model_id, rollup.formula_id) == (
        None,
        None,
        None,
        "",
        "",
    )
    assert all(math.isnan(value) for value in rollup.expressions)


def test_a_pause_of_hours_costs_nothing() -> None:
    rollups = final(recorded("a", 1, 0, 0.7), recorded("a", 2, 10**13, 0.7))
    assert [rollup.start_us // S for rollup in rollups] == [*range(10), *range(10**7, 10**7 + 10)]
    assert [rollup.sequence for rollup in rollups] == list(range(1, 21))


def off(sequence: int, second: int, who: str = "off") -> Update:
    return recorded(who, sequence, second * S, presence=Presence.CAMERA_OFF)


def test_who_is_off_for_an_hour_is_there_all_the_time_and_costs_nothing_where_nobody_else_is() -> None:
    hour = 3600
    alone = final(off(1, 0), off(2, hour))
    assert [rollup.start_us // S for rollup in alone] == [*range(11), *range(hour, hour + 11)]
    talk = [recorded("on", second + 1, (1800 + second) * S, 0.7) for second in range(60)]
    shared = final(off(1, 0), off(2, hour), *talk)
    assert {(rollup.seen, rollup.total) for rollup in shared if 1800 <= rollup.start_us // S < 1860} == {(1, 2)}


def test_who_leaves_while_off_is_there_no_longer() -> None:
    builder = RollupBuilder(FORMULA)
    builder.join("off", 0, 1)
    builder.add(off(1, 0))
    builder.leave("off", 0, 1)
    rollups = []
    for second in range(60):
        builder.add(recorded("on", second + 1, second * S, 0.7))
        rollups += builder.advance(second * S)
    rollups += builder.advance(FAR)
    assert [rollup.total for rollup in rollups] == [2] + [1] * 68  # there in the first second


def test_an_older_stream_that_reached_further_ends_nobody_who_came_after_it() -> None:
    """A recording reaches an hour ahead of the meeting's clock; whoever goes on after it begins where it ended."""
    builder = RollupBuilder(FORMULA)
    builder.join("a", 0, 1)
    builder.add(recorded("a", 1, 3600 * S, 0.7))
    builder.join("a", 60 * S, 2)
    builder.leave("a", 3600 * S, 1)
    builder.add(recorded("a", 2, 3600 * S, 0.7, epoch=2))
    assert [rollup.total for rollup in builder.advance(FAR)] == [1] * 10


def test_who_was_off_when_the_service_died_is_there_for_ten_seconds_and_again_with_a_new_stream() -> None:
    builder = RollupBuilder(FORMULA)
    builder.join("off", 0, 1)
    for update in (off(1, 0), off(2, 30)):
        builder.add(update)
    builder.break_off()
    for second in range(100):
        builder.add(recorded("on", second + 1, second * S, 0.7))
    builder.join("off", 60 * S, 2)
    builder.add(recorded("off", 3, 60 * S, presence=Presence.CAMERA_OFF, epoch=2))
    builder.add(recorded("off", 4, 90 * S, presence=Presence.CAMERA_OFF, epoch=2))
    totals = [rollup.total for rollup in builder.advance(FAR)]
    assert totals[:100] == [2] * 40 + [1] * 20 + [2] * 40  # sequence 2 is the last that the dead service recorded


def test_windows_can_be_had_some_at_a_time() -> None:
    log = [recorded("a", second + 1, second * S, 0.7) for second in range(300)]
    builder, rollups = RollupBuilder(FORMULA), list[Rollup]()
    for update in log:
        builder.add(update)
    assert len(builder.revised(FAR)) == REVISED
    assert len(builder.revised(FAR)) == REVISED
    while builder.due(200 * S):
        some = builder.advance(200 * S, 16)
        assert len(some) <= 16
        rollups += some
    assert [rollup.start_us // S for rollup in rollups] == list(range(197))
    assert repr([*rollups, *builder.advance(FAR)]) == repr(final(*log))


def test_what_comes_after_the_final_word_is_counted_and_changes_nothing() -> None:
    builder = RollupBuilder(FORMULA)
    builder.add(recorded("a", 1, 500_000, 0.7))
    builder.advance(10 * S)
    builder.add(recorded("b", 1, 600_000, 0.7))
    assert builder.late_count == 1
    assert all(rollup.start_us >= 7 * S for rollup in builder.advance(FAR))


def test_memory_stays_bounded() -> None:
    builder = RollupBuilder(FORMULA)
    for second in range(2000):
        builder.join("a", second * S, second + 1)
        builder.add(recorded("a", second + 1, second * S, 0.7, epoch=second + 1))
        builder.leave("a", second * S + 1, second + 1)
        builder.revised(second * S)
        builder.advance(second * S)
    kept = (builder._cells, builder._pending, builder._changed, builder._revisions, builder._marks["a"])
    assert max(len(part) for part in kept) < 60

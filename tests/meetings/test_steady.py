"""The record's own clocks: never back, never by a leap, whatever the host's is set to and however often it restarts."""

from hypothesis import given
from hypothesis import strategies as st
from roompulse_server.meetings.steady import BELIEVED_US, DOUBT_US, STEP_US, TICK_US, Clocks, first, go_on
from roompulse_server.storage.store import ClockMark

S = 1_000_000
DAY = 86_400 * S
NOW = 1_700_000_000 * S
BEGAN = first(Clocks(NOW, "boot-a", 5 * S))


def passed_us(before: ClockMark, after: ClockMark) -> tuple[int, int]:
    return after.steady_us - before.steady_us, after.kept_us - before.kept_us


def test_a_record_begins_with_the_hosts_clock() -> None:
    assert (BEGAN.steady_us, BEGAN.kept_us, BEGAN.doubted_us) == (NOW, NOW, 0)


def test_while_the_host_runs_nothing_but_its_running_counts() -> None:
    """The clock 40 days behind and then right, in one start of the host: a meeting that is a minute old stays so."""
    for set_us in (-3600 * S, 0, 40 * DAY, -40 * DAY):
        passed = go_on(BEGAN, Clocks(NOW + 60 * S + set_us, "boot-a", 65 * S))
        assert passed_us(BEGAN, passed.mark) == (60 * S, 60 * S)
        assert (passed.stepped_us, passed.leapt_us) == (set_us, 0)


def test_a_clock_set_back_between_two_starts_stops_nothing() -> None:
    passed = go_on(BEGAN, Clocks(NOW - 3600 * S, "boot-b", 9 * S))
    assert passed_us(BEGAN, passed.mark) == (TICK_US, TICK_US)  # later than anything that was recorded since the mark
    assert passed.stepped_us == -3600 * S


def test_a_night_without_the_service_counts() -> None:
    passed = go_on(BEGAN, Clocks(NOW + 8 * 3600 * S, "boot-b", 9 * S))
    assert passed_us(BEGAN, passed.mark) == (8 * 3600 * S, 8 * 3600 * S)
    assert (passed.stepped_us, passed.leapt_us) == (0, 0)


def test_a_leap_counts_for_retention_once_the_service_has_run_for_a_day() -> None:
    leapt = go_on(BEGAN, Clocks(NOW + 40 * DAY, "boot-b", 9 * S))
    assert leapt.leapt_us == 40 * DAY
    assert passed_us(BEGAN, leapt.mark) == (TICK_US, TICK_US)
    almost = go_on(leapt.mark, Clocks(NOW + 41 * DAY - S, "boot-b", 9 * S + DOUBT_US - S))
    assert almost.accepted_us == 0
    restarted = go_on(almost.mark, Clocks(NOW + 41 * DAY, "boot-c", 1))  # what it has run for already counts
    after = go_on(restarted.mark, Clocks(NOW + 41 * DAY + S, "boot-c", S + 1))
    assert after.accepted_us == 40 * DAY
    assert after.mark.kept_us - after.mark.steady_us == 40 * DAY
    assert after.mark.doubted_us == 0


def test_a_leap_that_is_set_right_in_time_never_counts() -> None:
    wrong = go_on(BEGAN, Clocks(NOW + 40 * DAY, "boot-b", 9 * S)).mark
    right = go_on(wrong, Clocks(NOW + 3600 * S, "boot-c", 9 * S)).mark
    assert right.doubted_us < DAY
    later = go_on(right, Clocks(NOW + 3 * DAY, "boot-c", 3 * DAY)).mark
    assert later.kept_us - NOW < 4 * DAY


HOSTS = st.lists(
    st.tuples(st.integers(-50 * DAY, 50 * DAY), st.booleans(), st.integers(0, 2 * DAY)), min_size=1, max_size=12
)


@given(HOSTS)
def test_neither_clock_ever_falls_nor_leaps(steps: list[tuple[int, bool, int]]) -> None:
    mark, boot, true_us = BEGAN, 0, NOW
    for set_us, restarts, elapsed_us in steps:
        boot += restarts
        true_us += elapsed_us
        boot_us = 0 if restarts else mark.boot_us + elapsed_us
        passed = go_on(mark, Clocks(true_us + set_us, f"boot-{boot}" if boot else "boot-a", boot_us))
        steady_us, kept_us = passed_us(mark, passed.mark)
        assert 0 <= steady_us <= max(BELIEVED_US, elapsed_us, TICK_US)
        assert kept_us == steady_us + passed.accepted_us
        assert passed.mark.doubted_us >= 0
        assert abs(passed.stepped_us) == 0 or abs(passed.stepped_us) >= STEP_US
        mark = passed.mark

"""The one place that mistrusts stamps: what is well stamped stays as it is, and what is not goes on as players do."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse.sources.clock import SourceClock, Timed

TICK_S = 0.001
STEP = 33


@dataclass(frozen=True, slots=True)
class Packet:
    pts: int | None
    dts: int | None = None
    duration: int | None = STEP
    is_discard: bool = False


def clock(*, reordered: bool = False, shown_stamps: bool = True) -> SourceClock:
    return SourceClock(TICK_S, STEP, reordered=reordered, shown_stamps=shown_stamps)


def timed(packets: Sequence[Packet], through: SourceClock) -> list[Timed[Packet]]:
    return list(through.timed(packets))


def moments(packets: Sequence[Packet], through: SourceClock) -> list[int]:
    return [one.at for one in timed(packets, through) if one.shown]


def in_order(count: int, start: int = 0) -> list[Packet]:
    return [Packet(start + number * STEP, start + number * STEP) for number in range(count)]


def coded(steps: Sequence[int], start: int, seed: int) -> list[Packet]:
    """Return a stream as encoders write it: with up to sixteen pictures before the one that is coded before them."""
    chance = random.Random(seed)
    shown = list(accumulate(steps, initial=start))
    order: list[int] = []
    while len(order) < len(steps):
        at = len(order) + 1
        ahead = min(at + chance.randint(0, 16), len(steps))
        order += [ahead, *chance.sample(range(at, ahead), ahead - at)]
    decoded = [start - 40 * chance.randint(1, 4), *shown]
    stamped = chance.random() < 0.5
    return [Packet(shown[place], decoded[number] if stamped else None) for number, place in enumerate([0, *order])]


STARTS, SEEDS = st.integers(-5000, 10**9), st.integers(0, 10**6)
ANY_RATE = st.builds(coded, st.lists(st.integers(1, 1500), min_size=2, max_size=80), STARTS, SEEDS)
ONE_RATE = st.builds(coded, st.integers(40, 80).map(lambda count: [STEP] * count), STARTS, SEEDS)


@given(ANY_RATE)
def test_a_stream_that_is_well_stamped_is_left_as_it_is(packets: list[Packet]) -> None:
    through = clock(reordered=True)
    found = timed(packets, through)
    assert [one.at for one in found] == [packet.pts for packet in packets]
    assert all(one.shown for one in found)
    assert not through.restarts
    assert not through.outliers
    dues = [one.due for one in found]
    assert dues == sorted(dues)


@given(ONE_RATE, ONE_RATE, st.integers(3_000, 10**9))
def test_a_stream_joined_to_another_goes_on_after_it(first: list[Packet], second: list[Packet], back: int) -> None:
    """Whenever the second one began by its own stamps, as long as that is before the first one's end."""
    end = max(packet.pts or 0 for packet in first)
    shift = end - back - (second[0].pts or 0)
    moved = [replace(one, pts=(one.pts or 0) + shift, dts=one.dts and one.dts + shift) for one in second]
    through = clock(reordered=True)
    found = timed([*first, *moved], through)
    assert all(one.shown for one in found)
    relative = [(packet.pts or 0) - (second[0].pts or 0) for packet in second]
    assert [one.at - end - STEP for one in found[len(first) :]] == relative
    assert through.restarts == [end + STEP]


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("reordered", [False, True])
def test_a_recording_that_begins_again_follows_the_last_moment(times: int, reordered: bool) -> None:
    through = clock(reordered=reordered)
    found = moments(in_order(100, start=7) * times, through)
    assert found == [7 + number * STEP for number in range(100 * times)]
    assert through.restarts == [7 + 100 * number * STEP for number in range(1, times)]


@given(st.integers(1, 98), st.integers(3_000, 10**7), st.booleans())
def test_one_stamp_that_fits_nothing_is_left_out_alone(at: int, by: int, forward: bool) -> None:
    packets = in_order(100)
    stamp = at * STEP + (by if forward else -by)
    packets[at] = Packet(stamp, stamp)
    through = clock()
    found = timed(packets, through)
    assert [one.number for one in found if not one.shown] == [at]
    assert [one.at for one in found if one.shown] == [number * STEP for number in range(100) if number != at]
    assert through.outliers == 1
    assert not through.restarts


def test_a_pause_stays_a_pause() -> None:
    through = clock(reordered=True)
    packets = [*in_order(50), *in_order(50, start=90_000)]
    assert moments(packets, through) == [packet.pts for packet in packets]
    assert through.pauses == [(49 * STEP, 90_000)]


def test_a_clock_that_was_set_is_joined() -> None:
    """A recorder that begins at zero and goes on at the time of day: nobody waits fifty years."""
    through = clock()
    found = moments([Packet(0, 0), *in_order(50, start=1_700_000_000_000)], through)
    assert found == [number * STEP for number in range(51)]


def test_a_last_picture_that_comes_late_is_shown_late() -> None:
    through = clock()
    assert moments([*in_order(30), Packet(30_000, 30_000)], through)[-1] == 30_000


@pytest.mark.parametrize("pts", [0, None])
def test_where_stamps_say_nothing_the_rate_counts(pts: int | None) -> None:
    through = clock()
    assert moments([Packet(pts, pts)] * 50, through) == [number * STEP for number in range(50)]


def test_what_an_edit_list_hides_is_placed_and_not_shown() -> None:
    hidden = [replace(packet, is_discard=True) for packet in in_order(20, start=-20 * STEP)]
    through = clock()
    found = timed([*hidden, *in_order(30)], through)
    assert [one.shown for one in found] == [False] * 20 + [True] * 30
    assert [one.at for one in found[20:]] == [number * STEP for number in range(30)]
    assert through.hidden == 20


def test_pictures_that_a_reader_hides_because_time_began_again_are_shown() -> None:
    again = [replace(packet, is_discard=number < 10) for number, packet in enumerate(in_order(60))]
    through = clock(reordered=True)
    found = timed([*in_order(60), *again], through)
    assert all(one.shown for one in found)
    assert [one.at for one in found] == [number * STEP for number in range(120)]
    assert not through.hidden


def test_it_reads_ahead_only_where_a_stamp_is_out_of_line() -> None:
    """A live source must not wait: each packet comes out before the next one is asked for."""
    asked: list[int] = []

    def source() -> Iterator[Packet]:
        for number, packet in enumerate(in_order(40)):
            asked.append(number)
            yield packet

    for number, _ in enumerate(clock().timed(source())):
        assert asked[-1] == number

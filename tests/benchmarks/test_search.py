"""The search for the largest number that holds: few tries, and never a number that is known."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.search import Window, held, largest

LIGHT = 10
NONE = (0.0, 0.0, 0.0)


def window(people: int, limit: int, person_ms: float) -> Window:
    """A service that holds up to `limit`."""
    scored_ms = (60.0, 100.0, 120.0 if people <= limit else 900.0)
    return Window(
        people=people, cpu=people * person_ms / 1e3, parent_ms=person_ms / 4, workers_ms=person_ms * 3 / 4,
        spread_ms=(person_ms, person_ms), spare=0.1, clients_spare=0.5, least_hz=3.0, mean_hz=3.0, received_ms=NONE,
        looked_ms=NONE, sent_ms=NONE, scored_ms=scored_ms, published_ms=scored_ms, faults=0,
    )  # fmt: skip


def searched(limit: int, person_ms: float, tries: int) -> tuple[Window, ...]:
    async def attempt(people: int) -> Window:
        return window(people, limit, person_ms)

    return asyncio.run(largest(window(LIGHT, limit, person_ms), attempt, tries))


def test_the_first_try_is_what_the_light_load_promises() -> None:
    assert [seen.people for seen in searched(limit=40, person_ms=45.0, tries=1)] == [10, 20]


def test_a_service_that_does_better_than_it_promises_is_tried_with_more() -> None:
    tried = searched(limit=22, person_ms=45.0, tries=3)
    assert [seen.people for seen in tried] == [10, 20, 21, 22]


def test_no_more_is_tried_when_neighbours_are_known() -> None:
    tried = searched(limit=15, person_ms=60.0, tries=9)
    assert [seen.people for seen in tried] == [10, 15, 16]


@given(limit=st.integers(0, 60), person_ms=st.floats(12, 120), tries=st.integers(0, 12))
def test_the_answer_holds_and_no_number_is_tried_twice(limit: int, person_ms: float, tries: int) -> None:
    tried = searched(limit, person_ms, tries)
    people = [seen.people for seen in tried]
    assert len(set(people)) == len(people) <= tries + 1
    assert all(count > 0 for count in people)
    best = held(tried)
    assert best is None or best.people <= limit


@given(limit=st.integers(1, 60), person_ms=st.floats(12, 120))
def test_with_enough_tries_the_largest_is_found_within_a_step(limit: int, person_ms: float) -> None:
    best = held(searched(limit, person_ms, tries=100))
    assert best is not None
    assert best.people >= limit - max(1, round(limit * 0.05))

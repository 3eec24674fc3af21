"""The history checker finds what it is there to find."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from history import EVENTS, WINDOWS, Breach, Item, Violation, Witness, items_of, violations
from hypothesis import given
from hypothesis import strategies as st
from roompulse.contract import codec
from roompulse.results import MeetingEvent, Rollup, SubscriptionEvent, SubscriptionHeartbeat, Update
from roompulse.v1 import update_pb2

RECORD = [Item(name, number, (name, number)) for number in range(1, 9) for name in ("ada", "bob", EVENTS, WINDOWS)]
Plant = Callable[[list[Item]], list[Item]]


def seen(items: Sequence[Item] = RECORD, **how: object) -> list[Violation]:
    return violations(RECORD, [Witness("watcher", items, **how)])  # type: ignore[arg-type]


def of(name: str, number: int) -> Item:
    return Item(name, number, (name, number))


def moved(items: list[Item], item: Item, after: Item) -> list[Item]:
    rest = [each for each in items if each != item]
    at = rest.index(after) + 1
    return [*rest[:at], item, *rest[at:]]


PLANTS: dict[str, tuple[Plant, list[tuple[Breach, str, int]]]] = {
    "lost": (lambda items: [each for each in items if each != of("ada", 3)], [(Breach.MISSING, "ada", 3)]),
    "lost at the end": (lambda items: items[:-1], [(Breach.MISSING, WINDOWS, 8)]),
    "repeated at once": (lambda items: [*items[:4], items[3], *items[4:]], [(Breach.REPEATED, WINDOWS, 1)]),
    "repeated later": (lambda items: [*items, of("bob", 2)], [(Breach.REPEATED, "bob", 2)]),
    "reordered": (lambda items: moved(items, of("ada", 3), of("ada", 4)), [(Breach.REORDERED, "ada", 3)]),
    "never recorded": (lambda items: [*items, of("bob", 9)], [(Breach.UNRECORDED, "bob", 9)]),
    "of nobody": (lambda items: [*items, of("eve", 1)], [(Breach.UNRECORDED, "eve", 1)]),
    "changed": (
        lambda items: [replace(each, value="other") if each == of(EVENTS, 5) else each for each in items],
        [(Breach.CHANGED, EVENTS, 5)],
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_is_found_and_nothing_else(name: str) -> None:
    plant, expected = PLANTS[name]
    assert [(each.breach, each.series, each.number) for each in seen(plant(list(RECORD)))] == expected


def test_a_whole_history_is_clean() -> None:
    assert seen() == []


def test_a_gap_in_the_record_is_found() -> None:
    record = [item for item in RECORD if item != of("ada", 4)]
    found = violations(record, [Witness("watcher", record)])
    assert {each.breach for each in found} == {Breach.RECORD, Breach.MISSING}


@given(st.integers(0, 1 << 32))
def test_series_may_come_in_any_order_among_each_other(seed: int) -> None:
    chance, series = (
        random.Random(seed),
        [[of(name, n) for n in range(1, 9)] for name in ("ada", "bob", EVENTS, WINDOWS)],
    )
    items: list[Item] = []
    while any(series):
        items.append(chance.choice([one for one in series if one]).pop(0))
    assert seen(items) == []


def test_who_came_late_left_early_or_asked_for_less_misses_nothing() -> None:
    late = [item for item in RECORD if item.number > 3]
    assert seen(late, first=dict.fromkeys(("ada", "bob", EVENTS, WINDOWS), 4)) == []
    assert len(seen(late)) == 12
    early = [item for item in RECORD if item.number < 6]
    assert seen(early, to_the_end=False) == []
    assert seen([of("ada", 1), of("ada", 3)], to_the_end=False, only=frozenset({"ada"}))
    assert seen([item for item in RECORD if item.series == "ada"], only=frozenset({"ada"})) == []


def test_who_asked_for_the_newest_must_still_see_the_last() -> None:
    sparse = [item for item in RECORD if item.number in (2, 8)]
    assert seen(sparse, skips=True) == []
    assert {each.number for each in seen([of("ada", 2)], skips=True, only=frozenset({"ada"}))} == {8}


def test_events_of_the_client_become_series() -> None:
    update = codec.from_proto(Update, update_pb2.ParticipantUpdate(participant_id="ada", sequence=3))
    event = codec.from_proto(MeetingEvent, update_pb2.MeetingEvent(position=2))
    final = codec.from_proto(Rollup, update_pb2.Rollup(sequence=4, final=True))
    others: list[SubscriptionEvent] = [replace(final, final=False), SubscriptionHeartbeat(None, 0.0)]
    assert items_of([update, event, final, *others]) == [
        Item("ada", 3, update),
        Item(EVENTS, 2, event),
        Item(WINDOWS, 4, final),
    ]

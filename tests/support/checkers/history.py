"""What clients saw, held against the record: etcd's guarantees of a watch, as a checker. Pure.

A log has series, each numbered 1, 2, 3 …: every participant's updates by sequence, events by position, final windows by
sequence. What a client may rely on (docs/guarantees.md):

    recorded    what it saw is in the record, with equal values
    unique      nothing comes twice
    ordered     nothing older comes after something newer of the same series
    complete    nothing between the first and the last is missing; once the meeting has ended, nothing at all
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from roompulse.results import MeetingEvent, Rollup, StreamEvent, SubscriptionEvent, Update

EVENTS, WINDOWS = "(events)", "(windows)"


class Breach(StrEnum):
    """A guarantee that does not hold."""

    UNRECORDED = "seen, but not in the record"
    CHANGED = "seen with other values than those in the record"
    REPEATED = "seen twice"
    REORDERED = "seen after a newer one"
    MISSING = "in the record, but not seen"
    RECORD = "the record itself has a gap"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a series."""

    series: str
    number: int
    value: object


@dataclass(frozen=True, slots=True)
class Witness:
    """What one client saw, in its order.

    Attributes:
        first: From which number on of each series it must have seen everything; a series that is missing: from its
            first one on.
        to_the_end: Whether it stayed until the meeting had ended.
        skips: Whether it asked for the newest only.
        only: Which series it asked for; empty: all.
    """

    name: str
    items: Sequence[Item]
    first: Mapping[str, int] = field(default_factory=dict)
    to_the_end: bool = True
    skips: bool = False
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Violation:
    """A breach, and where."""

    breach: Breach
    witness: str
    series: str
    number: int


def items_of(events: Iterable[StreamEvent | SubscriptionEvent]) -> list[Item]:
    """Return the entries of a log among what a client of the SDK was given."""
    items: list[Item] = []
    for event in events:
        match event:
            case Update():
                items.append(Item(event.participant_id, event.sequence, event))
            case MeetingEvent():
                items.append(Item(EVENTS, event.position, event))
            case Rollup(final=True):
                items.append(Item(WINDOWS, event.sequence, event))
    return items


def violations(record: Sequence[Item], witnesses: Iterable[Witness]) -> list[Violation]:
    """Return everything that is wrong, in the order in which it was found."""
    recorded = _series(record)
    found = [
        Violation(Breach.RECORD, "the record", name, number)
        for name, series in recorded.items()
        for number, item in enumerate(series, 1)
        if item.number != number
    ]
    for witness in witnesses:
        for name, seen in _series(witness.items).items():
            found += _judge(witness, name, seen, {item.number: item.value for item in recorded.get(name, ())})
        found += _missing(witness, recorded)
    return found


def _judge(witness: Witness, name: str, seen: Sequence[Item], recorded: Mapping[int, object]) -> list[Violation]:
    found: list[Violation] = []
    numbers: set[int] = set()
    newest = 0
    for item in seen:
        breaches = (
            (Breach.UNRECORDED, item.number not in recorded),
            (Breach.CHANGED, item.number in recorded and recorded[item.number] != item.value),
            (Breach.REPEATED, item.number in numbers),
            (Breach.REORDERED, item.number not in numbers and item.number < newest),
        )
        found += [Violation(breach, witness.name, name, item.number) for breach, holds in breaches if holds]
        numbers.add(item.number)
        newest = max(newest, item.number)
    return found


def _missing(witness: Witness, recorded: Mapping[str, Sequence[Item]]) -> list[Violation]:
    seen = {(item.series, item.number) for item in witness.items}
    newest = {name: series[-1].number for name, series in recorded.items()}
    if not witness.to_the_end:
        newest = {name: max(item.number for item in series) for name, series in _series(witness.items).items()}
    return [
        Violation(Breach.MISSING, witness.name, name, number)
        for name, last in newest.items()
        if not witness.only or name in witness.only
        for number in range(witness.first.get(name, 1), last + 1)
        if (name, number) not in seen and not (witness.skips and number != last)
    ]


def _series(items: Iterable[Item]) -> dict[str, list[Item]]:
    series: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        series[item.series].append(item)
    return dict(series)

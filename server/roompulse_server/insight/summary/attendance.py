"""When somebody was in the meeting: disjoint, ordered, half-open intervals of meeting offset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_server.series import Integers, Series
from roompulse_server.types import Event, EventKind, Participant

HOLD_US = 1_500_000  # an update holds until the next one, so long at most

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Attendance:
    """`closes` says where each epoch ends: no value of it holds longer."""

    intervals: tuple[Span, ...]
    closes: dict[int, int]

    @property
    def total_us(self) -> int:
        """Return the time attended."""
        return sum(stop - start for start, stop in self.intervals)

    @property
    def first_us(self) -> int:
        """Return the beginning; 0 for nobody."""
        return self.intervals[0][0] if self.intervals else 0

    @property
    def last_us(self) -> int:
        """Return the end; 0 for nobody."""
        return self.intervals[-1][1] if self.intervals else 0

    def before(self, at_us: Integers) -> Integers:
        """Return the time attended before each of some moments."""
        if not self.intervals:
            return np.zeros_like(at_us)
        edges = np.array(self.intervals, dtype=np.int64).ravel()
        lengths = np.diff(edges, prepend=edges[0])
        lengths[::2] = 0
        attended: Integers = np.rint(np.interp(at_us, edges, lengths.cumsum())).astype(np.int64)
        return attended


def attendance_of(participant: Participant, series: Series, events: Sequence[Event]) -> Attendance:
    """Return when a participant attended, from the events that are theirs and the meeting's end.

    A stream lasts from its opening to its closing; one that was never closed (still open, or its server died) until
    its last update stops to hold. Events and updates may be dated by different clocks (a recording is streamed
    faster than it plays), so a stream always reaches over its own updates. Somebody found in a room or gallery has no
    stream: they attend from each epoch's first update to its last.
    """
    rows = _rows_by_epoch(series)
    if participant.found_in:
        return Attendance(_union(rows.values()), {epoch: last for epoch, (_, last) in rows.items()})
    end_us = _first(events, EventKind.MEETING_ENDED)
    opens = {event.epoch: event.offset_us for event in events if event.kind is EventKind.STREAM_OPENED}
    closed = {event.epoch: event.offset_us for event in events if event.kind is EventKind.STREAM_CLOSED}
    streams: dict[int, Span] = {}
    for epoch in opens.keys() | closed.keys() | rows.keys():
        seen = rows.get(epoch)
        start_us = min(
            [opens.get(epoch, closed.get(epoch, 0))] if seen is None else [opens.get(epoch, seen[0]), seen[0]]
        )
        streams[epoch] = start_us, max(start_us, _close(closed.get(epoch), seen, end_us, start_us))
    return Attendance(_union(streams.values()), {epoch: stop for epoch, (_, stop) in streams.items()})


def _close(closed_us: int | None, seen: Span | None, end_us: int | None, start_us: int) -> int:
    last_us = start_us if seen is None else seen[1]
    if closed_us is not None:
        return max(closed_us, last_us)
    held_us = start_us if seen is None else last_us + HOLD_US
    return held_us if end_us is None else max(last_us, min(held_us, end_us))


def _rows_by_epoch(series: Series) -> dict[int, Span]:
    """Return the offsets of each epoch's first and last update; epochs never fall."""
    epochs, firsts = np.unique(series.epoch, return_index=True)
    lasts = np.append(firsts[1:], len(series.epoch))[: len(firsts)] - 1
    return {
        int(epoch): (int(series.offset_us[first]), int(series.offset_us[last]))
        for epoch, first, last in zip(epochs, firsts, lasts, strict=True)
    }


def _first(events: Sequence[Event], kind: EventKind) -> int | None:
    return min((event.offset_us for event in events if event.kind is kind), default=None)


def _union(intervals: Iterable[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, stop in sorted(interval for interval in intervals if interval[1] > interval[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    return tuple(joined)

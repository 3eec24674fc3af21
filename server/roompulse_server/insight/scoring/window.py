"""The trailing window: time-weighted means over the last seconds that were valid."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

STATE_BUCKETS = 20
STATE_SIZE = 3 * (1 + STATE_BUCKETS)
_MERGE_S = 0.02  # shorter segments grow together: at most about 50 a second, however fast samples come


class Sample(NamedTuple):
    """A valid picture's facing and expression."""

    facing: float
    expression: float


class Sums(NamedTuple):
    """Valid seconds, and facing and expression summed over them."""

    valid_s: float
    facing: float
    expression: float

    def plus(self, other: "Sums") -> "Sums":
        """Return both together."""
        return Sums(self.valid_s + other.valid_s, self.facing + other.facing, self.expression + other.expression)

    def times(self, share: float) -> "Sums":
        """Return a share of them."""
        return Sums(self.valid_s * share, self.facing * share, self.expression * share)


_NOTHING = Sums(0.0, 0.0, 0.0)


class _Segment(NamedTuple):
    start_s: float
    stop_s: float
    sums: Sums

    def within(self, start_s: float, stop_s: float) -> Sums:
        overlap_s = min(self.stop_s, stop_s) - max(self.start_s, start_s)
        return self.sums.times(overlap_s / (self.stop_s - self.start_s)) if overlap_s > 0.0 else _NOTHING


class TrailingWindow:
    """Holds (now − length, now]; adding and reading take constant time on the average, memory is bounded.

    A sample is valid until the next one, valid or not, `hold_s` at most. Its value then runs straight to the next
    valid one; while that is not there it stays. Holding it throughout instead would date every change half an
    interval late: a head that turns away would cost 0.02 less at 1 Hz than at 24.
    Sums are kept as a queue made of two stacks, so that nothing is ever subtracted and no error grows over hours.
    """

    def __init__(self, length_s: float, hold_s: float) -> None:
        self._length_s = length_s
        self._hold_s = hold_s
        self._old: list[tuple[_Segment, Sums]] = []  # newest first, each with the sums over it and those before it here
        self._new: list[_Segment] = []
        self._new_sums = _NOTHING
        self._tail: _Segment | None = None
        self._held: tuple[float, Sample] | None = None

    def put(self, at_s: float, sample: Sample | None) -> None:
        """Take the sample of a moment, not before the last one; None for an invalid one."""
        if self._held is not None:
            since_s, held = self._held
            until_s = min(at_s, since_s + self._hold_s)
            if sample is not None and until_s == at_s:
                held = Sample((held.facing + sample.facing) / 2.0, (held.expression + sample.expression) / 2.0)
            self._append(_segment(since_s, until_s, held))
        self._held = None if sample is None else (at_s, sample)
        self._evict(at_s - self._length_s)

    def means(self, now_s: float) -> Sums:
        """Return valid seconds and the means over them (0 where there are none), not before the last sample."""
        self._evict(now_s - self._length_s)
        sums = self._sums(now_s)
        return Sums(sums.valid_s, *sums.times(1.0 / sums.valid_s)[1:]) if sums.valid_s > 0.0 else _NOTHING

    def clear(self) -> None:
        """Forget everything."""
        self._old, self._new, self._tail, self._held = [], [], None, None
        self._new_sums = _NOTHING

    def state(self, now_s: float) -> list[float]:
        """Return what `restore` needs: the held sample, then sums over twentieths of the window, oldest first."""
        start_s, step_s = now_s - self._length_s, self._length_s / STATE_BUCKETS
        valid_s, facing, expression = ([0.0] * STATE_BUCKETS for _ in Sums._fields)
        for begin_s, end_s, sums in self._segments():
            first = max(0, int((begin_s - start_s) / step_s))
            last = min(STATE_BUCKETS - 1, int((end_s - start_s) / step_s))
            for index in range(first, last + 1):
                bucket_s = start_s + index * step_s
                overlap_s = min(end_s, bucket_s + step_s) - max(begin_s, bucket_s)
                if overlap_s > 0.0:
                    share = overlap_s / (end_s - begin_s)
                    valid_s[index] += sums.valid_s * share
                    facing[index] += sums.facing * share
                    expression[index] += sums.expression * share
        held = (0.0, 0.0, 0.0) if self._held is None else (1.0 + now_s - self._held[0], *self._held[1])
        return [*held, *chain.from_iterable(zip(valid_s, facing, expression, strict=True))]

    def restore(self, now_s: float, state: Sequence[float]) -> None:
        """Go on from the numbers of `state`."""
        self.clear()
        if state[0] > 0.0:
            self._held = now_s - (state[0] - 1.0), Sample(state[1], state[2])
        closed_s = now_s if self._held is None else self._held[0]  # what is held is no part of the sums
        step_s = self._length_s / STATE_BUCKETS
        for index in range(STATE_BUCKETS):
            valid_s, facing, expression = state[3 + 3 * index : 6 + 3 * index]
            if valid_s > 0.0:
                start_s = now_s - self._length_s + index * step_s
                self._append(_Segment(start_s, min(start_s + step_s, closed_s), Sums(valid_s, facing, expression)))

    def _segments(self) -> Iterator[_Segment]:
        yield from (segment for segment, _ in reversed(self._old))
        yield from self._new
        if self._tail is not None:
            yield self._tail

    def _append(self, segment: _Segment) -> None:
        if segment.stop_s <= segment.start_s:
            return
        if self._tail is None:
            self._tail = segment
        elif segment.stop_s - self._tail.start_s < _MERGE_S:
            self._tail = _Segment(self._tail.start_s, segment.stop_s, self._tail.sums.plus(segment.sums))
        else:
            self._new.append(self._tail)
            self._new_sums = self._new_sums.plus(self._tail.sums)
            self._tail = segment

    def _evict(self, before_s: float) -> None:
        while self._old or self._new:
            if not self._old:
                self._turn_over()
            if self._old[-1][0].stop_s > before_s:
                return
            self._old.pop()

    def _turn_over(self) -> None:
        sums = _NOTHING
        while self._new:
            segment = self._new.pop()
            sums = sums.plus(segment.sums)
            self._old.append((segment, sums))
        self._new_sums = _NOTHING

    def _sums(self, now_s: float) -> Sums:
        start_s, sums = now_s - self._length_s, self._new_sums
        if self._old:
            sums = sums.plus(self._old[-1][0].within(start_s, now_s))
        if len(self._old) > 1:
            sums = sums.plus(self._old[-2][1])
        if self._tail is not None:
            sums = sums.plus(self._tail.within(start_s, now_s))
        if self._held is not None:
            since_s, sample = self._held
            sums = sums.plus(_segment(since_s, min(now_s, since_s + self._hold_s), sample).within(start_s, now_s))
        return sums


def _segment(start_s: float, stop_s: float, sample: Sample) -> _Segment:
    valid_s = stop_s - start_s
    return _Segment(start_s, stop_s, Sums(valid_s, sample.facing * valid_s, sample.expression * valid_s))

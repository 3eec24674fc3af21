"""The meeting second by second: half-open windows that are provisional for a while, then final.

    updates ──> cells (participant × window) ─┐
    join, leave ──> marks ────────────────────┴──> Rollup: provisional, 3 s later final

What is final is a pure function of the log: no order of arrival, no repetition and no number of calls matters.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from roompulse_vision.enumerations import Presence

from roompulse_server.insight.rollup.cohorts import Cohorts
from roompulse_server.insight.rollup.participant_window import Cell, Share, share_of
from roompulse_server.insight.rollup.window_aggregate import NO_EXPRESSIONS, of_one_model, pooled
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.gate import LASTING
from roompulse_server.types import Rollup, Update

WINDOW_US = 1_000_000
GRACE_US = 3_000_000
REVISED = 128  # windows that `revised` returns at once: who stops for long need not hear of each


class RollupBuilder:
    """Gathers a meeting's updates and gives out its one-second roll-ups.

    A participant's value in a window is the last score that held at any time in it. An update holds until the
    participant's next one, 1.5 s at most (`hold_s`) and never past their leaving, as in summaries: so updates once a
    second that tremble do not make people vanish, and one picture without a face does not either.
    `total` counts everybody with an update within the last 10 s (`window_s`) who has not left since, and those whose
    stream is open in a state without pictures (camera off …), of which updates may be hours apart; so a stream that
    carries others (a room) and one whose server died do not count.

    Windows with nobody there are skipped, and so are those with no update within the last 10 s, so that a long pause
    costs nothing; the sequence counts those given.

    With `min_group` windows speak of groups only (see `Cohorts`): those with fewer people are skipped too, none is
    given before it is final, and medians and percentiles, which may be one person's value, take twice as many.
    """

    def __init__(self, formula: Formula, min_group: int = 0) -> None:
        self._min_group = min_group
        self._cohorts = Cohorts(min_group) if min_group else None
        self._hold_us = round(formula.hold_s * 1e6)
        self._there_us = round(formula.window_s * 1e6)
        self._lookback = math.ceil(self._there_us / WINDOW_US)
        self._next = 0
        self._sequence = 0
        self._cells: dict[int, dict[str, Cell]] = {}
        self._standing: dict[str, Update] = {}  # whose last update before all cells is of a state without pictures
        self._broken: dict[str, int] = {}  # last sequences of streams that ended with the service that had them
        self._marks: dict[str, set[_Mark]] = {}
        self._pending: set[int] = set()
        self._changed: set[int] = set()
        self._revisions: dict[int, int] = {}
        self.late_count = 0

    def resume(self, last: Rollup) -> None:
        """Go on after a final window. Then add the updates from `window_s` before its end on: some still hold.

        Before those add everybody's last one from before that: a state without pictures may still go on.
        """
        self._next = last.start_us // WINDOW_US + 1
        self._sequence = last.sequence

    def break_off(self) -> None:
        """Take it that all streams so far have ended with the service that had them, whether the log says so or not."""
        for cells in (self._cells[window] for window in sorted(self._cells)):
            self._broken |= {who: cell.last.sequence for who, cell in cells.items()}
        self._broken |= {who: update.sequence for who, update in self._standing.items() if who not in self._broken}

    def catch_up(self, last: Rollup, complete: bool) -> None:
        """Go on after a final window, when all before it was added: it is known again of whom was spoken.

        Where the log is not complete, because somebody was erased, it is not, and nobody is spoken of any more.
        """
        self.advance(last.start_us + last.length_us + GRACE_US)
        self._sequence = last.sequence
        if self._cohorts and not complete:
            self._cohorts.close()

    def add(self, update: Update) -> None:
        """Take an update, in any order; one for a window that is already final is counted in `late_count`."""
        window = update.offset_us // WINDOW_US
        self.late_count += window < self._next
        if window < self._next - self._lookback:
            self._settle(update)
            return
        cells = self._cells.setdefault(window, {})
        cells.setdefault(update.participant, Cell(update, update)).join(update)
        windows = range(max(window, self._next), window + self._lookback + 1)
        self._pending.update(windows)
        self._changed.update(windows)

    def join(self, participant: str, offset_us: int, epoch: int) -> None:
        """A stream of the participant opens: from their first update on they are there."""
        self._marks.setdefault(participant, set()).add(_Mark(offset_us, epoch, leaves=False))

    def leave(self, participant: str, offset_us: int, epoch: int) -> None:
        """The participant's stream closes: nothing of them holds any longer, until they join again."""
        self._marks.setdefault(participant, set()).add(_Mark(offset_us, epoch, leaves=True))
        first = max(offset_us // WINDOW_US, self._next)
        self._changed.update(range(first, first + self._lookback))

    def forget(self, participant: str) -> None:
        """Leave somebody who was erased out of every window that is not final."""
        for window, cells in self._cells.items():
            if cells.pop(participant, None):
                self._changed.update(range(window, window + self._lookback + 1))
        self._marks.pop(participant, None)
        self._standing.pop(participant, None)
        self._broken.pop(participant, None)
        if self._cohorts:
            self._cohorts.forget(participant)

    def advance(self, watermark_us: int, most: int | None = None) -> list[Rollup]:
        """Return the windows that have become final: their end is 3 s or more before the watermark.

        Call it with a time far ahead when the meeting has ended: everything left becomes final. `most` windows are
        looked at; `due` says whether there are more.
        """
        rollups = []
        stop = (watermark_us - GRACE_US) // WINDOW_US
        due = sorted(window for window in self._pending if window < stop)
        for window, standing in self._ascending(due[:most]):
            self._pending.discard(window)
            if rollup := self._rollup(window, standing, sequence=self._sequence + 1):
                self._sequence += 1
                rollups.append(rollup)
        self._next = max(self._next, stop if most is None or len(due) <= most else due[most])
        self._forget()
        return rollups

    def due(self, watermark_us: int) -> bool:
        """Tell whether `advance` would look at any window."""
        stop = (watermark_us - GRACE_US) // WINDOW_US
        return any(window < stop for window in self._pending)

    def revised(self, now_us: int) -> list[Rollup]:
        """Return windows that are over, not final, and changed since they were last returned: the first `REVISED`."""
        rollups: list[Rollup] = []
        stop = 0 if self._cohorts else now_us // WINDOW_US
        over = sorted(window for window in self._changed & self._pending if window < stop)
        for window, standing in self._ascending(over[:REVISED]):
            self._changed.discard(window)
            rollup = self._rollup(window, standing, sequence=0)
            if rollup and rollup.revision > self._revisions.get(window, 0):
                self._revisions[window] = rollup.revision
                rollups.append(rollup)
        return rollups

    def _ascending(self, windows: list[int]) -> Iterator[tuple[int, Mapping[str, Update]]]:
        """Yield windows, which rise, each with everybody's last update from before those that are looked back to."""
        standing, older = dict(self._standing), deque(sorted(self._cells))
        for window in windows:
            while older and older[0] < window - self._lookback:
                standing |= {who: cell.last for who, cell in self._cells[older.popleft()].items()}
            yield window, standing

    def _forget(self) -> None:
        oldest = self._next - self._lookback
        for window in sorted(window for window in self._cells if window < oldest):
            for cell in self._cells.pop(window).values():
                self._settle(cell.last)
        gone = [who for who, update in self._standing.items() if self._left(update, oldest * WINDOW_US)]
        for who in gone:
            del self._standing[who]
        self._changed = {window for window in self._changed if window >= self._next}
        self._revisions = {window: number for window, number in self._revisions.items() if window >= self._next}
        recent = {
            who: {mark for mark in marks if mark.offset_us >= oldest * WINDOW_US} for who, marks in self._marks.items()
        }
        self._marks = {who: marks for who, marks in recent.items() if marks}

    def _settle(self, update: Update) -> None:
        """Remember a participant's newest update that no cell holds, where it is of a state that may go on."""
        if update.reading.presence in LASTING:
            self._standing[update.participant] = update
        else:
            self._standing.pop(update.participant, None)

    def _rollup(self, window: int, standing: Mapping[str, Update], sequence: int) -> Rollup | None:
        start_us = window * WINDOW_US
        cells, before = self._cells.get(window, {}), self._before(window)
        held = {who: update for who, update in before.items() if self._holds(update, start_us)}
        there = {who for who, update in before.items() if self._is_there(update, start_us)}
        stood = {
            who: update for who, update in standing.items() if who not in before and not _replaced(cells, who, start_us)
        }
        there |= {who for who, update in stood.items() if self._is_there(update, start_us)}
        there |= {who for who, cell in cells.items() if cell.there}
        if not there:
            return None
        empty = Rollup(
            start_us=start_us,
            length_us=WINDOW_US,
            revision=self._revision(window),
            final=sequence > 0,
            seen=0,
            total=len(there),
            median=None,
            mean=None,
            p10=None,
            p90=None,
            expressions=NO_EXPRESSIONS,
            valence=None,
            arousal=None,
            formula_id="",
            model_id="",
            sequence=sequence,
        )
        shares = {who: share_of(cells.get(who), held.get(who)) for who in cells.keys() | held.keys()}
        return pooled(empty, list(shares.values())) if self._cohorts is None else self._of_group(empty, shares)

    def _of_group(self, empty: Rollup, shares: Mapping[str, Share]) -> Rollup | None:
        """Speak of a group, all of whom count for every number; the number of updates would tell of single ones."""
        if self._cohorts is None:
            return None
        members = self._cohorts.choose(frozenset(who for who, share in shares.items() if share.scored and share.faced))
        rollup = pooled(replace(empty, revision=1), [shares[who] for who in members])
        if not members or rollup.seen < len(members) or not of_one_model([shares[who] for who in members]):
            return None
        few = rollup.seen < 2 * self._min_group
        return replace(rollup, median=None, p10=None, p90=None) if few else rollup

    def _revision(self, window: int) -> int:
        """Count what the window rests on: it rises while more comes, and ends the same on every replica."""
        span = range(window - self._lookback, window + 1)
        updates = sum(cell.count() for w in span for cell in self._cells.get(w, {}).values())
        span_us = range(span.start * WINDOW_US, span.stop * WINDOW_US)
        return updates + sum(mark.offset_us in span_us for marks in self._marks.values() for mark in marks)

    def _before(self, window: int) -> Mapping[str, Update]:
        """Return everybody's last update before a window, as far as it may still count when the window begins."""
        before: dict[str, Update] = {}
        for earlier in range(window - self._lookback, window):
            before.update({who: cell.last for who, cell in self._cells.get(earlier, {}).items()})
        start_us, cells = window * WINDOW_US, self._cells.get(window, {})
        return {who: update for who, update in before.items() if not _replaced(cells, who, start_us)}

    def _holds(self, update: Update, start_us: int) -> bool:
        leaves = [mark.offset_us for mark in self._after(update) if mark.leaves]
        return min([update.offset_us + self._hold_us, *leaves]) > start_us

    def _is_there(self, update: Update, start_us: int) -> bool:
        """Tell whether somebody whose last update this is is still there."""
        if update.reading.presence is Presence.LEFT or self._left(update, start_us):
            return False
        return update.offset_us + self._there_us > start_us or self._stands(update)

    def _stands(self, update: Update) -> bool:
        """Tell whether a state goes on by itself; it does no longer where its stream broke off after this update."""
        broken = self._broken.get(update.participant) == update.sequence
        return update.reading.presence in LASTING and not broken

    def _left(self, update: Update, at_us: int) -> bool:
        """Tell whether somebody has left since an update, and not come back up to a moment."""
        marks = [mark for mark in self._after(update) if mark.offset_us <= at_us]
        return bool(marks) and max(marks).leaves

    def _after(self, update: Update) -> list["_Mark"]:
        """Return the comings and goings since an update; what older streams of the participant did is no matter."""
        marks = self._marks.get(update.participant, ())
        return [mark for mark in marks if mark.offset_us >= update.offset_us and mark.epoch >= update.epoch]


class _Mark(NamedTuple):
    """A stream opens or closes. Of those at one offset the newest stream's counts, and of that the closing."""

    offset_us: int
    epoch: int
    leaves: bool


def _replaced(cells: Mapping[str, Cell], who: str, start_us: int) -> bool:
    """Tell whether a window's own first update of somebody holds from its beginning on."""
    return who in cells and cells[who].first.offset_us <= start_us

"""The meeting second by second: half-open windows that are provisional for a while, then final.

    updates ──> cells (participant × window) ─┐
    join, leave ──> marks ────────────────────┴──> Rollup: provisional, 3 s later final

What is final is a pure function of the log: no order of arrival, no repetition and no number of calls matters.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from roompulse_server.insight.cell import Cell, Share, share_of
from roompulse_server.insight.cohorts import Cohorts
from roompulse_server.insight.formula import Formula
from roompulse_server.insight.pool import NO_EXPRESSIONS, of_one_model, pooled
from roompulse_server.types import Presence, Rollup, Update

WINDOW_US = 1_000_000
GRACE_US = 3_000_000


class RollupBuilder:
    """Gathers a meeting's updates and gives out its one-second roll-ups.

    A participant's value in a window is the last score that held at any time in it. An update holds until the
    participant's next one, 1.5 s at most (`hold_s`) and never past their leaving, as in summaries: so updates once a
    second that tremble do not make people vanish, and one picture without a face does not either.
    `total` counts everybody with an update within the last 10 s (`window_s`) who has not left since; so a stream that
    carries others (a room) and one whose server died do not count.

    Windows with nobody there are skipped, so that a long pause costs nothing; the sequence counts those given.

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
        self._marks: dict[str, set[tuple[int, bool]]] = {}  # offset, whether it is a join: so a join wins a tie
        self._pending: set[int] = set()
        self._changed: set[int] = set()
        self._revisions: dict[int, int] = {}
        self.late_count = 0

    def resume(self, last: Rollup) -> None:
        """Go on after a final window. Then add the updates from `window_s` before its end on: some still hold."""
        self._next = last.start_us // WINDOW_US + 1
        self._sequence = last.sequence

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
            return
        cells = self._cells.setdefault(window, {})
        cells.setdefault(update.participant, Cell(update, update)).join(update)
        windows = range(max(window, self._next), window + self._lookback + 1)
        self._pending.update(windows)
        self._changed.update(windows)

    def join(self, participant: str, offset_us: int) -> None:
        """A stream of the participant opens: from their first update on they are there."""
        self._marks.setdefault(participant, set()).add((offset_us, True))

    def leave(self, participant: str, offset_us: int) -> None:
        """The participant's stream closes: nothing of them holds any longer, until they join again."""
        self._marks.setdefault(participant, set()).add((offset_us, False))
        first = max(offset_us // WINDOW_US, self._next)
        self._changed.update(range(first, first + self._lookback))

    def forget(self, participant: str) -> None:
        """Leave somebody who was erased out of every window that is not final."""
        for window, cells in self._cells.items():
            if cells.pop(participant, None):
                self._changed.update(range(window, window + self._lookback + 1))
        self._marks.pop(participant, None)
        if self._cohorts:
            self._cohorts.forget(participant)

    def advance(self, watermark_us: int) -> list[Rollup]:
        """Return the windows that have become final: their end is 3 s or more before the watermark.

        Call it with a time far ahead when the meeting has ended: everything left becomes final.
        """
        rollups = []
        stop = (watermark_us - GRACE_US) // WINDOW_US
        for window in sorted(window for window in self._pending if window < stop):
            self._pending.discard(window)
            if rollup := self._rollup(window, sequence=self._sequence + 1):
                self._sequence += 1
                rollups.append(rollup)
        self._next = max(self._next, stop)
        self._forget()
        return rollups

    def revised(self, now_us: int) -> list[Rollup]:
        """Return the windows that are over, not final, and changed since they were last returned."""
        rollups: list[Rollup] = []
        stop = 0 if self._cohorts else now_us // WINDOW_US
        for window in sorted(window for window in self._changed & self._pending if window < stop):
            self._changed.discard(window)
            rollup = self._rollup(window, sequence=0)
            if rollup and rollup.revision > self._revisions.get(window, 0):
                self._revisions[window] = rollup.revision
                rollups.append(rollup)
        return rollups

    def _forget(self) -> None:
        oldest = self._next - self._lookback
        self._cells = {window: cells for window, cells in self._cells.items() if window >= oldest}
        self._changed = {window for window in self._changed if window >= self._next}
        self._revisions = {window: number for window, number in self._revisions.items() if window >= self._next}
        recent = {who: {mark for mark in marks if mark[0] >= oldest * WINDOW_US} for who, marks in self._marks.items()}
        self._marks = {who: marks for who, marks in recent.items() if marks}

    def _rollup(self, window: int, sequence: int) -> Rollup | None:
        start_us = window * WINDOW_US
        cells, before = self._cells.get(window, {}), self._before(window)
        held = {who: update for who, update in before.items() if self._holds(update, start_us)}
        there = {who for who, update in before.items() if self._is_there(update, start_us)}
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
        return updates + sum(offset_us in span_us for marks in self._marks.values() for offset_us, _ in marks)

    def _before(self, window: int) -> Mapping[str, Update]:
        """Return everybody's last update before a window, as far as it may still count when the window begins."""
        before: dict[str, Update] = {}
        for earlier in range(window - self._lookback, window):
            before.update({who: cell.last for who, cell in self._cells.get(earlier, {}).items()})
        start_us, cells = window * WINDOW_US, self._cells.get(window, {})
        replaced = {who for who, cell in cells.items() if cell.first.offset_us <= start_us}
        return {who: update for who, update in before.items() if who not in replaced}

    def _holds(self, update: Update, start_us: int) -> bool:
        leaves = [at_us for at_us, joins in self._after(update) if not joins]
        return min([update.offset_us + self._hold_us, *leaves]) > start_us

    def _is_there(self, update: Update, start_us: int) -> bool:
        """Tell whether somebody whose last update this is is still there."""
        if update.reading.presence is Presence.LEFT or update.offset_us + self._there_us <= start_us:
            return False
        marks = [mark for mark in self._after(update) if mark[0] <= start_us]
        return not marks or max(marks)[1]

    def _after(self, update: Update) -> list[tuple[int, bool]]:
        return [mark for mark in self._marks.get(update.participant, ()) if mark[0] >= update.offset_us]

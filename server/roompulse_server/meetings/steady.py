"""The record's own two clocks, which go on where the host's is set: back, ahead, or while nobody looks. Pure.

    the same start of the host ─▶ as much time has passed as the host has run: exact, whatever its clock was set to
    another start              ─▶ the host's clock says how much … ─▶ back: as if the service had gone on at once
                                                                  └─▶ more than a day ahead: doubted

`steady_us` dates what happens in meetings: a doubted leap is no part of it, the meeting goes on after its last moment.
`kept_us` says how long something was kept: a doubted leap becomes part of it once the service has run for a day more,
during which somebody may set the clock right. Then it is taken for a time in which the service did not run.
"""

from dataclasses import dataclass, replace

from roompulse_server.storage.store import ClockMark

BELIEVED_US = 86_400_000_000  # a longer time without the service is doubted …
DOUBT_US = 86_400_000_000  # … until it has run for so long
TICK_US = 10_000_000  # between two marks: what happened since the last one is not dated before it
STEP_US = 60_000_000  # by less a clock is set every day


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the host says: its clock, which may be set, and how long it has run since the start `boot_id`."""

    wall_us: int
    boot_id: str
    boot_us: int


@dataclass(frozen=True, slots=True)
class Passed:
    """The mark after some time. `stepped_us`: by how much the host's clock was set, as far as that is known."""

    mark: ClockMark
    stepped_us: int = 0
    leapt_us: int = 0  # newly doubted
    accepted_us: int = 0  # doubted until now


def first(now: Clocks) -> ClockMark:
    """Return the mark of a record that has none: its clocks begin as the host's."""
    return ClockMark(now.wall_us, now.boot_id, now.boot_us, steady_us=now.wall_us, kept_us=now.wall_us)


def go_on(last: ClockMark, now: Clocks) -> Passed:
    """Return the mark of now, after the service was away, or ran."""
    shown_us = now.wall_us - last.wall_us
    mark = replace(last, wall_us=now.wall_us, boot_id=now.boot_id, boot_us=now.boot_us)
    if now.boot_id == last.boot_id and now.boot_us >= last.boot_us:
        elapsed_us = now.boot_us - last.boot_us
        return replace(_doubt_less(_later(mark, elapsed_us), elapsed_us), stepped_us=_step(shown_us - elapsed_us))
    if shown_us > BELIEVED_US:
        doubted = replace(mark, doubted_us=mark.doubted_us + shown_us, doubt_us=DOUBT_US)
        return Passed(_later(doubted, TICK_US), leapt_us=shown_us)
    if shown_us < 0:  # perhaps what was doubted is set right
        mark = replace(mark, doubted_us=max(0, mark.doubted_us + shown_us))
    return Passed(_later(mark, max(shown_us, TICK_US)), stepped_us=_step(min(shown_us, 0)))


def _later(mark: ClockMark, elapsed_us: int) -> ClockMark:
    return replace(mark, steady_us=mark.steady_us + elapsed_us, kept_us=mark.kept_us + elapsed_us)


def _doubt_less(mark: ClockMark, elapsed_us: int) -> Passed:
    if not mark.doubted_us or mark.doubt_us > elapsed_us:
        return Passed(replace(mark, doubt_us=max(0, mark.doubt_us - elapsed_us)))
    accepted_us = mark.doubted_us
    kept = replace(mark, kept_us=mark.kept_us + accepted_us, doubted_us=0, doubt_us=0)
    return Passed(kept, accepted_us=accepted_us)


def _step(by_us: int) -> int:
    return by_us if abs(by_us) >= STEP_US else 0

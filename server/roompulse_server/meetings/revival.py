"""A meeting taken up where the record left it, or not at all where its part of the record is damaged."""

import asyncio
from dataclasses import dataclass

import structlog

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.insight.rollup.rollup_builder import RollupBuilder
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.meetings.live_meeting import LiveMeeting, MeetingParts
from roompulse_server.meetings.timekeeper import Timekeeper
from roompulse_server.storage.store import Position, Store
from roompulse_server.types import Event, EventKind, Meeting, MeetingKey, Rollup, Update
from roompulse_server.types.log import Committed

log = structlog.get_logger(__name__)

PAGE = 200  # rows taken in before everybody else has a turn
_BEYOND = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Revival:
    """What meetings are taken up with."""

    parts: MeetingParts
    timekeeper: Timekeeper
    formula: Formula
    min_group: int


async def revive(meeting: Meeting, revival: Revival) -> LiveMeeting:
    """Return the meeting with what its windows rest on: roll-ups go on after the last final one.

    Raises:
        RoompulseError: RECORD_DAMAGED; RECORD_UNAVAILABLE.
    """
    try:
        last, entries = await revival.parts.recorder.read(
            _replay, meeting, revival.parts.recorder.store, revival.formula.window_s
        )
    except RoompulseError:
        raise
    except Exception as error:  # bytes that are no longer what was written can be anything
        log.error("a meeting's record makes no sense", meeting_uid=meeting.key.uid, error=repr(error))
        raise damaged(meeting) from error
    min_group = revival.min_group if meeting.aggregate_only else 0
    rollups = RollupBuilder(revival.formula, min_group)
    if last is not None and not min_group:
        rollups.resume(last)
    live = LiveMeeting(meeting, revival.parts, rollups, revival.timekeeper.began_us(meeting))
    for entry in entries:
        live.committed(entry)
        await asyncio.sleep(0)
    if last is not None and min_group:
        erased = any(event.kind is EventKind.ERASED for entry in entries for event in entry.events)
        rollups.catch_up(last, complete=not erased)
    rollups.break_off()
    return live


def damaged(meeting: Meeting) -> RoompulseError:
    """Return the error of a meeting that cannot be taken up."""
    message = (
        f'what the record holds of the meeting "{meeting.key.id}" is damaged, and it takes no streams: delete or end '
        "it, or stop the service and put a backup back (roompulse-server restore)"
    )
    return RoompulseError(Reason.RECORD_DAMAGED, message, meeting_uid=meeting.key.uid)


def _replay(meeting: Meeting, store: Store, window_s: float) -> tuple[Rollup | None, list[Committed]]:
    """Read the last final roll-up, all events, and the updates that windows after it may rest on.

    Where windows speak for groups only, all of them: which groups they spoke for so far decides what comes.
    """
    key, entries = meeting.key, list[Committed]()
    last = next(iter(store.read_rollups(key, after=store.tail(key).rollup - 1, limit=1)), None)
    window_us = round(window_s * 1e6)
    from_us = max(0, last.start_us + last.length_us - window_us) if last and not meeting.aggregate_only else 0
    events = 0
    while some := store.read_events(key, after=events, limit=PAGE):
        entries.append(Committed(key, events=tuple[Event, ...](some)))
        events += len(some)
    if from_us:
        entries.append(Committed(key, updates=_before(key, store, from_us)))
    cursor = ""
    while True:
        page = store.read_updates(key, start_us=from_us, limit=PAGE, cursor=cursor)
        entries.append(Committed(key, updates=page.items))
        if not (cursor := page.cursor):
            return last, entries


def _before(key: MeetingKey, store: Store, offset_us: int) -> tuple[Update, ...]:
    """Return everybody's last update before an offset: a state without pictures may go on after it."""
    at = store.position_at(key, offset_us)
    some = {name: sequence - 1 for name, sequence in at.updates.items() if sequence}
    if not some:
        return ()
    after = Position(some, event=_BEYOND, rollup=_BEYOND)
    items = store.read_after(key, after, limit=len(some))
    return tuple(item for item in items if isinstance(item, Update))

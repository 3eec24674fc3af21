"""What callers may ask of meetings: create, get, list, end, and their record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from roompulse_server.access.caller import Caller
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.insight.summary.consent import consent_basis_of
from roompulse_server.insight.summary.group_summary import summarise_groups
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.occurrence import Occurrence, occurrence_of, occurrence_of_group
from roompulse_server.insight.summary.roster import Attendee, roster_of
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.validation import check_ref, check_time_zone, page_size
from roompulse_server.settings import Settings
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.store import Page, Store
from roompulse_server.types import Event, Meeting, MeetingKey, MeetingState, Participant, Rollup, Update
from roompulse_server.types.requests import MeetingRef

T = TypeVar("T")

MAX_TITLE = 256
MAX_REQUEST_ID = 64
IDLE_TIMEOUT_S = (10.0, 7 * 86_400.0)
READ_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class MeetingsQuery:
    tenant: str
    meeting_id: str
    state: MeetingState
    page_size: int
    page_token: str


@dataclass(frozen=True, slots=True)
class UpdatesQuery:
    ref: MeetingRef
    participant: str
    start_us: int
    end_us: int | None
    page_size: int
    page_token: str


class MeetingService:
    def __init__(self, registry: Registry, recorder: Recorder, settings: Settings) -> None:
        self._registry, self._recorder, self._settings = registry, recorder, settings

    async def create(self, caller: Caller, meeting: Meeting, request_id: str) -> Meeting:
        """Create a meeting; see `Registry.create`.

        Raises:
            RoompulseError: INVALID_ARGUMENT names the wrong field; MEETING_EXISTS; PURPOSE_*.
        """
        ref = check_ref(MeetingRef(meeting.key.tenant, meeting.key.id), caller)
        if meeting.key.uid:
            raise InvalidArgumentError("meeting.uid", "the server gives it; leave it out")
        if len(meeting.title) > MAX_TITLE:
            raise InvalidArgumentError("title", f"{len(meeting.title)} characters are more than {MAX_TITLE}")
        _check_request(request_id)
        least_s, most_s = IDLE_TIMEOUT_S
        if meeting.idle_timeout_s is not None and not least_s <= meeting.idle_timeout_s <= most_s:
            raise InvalidArgumentError("idle_timeout", f"{meeting.idle_timeout_s:g} s must be 10 s to 7 days")
        if meeting.retention_s is not None and meeting.retention_s <= 0:
            raise InvalidArgumentError("retention", f"{meeting.retention_s:g} s must be more than 0")
        check_time_zone(meeting.time_zone)
        return await self._registry.create(replace(meeting, key=MeetingKey(ref.tenant, ref.id, "")), request_id)

    async def get(self, caller: Caller, ref: MeetingRef) -> Meeting:
        return await self._registry.find(check_ref(ref, caller))

    async def end(self, caller: Caller, ref: MeetingRef, request_id: str) -> Meeting:
        _check_request(request_id)
        return await self._registry.end(check_ref(ref, caller), request_id=request_id)

    async def list(self, caller: Caller, query: MeetingsQuery) -> Page[Meeting]:
        return await self._recorder.read(
            self._recorder.store.list_meetings,
            caller.named(query.tenant),
            meeting_id=query.meeting_id,
            state=query.state or None,
            limit=page_size(query.page_size, 50, 1000),
            cursor=query.page_token,
        )

    async def participants(self, caller: Caller, ref: MeetingRef, size: int, token: str) -> Page[Participant]:
        meeting = await self.get(caller, ref)
        page = await self._recorder.read(
            self._recorder.store.list_participants, meeting.key, limit=page_size(size, 100, 1000), cursor=token
        )
        return Page(tuple(map(_untimed, page.items)), page.cursor) if meeting.aggregate_only else page

    async def updates(self, caller: Caller, query: UpdatesQuery) -> tuple[Meeting, Page[Update]]:
        meeting = await self.get(caller, query.ref)
        if meeting.aggregate_only:
            message = "this meeting is aggregate_only: nobody's values leave the service; ask for its summary"
            raise RoompulseError(Reason.AGGREGATE_ONLY, message)
        page = await self._recorder.read(
            self._recorder.store.read_updates,
            meeting.key,
            participant_id=query.participant,
            start_us=query.start_us,
            end_us=query.end_us,
            limit=page_size(query.page_size, 1000, 5000),
            cursor=query.page_token,
        )
        return meeting, page

    async def summary(self, caller: Caller, ref: MeetingRef) -> MeetingSummary:
        """Sum a meeting up from its record as it is now."""
        meeting = await self.get(caller, ref)
        return await self._recorder.read(self._summarise, meeting)

    async def report(
        self,
        caller: Caller,
        ref: MeetingRef,
        write: Callable[[MeetingSummary, Sequence[Occurrence]], T],
        earlier: int = 0,
    ) -> T:
        """Return what `write` makes of a meeting's summary and, if asked for, of `earlier` occurrences of the meeting.

        It runs on a reader thread, beside the loop.
        """
        meeting = await self.get(caller, ref)
        return await self._recorder.read(lambda: write(self._summarise(meeting), self._earlier(meeting, earlier)))

    def _earlier(self, meeting: Meeting, limit: int) -> Sequence[Occurrence]:
        """Return the occurrences before this one, newest first.

        Beside a meeting of which nobody's values leave the service stand others of that kind alone: the engagement of
        a meeting of one person is that person's.
        """
        store = self._recorder.store
        found = store.list_earlier(meeting.key, limit=limit) if limit else []
        return [self._occurrence(one) for one in found if one.aggregate_only or not meeting.aggregate_only]

    def _occurrence(self, meeting: Meeting) -> Occurrence:
        if meeting.aggregate_only:
            return occurrence_of_group(meeting, self._summarise_groups(meeting))
        return occurrence_of(meeting, self._roster(meeting.key), _events(self._recorder.store, meeting.key))

    def _roster(self, key: MeetingKey) -> tuple[Attendee, ...]:
        store = self._recorder.store
        return roster_of(_participants(store, key), store.read_series(key), _events(store, key))

    def _summarise(self, meeting: Meeting) -> MeetingSummary:
        store, key = self._recorder.store, meeting.key
        if meeting.aggregate_only:
            return self._summarise_groups(meeting)
        return summarise(meeting, _participants(store, key), store.read_series(key), _events(store, key))

    def _summarise_groups(self, meeting: Meeting) -> MeetingSummary:
        store, key = self._recorder.store, meeting.key
        rollups: list[Rollup] = []
        while some := store.read_rollups(key, after=len(rollups), limit=READ_LIMIT):
            rollups += some
        events = _events(store, key)
        basis = consent_basis_of(self._roster(key))
        return summarise_groups(meeting, rollups, events, self._settings.min_group, basis)


def _untimed(participant: Participant) -> Participant:
    """Leave out when, for how long and whether somebody is there: those are values of a single person."""
    return replace(participant, streaming=False, last_sequence=0, first_offset_us=None, last_offset_us=None)


def _participants(store: Store, key: MeetingKey) -> list[Participant]:
    participants: list[Participant] = []
    cursor = ""
    while True:
        page = store.list_participants(key, limit=READ_LIMIT, cursor=cursor)
        participants += page.items
        if not (cursor := page.cursor):
            return participants


def _events(store: Store, key: MeetingKey) -> list[Event]:
    events: list[Event] = []
    while some := store.read_events(key, after=events[-1].position if events else 0, limit=READ_LIMIT):
        events += some
    return events


def _check_request(request_id: str) -> None:
    if len(request_id) > MAX_REQUEST_ID:
        raise InvalidArgumentError("request_id", f"{len(request_id)} characters are more than {MAX_REQUEST_ID}")

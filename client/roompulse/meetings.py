"""Meetings, their participants and their record."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from roompulse import argument
from roompulse.contract.codec import from_proto, message_of
from roompulse.enums import ConsentState, MeetingState, Purpose, ReportFormat
from roompulse.media import consent_of
from roompulse.results import AuditEntry, Consent, Meeting, MeetingKey, Notice, Participant, Report, Summary, Update
from roompulse.v1 import meeting_service_pb2 as pb
from roompulse.v1 import privacy_pb2 as privacy

MeetingName = str | MeetingKey
Unary = Callable[..., Awaitable[Any]]


def key_of(meeting: MeetingName, tenant: str) -> MeetingKey:
    """Return the key of a meeting: the newest occurrence where only its id is given.

    Raises:
        InvalidArgument: It is neither a text nor a key.
    """
    if not isinstance(meeting, str | MeetingKey):
        raise argument.refused("meeting", meeting, "its id, a text, or a MeetingKey")
    return meeting if isinstance(meeting, MeetingKey) else MeetingKey(tenant, meeting)


class Meetings:
    """The verbs of meetings; `client.meetings`. A meeting is its id (the newest occurrence) or a `MeetingKey`.

    Every verb raises `InvalidArgument` for a value that is wrong, and names it in `field`.
    """

    def __init__(self, stub: Callable[[], Any], unary: Unary, tenant: str) -> None:
        """Keep how to call: `stub` returns the present one, `unary` calls a method and maps its errors."""
        self._present_stub = stub
        self._unary = unary
        self._tenant = tenant

    async def create(
        self,
        meeting: str,
        *,
        purpose: Purpose | str,
        title: str = "",
        time_zone: str = "",
        idle_timeout_s: float | None = None,
        everyone_consented: bool = False,
        aggregate_only: bool = False,
        retention_s: float | None = None,
        request_id: str = "",
    ) -> Meeting:
        """Create a meeting, once, however often the call has to be tried.

        Args:
            meeting: Its id, 1 to 128 characters, any but control characters.
            purpose: What it is analysed for.
            title: For people to read.
            time_zone: Its IANA time zone, for reports.
            idle_timeout_s: Ends by itself after this time without a stream; None: the server's setting.
            everyone_consented: You attest that everybody who may be seen in rooms and galleries has agreed.
            aggregate_only: Nobody's own values leave the service, only roll-ups of enough people.
            retention_s: Its record is deleted this long after its end; None: the server's setting.
            request_id: The same id creates the same meeting once; left out: a new one.

        Raises:
            AlreadyExists: A meeting of this id is active.
            PurposeRefused: The service does not work for this purpose.
            InvalidArgument: A value is wrong; `field` names it.
        """
        request = message_of(
            pb.CreateMeetingRequest,
            meeting=self._key(meeting),
            title=title,
            purpose=Purpose.of(purpose),
            time_zone=time_zone,
            idle_timeout=idle_timeout_s,
            everyone_consented=everyone_consented,
            aggregate_only=aggregate_only,
            retention=retention_s,
            request_id=argument.text(request_id, "request_id") or uuid.uuid4().hex,
        )
        return from_proto(Meeting, (await self._unary(self._stub.CreateMeeting, request)).meeting)

    async def get(self, meeting: MeetingName) -> Meeting:
        """Return a meeting.

        Raises:
            MeetingNotFound: There is none.
        """
        request = message_of(pb.GetMeetingRequest, meeting=self._key(meeting))
        return from_proto(Meeting, (await self._unary(self._stub.GetMeeting, request)).meeting)

    async def list(
        self, meeting_id: str = "", *, state: MeetingState | str | None = None, page_size: int = 0
    ) -> AsyncIterator[Meeting]:
        """Yield meetings, newest first; only of this id and state where given. Pages are fetched as needed."""
        request = message_of(
            pb.ListMeetingsRequest,
            tenant=self._tenant,
            meeting_id=meeting_id,
            state=None if state is None else MeetingState.of(state),
            page_size=page_size,
        )
        async for page in self._pages(self._stub.ListMeetings, request):
            for entry in page.meetings:
                yield from_proto(Meeting, entry)

    async def end(self, meeting: MeetingName, *, request_id: str = "") -> Meeting:
        """End a meeting, once, however often the call has to be tried: nothing is recorded after.

        Ending it again changes nothing.

        Args:
            meeting: The meeting.
            request_id: The same id ends the same occurrence once; left out: a new one.
        """
        once = argument.text(request_id, "request_id") or uuid.uuid4().hex
        request = message_of(pb.EndMeetingRequest, meeting=self._key(meeting), request_id=once)
        return from_proto(Meeting, (await self._unary(self._stub.EndMeeting, request)).meeting)

    async def participants(self, meeting: MeetingName, *, page_size: int = 0) -> AsyncIterator[Participant]:
        """Yield a meeting's participants, by id. Pages are fetched as needed."""
        request = message_of(pb.ListParticipantsRequest, meeting=self._key(meeting), page_size=page_size)
        async for page in self._pages(self._stub.ListParticipants, request):
            for entry in page.participants:
                yield from_proto(Participant, entry)

    async def updates(
        self,
        meeting: MeetingName,
        participant: str = "",
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        page_size: int = 0,
    ) -> AsyncIterator[Update]:
        """Yield recorded updates, by participant and sequence. Pages are fetched as needed.

        Args:
            meeting: The meeting.
            participant: Only this one's; empty: all.
            start_s: Only from this time since the meeting began, inclusive.
            end_s: Only up to this time since the meeting began, exclusive.
            page_size: Rows fetched at once; 0: the server's default.
        """
        request = message_of(
            pb.ListUpdatesRequest,
            meeting=self._key(meeting),
            participant_id=participant,
            start_offset=start_s,
            end_offset=end_s,
            page_size=page_size,
        )
        async for page in self._pages(self._stub.ListUpdates, request):
            for entry in page.updates:
                yield from_proto(Update, entry)

    async def summary(self, meeting: MeetingName) -> Summary:
        """Return the meeting, summed up from its record so far.

        Raises:
            MeetingNotFound: There is none.
        """
        request = message_of(pb.GetMeetingSummaryRequest, meeting=self._key(meeting))
        return from_proto(Summary, (await self._unary(self._stub.GetMeetingSummary, request)).summary)

    async def report(self, meeting: MeetingName, format: ReportFormat | str = ReportFormat.HTML) -> Report:
        """Return the meeting's summary as a file, written by the service.

        Args:
            meeting: The meeting.
            format: HTML (a page with pictures), MARKDOWN, JSON, CSV or PARQUET (a row for each number), or
                PARTICIPANTS_CSV (a row for each person).

        Raises:
            MeetingNotFound: There is none.
            AggregateOnly: PARTICIPANTS_CSV of a meeting of which nobody's values leave the service.
            NotOffered: The service cannot write this format.
        """
        request = message_of(pb.RenderReportRequest, meeting=self._key(meeting), format=ReportFormat.of(format))
        parts = await self._unary(_whole(self._stub.RenderReport), request)
        return Report(parts[0].file_name, parts[0].media_type, b"".join(part.content for part in parts))

    async def set_consent(
        self,
        meeting: MeetingName,
        participant: str,
        consent: Consent | ConsentState | str,
        *,
        erase: bool = False,
    ) -> Consent:
        """Put a participant's consent in force, and return it. Taking it back ends their streams.

        Only this grants again what was withdrawn: a stream's `consent` counts where none is recorded.

        Args:
            meeting: The meeting.
            participant: Your id of the participant, who may still be to come (but not to be erased).
            consent: "granted", "refused" or "withdrawn" for short; or with who recorded it and the wording shown.
            erase: With a withdrawal: erase the participant as well.

        Raises:
            MeetingEnded: It takes withdrawals only.
            ParticipantNotFound: With `erase`: there is none. Also in a meeting that has ended.
            ParticipantErased: They were erased; only a grant lets them begin anew.
        """
        request = message_of(
            privacy.SetConsentRequest,
            meeting=self._key(meeting),
            participant_id=participant,
            consent=consent_of(consent),
            erase=erase,
        )
        return from_proto(Consent, (await self._unary(self._stub.SetConsent, request)).consent)

    async def delete_participant(self, meeting: MeetingName, participant: str, *, allow_missing: bool = False) -> None:
        """Erase a participant: ids, names and values. Their streams are ended. Returns when the bytes are gone.

        Raises:
            ParticipantNotFound: There is none, and `allow_missing` is not given.
        """
        request = message_of(
            privacy.DeleteParticipantRequest,
            meeting=self._key(meeting),
            participant_id=participant,
            allow_missing=allow_missing,
        )
        await self._unary(self._stub.DeleteParticipant, request)

    async def delete(self, meeting: MeetingName, *, allow_missing: bool = False) -> None:
        """Erase a meeting and everybody in it; one that runs is ended first. Returns when the bytes are gone.

        Raises:
            MeetingNotFound: There is none, and `allow_missing` is not given.
        """
        request = message_of(privacy.DeleteMeetingRequest, meeting=self._key(meeting), allow_missing=allow_missing)
        await self._unary(self._stub.DeleteMeeting, request)

    async def notice(
        self, meeting: MeetingName | None = None, *, purpose: Purpose | str = Purpose.UNSPECIFIED, language: str = ""
    ) -> Notice:
        """Return the text that tells people what is done, for a meeting, or for a purpose before there is one.

        Raises:
            PurposeMissing: Neither is given.
            PurposeRefused: The service does not work for this purpose.
        """
        request = message_of(
            privacy.GetNoticeRequest,
            meeting=self._key(meeting) if meeting is not None else None,
            purpose=Purpose.of(purpose),
            language=language,
        )
        return from_proto(Notice, await self._unary(self._stub.GetNotice, request))

    async def audit(self, meeting_uid: str = "", *, page_size: int = 0) -> AsyncIterator[AuditEntry]:
        """Yield what was done to people's data, oldest first; only in one meeting where its uid is given."""
        request = message_of(
            privacy.ListAuditEntriesRequest, tenant=self._tenant, meeting_uid=meeting_uid, page_size=page_size
        )
        async for page in self._pages(self._stub.ListAuditEntries, request):
            for entry in page.entries:
                yield from_proto(AuditEntry, entry)

    @property
    def _stub(self) -> Any:
        return self._present_stub()

    def _key(self, meeting: MeetingName) -> MeetingKey:
        return key_of(meeting, self._tenant)

    async def _pages(self, method: Any, request: Any) -> AsyncIterator[Any]:
        while True:
            page = await self._unary(method, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


def _whole(method: Any) -> Unary:
    """Return a server-streaming method as one that answers with all of its messages."""

    async def call(request: Any, **settings: Any) -> tuple[Any, ...]:
        return tuple([message async for message in method(request, **settings)])

    return call

"""MeetingService: convert, call, convert."""

from typing import Any

import grpc
from roompulse.v1 import meeting_service_pb2 as pb
from roompulse.v1 import meeting_service_pb2_grpc as stubs
from roompulse.v1 import privacy_pb2

from roompulse_server.meetings.meeting_service import MeetingService
from roompulse_server.privacy.privacy_service import PrivacyService
from roompulse_server.rpc import (
    convert,
    convert_privacy,
    convert_query,
    convert_report,
    convert_request,
    convert_summary,
)
from roompulse_server.rpc.interceptors import current_caller

Context = grpc.aio.ServicerContext[Any, Any]


class MeetingServicer(stubs.MeetingServiceServicer):
    def __init__(self, meetings: MeetingService, privacy: PrivacyService) -> None:
        self._meetings, self._privacy = meetings, privacy

    async def CreateMeeting(self, request: pb.CreateMeetingRequest, context: Context) -> pb.CreateMeetingResponse:
        meeting = await self._meetings.create(
            current_caller(), convert_query.meeting_from_proto(request), request.request_id
        )
        return pb.CreateMeetingResponse(meeting=convert.meeting_to_proto(meeting))

    async def GetMeeting(self, request: pb.GetMeetingRequest, context: Context) -> pb.GetMeetingResponse:
        meeting = await self._meetings.get(current_caller(), convert_request.ref_from_proto(request.meeting))
        return pb.GetMeetingResponse(meeting=convert.meeting_to_proto(meeting))

    async def ListMeetings(self, request: pb.ListMeetingsRequest, context: Context) -> pb.ListMeetingsResponse:
        page = await self._meetings.list(current_caller(), convert_query.meetings_query_from_proto(request))
        rows = [convert.meeting_to_proto(meeting) for meeting in page.items]
        return pb.ListMeetingsResponse(meetings=rows, next_page_token=page.cursor)

    async def EndMeeting(self, request: pb.EndMeetingRequest, context: Context) -> pb.EndMeetingResponse:
        meeting = await self._meetings.end(
            current_caller(), convert_request.ref_from_proto(request.meeting), request.request_id
        )
        return pb.EndMeetingResponse(meeting=convert.meeting_to_proto(meeting))

    async def ListParticipants(
        self, request: pb.ListParticipantsRequest, context: Context
    ) -> pb.ListParticipantsResponse:
        ref = convert_request.ref_from_proto(request.meeting)
        page = await self._meetings.participants(current_caller(), ref, request.page_size, request.page_token)
        rows = [convert.participant_to_proto(participant) for participant in page.items]
        return pb.ListParticipantsResponse(participants=rows, next_page_token=page.cursor)

    async def ListUpdates(self, request: pb.ListUpdatesRequest, context: Context) -> pb.ListUpdatesResponse:
        meeting, page = await self._meetings.updates(current_caller(), convert_query.updates_query_from_proto(request))
        rows = [convert.update_to_proto(update, meeting.key) for update in page.items]
        return pb.ListUpdatesResponse(updates=rows, next_page_token=page.cursor)

    async def GetMeetingSummary(
        self, request: pb.GetMeetingSummaryRequest, context: Context
    ) -> pb.GetMeetingSummaryResponse:
        summary = await self._meetings.summary(current_caller(), convert_request.ref_from_proto(request.meeting))
        return pb.GetMeetingSummaryResponse(summary=convert_summary.summary_to_proto(summary))

    async def RenderReport(self, request: pb.RenderReportRequest, context: Context) -> None:  # type: ignore[override]
        write, earlier = convert_report.writer_from_proto(request.format)
        document = await self._meetings.report(
            current_caller(), convert_request.ref_from_proto(request.meeting), write, earlier
        )
        for part in convert_report.document_to_protos(document):
            await context.write(part)

    async def SetConsent(
        self, request: privacy_pb2.SetConsentRequest, context: Context
    ) -> privacy_pb2.SetConsentResponse:
        consent = await self._privacy.set_consent(current_caller(), convert_privacy.change_from_proto(request))
        return privacy_pb2.SetConsentResponse(consent=convert.consent_to_proto(consent))

    async def DeleteParticipant(
        self, request: privacy_pb2.DeleteParticipantRequest, context: Context
    ) -> privacy_pb2.DeleteParticipantResponse:
        ref = convert_request.ref_from_proto(request.meeting)
        await self._privacy.delete_participant(current_caller(), ref, request.participant_id, request.allow_missing)
        return privacy_pb2.DeleteParticipantResponse()

    async def DeleteMeeting(
        self, request: privacy_pb2.DeleteMeetingRequest, context: Context
    ) -> privacy_pb2.DeleteMeetingResponse:
        await self._privacy.delete_meeting(
            current_caller(), convert_request.ref_from_proto(request.meeting), request.allow_missing
        )
        return privacy_pb2.DeleteMeetingResponse()

    async def GetNotice(self, request: privacy_pb2.GetNoticeRequest, context: Context) -> privacy_pb2.GetNoticeResponse:
        notice = await self._privacy.notice(current_caller(), *convert_privacy.notice_query_from_proto(request))
        return convert_privacy.notice_to_proto(notice)

    async def ListAuditEntries(
        self, request: privacy_pb2.ListAuditEntriesRequest, context: Context
    ) -> privacy_pb2.ListAuditEntriesResponse:
        page = await self._privacy.audit(current_caller(), convert_privacy.audit_query_from_proto(request))
        rows = [convert_privacy.audit_to_proto(entry) for entry in page.items]
        return privacy_pb2.ListAuditEntriesResponse(entries=rows, next_page_token=page.cursor)

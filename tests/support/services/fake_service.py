"""A service made by hand, on a real grpc.aio server: it answers every packet, and remembers what it was told."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from roompulse.v1 import analysis_service_pb2 as analysis
from roompulse.v1 import analysis_service_pb2_grpc as analysis_grpc
from roompulse.v1 import common_pb2, media_pb2, update_pb2
from roompulse.v1 import meeting_service_pb2 as meetings
from roompulse.v1 import meeting_service_pb2_grpc as meetings_grpc
from roompulse.v1 import privacy_pb2 as privacy
from roompulse.v1 import subscription_service_pb2 as subscriptions
from roompulse.v1 import subscription_service_pb2_grpc as subscriptions_grpc

UID = "0" * 32
STILLS = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")


async def refuse(
    context: Any, code: grpc.StatusCode, reason: str, message: str, *details: Message, **values: str
) -> None:
    """Abort with the details that the contract promises."""
    status = status_pb2.Status(code=code.value[0], message=message)
    info = error_details_pb2.ErrorInfo(reason=reason, domain="roompulse.dev", metadata=values)
    for detail in (info, *details):
        status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(code, message)


def key(name: str = "standup") -> common_pb2.MeetingKey:
    return common_pb2.MeetingKey(tenant="default", id=name, uid=UID)


def an_update(participant: str, sequence: int, *, score: float | None = 0.7, offset_s: float = 0.0) -> Any:
    """Return a participant's update: present and scored, or without a face."""
    update = update_pb2.ParticipantUpdate(meeting=key(), participant_id=participant, sequence=sequence, epoch=1)
    update.meeting_offset.FromMicroseconds(round(offset_s * 1e6))
    update.engagement.formula_id = "rp-engagement-1"
    if score is None:
        update.presence = update_pb2.PRESENCE_NO_FACE
        update.engagement.no_score_reason = update_pb2.NO_SCORE_REASON_NO_FACE
        return update
    update.presence = update_pb2.PRESENCE_PRESENT
    update.engagement.score = score
    update.engagement.band = update_pb2.ENGAGEMENT_BAND_MEDIUM
    update.engagement.coverage = 1.0
    update.face.MergeFrom(a_face())
    update.affect.smoothed.MergeFrom(update_pb2.Expressions(neutral=0.2, happiness=0.8))
    return update


def a_face(width: float = 0.25, height: float = 0.5) -> update_pb2.Face:
    face = update_pb2.Face(track=1)
    face.box.MergeFrom(common_pb2.Box(x=0.25, y=0.25, width=width, height=height))
    face.quality.MergeFrom(update_pb2.FaceQuality(size_px=120, sharpness=50, detector_score=0.9))
    return face


class FakeService(
    analysis_grpc.AnalysisServiceServicer,
    meetings_grpc.MeetingServiceServicer,
    subscriptions_grpc.SubscriptionServiceServicer,
):
    """Set the attributes to make it behave; read them to see what came."""

    def __init__(self) -> None:
        self.configs: list[analysis.StreamConfig] = []
        self.packets: list[media_pb2.VideoPacket] = []
        self.controls: list[analysis.AnalyzeVideoRequest] = []
        self.images: list[analysis.AnalyzeImageRequest] = []
        self.subscribed: list[subscriptions.SubscribeUpdatesRequest] = []
        self.created: list[meetings.CreateMeetingRequest] = []
        self.events: list[subscriptions.SubscribeUpdatesResponse] = []
        self.consents: list[privacy.SetConsentRequest] = []
        self.deleted: list[tuple[str, str]] = []
        self.keys: list[common_pb2.MeetingKey] = []  # of requests about one meeting
        self.summary: Any = None
        self.meetings: dict[str, meetings.Meeting] = {}
        self.older: list[meetings.Meeting] = []  # occurrences that are listed, too
        self.updates: list[update_pb2.ParticipantUpdate] = []
        self.updates_per_packet = 1
        self.key_frame_at = 0
        self.end_without_counters = False
        self.fail_at = 0
        self.unavailable_times = 0
        self.faces = 1
        self.face_height = 0.5
        self.face_presence = update_pb2.PRESENCE_PRESENT
        self.hold_subscriptions = False
        self.asked_for = asyncio.Event()  # a meeting that there is not
        self.notice_text = "Faces are read."
        self.consent_required = True
        self.people = [meetings.Participant(id=name, epoch=1) for name in ("ada", "grace")]
        self.entries = [
            privacy.AuditEntry(position=n, action=privacy.AUDIT_ACTION_PARTICIPANT_ERASED, detail="by request")
            for n in (1, 2)
        ]
        self.cancelled = asyncio.Event()
        self.packet_came = asyncio.Event()

    async def AnalyzeVideo(self, request_iterator: Any, context: Any) -> None:  # type: ignore[override]  # coroutine form
        config = (await context.read()).config
        self.configs.append(config)
        if config.meeting.id == "ended":
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "MEETING_ENDED", "meeting 'ended' has ended")
        consent = config.consent.state == common_pb2.CONSENT_STATE_GRANTED or not self.consent_required
        opened = analysis.StreamOpened(meeting=key(config.meeting.id), epoch=1, model_id="fake-1", detector_id="yunet")
        opened.consent.state = config.consent.state
        if not consent:
            opened.warnings.append("no consent is in force for 'ada': nothing is analysed")
        await context.write(analysis.AnalyzeVideoResponse(opened=opened))
        try:
            await self._answer(context, consent)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def _answer(self, context: Any, consent: bool) -> None:
        counters = common_pb2.PacketCounters()
        while (request := await context.read()) is not grpc.aio.EOF:
            if request.WhichOneof("control"):
                self.controls.append(request)
            for packet in request.packets:
                self.packets.append(packet)
                self.packet_came.set()
                await self._answer_packet(context, packet, counters, consent)
        if not self.end_without_counters:
            await context.write(analysis.AnalyzeVideoResponse(flow=analysis.FlowNotice(counters=counters, final=True)))

    async def _answer_packet(self, context: Any, packet: Any, counters: Any, consent: bool) -> None:
        counters.received += 1
        if counters.received == self.fail_at:
            await refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", "8 streams are enough")
        if packet.data == b"bad":
            counters.dropped.add(reason=common_pb2.DROP_REASON_FAULT, count=1)
            fault = analysis.PacketFault(packet_index=packet.index, reason=analysis.FAULT_REASON_CORRUPT, message="cut")
            await context.write(analysis.AnalyzeVideoResponse(fault=fault))
            return
        counters.analyzed += 1
        for number in range(self.updates_per_packet):
            update = an_update("ada", packet.index + number, score=0.7 if consent else None)
            update.packet_index = packet.index
            update.meeting_offset.CopyFrom(packet.capture_offset)
            await context.write(analysis.AnalyzeVideoResponse(update=update))
        if counters.received == self.key_frame_at:
            notice = analysis.FlowNotice(counters=counters, key_frame_requested=True, detail="worker restarted")
            await context.write(analysis.AnalyzeVideoResponse(flow=notice))

    async def AnalyzeImage(self, request: Any, context: Any) -> Any:
        self.images.append(request)
        if self.unavailable_times:
            self.unavailable_times -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        if request.consent.state != common_pb2.CONSENT_STATE_GRANTED:
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_MISSING", "consent is not granted")
        if not request.format.width and not request.data.startswith(STILLS):
            violation = error_details_pb2.BadRequest.FieldViolation(field="data", description="no picture")
            await refuse(
                context,
                grpc.StatusCode.INVALID_ARGUMENT,
                "PICTURE_UNUSABLE",
                "the bytes are no JPEG, PNG or WebP",
                error_details_pb2.BadRequest(field_violations=[violation]),
                bytes=str(len(request.data)),
            )
        answer = analysis.AnalyzeImageResponse(width=640, height=360, model_id="fake-1", detector_id="yunet")
        for _ in range(self.faces):
            face = answer.faces.add(presence=self.face_presence)
            face.face.MergeFrom(a_face(height=self.face_height))
            face.affect.raw.MergeFrom(update_pb2.Expressions(neutral=0.25, happiness=0.75))
            face.affect.valence = 0.5
        return answer

    async def SubscribeUpdates(self, request: Any, context: Any) -> None:  # type: ignore[override]
        self.subscribed.append(request)
        if request.meeting.id not in self.meetings:
            await self._not_found(request.meeting.id, context)
        for event in self.events:
            await context.write(event)
        if self.hold_subscriptions:
            await asyncio.Event().wait()  # until the caller goes away

    async def CreateMeeting(self, request: Any, context: Any) -> Any:
        self.created.append(request)
        if request.meeting.id in self.meetings:
            await refuse(context, grpc.StatusCode.ALREADY_EXISTS, "MEETING_EXISTS", "it is there already")
        return meetings.CreateMeetingResponse(meeting=self.add_meeting(request.meeting.id, request.purpose))

    async def GetMeeting(self, request: Any, context: Any) -> Any:
        return meetings.GetMeetingResponse(meeting=await self._meeting(request.meeting, context))

    async def ListMeetings(self, request: Any, context: Any) -> Any:
        listed = [one for one in self.meetings.values() if request.meeting_id in ("", one.key.id)]
        chosen, token = self._page(listed + self.older, request)
        return meetings.ListMeetingsResponse(meetings=chosen, next_page_token=token)

    async def EndMeeting(self, request: Any, context: Any) -> Any:
        meeting = await self._meeting(request.meeting, context)
        meeting.state = meetings.Meeting.STATE_ENDED
        meeting.end_reason = "ended by request"
        return meetings.EndMeetingResponse(meeting=meeting)

    async def ListParticipants(self, request: Any, context: Any) -> Any:
        await self._meeting(request.meeting, context)
        chosen, token = self._page(self.people, request)
        return meetings.ListParticipantsResponse(participants=chosen, next_page_token=token)

    async def ListUpdates(self, request: Any, context: Any) -> Any:
        chosen, token = self._page(self.updates, request)
        return meetings.ListUpdatesResponse(updates=chosen, next_page_token=token)

    async def GetMeetingSummary(self, request: Any, context: Any) -> Any:
        await self._meeting(request.meeting, context)
        return meetings.GetMeetingSummaryResponse(summary=self.summary)

    async def RenderReport(self, request: Any, context: Any) -> None:  # type: ignore[override]
        await self._meeting(request.meeting, context)
        if request.format == meetings.REPORT_FORMAT_PARQUET:
            await refuse(context, grpc.StatusCode.UNIMPLEMENTED, "NOT_OFFERED", "this service has no pyarrow")
        kind = meetings.ReportFormat.Name(request.format)
        await context.write(meetings.RenderReportResponse(file_name="roompulse-standup.x", media_type="text/plain"))
        for part in (b"a report ", kind.encode(), b"\n"):
            await context.write(meetings.RenderReportResponse(content=part))

    async def SetConsent(self, request: Any, context: Any) -> Any:
        self.consents.append(request)
        return privacy.SetConsentResponse(consent=request.consent)

    async def DeleteParticipant(self, request: Any, context: Any) -> Any:
        await self._meeting(request.meeting, context)
        self.deleted.append((request.meeting.id, request.participant_id))
        return privacy.DeleteParticipantResponse()

    async def DeleteMeeting(self, request: Any, context: Any) -> Any:
        if not request.allow_missing:
            await self._meeting(request.meeting, context)
        self.deleted.append((request.meeting.id, ""))
        return privacy.DeleteMeetingResponse()

    async def GetNotice(self, request: Any, context: Any) -> Any:
        asked = request.HasField("meeting")
        purpose = (await self._meeting(request.meeting, context)).purpose if asked else request.purpose
        if not purpose:
            await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "PURPOSE_MISSING", "a purpose must be declared")
        return privacy.GetNoticeResponse(
            text=self.notice_text,
            language="en",
            wording_version="en-1",
            purpose=purpose,
            consent_required=self.consent_required,
        )

    async def ListAuditEntries(self, request: Any, context: Any) -> Any:
        chosen, token = self._page(self.entries, request)
        return privacy.ListAuditEntriesResponse(entries=chosen, next_page_token=token)

    def add_meeting(self, name: str, purpose: Any = common_pb2.PURPOSE_RESEARCH) -> meetings.Meeting:
        meeting = meetings.Meeting(key=key(name), purpose=purpose, state=meetings.Meeting.STATE_ACTIVE)
        meeting.create_time.FromJsonString("2026-11-23T09:00:00Z")
        self.meetings[name] = meeting
        return meeting

    async def _meeting(self, asked: common_pb2.MeetingKey, context: Any) -> meetings.Meeting:
        self.keys.append(asked)
        if asked.id not in self.meetings:
            await self._not_found(asked.id, context)
        found = self.meetings[asked.id]
        if asked.uid in ("", found.key.uid):
            return found
        older = meetings.Meeting()
        older.CopyFrom(found)
        older.key.uid = asked.uid
        return older

    async def _not_found(self, name: str, context: Any) -> None:
        self.asked_for.set()
        await refuse(context, grpc.StatusCode.NOT_FOUND, "MEETING_NOT_FOUND", f"there is no meeting {name!r}")

    def _page(self, rows: list[Any], request: Any) -> tuple[list[Any], str]:
        start, size = int(request.page_token or 0), max(0, request.page_size) or 50
        return rows[start : start + size], str(start + size) if start + size < len(rows) else ""


@contextlib.asynccontextmanager
async def serving(service: FakeService) -> AsyncIterator[str]:
    """Serve on a free port of this machine; yield the target."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 36 << 20)])
    analysis_grpc.add_AnalysisServiceServicer_to_server(service, server)
    meetings_grpc.add_MeetingServiceServicer_to_server(service, server)
    subscriptions_grpc.add_SubscriptionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


class ThreadedService:
    """The fake service in a thread, for callers that block: the blocking facade, the command line."""

    def __init__(self, kind: type[FakeService] = FakeService) -> None:
        self.target = ""
        self.service = kind()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake service")

    def __enter__(self) -> "ThreadedService":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def until(self, event: asyncio.Event) -> None:
        """Wait, from another thread, until an event of the service is set."""
        asyncio.run_coroutine_threadsafe(event.wait(), self._loop).result()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with serving(self.service) as self.target:
            self._ready.set()
            await self._stop.wait()

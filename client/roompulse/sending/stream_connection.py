"""A stream's conversation with the service, over as many calls as it takes.

ResumableCall ─▶ call ─▶ config ══▶ service ══▶ opened, updates, notices ─▶ Deduplicator ─▶ Mailbox
└─ after a cut: what was recorded and not seen, then Reconnected; the RequestBuilder starts with its group of pictures
"""

import contextlib
import uuid
from typing import Any

from roompulse.contract import codec
from roompulse.enums import Clock, Delivery
from roompulse.errors import BY_REASON, FailedPrecondition, PermissionDenied, RoompulseError
from roompulse.media import VideoFormat
from roompulse.meetings import Meetings
from roompulse.results import (
    FlowNotice,
    GoingAway,
    PacketFault,
    Reconnected,
    StreamEvent,
    StreamOpened,
    Update,
)
from roompulse.sending.encoder import Encoder
from roompulse.sending.packet_totals import PacketTotals
from roompulse.sending.request_builder import Request, RequestBuilder
from roompulse.transport.call import Call
from roompulse.transport.connection import Connection
from roompulse.transport.deduplicator import Deduplicator
from roompulse.transport.mailbox import Mailbox, WhenFull
from roompulse.transport.reconnect import Backoff, Reconnection
from roompulse.transport.resumable_call import ResumableCall
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub

LIVE_RESULTS = 1024
EVERY_FRAME_RESULTS = 8192
_KINDS: dict[str, type[Any]] = {"update": Update, "flow": FlowNotice, "fault": PacketFault, "going_away": GoingAway}


class StreamConnection:
    """Owns the line, what goes over it and what came; `AnalysisStream` gives it its verbs.

    Attributes:
        config: The first message of the next call.
        camera: What was said of the camera last.
        encoder: Who is asked for key frames.
        home: The process and event loop in which it works.
        opened: What the service said when it accepted the stream, the last time; None before.
    """

    def __init__(
        self,
        connection: Connection,
        config: pb.StreamConfig,
        target: str,
        *,
        timeout_s: float,
        reconnect: Reconnection,
        record: Meetings,
    ) -> None:
        """Keep what to open; nothing is sent before the line is started."""
        self._connection, self._target, self._record = connection, target, record
        self._channel = connection.channel
        self._timeout_s, self._silence_s = timeout_s, reconnect.silence_s
        self.home = connection.home
        self.opened: StreamOpened | None = None
        self.config = config
        self.config.stream_id = uuid.uuid4().hex
        self.camera: Request | None = None
        self.encoder: Encoder | None = None
        self.live = Delivery.of(config.delivery) is not Delivery.EVERY_FRAME
        self.mailbox: Mailbox[StreamEvent] = (
            Mailbox(LIVE_RESULTS, WhenFull.DROP_OLDEST) if self.live else Mailbox(EVERY_FRAME_RESULTS, WhenFull.WAIT)
        )
        shape = codec.from_proto(VideoFormat, config.format)
        self.outbox = RequestBuilder(shape, Clock.of(config.clock), live=self.live)
        self.account = PacketTotals()
        self.line = ResumableCall(self, Backoff(reconnect))
        self.final = False
        self.key_frame_requested = False
        self._seen = Deduplicator()
        self._ended_for = ""  # why the service ended the stream, as its final notice says

    def call(self) -> Call:
        """Make the next call."""
        self.final, self._ended_for = False, ""
        self._channel = self._connection.channel
        stub = self._connection.stub(AnalysisServiceStub)
        call = Call(stub.AnalyzeVideo(), self._target, self._take, self._timeout_s, self._silence_s)
        call.start(f"roompulse call {self.config.participant_id}")
        return call

    async def send_initial_request(self, call: Call) -> None:
        """Say what the stream is, and what is still true of it."""
        await call.write(Request(config=self.config))
        if self.line.reopened and self.camera is not None:
            await call.write(self.camera)

    def final_error(self, error: Exception | None) -> Exception | None:
        """Return the error, or what the final notice said: gRPC may hide the status from who is still writing."""
        kind = BY_REASON.get(self._ended_for.upper())
        if kind is None or (isinstance(error, RoompulseError) and error.reason):
            return error
        words = self._ended_for.replace("_", " ")
        return kind(f"the service ended the stream: {words}", reason=self._ended_for.upper())

    def replace_channel(self) -> None:
        """Make the next call over a new connection; for the line."""
        self._connection.renew(self._channel)

    async def on_closed(self, error: Exception | None) -> None:
        """Let the caller know, after everything that came."""
        await self.mailbox.close(error)

    async def _take(self, response: pb.AnalyzeVideoResponse) -> None:
        name = response.WhichOneof("event")
        if name == "opened":
            await self._open(codec.from_proto(StreamOpened, response.opened))
        elif name in _KINDS:
            event = codec.from_proto(_KINDS[name], getattr(response, name))
            if isinstance(event, FlowNotice):
                self._note(event)
            await self._deliver(event)

    async def _open(self, opened: StreamOpened) -> None:
        self.opened = opened
        if self.line.reopened:
            await self._go_on(opened)
        else:
            self._seen.begin(self.config.participant_id, opened.epoch, opened.last_sequence)
            self.config.meeting.uid, self.config.resumed = opened.meeting.uid, True
            self.config.ClearField("consent")
            self.config.new_occurrence = False
        await self.line.accept()

    async def _go_on(self, opened: StreamOpened) -> None:
        """Deliver what was recorded and not seen, then say that the stream goes on."""
        for participant, (_, _, offset_s) in list(self._seen.updates.items()):
            with contextlib.suppress(FailedPrecondition, PermissionDenied):  # then nobody may see it
                async for update in self._record.updates(opened.meeting, participant, start_s=offset_s):
                    await self._deliver(update)
        last_index = self.outbox.last_index
        lost = self.account.cut(last_index)
        self.outbox.open_again()
        if self.encoder is not None:
            self.encoder.force_key_frame()
        line = self.line
        await self._deliver(
            Reconnected(str(line.cut_by), line.tries, line.away_s, opened.epoch, last_index, packets_lost=lost)
        )

    async def _deliver(self, event: StreamEvent) -> None:
        if isinstance(event, Update):
            self._place(event)
        if self._seen.is_new(event):
            await self.mailbox.put(event)

    def _place(self, update: Update) -> None:
        """Learn where a recording lies in its meeting: opened again, it lies there still."""
        config = self.config
        if self.live or config.HasField("media_zero_ms") or update.packet_index is None:
            return
        captured_s = self.outbox.captured_s(update.packet_index)
        if captured_s is not None:
            config.media_zero_ms = round((update.meeting_offset_s - captured_s) * 1000)

    def _note(self, notice: FlowNotice) -> None:
        self.account.note(notice.counters)
        self.final = notice.final
        self._ended_for = notice.detail if notice.final else ""
        self.key_frame_requested = notice.key_frame_requested
        if notice.key_frame_requested and self.encoder is not None:
            self.encoder.force_key_frame()
        elif notice.key_frame_requested:
            self.outbox.want_key_frame()

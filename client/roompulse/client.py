"""The way in: a connection to a roompulse server."""

import asyncio
import logging
import os
import pathlib
import typing
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from roompulse import argument
from roompulse.contract.codec import from_proto, message_of
from roompulse.enums import Clock, ConsentState, Content, Delivery, Purpose, SlowPolicy, Source
from roompulse.errors import InvalidArgument, SourceError, from_grpc
from roompulse.media import Packet, Tile, VideoFormat, consent_of
from roompulse.meetings import MeetingName, Meetings, key_of
from roompulse.results import Consent, ImageResult
from roompulse.sending.encoder import EncoderName, Pixels
from roompulse.sending.picture import Picture, is_still, raw_packet
from roompulse.sending.still import prepared
from roompulse.sending.stream_connection import StreamConnection
from roompulse.stream import AnalysisStream
from roompulse.subscription import Subscription
from roompulse.transport.address import check_address
from roompulse.transport.channel import Option
from roompulse.transport.connection import Connection
from roompulse.transport.reconnect import Reconnection
from roompulse.v1 import analysis_service_pb2, media_pb2, subscription_service_pb2
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from roompulse.v1.meeting_service_pb2_grpc import MeetingServiceStub

Open = TypeVar("Open", AnalysisStream, Subscription)
SayConsent = Consent | ConsentState | str
RECONNECT = Reconnection()

log = logging.getLogger("roompulse")


class Client:
    """A connection; made by `connect`, used with `async with`, once, in one event loop of one process.

    Streams and subscriptions that are still open when it closes are ended with it. In another event loop, or in a
    process that was forked after it was opened, everything raises `WrongUse`.

    Attributes:
        meetings: The verbs of meetings.
    """

    meetings: Meetings

    def __init__(
        self,
        target: str,
        tenant: str,
        credentials: grpc.ChannelCredentials | None,
        options: Sequence[Option],
        timeout_s: float,
        reconnect: Reconnection,
    ) -> None:
        """Keep where to connect; nothing happens before `async with`."""
        self._target = target
        self._tenant = tenant
        self._timeout_s = timeout_s
        self._reconnect = reconnect
        self._connection = Connection(target, credentials, options, timeout_s)
        self.meetings = Meetings(lambda: self._connection.stub(MeetingServiceStub), self._unary, self._tenant)
        self._open: list[AnalysisStream | Subscription] = []

    async def __aenter__(self) -> Self:
        """Make the channel; it connects with the first call.

        Raises:
            WrongUse: It is open already, or this process was forked from one that had a client.
            StreamClosed: It was closed.
        """
        self._connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        await self.aclose()

    async def aclose(self) -> None:
        """End what is still open, and close the channel. Idempotent. In a forked process there is nothing to end.

        Raises:
            WrongUse: It was opened in another event loop.
        """
        if self._connection.forked:
            return
        await asyncio.gather(*(one.aclose() for one in self._open))
        await self._connection.aclose()

    def analyze(
        self,
        meeting: MeetingName,
        participant: str,
        *,
        purpose: Purpose | str = Purpose.UNSPECIFIED,
        consent: SayConsent | None = None,
        display_name: str = "",
        source: Source | str = Source.CAMERA,
        content: Content | str = Content.CAMERA,
        delivery: Delivery | str = Delivery.LIVE,
        clock: Clock | str = Clock.MEDIA,
        format: VideoFormat | None = None,
        encoder: EncoderName = "jpeg",
        mirrored: bool = False,
        update_rate_hz: float = 0.0,
        analysis_rate_hz: float = 0.0,
        tiles: Sequence[Tile] = (),
        media_zero_s: float | None = None,
        new_occurrence: bool = False,
        everyone_consented: bool = False,
        time_zone: str = "",
    ) -> AnalysisStream:
        """Return a stream for one participant's, room's or gallery's video, to be opened with `async with`.

        Args:
            meeting: The meeting's id, or its key; it is created on first use.
            participant: Your id of the participant, 1 to 128 characters, any but control characters.
            purpose: What the meeting is analysed for; needed when this stream creates it.
            consent: The participant's consent, "granted" for short; taken only where none is recorded.
            display_name: For people to read.
            source: One person's camera, a room, or a gallery.
            content: What the pictures show; only cameras are analysed.
            delivery: LIVE: the newest picture wins. EVERY_FRAME: every due picture is analysed, `send` waits.
            clock: What capture times mean.
            format: The format of packets that say none.
            encoder: How pictures are sent that are not encoded yet: "jpeg", "h264" or "raw".
            mirrored: Whether the pictures are mirrored (self-view).
            update_rate_hz: Updates a second, 0.2 to 30; 0: 5 (LIVE), or one for each picture (EVERY_FRAME).
            analysis_rate_hz: Analyses a second at most, 0.2 to 60; 0: the update rate.
            tiles: The first tiles of a gallery.
            media_zero_s: For recordings: where the media's time zero lies in the meeting; None: the first packet is
                now.
            new_occurrence: Start a new occurrence when the newest one has ended.
            everyone_consented: You attest that everybody who may be seen in a room or gallery has agreed.
            time_zone: The meeting's IANA time zone, when this stream creates it.

        Raises:
            InvalidArgument: A value is of another type, or cannot be said; `field` names it.
            StreamClosed: The client is not open.
            WrongUse: It was opened in another event loop, or before this process was forked.
        """
        argument.one_of(encoder, "encoder", typing.get_args(EncoderName))
        shown = argument.items(tiles, "tiles")
        config = message_of(
            analysis_service_pb2.StreamConfig,
            meeting=key_of(meeting, self._tenant),
            participant_id=participant,
            display_name=display_name,
            purpose=Purpose.of(purpose),
            consent=consent_of(consent),
            new_occurrence=new_occurrence,
            source=Source.of(source),
            content=Content.of(content),
            delivery=Delivery.of(delivery),
            clock=Clock.of(clock),
            format=format,
            mirrored=mirrored,
            update_rate_hz=update_rate_hz,
            analysis_rate_hz=analysis_rate_hz,
            tiles=message_of(media_pb2.TileLayout, tiles=shown) if shown else None,
            media_zero_ms=None if media_zero_s is None else _milliseconds(media_zero_s, "media_zero_s"),
            everyone_consented=everyone_consented,
            time_zone=time_zone,
        )
        policy: Any = {"timeout_s": self._timeout_s, "reconnect": self._reconnect}
        session = StreamConnection(self._connection, config, self._target, record=self.meetings, **policy)
        return self._remember(AnalysisStream(session, self._target, encoder, self._timeout_s))

    async def image(
        self,
        picture: Picture | str | os.PathLike[str],
        *,
        purpose: Purpose | str,
        consent: SayConsent,
        max_faces: int = 0,
        format: VideoFormat | None = None,
        pixels: Pixels = "bgr",
    ) -> ImageResult:
        """Read the faces of one still picture; nothing is recorded.

        A picture of more than 3840×2160 pixels, 8192 a side or 2 MiB is scaled down, and the logger "roompulse" says
        so; boxes are fractions, and sizes in pixels those of the scaled picture.

        Args:
            picture: JPEG, PNG or WebP bytes, a path to such a file, or a picture as `AnalysisStream.send` takes it,
                which travels as it is, without loss.
            purpose: What it is analysed for.
            consent: The consent of everybody in it; must be granted.
            max_faces: Faces to read at most, largest first; 0: 50.
            format: How to read the bytes, for raw pictures or a turn.
            pixels: The order in an array, as for `AnalysisStream.send`.

        Raises:
            SourceError: The file cannot be read.
            InvalidArgument: A value is of another type, or cannot be said; `field` names it.
            PictureUnusable: The bytes are no picture that can be read.
            ConsentMissing: The consent is not granted.
        """
        packet = await asyncio.to_thread(_packet_of, picture, pixels, format)
        request = message_of(
            analysis_service_pb2.AnalyzeImageRequest,
            data=packet.data,
            format=packet.format,
            purpose=Purpose.of(purpose),
            consent=consent_of(consent),
            max_faces=max_faces,
        )
        return from_proto(
            ImageResult, await self._unary(self._connection.stub(AnalysisServiceStub).AnalyzeImage, request)
        )

    def subscribe(
        self,
        meeting: MeetingName,
        *,
        participants: Sequence[str] = (),
        from_offset_s: float | None = None,
        resume_token: bytes = b"",
        slow_policy: SlowPolicy | str = SlowPolicy.DISCONNECT,
        updates: bool = True,
        rollups: bool = True,
        events: bool = True,
        final_rollups_only: bool = False,
        heartbeats: bool = False,
    ) -> Subscription:
        """Return a subscription to a meeting, to be opened with `async with`.

        Args:
            meeting: The meeting's id, or its key; it must exist.
            participants: Only these; empty: all. Roll-ups are always of the whole meeting.
            from_offset_s: Start at this time since the meeting began, 0 is everything; None: now.
            resume_token: Start after this position instead, taken from an earlier subscription to the same.
            slow_policy: What happens when you read too slowly: DISCONNECT with a token, or CONFLATE.
            updates: Send participants' updates.
            rollups: Send roll-ups.
            events: Send what happened.
            final_rollups_only: Send roll-ups only when nothing about them will change.
            heartbeats: Yield heartbeats too.

        Raises:
            InvalidArgument: A value is of another type, or cannot be said; `field` names it.
            StreamClosed: The client is not open.
            WrongUse: It was opened in another event loop, or before this process was forked.
        """
        token = argument.blob(resume_token, "resume_token")
        request = message_of(
            subscription_service_pb2.SubscribeUpdatesRequest,
            meeting=key_of(meeting, self._tenant),
            participant_ids=participants,
            without_updates=not argument.flag(updates, "updates"),
            without_rollups=not argument.flag(rollups, "rollups"),
            without_events=not argument.flag(events, "events"),
            slow_policy=SlowPolicy.of(slow_policy),
            final_rollups_only=final_rollups_only,
            resume_token=token or None,
            from_offset=None if token else from_offset_s,
        )
        policy: Any = {"timeout_s": self._timeout_s, "reconnect": self._reconnect}
        return self._remember(Subscription(self._connection, request, self._target, heartbeats=heartbeats, **policy))

    def _remember(self, one: Open) -> Open:
        """Keep what is open, to end it with the client; what has ended is forgotten."""
        self._open = [other for other in self._open if not other.closed]
        self._open.append(one)
        return one

    async def _unary(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, timeout=self._timeout_s)
        except grpc.aio.AioRpcError as err:
            raise from_grpc(err, self._target) from err


def connect(
    target: str,
    *,
    tenant: str = "default",
    credentials: grpc.ChannelCredentials | None = None,
    options: Sequence[Option] = (),
    timeout_s: float = 30.0,
    reconnect: Reconnection = RECONNECT,
) -> Client:
    """Return a client for the server at `target`, to be opened with `async with`.

    Args:
        target: `host:port`, or a gRPC name such as `dns:///roompulse:50051`.
        tenant: Whose meetings; there is only "default" while the service runs without tokens.
        credentials: For TLS, from `grpc.ssl_channel_credentials`; None: an insecure channel.
        options: More gRPC channel options; they win over this client's own.
        timeout_s: How long a call, or the acceptance of a stream, may take.
        reconnect: How long streams and subscriptions that were cut are opened again; `Reconnection(tries=0)`: never.

    Raises:
        InvalidArgument: A value is of another type, or cannot be used; `field` names it. So is a target that is no
            address that gRPC can connect to, such as a URL.
    """
    try:
        check_address(argument.text(target, "target"))
    except ValueError as err:
        raise InvalidArgument(str(err), field="target") from err
    argument.text(tenant, "tenant")
    argument.seconds(timeout_s, "timeout_s", 1e-3, argument.MOST_WAIT_S)
    if not isinstance(reconnect, Reconnection):
        raise argument.refused("reconnect", reconnect, "a roompulse.Reconnection")
    if not isinstance(credentials, grpc.ChannelCredentials | None):
        raise argument.refused("credentials", credentials, "of grpc.ssl_channel_credentials, or None")
    for number, option in enumerate(argument.items(options, "options")):
        pair = isinstance(option, tuple) and len(option) == 2 and isinstance(option[1], str | int)
        if not pair or not isinstance(option[0], str):
            raise argument.refused(f"options[{number}]", option, "a pair: a name, and a whole number or a text")
    return Client(target, tenant, credentials, options, timeout_s, reconnect)


def _milliseconds(seconds: float, path: str) -> int:
    return round(argument.seconds(seconds, path) * 1000)


def _packet_of(picture: Picture | str | os.PathLike[str], pixels: Pixels, shape: VideoFormat | None) -> Packet:
    if not isinstance(shape, VideoFormat | None):
        raise argument.refused("format", shape, "a VideoFormat")
    if is_still(picture):
        return _still(bytes(picture), "the picture", shape)
    if isinstance(picture, str | os.PathLike):
        name = argument.path(picture, "picture")
        try:
            return _still(pathlib.Path(name).read_bytes(), name, shape)
        except FileNotFoundError as err:
            raise SourceError(f"there is no file {name}") from err
        except OSError as err:
            raise SourceError(f"{name} cannot be read: {err.strerror}") from err
    return raw_packet(picture, pixels)


def _still(data: bytes, name: str, shape: VideoFormat | None) -> Packet:
    still = prepared(data, shape)
    if still.scaled:
        log.warning("%s: %s", name, still.scaled)
    return still.packet

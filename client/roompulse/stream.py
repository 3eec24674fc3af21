"""One participant's video going in, values coming out.

send(), send_video() ─▶ Outbox ─▶ call.write ══▶ service ══▶ call.read ─▶ reader task ─▶ Mailbox ─▶ async for
                            └─ waits where gRPC's flow control says so            └─ opened, counters, key frames
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Self

from roompulse import conversion, encode, feed
from roompulse.call import Call
from roompulse.enums import Clock, Delivery
from roompulse.errors import BY_REASON, RoompulseError, ServiceFault, StreamClosed
from roompulse.mailbox import Mailbox, WhenFull
from roompulse.media import Packet, Tile, VideoFormat
from roompulse.outbox import Outbox, Request
from roompulse.results import FlowNotice, GoingAway, PacketCounters, PacketFault, StreamEvent, StreamOpened, Update
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import media_pb2

LIVE_RESULTS = 1024
EVERY_FRAME_RESULTS = 8192
_KINDS: dict[str, type[Any]] = {"update": Update, "flow": FlowNotice, "fault": PacketFault, "going_away": GoingAway}


class AnalysisStream:
    """A stream of one participant (or room, or gallery); made by `Client.analyze`, used with `async with`.

    Results are read by a task of the stream's own, concurrently with sending. Up to 1024 (LIVE) or 8192 (EVERY_FRAME)
    wait to be read. When more come, LIVE lets the oldest go; EVERY_FRAME makes the service wait, and through it `send`,
    as long as somebody reads: when nobody took a result for ten seconds, the oldest go there too, so that a caller
    who only sends is never blocked for good. `results_dropped` counts them.

    Cancelling a task inside `send` cancels the call, as gRPC does; the stream is then over. Leaving the block without
    an error finishes the stream; leaving it by an error cancels it.

    Attributes:
        opened: What the service said when it accepted the stream.
        counters: What became of the packets, by the last notice; exact after `finish`.
        key_frame_requested: Whether the service waits for a key frame, by the last notice. Encoders of this client obey
            by themselves, and packets from elsewhere are started again from the group kept; a bot may ask its platform
            for one too.
    """

    opened: StreamOpened

    def __init__(self, stub: Any, config: pb.StreamConfig, target: str, encoder: encode.EncoderName, timeout_s: float):
        """Keep what to open; nothing is sent before `async with`."""
        self._stub = stub
        self._config = config
        self._target = target
        self._encoder_name = encoder
        self._encoder: encode.Encoder | None = None
        self._timeout_s = timeout_s
        self._live = Delivery.of(config.delivery) is not Delivery.EVERY_FRAME
        self._mailbox: Mailbox[StreamEvent] = (
            Mailbox(LIVE_RESULTS, WhenFull.DROP_OLDEST) if self._live else Mailbox(EVERY_FRAME_RESULTS, WhenFull.WAIT)
        )
        self._sending = asyncio.Lock()
        self._accepted: asyncio.Event = asyncio.Event()
        self._call: Call | None = None
        self._finished = False
        self.closed = False
        self._final = False
        self._ended_for = ""  # why the service ended the stream, as its final notice says
        self.counters = PacketCounters()
        self.key_frame_requested = False

    async def __aenter__(self) -> Self:
        """Open the stream and wait until the service accepts it.

        Raises:
            RoompulseError: It does not, or cannot be reached.
        """
        shape = conversion.from_proto(VideoFormat, self._config.format)
        self._outbox = Outbox(shape, Clock.of(self._config.clock), live=self._live)
        self._call = Call(self._stub.AnalyzeVideo(), self._target, self._take, self._end)
        self._call.start(f"roompulse stream {self._config.participant_id}")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._call.write(Request(config=self._config))
                await self._accepted.wait()
            if not hasattr(self, "opened"):
                raise await self._call.end() or StreamClosed(f"{self._target} ended the stream without a word")
        except TimeoutError:
            await self.aclose()
            raise RoompulseError(f"{self._target} did not accept the stream within {self._timeout_s:g} s") from None
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the stream, or cancel it after an error."""
        try:
            if error is None and not self._finished:
                await self.finish()
        finally:
            await self.aclose()

    async def send(
        self,
        picture: "encode.Bytes3 | Packet | Sequence[Packet]",
        *,
        pixels: encode.Pixels = "bgr",
        capture_s: float | None = None,
        speaking: bool | None = None,
    ) -> int:
        """Send a picture or packets; wait while the connection's flow control says so.

        Args:
            picture: An array (height, width, 3) of uint8, encoded here as `encoder` of `analyze` says, or packets
                that are encoded already.
            pixels: The order in an array, "bgr" or "rgb".
            capture_s: When an array was captured, seconds since the media's zero; left out: now.
            speaking: Whether the participant is speaking, for an array.

        Returns:
            The index of the last packet sent: faults and updates name it.

        Raises:
            RoompulseError: The stream has ended, with the service's reason; or the array or a time is wrong.
        """
        self._opened_call()
        async with self._sending:
            packets = await self._packets(picture, pixels, capture_s, speaking)
            for request in self._outbox.requests(packets):
                await self._write(request)
            return self._outbox.last_index

    async def send_video(
        self,
        source: str | os.PathLike[str],
        *,
        speed: float | None = 1.0,
        encoder: feed.Passing = "auto",
        loop: bool = False,
        stop: asyncio.Event | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> feed.FeedReport:
        """Send a whole file, URL or device.

        Args:
            source: What PyAV can open.
            speed: Times real time by its capture times; None: as fast as the service takes it.
            encoder: "copy" passes packets through; "jpeg", "h264", "raw" encode; "auto" copies where the codec allows
                it and makes JPEG where not.
            loop: Begin again at the end, until stopped.
            stop: When set, sending ends after the packet in hand; the stream can then be finished.
            progress: Told the seconds of media sent so far, after each sending.

        Raises:
            SourceError: The source cannot be used, or not copied.
            RoompulseError: The stream has ended, with the service's reason.
        """
        player = feed.Feed(self, source, speed, encoder, skip_late=self._live, progress=progress, stop=stop)
        return await player.run(loop=loop)

    async def camera(self, on: bool, *, capture_s: float | None = None) -> None:
        """Say that the camera goes on or off, at `capture_s` of the media (left out: at the last packet)."""
        change = media_pb2.CameraChange(on=on)
        if capture_s is not None:
            change.capture_offset.CopyFrom(conversion.seconds_to_duration(capture_s))
        async with self._sending:
            await self._write(Request(camera=change))

    async def tiles(self, tiles: Sequence[Tile]) -> None:
        """Say where everybody is in a gallery's pictures from now on; who is missing here has left the picture."""
        layout = conversion.tiles_to_proto(tiles)
        async with self._sending:
            await self._write(Request(tiles=layout))

    async def updates(self) -> AsyncIterator[Update]:
        """Yield updates as they come, and leave other events out; ends with the stream.

        Raises:
            RoompulseError: The stream ended by an error.
        """
        async for event in self:
            if isinstance(event, Update):
                yield event

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        """Iterate over updates, notices, faults and goodbyes; ends with the stream."""
        return self

    async def __anext__(self) -> StreamEvent:
        """Return the next event."""
        return await self._mailbox.get()

    async def finish(self) -> PacketCounters:
        """Say that nothing follows, wait for the last result, and return what became of every packet.

        Results not read yet can still be read afterwards.

        Raises:
            RoompulseError: The stream ended by an error, or without its final counters.
        """
        async with self._sending:
            call = self._opened_call()
            if not self._finished:
                self._finished = True
                await call.half_close()
        if error := await call.end():
            raise error
        if not self._final:
            raise StreamClosed(f"{self._target} ended the stream without its final counters")
        return self.counters

    async def aclose(self) -> None:
        """End the stream at once; packets on their way may be lost. Idempotent."""
        self._finished = self.closed = True
        await self._mailbox.abandon()
        if self._call is not None:
            await self._call.stop()

    @property
    def results_dropped(self) -> int:
        """Results that nobody read in time."""
        return self._mailbox.dropped

    def use_encoder(self, encoder: encode.Encoder) -> None:
        """Name the encoder whose packets are sent from now on: it is asked for key frames."""
        self._encoder = encoder

    async def _packets(
        self,
        picture: "encode.Bytes3 | Packet | Sequence[Packet]",
        pixels: encode.Pixels,
        capture_s: float | None,
        speaking: bool | None,
    ) -> Sequence[Packet]:
        if isinstance(picture, Packet):
            return (picture,)
        if isinstance(picture, Sequence):
            return picture
        if self._encoder_name == "raw":
            packet = encode.raw_packet(picture, pixels)
        else:
            self._encoder = self._encoder or encode.make_encoder(self._encoder_name)
            packet = await asyncio.to_thread(self._encoder.encode, encode.picture_of(picture, pixels))
        return (feed.stamped(packet, capture_s, speaking),)

    async def _write(self, request: Request) -> None:
        if self._finished:
            raise StreamClosed("the stream is finished; nothing can be sent any more")
        await self._opened_call().write(request)

    def _opened_call(self) -> Call:
        if self._call is None:
            raise StreamClosed("the stream is not open; use `async with client.analyze(…) as stream`")
        return self._call

    async def _take(self, response: pb.AnalyzeVideoResponse) -> None:
        name = response.WhichOneof("event")
        if name == "opened":
            self.opened = conversion.from_proto(StreamOpened, response.opened)
            self._accepted.set()
        elif name in _KINDS:
            event = conversion.from_proto(_KINDS[name], getattr(response, name))
            if isinstance(event, FlowNotice):
                self._note(event)
            await self._mailbox.put(event)

    def _note(self, notice: FlowNotice) -> None:
        self.counters, self._final = notice.counters, notice.final
        self._ended_for = notice.detail if notice.final else ""
        self.key_frame_requested = notice.key_frame_requested
        if notice.key_frame_requested and self._encoder is not None:
            self._encoder.force_key_frame()
        elif notice.key_frame_requested:
            self._outbox.want_key_frame()

    async def _end(self, error: Exception | None) -> Exception | None:
        self._accepted.set()
        told = self._told(error)
        await self._mailbox.close(told)
        return told

    def _told(self, error: Exception | None) -> Exception | None:
        """Return the error, or what the final notice said: gRPC may hide the status from who is still writing."""
        kind = BY_REASON.get(self._ended_for.upper())
        if kind is None or not isinstance(error, ServiceFault) or error.reason:
            return error
        words = self._ended_for.replace("_", " ")
        return kind(f"the service ended the stream: {words}", reason=self._ended_for.upper())

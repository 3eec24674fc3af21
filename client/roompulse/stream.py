"""One participant's video going in, values coming out; cut and opened again as often as it takes.

send(), send_video() ─▶ Outbox ─▶ call.write ══▶ service ══▶ call.read ─▶ reader task ─▶ Seen ─▶ Mailbox ─▶ async for
                            └─ waits where gRPC's flow control says so            └─ opened, counters, key frames
                            └─ waits while the line is opened again; then from the group of pictures on
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from roompulse import conversion, encode, feed
from roompulse.errors import RoompulseError, StreamClosed
from roompulse.media import Packet, Tile
from roompulse.outbox import Request, check_media_time
from roompulse.results import PacketCounters, StreamEvent, StreamOpened, Update
from roompulse.session import Session
from roompulse.v1 import media_pb2


class AnalysisStream:
    """A stream of one participant (or room, or gallery); made by `Client.analyze`, used with `async with`.

    Results are read by a task of the stream's own, concurrently with sending. Up to 1024 (LIVE) or 8192 (EVERY_FRAME)
    wait to be read. When more come, LIVE lets the oldest go; EVERY_FRAME makes the service wait, and through it `send`,
    as long as somebody reads: when nobody took a result for ten seconds, the oldest go there too, so that a caller
    who only sends is never blocked for good. `results_dropped` counts them.

    When the connection is cut, or the service starts again, the stream is opened again, as long as no newer one of the
    participant was, and `send` waits meanwhile. It goes on with the group of pictures it kept (or with the packets in
    hand, where each can be decoded by itself). The results still come once each and in order; those that were recorded
    and not delivered come first. A `Reconnected` among the results says what happened and which packets may be lost.

    Cancelling a task inside `send` cancels the call, as gRPC does; the stream is then opened again by whoever sends
    next. Leaving the block without an error finishes the stream; leaving it by an error cancels it.
    """

    def __init__(self, session: Session, target: str, encoder: encode.EncoderName, timeout_s: float) -> None:
        """Keep what to open; nothing is sent before `async with`."""
        self._session = session
        self._target = target
        self._encoder_name = encoder
        self._timeout_s = timeout_s
        self._sending = asyncio.Lock()
        self._started = self._finished = False
        self.closed = False

    async def __aenter__(self) -> Self:
        """Open the stream and wait until the service accepts it.

        Raises:
            RoompulseError: It does not, or cannot be reached.
        """
        self._started = True
        self._session.line.start(f"roompulse stream {self._session.config.participant_id}")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._session.line.up()
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
        self._check_open()
        async with self._sending:
            self._check_open()
            packets = await self._packets(picture, pixels, capture_s, speaking)
            await self._write(self._session.outbox.requests(packets), lambda: self._session.outbox.again(packets))
            return self._session.outbox.last_index

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
        player = feed.Feed(self, source, speed, encoder, skip_late=self._session.live, progress=progress, stop=stop)
        return await player.run(loop=loop)

    async def camera(self, on: bool, *, capture_s: float | None = None) -> None:
        """Say that the camera goes on or off, at `capture_s` of the media (left out: at the last packet)."""
        change = media_pb2.CameraChange(on=on)
        if capture_s is not None:
            check_media_time(capture_s)
            change.capture_offset.CopyFrom(conversion.seconds_to_duration(capture_s))
        self._check_open()
        async with self._sending:
            self._session.camera = Request(camera=change)
            await self._write([self._session.camera], list)  # a new connection says it first

    async def tiles(self, tiles: Sequence[Tile]) -> None:
        """Say where everybody is in a gallery's pictures from now on; who is missing here has left the picture."""
        self._check_open()
        async with self._sending:
            self._session.config.tiles.CopyFrom(conversion.tiles_to_proto(tiles))
            await self._write([Request(tiles=self._session.config.tiles)], list)  # a new connection's config says it

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
        return await self._session.mailbox.get()

    async def finish(self) -> PacketCounters:
        """Say that nothing follows, wait for the last result, and return what became of every packet.

        Results not read yet can still be read afterwards.

        Raises:
            RoompulseError: The stream ended by an error, or without its final counters.
        """
        if not self._started:
            raise _not_open()
        async with self._sending:
            self._finished = True
            error = await self._session.line.finish()
        if error:
            raise error
        if not self._session.final:
            raise StreamClosed(f"{self._target} ended the stream without its final counters")
        return self.counters

    async def aclose(self) -> None:
        """End the stream at once; packets on their way may be lost. Idempotent."""
        self._finished = self.closed = True
        await self._session.mailbox.abandon()
        if self._started:
            await self._session.line.stop()

    @property
    def opened(self) -> StreamOpened:
        """What the service said when it accepted the stream, the last time."""
        return self._session.opened

    @property
    def key_frame_requested(self) -> bool:
        """Whether the service waits for a key frame, by the last notice.

        Encoders of this client obey by themselves, and packets from elsewhere are started again from the group kept; a
        bot may ask its platform for one too.
        """
        return self._session.key_frame_requested

    @property
    def counters(self) -> PacketCounters:
        """What became of the packets, by the last notice; exact after `finish`.

        What a cut left without an answer counts as dropped, for STREAM_ENDED.
        """
        return self._session.account.counters

    @property
    def results_dropped(self) -> int:
        """Results that nobody read in time."""
        return self._session.mailbox.dropped

    def use_encoder(self, encoder: encode.Encoder) -> None:
        """Name the encoder whose packets are sent from now on: it is asked for key frames."""
        self._session.encoder = encoder

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
            made = self._session.encoder = self._session.encoder or encode.make_encoder(self._encoder_name)
            packet = await asyncio.to_thread(made.encode, encode.picture_of(picture, pixels))
        return (feed.stamped(packet, capture_s, speaking),)

    async def _write(self, requests: list[Request], again: Callable[[], list[Request]]) -> None:
        """Write messages; when a cut meets them, wait until the stream is open again and write `again()` instead."""
        call = await self._session.line.up()
        while requests:
            try:
                for request in requests:
                    await call.write(request)
                return
            except RoompulseError:
                call = await self._session.line.up(after=call)
                requests = again()

    def _check_open(self) -> None:
        if not self._started:
            raise _not_open()
        if self._finished:
            raise StreamClosed("the stream is finished; nothing can be sent any more")


def _not_open() -> StreamClosed:
    return StreamClosed("the stream is not open; use `async with client.analyze(…) as stream`")

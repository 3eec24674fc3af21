"""One participant's video going in, values coming out; cut and opened again as often as it takes.

send(), send_video() ─▶ Outbox ─▶ call.write ══▶ service ══▶ call.read ─▶ reader task ─▶ Seen ─▶ Mailbox ─▶ async for
                            └─ waits where gRPC's flow control says so            └─ opened, counters, key frames
                            └─ waits while the line is opened again; then from the group of pictures on
"""

import asyncio
import logging
import os
import typing
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, overload

from roompulse import argument
from roompulse.contract.codec import message_of
from roompulse.errors import RoompulseError, StreamClosed, WrongUse
from roompulse.media import Packet, Tile
from roompulse.results import PacketCounters, StreamEvent, StreamOpened, Update
from roompulse.sending import encoder, video_player
from roompulse.sending.picture import (
    Picture,
)
from roompulse.sending.picture_packets import PicturePackets
from roompulse.sending.request_builder import Request
from roompulse.sending.stream_connection import StreamConnection
from roompulse.v1 import media_pb2

log = logging.getLogger("roompulse")


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

    def __init__(self, session: StreamConnection, target: str, encoder: encoder.EncoderName, timeout_s: float) -> None:
        """Keep what to open; nothing is sent before `async with`."""
        self._session = session
        self._target = target
        self._pictures = PicturePackets(session, encoder)
        self._timeout_s = timeout_s
        self._sending = asyncio.Lock()
        self._started = self._finished = False
        self.closed = False

    async def __aenter__(self) -> Self:
        """Open the stream and wait until the service accepts it.

        Raises:
            WrongUse: It was entered before, or is used in another event loop or a forked process.
            RoompulseError: The service does not accept it, or cannot be reached.
        """
        self._session.home.check()
        if self._started or self.closed:
            raise WrongUse("a stream is entered once; ask client.analyze for another one")
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

    @overload
    async def send(
        self,
        picture: Picture,
        *,
        pixels: encoder.Pixels = "bgr",
        capture_s: float | None = None,
        capture_time: datetime | None = None,
        speaking: bool | None = None,
    ) -> int: ...
    @overload
    async def send(self, picture: Packet | Sequence[Packet]) -> int: ...
    async def send(
        self,
        picture: Picture | Packet | Sequence[Packet],
        *,
        pixels: encoder.Pixels = "bgr",
        capture_s: float | None = None,
        capture_time: datetime | None = None,
        speaking: bool | None = None,
    ) -> int:
        """Send a picture or packets; wait while the connection's flow control says so.

        Args:
            picture: One of these. What is not encoded yet is encoded here, as `encoder` of `analyze` says, in a thread.
                `av.VideoFrame`, as aiortc gives it: its colours and its turn are kept, and its own time (`pts` times
                `time_base`) counts as capture time where the clock is MEDIA and none is given.
                An array of uint8, 16 to 16384 pixels a side: (height, width, 3), with a fourth channel for alpha, which
                is ignored, or (height, width) for grey.
                `I420` or `NV12` planes, as Zoom, Teams and LiveKit give them.
                The bytes of a JPEG, PNG or WebP, or of one access unit where `analyze` was given a `format`.
                A `Packet` or a list of them: encoded already, with times of their own.
            pixels: The order of the colours in an array: "bgr" (OpenCV) or "rgb", with alpha or without; or "bgra",
                "rgba", "gray" for that kind of array alone.
            capture_s: When the picture was captured, seconds since the media's zero (clock MEDIA); left out: now.
            capture_time: When it was captured, by your clock, an aware datetime (clock WALL); left out: now.
            speaking: Whether the participant is speaking.

        Returns:
            The index of the last packet sent, from 1: faults and updates name it.

        Raises:
            InvalidArgument: The picture, its layout or a time is wrong; the stream goes on.
            StreamClosed: The stream is not open, or finished.
            WrongUse: It is used in another event loop, or a forked process.
            RoompulseError: The stream has ended, with the service's reason.
        """
        self._check_open()
        async with self._sending:
            self._check_open()
            packets = await self._pictures.packets(picture, pixels, capture_s, capture_time, speaking)
            if not packets:
                return self._session.outbox.last_index
            await self._write(self._session.outbox.requests(packets), lambda: self._session.outbox.again(packets))
            return self._session.outbox.last_index

    async def send_video(
        self,
        source: str | os.PathLike[str],
        *,
        speed: float | None = 1.0,
        encoder: video_player.Passing = "auto",
        loop: bool = False,
        track: int | None = None,
        stop: asyncio.Event | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> video_player.FeedReport:
        """Send a whole file, URL or device.

        Args:
            source: What PyAV can open.
            speed: Times real time by its capture times; None: as fast as the service takes it.
            encoder: "copy" passes packets through; "jpeg", "h264", "raw" encode; "auto" copies where the codec allows
                it and makes JPEG where not: another codec, high dynamic range, more than the service takes.
            loop: Begin again at the end, until stopped.
            track: Which video track, from 1; left out: the one that the container marks as default.
            stop: When set, sending ends after the packet in hand; the stream can then be finished.
            progress: Told the seconds of media sent so far, after each sending.

        Returns:
            What was sent, and what a person should know of the source (`findings`).

        Raises:
            SourceError: The source cannot be used, or not copied.
            InvalidArgument: A value is wrong; `field` names it.
            RoompulseError: The stream has ended, with the service's reason.
        """
        self._check_open()
        source = argument.path(source, "source")
        argument.one_of(encoder, "encoder", typing.get_args(video_player.Passing))
        if speed is not None and not 0 < argument.real(speed, "speed") < argument.MOST_WAIT_S:
            raise argument.refused("speed", speed, "more than 0, or None for as fast as it goes")
        track = None if track is None else argument.whole(track, "track", 1, argument.MOST_TRACKS)
        live = self._session.live
        player = video_player.VideoPlayer(
            self, source, speed, encoder, skip_late=live, track=track, progress=progress, stop=stop
        )
        return await player.run(loop=loop)

    async def camera(self, on: bool, *, capture_s: float | None = None, capture_time: datetime | None = None) -> None:
        """Say that the camera goes on or off.

        Args:
            on: Whether it is on.
            capture_s: When, seconds since the media's zero (clock MEDIA); left out: at the last packet.
            capture_time: When, by your clock, an aware datetime (clock WALL); left out: at the last packet.

        Raises:
            InvalidArgument: A value is wrong, or of the other clock.
            RoompulseError: The stream has ended, with the service's reason.
        """
        self._session.outbox.check_clock(capture_s, capture_time)
        change = message_of(media_pb2.CameraChange, on=on, capture_offset=capture_s, capture_time=capture_time)
        self._check_open()
        async with self._sending:
            self._session.camera = Request(camera=change)
            await self._write([self._session.camera], list)  # a new connection says it first

    async def tiles(self, tiles: Sequence[Tile]) -> None:
        """Say where everybody is in a gallery's pictures from now on; who is missing here has left the picture.

        A tile that is said again may bring another name, and a consent where none is recorded.

        Raises:
            InvalidArgument: A value is of another type, or cannot be said; `field` names it.
            RoompulseError: The stream has ended, with the service's reason.
        """
        layout = message_of(media_pb2.TileLayout, tiles=tiles)
        self._check_open()
        async with self._sending:
            self._session.config.tiles.CopyFrom(layout)
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
        """Return the next event.

        Raises:
            StopAsyncIteration: The stream has ended.
            RoompulseError: It ended by an error.
        """
        self._check_entered()
        return await self._session.mailbox.get()

    async def finish(self) -> PacketCounters:
        """Say that nothing follows, wait for the last result, and return what became of every packet.

        Results not read yet can still be read afterwards.

        Raises:
            RoompulseError: The stream ended by an error, or without its final counters.
        """
        self._check_entered()
        async with self._sending:
            self._finished = True
            error = await self._session.line.finish()
        if error:
            raise error
        if not self._session.final:
            raise StreamClosed(f"{self._target} ended the stream without its final counters")
        return self.counters

    async def aclose(self) -> None:
        """End the stream at once; packets on their way may be lost. Idempotent. In a forked process: nothing to end."""
        if self._session.home.forked:
            return
        self._session.home.check()
        self._finished = self.closed = True
        await self._session.mailbox.abandon()
        if self._started:
            await self._session.line.stop()

    @property
    def opened(self) -> StreamOpened:
        """What the service said when it accepted the stream, the last time.

        Raises:
            StreamClosed: It has not accepted it yet.
        """
        if self._session.opened is None:
            raise _not_open()
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

    def use_encoder(self, encoder: encoder.Encoder) -> None:
        """Name the encoder whose packets are sent from now on: it is asked for key frames."""
        self._session.encoder = encoder

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

    def _check_entered(self) -> None:
        self._session.home.check()
        if not self._started:
            raise _not_open()

    def _check_open(self) -> None:
        self._check_entered()
        if self._finished:
            raise StreamClosed("the stream is finished; nothing can be sent any more")


def _not_open() -> StreamClosed:
    return StreamClosed("the stream is not open; use `async with client.analyze(…) as stream`")

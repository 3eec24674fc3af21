"""The same verbs for scripts, without `await`.

    with roompulse.blocking.connect("localhost:50051") as client:
        with client.analyze("standup", "ada", purpose="research", consent="granted") as stream:
            stream.send_video("talk.mp4", speed=None)
            print(stream.finish())
            for update in stream.updates(): ...

An event loop in a thread of the client's own does the work. Arguments, results and errors are those of the awaited
verbs (`roompulse.Client`, `AnalysisStream`, `Subscription`, `Meetings`). An interrupt (Ctrl-C) cancels the call in
progress.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from roompulse import client as waiting
from roompulse.client import SayConsent
from roompulse.enums import ReportFormat
from roompulse.media import Packet, Tile
from roompulse.meetings import MeetingName, Meetings
from roompulse.results import (
    AuditEntry,
    Consent,
    ImageResult,
    Meeting,
    Notice,
    PacketCounters,
    Participant,
    Report,
    StreamEvent,
    StreamOpened,
    SubscriptionEvent,
    Summary,
    Update,
)
from roompulse.sending.encoder import Pixels
from roompulse.sending.picture import Picture
from roompulse.sending.video_player import FeedReport, Passing
from roompulse.stream import AnalysisStream
from roompulse.subscription import Subscription
from roompulse.transport.loop_thread import LoopThread

T = TypeVar("T")


class BlockingStream:
    """`AnalysisStream`, without `await`. Results are read in the background while you send."""

    def __init__(self, loop: LoopThread, stream: AnalysisStream) -> None:
        """Keep the stream."""
        self._loop = loop
        self._stream = stream

    def __enter__(self) -> Self:
        """Open the stream and wait until the service accepts it."""
        self._loop.run(self._stream.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the stream, or cancel it after an error."""
        if error is None or not self._loop.forked:
            self._loop.run(self._stream.__aexit__(kind, error, trace))

    @property
    def opened(self) -> StreamOpened:
        """What the service said when it accepted the stream."""
        return self._stream.opened

    @property
    def counters(self) -> PacketCounters:
        """What became of the packets, by the last notice; exact after `finish`."""
        return self._stream.counters

    @property
    def results_dropped(self) -> int:
        """Results that nobody read in time."""
        return self._stream.results_dropped

    @overload
    def send(
        self,
        picture: Picture,
        *,
        pixels: Pixels = "bgr",
        capture_s: float | None = None,
        capture_time: datetime | None = None,
        speaking: bool | None = None,
    ) -> int: ...
    @overload
    def send(self, picture: Packet | Sequence[Packet]) -> int: ...
    def send(self, picture: Any, **details: Any) -> int:
        """Send a picture or packets: what `AnalysisStream.send` takes, with the same details."""
        return self._loop.run(self._stream.send(picture, **details))

    def send_video(
        self,
        source: str | os.PathLike[str],
        *,
        speed: float | None = 1.0,
        encoder: Passing = "auto",
        loop: bool = False,
        track: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> FeedReport:
        """Send a whole file, URL or device; see `AnalysisStream.send_video`. `progress` is called in another thread."""
        return self._loop.run(
            self._stream.send_video(source, speed=speed, encoder=encoder, loop=loop, track=track, progress=progress)
        )

    def camera(self, on: bool, *, capture_s: float | None = None, capture_time: datetime | None = None) -> None:
        """Say that the camera goes on or off; see `AnalysisStream.camera`."""
        self._loop.run(self._stream.camera(on, capture_s=capture_s, capture_time=capture_time))

    def tiles(self, tiles: Sequence[Tile]) -> None:
        """Say where everybody is in a gallery's pictures from now on."""
        self._loop.run(self._stream.tiles(tiles))

    def updates(self) -> Iterator[Update]:
        """Yield updates as they come; ends with the stream."""
        return self._loop.iterate(self._stream.updates())

    def __iter__(self) -> Iterator[StreamEvent]:
        """Yield updates, notices, faults and goodbyes; ends with the stream."""
        return self._loop.iterate(aiter(self._stream))

    def finish(self) -> PacketCounters:
        """Say that nothing follows, and return what became of every packet; see `AnalysisStream.finish`."""
        return self._loop.run(self._stream.finish())


class BlockingSubscription:
    """`Subscription`, without `await`."""

    def __init__(self, loop: LoopThread, subscription: Subscription) -> None:
        """Keep the subscription."""
        self._loop = loop
        self._subscription = subscription

    def __enter__(self) -> Self:
        """Ask; errors come with the first event."""
        self._loop.run(self._subscription.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        if not self._loop.forked:
            self._loop.run(self._subscription.aclose())

    @property
    def resume_token(self) -> bytes:
        """The position after the last event taken."""
        return self._subscription.resume_token

    def __iter__(self) -> Iterator[SubscriptionEvent]:
        """Yield events until the meeting has ended."""
        return self._loop.iterate(self._subscription)


class BlockingMeetings:
    """`Meetings`, without `await`."""

    def __init__(self, loop: LoopThread, meetings: Meetings) -> None:
        """Keep the verbs."""
        self._loop = loop
        self._meetings = meetings

    def create(self, meeting: str, **details: Any) -> Meeting:
        """Create a meeting; see `Meetings.create`."""
        return self._loop.run(self._meetings.create(meeting, **details))

    def get(self, meeting: MeetingName) -> Meeting:
        """Return a meeting."""
        return self._loop.run(self._meetings.get(meeting))

    def list(self, meeting_id: str = "", **filters: Any) -> Iterator[Meeting]:
        """Yield meetings, newest first; see `Meetings.list`."""
        return self._loop.iterate(self._meetings.list(meeting_id, **filters))

    def end(self, meeting: MeetingName, *, request_id: str = "") -> Meeting:
        """End a meeting; see `Meetings.end`."""
        return self._loop.run(self._meetings.end(meeting, request_id=request_id))

    def participants(self, meeting: MeetingName, **paging: Any) -> Iterator[Participant]:
        """Yield a meeting's participants, by id."""
        return self._loop.iterate(self._meetings.participants(meeting, **paging))

    def updates(self, meeting: MeetingName, participant: str = "", **filters: Any) -> Iterator[Update]:
        """Yield recorded updates, by participant and sequence; see `Meetings.updates`."""
        return self._loop.iterate(self._meetings.updates(meeting, participant, **filters))

    def set_consent(
        self, meeting: MeetingName, participant: str, consent: SayConsent, *, erase: bool = False
    ) -> Consent:
        """Put a participant's consent in force; see `Meetings.set_consent`."""
        return self._loop.run(self._meetings.set_consent(meeting, participant, consent, erase=erase))

    def delete_participant(self, meeting: MeetingName, participant: str, *, allow_missing: bool = False) -> None:
        """Erase a participant; see `Meetings.delete_participant`."""
        self._loop.run(self._meetings.delete_participant(meeting, participant, allow_missing=allow_missing))

    def delete(self, meeting: MeetingName, *, allow_missing: bool = False) -> None:
        """Erase a meeting and everybody in it; see `Meetings.delete`."""
        self._loop.run(self._meetings.delete(meeting, allow_missing=allow_missing))

    def notice(self, meeting: MeetingName | None = None, **about: Any) -> Notice:
        """Return the text that tells people what is done; see `Meetings.notice`."""
        return self._loop.run(self._meetings.notice(meeting, **about))

    def audit(self, meeting_uid: str = "", **paging: Any) -> Iterator[AuditEntry]:
        """Yield what was done to people's data, oldest first; see `Meetings.audit`."""
        return self._loop.iterate(self._meetings.audit(meeting_uid, **paging))

    def summary(self, meeting: MeetingName) -> Summary:
        """Return the meeting, summed up from its record so far."""
        return self._loop.run(self._meetings.summary(meeting))

    def report(self, meeting: MeetingName, format: ReportFormat | str = ReportFormat.HTML) -> Report:
        """Return the meeting's summary as a file; see `Meetings.report`."""
        return self._loop.run(self._meetings.report(meeting, format))


class BlockingClient:
    """`Client`, without `await`; made by `connect`, used with `with`, once, in one process.

    In a process that was forked after it was opened everything raises `WrongUse`: open the first client after the fork.

    Attributes:
        meetings: The verbs of meetings.
    """

    def __init__(self, client: waiting.Client) -> None:
        """Keep the client; the thread starts in `with`."""
        self._client = client
        self._loop = LoopThread()
        self.meetings = BlockingMeetings(self._loop, client.meetings)

    def __enter__(self) -> Self:
        """Start the thread and make the channel.

        Raises:
            WrongUse: It was entered before, or this process was forked from one that had a client.
        """
        self._loop.start()
        try:
            self._loop.run(self._client.__aenter__())
        except BaseException:
            self._loop.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything and end the thread. In a forked process there is nothing to close."""
        if self._loop.forked:
            return
        try:
            self._loop.run(self._client.aclose())
        finally:
            self._loop.stop()

    def analyze(self, meeting: MeetingName, participant: str, **settings: Any) -> BlockingStream:
        """Return a stream, to be opened with `with`; see `Client.analyze` for the settings."""
        return BlockingStream(self._loop, self._loop.run(self._analyze(meeting, participant, settings)))

    def image(self, picture: Picture | str | os.PathLike[str], **settings: Any) -> ImageResult:
        """Read the faces of one still picture; see `Client.image` for the settings."""
        return self._loop.run(self._client.image(picture, **settings))

    def subscribe(self, meeting: MeetingName, **settings: Any) -> BlockingSubscription:
        """Return a subscription, to be opened with `with`; see `Client.subscribe` for the settings."""
        return BlockingSubscription(self._loop, self._loop.run(self._subscribe(meeting, settings)))

    async def _analyze(self, meeting: MeetingName, participant: str, settings: dict[str, Any]) -> AnalysisStream:
        return self._client.analyze(meeting, participant, **settings)

    async def _subscribe(self, meeting: MeetingName, settings: dict[str, Any]) -> Subscription:
        return self._client.subscribe(meeting, **settings)


def connect(target: str, **settings: Any) -> BlockingClient:
    """Return a blocking client for the server at `target`; see `roompulse.connect` for the settings."""
    return BlockingClient(waiting.connect(target, **settings))

"""`roompulse stream`: a video as a participant."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import click
from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import roompulse
from roompulse.cli import tables
from roompulse.cli.options import agreement, connection, words
from roompulse.cli.output import Output
from roompulse.cli.running import run_until_interrupted
from roompulse.cli.tally import Tally
from roompulse.enums import ConsentState, Content, Delivery, Source
from roompulse.feed import Passing
from roompulse.results import FlowNotice, PacketFault, Reconnected, StreamOpened, Update
from roompulse.sources import SourceInfo, VideoSource
from roompulse.stream import AnalysisStream


def _speed(context: click.Context, parameter: click.Parameter, value: str) -> float | None:
    """Return a factor of real time, or None for `max`."""
    if value == "max":
        return None
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 100:
        raise click.BadParameter(f"{value!r} is neither 'max' nor a number from 0.01 to 100")
    return factor


@dataclass(frozen=True, slots=True)
class Job:
    """What to stream, to whom, how."""

    video: str
    server: str
    meeting: str
    participant: str
    speed: float | None
    encode: Passing
    loop: bool
    track: int | None
    purpose: str
    consent: str | None
    name: str
    rate: float
    source: str
    content: str
    mirrored: bool
    media_zero: float | None
    new_occurrence: bool
    everyone_consented: bool
    time_zone: str


@click.command()
@click.argument("video")
@click.option("--meeting", "-m", required=True, help="The meeting's id; it is created on first use.")
@click.option("--participant", "-p", required=True, help="Your id of the participant.")
@click.option("--name", default="", help="The participant's name, for people to read.")
@click.option(
    "--speed",
    default="1",
    show_default=True,
    metavar="SPEED",
    callback=_speed,
    help="Times real time, or 'max': every frame.",
)
@click.option(
    "--encode",
    type=click.Choice(["auto", "copy", "jpeg", "h264", "raw"]),
    default="auto",
    show_default=True,
    help="'copy' passes H.264, VP8, VP9, AV1 through; 'auto' copies where that is possible, and makes JPEG where not "
    "(another codec, high dynamic range, more than the service takes).",
)
@click.option("--track", type=click.IntRange(1), metavar="N", help="The video track, from 1; else the default one.")
@click.option("--rate", type=float, default=0.0, metavar="HZ", help="Updates a second; 0 leaves it to the server.")
@click.option("--source", type=click.Choice(words(Source)), default="camera", show_default=True)
@click.option("--content", type=click.Choice(words(Content)), default="camera", show_default=True)
@click.option("--mirrored", is_flag=True, help="The pictures are mirrored (self-view).")
@click.option("--loop", is_flag=True, help="Begin again at the end, until Ctrl-C.")
@click.option("--media-zero", type=float, metavar="SECONDS", help="Where the video begins in the meeting.")
@click.option("--new-occurrence", is_flag=True, help="Start the meeting again when it has ended.")
@click.option("--everyone-consented", is_flag=True, help="Everybody who may be seen in a room or gallery has agreed.")
@click.option("--time-zone", default="", help="The meeting's IANA time zone, when this creates it.")
@agreement
@connection
def stream(as_json: bool, **settings: object) -> None:
    """Stream VIDEO (a file, a URL or a device) as a participant of a meeting.

    At speed 1 it is live: paced by its own times, the newest picture wins. At 'max' it is a recording: every picture
    that is due is analysed, as fast as the server can.
    """
    job = Job(**settings)  # type: ignore[arg-type]  # click hands over exactly these options
    run_until_interrupted(lambda stop: _Run(job, Output(as_json), stop).play())


class _Run:
    """One run: sending and reading side by side, and what there is to show of it."""

    def __init__(self, job: Job, output: Output, stop: asyncio.Event) -> None:
        self._job, self._output, self._stop = job, output, stop
        self._tally = Tally()
        self._notice: FlowNotice | None = None
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(), console=output.err,
        )  # fmt: skip

    async def play(self) -> None:
        info = await asyncio.to_thread(_probe, self._job)
        async with roompulse.connect(self._job.server) as client, self._open(client) as stream:
            self._say_opened(stream.opened)
            bar = self._progress.add_task(f"{self._job.participant} ({info.codec})", total=info.duration_s)
            with Live(get_renderable=self._picture, console=self._output.err, transient=True, refresh_per_second=4):
                await self._send_and_read(stream, lambda at: self._progress.update(bar, completed=at))
            self._say_end(stream)

    def _open(self, client: roompulse.Client) -> AnalysisStream:
        job = self._job
        recording = job.speed is None
        zero_s = 0.0 if recording and job.media_zero is None else job.media_zero
        return client.analyze(
            job.meeting,
            job.participant,
            purpose=job.purpose,
            consent=job.consent,
            display_name=job.name,
            source=job.source,
            content=job.content,
            delivery=Delivery.EVERY_FRAME if recording else Delivery.LIVE,
            mirrored=job.mirrored,
            update_rate_hz=job.rate,
            media_zero_s=zero_s,
            new_occurrence=job.new_occurrence,
            everyone_consented=job.everyone_consented,
            time_zone=job.time_zone,
        )

    async def _send_and_read(self, stream: AnalysisStream, progress: Callable[[float], None]) -> None:
        job = self._job
        reading = asyncio.create_task(self._read(stream), name="roompulse results")
        try:
            report = await stream.send_video(
                job.video,
                speed=job.speed,
                encoder=job.encode,
                loop=job.loop,
                track=job.track,
                stop=self._stop,
                progress=progress,
            )
            for finding in report.findings:
                self._output.note(f"note: {finding.what}: {finding.help}")
            await stream.finish()
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, stream: AnalysisStream) -> None:
        async for event in stream:
            if self._output.json:
                self._output.event(event)
            if isinstance(event, Update):
                self._tally.add(event)
            elif isinstance(event, FlowNotice):
                self._notice = event
            elif isinstance(event, Reconnected) and not self._output.json:
                lost = f"{event.packets_lost} packets may be lost"
                self._output.note(f"the connection was lost ({event.reason}); back after {event.away_s:.1f} s, {lost}")
            elif isinstance(event, PacketFault) and not self._output.json:
                self._output.note(f"packet {event.packet_index} ({event.reason.word}): {event.message}")

    def _picture(self) -> Group:
        title = f"{self._job.meeting}: {tables.flow_line(self._notice)}"
        return Group(tables.participants(self._tally, title), self._progress)

    def _say_opened(self, opened: StreamOpened) -> None:
        if self._output.json:
            self._output.event(opened)
        for warning in opened.warnings:
            self._output.note(f"note: {warning}")
        seen_by_camera = self._job.source == "camera"
        if seen_by_camera and opened.consent.state is not ConsentState.GRANTED:
            self._output.note(
                f"no consent is in force for {self._job.participant!r}, so nothing is analysed; "
                "if the participant has agreed, add: --consent granted"
            )
        elif not seen_by_camera and not self._job.everyone_consented:
            self._output.note(
                "faces found in the picture are not analysed without everybody's consent; "
                "if all have agreed, add: --everyone-consented"
            )

    def _say_end(self, stream: AnalysisStream) -> None:
        console = self._output.err if self._output.json else self._output.out
        total = sum(seen.updates for seen in self._tally.participants.values())
        shown: list[Table] = [tables.packets_table(stream.counters), tables.coverage_table(self._tally)]
        if self._tally.reasons:
            shown.append(tables.reasons_table(self._tally.reasons, total))
        console.print(*shown, sep="\n")
        if stream.results_dropped:
            self._output.note(f"{stream.results_dropped} results came faster than they could be shown")


def _probe(job: Job) -> SourceInfo:
    """Find out what is wrong with a video before a meeting is made for it."""
    with VideoSource(job.video, track=job.track) as source:
        if job.encode == "copy":
            source.copy_format()
        return source.info

"""`roompulse stream`: a video as a participant."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

import roompulse
from roompulse.cli.admission import Admission, check_admission
from roompulse.cli.options import connection, consent_option, purpose_option, typed, words
from roompulse.cli.output import Output
from roompulse.cli.running import run_until_interrupted
from roompulse.cli.sending import Sending
from roompulse.enums import Content, Delivery, Source

if TYPE_CHECKING:
    from roompulse import AnalysisStream, Client
    from roompulse.sending.video_player import Passing
    from roompulse.sources import SourceInfo


@dataclass(frozen=True, slots=True)
class Job:
    """What to stream, to whom, how."""

    video: str
    server: str
    meeting: str
    participant: str
    speed: float | None
    encode: "Passing"
    loop: bool
    track: int | None
    purpose: str | None
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


def _speed(context: click.Context, parameter: click.Parameter, value: str) -> float | None:
    """Return a factor of real time, or None for "max"."""
    if value == "max":
        return None
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 100:
        raise click.BadParameter(f"{value!r} is neither 'max' nor a number from 0.01 to 100", context, parameter)
    return factor


@click.command()
@click.argument("video")
@click.option("--meeting", "-m", required=True, callback=typed, help="The meeting's id; it is created on first use.")
@click.option("--participant", "-p", required=True, callback=typed, help="Your id of the participant.")
@click.option("--name", default="", callback=typed, help="The participant's name, for people to read.")
@click.option(
    "--speed",
    default="1",
    show_default=True,
    metavar="FACTOR",
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
@purpose_option("What the meeting is analysed for; needed when this creates it.")
@consent_option
@connection
def stream(as_json: bool, **settings: Any) -> None:
    """Stream VIDEO (a file, a URL or a device) as a participant of a meeting.

    At speed 1 it is live: paced by its own times, the newest picture wins. At 'max' it is a recording: every picture
    that is due is analysed, as fast as the server can.
    """
    job = Job(**settings)
    if job.consent not in (None, "granted"):
        raise click.UsageError(
            f"--consent {job.consent}: then nothing is analysed; `roompulse consent` records what somebody said"
        )
    run_until_interrupted(lambda stop: _play(job, Output(as_json), stop))


async def _play(job: Job, output: Output, stop: asyncio.Event) -> None:
    from roompulse.errors import PurposeDiffers, PurposeMissing

    info = await asyncio.to_thread(_probe, job)
    try:
        async with roompulse.connect(job.server) as client:
            if job.content == "camera":  # nothing else is ever analysed
                await check_admission(client, _request(job))
            async with _opened(client, job) as stream:
                sending = Sending(stream, job.meeting, job.participant, job.name, output)
                await sending.play(
                    job.video, info, speed=job.speed, encoder=job.encode, loop=job.loop, track=job.track, stop=stop
                )
    except PurposeMissing as err:
        known = ", ".join(words(roompulse.Purpose))
        raise click.ClickException(f"{err}; say what it is analysed for with --purpose: {known}") from err
    except PurposeDiffers as err:
        raise click.ClickException(f"{err}: leave --purpose out, or give the meeting's own") from err


def _request(job: Job) -> Admission:
    return Admission(
        meeting=job.meeting,
        participant=job.participant,
        purpose=job.purpose,
        is_camera=job.source == "camera",
        granted=job.consent == "granted",
        everyone_consented=job.everyone_consented,
        new_occurrence=job.new_occurrence,
    )


def _opened(client: "Client", job: Job) -> "AnalysisStream":
    recording = job.speed is None
    zero_s = 0.0 if recording and job.media_zero is None else job.media_zero
    return client.analyze(
        job.meeting,
        job.participant,
        purpose=job.purpose or roompulse.Purpose.UNSPECIFIED,
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


def _probe(job: Job) -> "SourceInfo":
    """Find out what is wrong with a video before a meeting is made for it."""
    from roompulse.sources import VideoSource

    with VideoSource(job.video, track=job.track) as source:
        if job.encode == "copy":
            source.copy_format()
        return source.info

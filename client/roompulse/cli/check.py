"""`roompulse check`: what would be seen in a video, and what would keep a score away."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace

import click
import numpy as np
from rich.progress import Progress

import roompulse
from roompulse.cli import figures
from roompulse.cli.assessment import Assessment, Grey, Sample, assess, motion_between
from roompulse.cli.layout import Column, Kind
from roompulse.cli.options import check_granted, connection, consent_option, purpose_option
from roompulse.cli.output import Output, is_screen
from roompulse.cli.running import run
from roompulse.cli.sheet import Sheet
from roompulse.media import Packet, VideoFormat
from roompulse.sending.encoder import JpegEncoder
from roompulse.sources import Picture, VideoSource

MOTION_SIZE_PX = 96


@click.command()
@click.argument("video")
@click.option("--rate", type=click.FloatRange(0.1, 10), default=2.0, show_default=True, help="Samples a second.")
@click.option("--limit", type=click.IntRange(1), default=240, show_default=True, help="Samples at most.")
@click.option("--track", type=click.IntRange(1), metavar="N", help="The video track, from 1; else the default one.")
@purpose_option("What the video is analysed for.", required=True)
@consent_option
@connection
def check(
    video: str,
    rate: float,
    limit: int,
    track: int | None,
    purpose: str,
    consent: str | None,
    server: str,
    as_json: bool,
) -> None:
    """Check VIDEO before it is streamed: the file, rate, size, orientation, faces, coverage, and what would help.

    About two pictures a second are read one by one; nothing is recorded.
    """
    check_granted(consent)
    run(_check, video, track, rate, limit, purpose, server, Output(as_json))


async def _check(
    video: str, track: int | None, rate: float, limit: int, purpose: str, server: str, output: Output
) -> None:
    source = VideoSource(video, track=track)
    await asyncio.to_thread(source.__enter__)
    try:
        samples = await _samples(source, rate, limit, purpose, server, output)
    finally:
        await asyncio.to_thread(source.__exit__, None, None, None)
    found = assess(samples, source.info.rate_hz, source.duration_s)
    if output.json:
        output.object({"video": source.name, **_facts_for_json(source), **found.to_dict()})
    else:
        output.show(_facts(source, found), *_material(source), _findings(found))


async def _samples(
    source: VideoSource, rate: float, limit: int, purpose: str, server: str, output: Output
) -> list[Sample]:
    samples: list[Sample] = []
    before: Grey | None = None
    chosen = _every(source.pictures(), 1.0 / rate)
    with Progress(console=output.err, transient=True, redirect_stdout=is_screen(sys.stdout)) as progress:
        bar = progress.add_task("reading", total=source.info.duration_s)
        async with roompulse.connect(server) as client:
            while len(samples) < limit and (picture := await asyncio.to_thread(next, chosen, None)):
                packet, grey = await asyncio.to_thread(_prepared, picture)
                result = await client.image(packet.data, format=packet.format, purpose=purpose, consent="granted")
                motion = None if before is None or before.shape != grey.shape else motion_between(before, grey)
                samples.append(Sample(picture.capture_s, result, motion))
                before = grey
                progress.update(bar, completed=picture.capture_s)
    return samples


def _every(pictures: Iterator[Picture], step_s: float) -> Iterator[Picture]:
    """Yield the first picture of each `step_s`."""
    due_s = 0.0
    for picture in pictures:
        if picture.capture_s >= due_s:
            yield picture
            due_s += step_s * (1 + (picture.capture_s - due_s) // step_s)


def _prepared(picture: Picture) -> tuple[Packet, Grey]:
    """Return the picture as JPEG, and small and grey, to see whether anything moves."""
    small = picture.frame.reformat(MOTION_SIZE_PX, MOTION_SIZE_PX, "gray", interpolation="AREA")
    grey = small.to_ndarray().astype(np.float32)
    packet = JpegEncoder().encode(picture.frame)
    shape = picture.geometry.said_in(packet.format or VideoFormat())
    return replace(packet, format=shape), grey


def _facts_for_json(source: VideoSource) -> dict[str, object]:
    info = source.info
    return {
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "rateHz": info.rate_hz,
        "durationS": source.duration_s,
        "rotationDeg": info.rotation_deg,
        "copyable": info.copyable,
        "track": info.track,
        "damaged": source.damaged,
        "material": [{"what": finding.what, "help": finding.help} for finding in source.findings],
    }


def _facts(source: VideoSource, found: Assessment) -> Sheet:
    info = source.info
    sheet = Sheet(info.name, Column("what"), Column("value", Kind.TEXT), headings=False)
    turn = f"turned: {info.rotation_deg}° clockwise makes it upright" if info.rotation_deg else "upright"
    passed = f"must be encoded, jpeg or h264: {info.must_encode}" if info.must_encode else "can be passed through"
    rate = f"{info.rate_hz:.3g} a second" if info.rate_hz else "not said"
    rows = [
        ("codec", f"{info.codec} ({passed})"),
        ("size", f"{info.width}×{info.height} px, {turn}"),
        ("pictures", f"{rate}, {figures.clock(source.duration_s)} long, {source.damaged} damaged packets"),
        ("samples", str(found.samples)),
        ("would count", figures.percent(found.coverage)),
        ("face size", _sizes(found)),
        ("motion", f"{figures.number(found.motion, 1)} grey levels between samples"),
    ]
    for name, value in rows:
        sheet.add_row(name, value)
    return sheet


def _sizes(found: Assessment) -> str:
    if found.face_px is None:
        return "–"
    smallest, median, largest = found.face_px
    return f"{median:.0f} px (smallest {smallest:.0f}, largest {largest:.0f})"


def _material(source: VideoSource) -> list[Sheet]:
    """Return what there is to know of the file itself, as far as it was read."""
    findings = source.findings
    sheet = Sheet("About the file", Column("what", Kind.TEXT), Column("what is done, or helps", Kind.TEXT))
    for finding in findings:
        sheet.add_row(finding.what, finding.help)
    return [sheet] if findings else []


def _findings(found: Assessment) -> Sheet | str:
    if not found.findings:
        return "nothing found that would keep a score away"
    columns = (Column("share", Kind.NUMBER), Column("why", Kind.TEXT), Column("what helps", Kind.TEXT))
    sheet = Sheet("What would keep a score away", *columns)
    for finding in found.findings:
        sheet.add_row(figures.percent(finding.share), finding.why, finding.remedy)
    return sheet

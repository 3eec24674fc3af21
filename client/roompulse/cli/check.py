"""`roompulse check`: what would be seen in a video, and what would keep a score away."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import click
import numpy as np
from rich.progress import Progress
from rich.table import Table

import roompulse
from roompulse.cli import tables
from roompulse.cli.assessment import Assessment, Grey, Sample, assess, motion_between
from roompulse.cli.options import agreement, connection
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.encode import JpegEncoder
from roompulse.media import Packet, VideoFormat
from roompulse.sources import Picture, VideoSource

MOTION_SIZE_PX = 96


@click.command()
@click.argument("video")
@click.option("--rate", type=click.FloatRange(0.1, 10), default=2.0, show_default=True, help="Samples a second.")
@click.option("--limit", type=click.IntRange(1), default=240, show_default=True, help="Samples at most.")
@click.option("--track", type=click.IntRange(1), metavar="N", help="The video track, from 1; else the default one.")
@agreement
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
    if consent != "granted":
        raise click.UsageError("without consent nothing is analysed; if everybody has agreed, add: --consent granted")
    run(_check(VideoSource(video, track=track), rate, limit, purpose, server, Output(as_json)))


async def _check(source: VideoSource, rate: float, limit: int, purpose: str, server: str, output: Output) -> None:
    await asyncio.to_thread(source.__enter__)
    try:
        samples = await _samples(source, rate, limit, purpose, server, output)
    finally:
        await asyncio.to_thread(source.__exit__, None, None, None)
    found = assess(samples, source.info.rate_hz, source.duration_s)
    if output.json:
        output.object({"video": source.name, **_facts_for_json(source), **found.to_dict()})
    else:
        parts = (_facts(source, found), *_material(source), _findings(found))
        output.out.print(*parts, sep="\n")


async def _samples(
    source: VideoSource, rate: float, limit: int, purpose: str, server: str, output: Output
) -> list[Sample]:
    samples: list[Sample] = []
    before: Grey | None = None
    chosen = _every(source.pictures(), 1.0 / rate)
    with Progress(console=output.err, transient=True) as progress:
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


def _facts(source: VideoSource, found: Assessment) -> Table:
    info = source.info
    table = tables.new(info.name, "what", "value")
    table.show_header = False
    turn = f"turned: {info.rotation_deg}° clockwise makes it upright" if info.rotation_deg else "upright"
    passed = f"must be encoded, jpeg or h264: {info.must_encode}" if info.must_encode else "can be passed through"
    rate = f"{info.rate_hz:.3g} a second" if info.rate_hz else "not said"
    rows = [
        ("codec", f"{info.codec} ({passed})"),
        ("size", f"{info.width}×{info.height} px, {turn}"),
        ("pictures", f"{rate}, {tables.clock(source.duration_s)} long, {source.damaged} damaged packets"),
        ("samples", str(found.samples)),
        ("would count", tables.percent(found.coverage)),
        ("face size", _sizes(found)),
        ("motion", f"{tables.number(found.motion, 1)} grey levels between samples"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    return table


def _sizes(found: Assessment) -> str:
    if found.face_px is None:
        return "–"
    smallest, median, largest = found.face_px
    return f"{median:.0f} px (smallest {smallest:.0f}, largest {largest:.0f})"


def _material(source: VideoSource) -> list[Table]:
    """Return what there is to know of the file itself, as far as it was read."""
    findings = source.findings
    table = tables.new("About the file", "what", "what is done, or helps")
    for finding in findings:
        table.add_row(finding.what, finding.help)
    return [table] if findings else []


def _findings(found: Assessment) -> Table | str:
    if not found.findings:
        return "nothing found that would keep a score away"
    table = tables.new("What would keep a score away", "share", "why", "what helps", whole=("share",))
    for finding in found.findings:
        table.add_row(tables.percent(finding.share), finding.why, finding.remedy)
    return table

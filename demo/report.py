"""The report of your own videos, held as one meeting: `python -m demo.report VIDEO… [--seconds 240] [--output FILE]`.

Each video is a participant, named after its file, and begins again at its end until the meeting is over. Only for
videos of people who have agreed.
"""

import argparse
import asyncio
import os
import pathlib
import sys
import tempfile

import roompulse

from demo.prepare import ROOT
from demo.service import Service, known_models

MEETING = "videos"
RATE_HZ = 3.0


async def attend(client: roompulse.Client, video: pathlib.Path, seconds: float) -> None:
    over = asyncio.Event()
    stream = client.analyze(
        MEETING,
        video.stem,
        consent="granted",
        display_name=video.stem.replace("_", " "),
        delivery="every_frame",
        media_zero_s=0.0,
        update_rate_hz=RATE_HZ,
    )
    async with stream, asyncio.TaskGroup() as tasks:
        tasks.create_task(_drain(stream))
        await stream.send_video(
            video, speed=None, loop=True, stop=over, progress=lambda at_s: over.set() if at_s >= seconds else None
        )
        await stream.finish()


async def _drain(stream: roompulse.AnalysisStream) -> None:
    async for _ in stream:
        pass


async def report_of(videos: list[pathlib.Path], seconds: float) -> roompulse.results.Report:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Service(pathlib.Path(folder), known_models(ROOT, os.environ)) as service,
            roompulse.connect(service.address) as client,
        ):
            await client.meetings.create(MEETING, purpose="research", title=f"{len(videos)} videos")
            async with asyncio.TaskGroup() as tasks:
                for video in videos:
                    tasks.create_task(attend(client, video, seconds))
            await client.meetings.end(MEETING)
            return await client.meetings.report(MEETING)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.report", description=__doc__)
    parser.add_argument("videos", nargs="+", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=240.0, help="length of the meeting")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("report.html"))
    options = parser.parse_args()
    options.output.write_bytes(asyncio.run(report_of(options.videos, options.seconds)).content)
    sys.stdout.write(f"{options.output}\n")


if __name__ == "__main__":
    main()

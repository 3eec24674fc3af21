"""How long inference goes on after a withdrawal: `python -m benchmarks.experiments.withdrawal PICTURE` (a JPEG with a face).

A recording streams as fast as the service takes it; after five updates consent is taken back.
"""

import argparse
import asyncio
import pathlib
import statistics
import tempfile
import time

import roompulse
from roompulse_server.app import running
from roompulse_server.settings import load_settings

TIMES = 20
PACKETS = 500


async def withdraw(client: roompulse.Client, meeting: str, picture: bytes) -> tuple[float, float, float]:
    """Return the seconds from the call to its answer, to the last update, and to the stream's end."""
    stream = client.analyze(meeting, "ada", purpose="research", consent="granted", delivery="every_frame")
    await stream.__aenter__()

    async def send() -> None:
        for index in range(PACKETS):
            await stream.send(roompulse.Packet(picture, capture_s=index / 25))

    sending = asyncio.create_task(send())
    updates = stream.updates()
    for _ in range(5):
        await anext(updates)
    began = last = time.perf_counter()
    asking = asyncio.create_task(client.meetings.set_consent(meeting, "ada", "withdrawn"))
    asking.add_done_callback(lambda _: answers.append(time.perf_counter()))
    answers: list[float] = []
    try:
        async for _ in updates:
            last = time.perf_counter()
    except roompulse.RoompulseError:
        ended = time.perf_counter()
    await asyncio.gather(asking, sending, return_exceptions=True)
    await stream.aclose()
    return answers[0] - began, last - began, ended - began


async def measure(picture: bytes) -> None:
    """Print medians and maxima."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            {"listen": "127.0.0.1:0", "data": pathlib.Path(folder), "workers": 1, "log_level": "error"}
        )
        async with running(settings) as app, roompulse.connect(app.address) as client:
            rows = [await withdraw(client, f"m{number}", picture) for number in range(TIMES)]
    for name, column in zip(("answer", "last update", "stream ended"), zip(*rows, strict=True), strict=True):
        print(f"{name:<13} median {statistics.median(column) * 1e3:6.1f} ms, max {max(column) * 1e3:6.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=pathlib.Path, help="a JPEG with a face")
    asyncio.run(measure(parser.parse_args().picture.read_bytes()))


if __name__ == "__main__":
    main()

"""docs/architecture.md tells the way of a frame; a trace of a real one says whether that is so."""

import asyncio
import itertools
import os
import pathlib
import re
import time
from typing import Any

import call_trace
import pytest
from call_trace import Call
from live_service import annexb, config, packet, service
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from shared_data import needs_shared, video
from source_tree import ROOT

HOP = re.compile(r"^\| (\w+) \| `(roompulse_\w+/[\w/]+\.py)` \| `([\w.]+)` \|", re.MULTILINE)
NUMBERS = re.compile(r"\*\*(\d+) hops, (\d+) files, (\d+) returns\.\*\*")
MOST_HOPS, MOST_FILES, MOST_RETURNS = 70, 42, 18


def told() -> list[tuple[str, str, str]]:
    """Return the hops of the document: number or letter, file, function."""
    return HOP.findall((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))


def returns(files: list[str]) -> int:
    """Count the hops into a file that was left before."""
    left: set[str] = set()
    count = 0
    for before, file in itertools.pairwise(["", *files]):
        count += file != before and file in left
        left.add(file)
    return count


def test_the_numbers_are_those_of_the_list_and_do_not_grow() -> None:
    files = [file for number, file, _ in told() if number.isdigit()]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (numbers,) = NUMBERS.findall(text)
    counted = (len(files), len(set(files)), returns(files))
    assert tuple(map(int, numbers)) == counted
    assert counted <= (MOST_HOPS, MOST_FILES, MOST_RETURNS)
    assert all(count <= most for count, most in zip(counted, (MOST_HOPS, MOST_FILES, MOST_RETURNS), strict=True))


@needs_shared
async def test_a_real_frame_goes_that_way(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await traced(tmp_path, monkeypatch)
    listed = told()
    way = [(file, function) for number, file, function in listed if number.isdigit()]
    at = next((n for n, hop in enumerate(way) if hop[1] == "Recorder._hand_out"), None)
    assert at is not None
    home = [(file, function) for number, file, function in listed if not number.isdigit()]
    assert missing(way, found) == []
    assert missing([*way[: at + 1], *home], found) == []


def missing(way: list[tuple[str, str]], found: list[Call]) -> list[tuple[str, str]]:
    """Return the hops that do not come in this order: those that no call follows the ones before."""
    calls = iter((call.file, call.function) for call in found)
    for number, hop in enumerate(way):
        if not any(call == hop for call in calls):
            return way[number : number + 1]
    return []


async def traced(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Send a camera's packets to a service with a subscriber; return the calls until both have an update of them."""
    site, record = folder / "site", folder / "record"
    site.mkdir()
    units = list(itertools.islice(annexb(video("single_face.mp4")), 8))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([call_trace.prepare(site), os.environ.get("PYTHONPATH", "")]))
    key = common_pb2.MeetingKey(id="way")
    with call_trace.noted() as events:  # from the beginning, so that the record's threads are noted too
        async with service(record) as running:
            delivery = media_pb2.DELIVERY_LIVE
            settings = config("way", "ada", media_pb2.ENCODING_H264, delivery=delivery, update_rate_hz=1.0)
            settings.ClearField("media_zero_ms")
            call = running.analysis.AnalyzeVideo()
            await call.write(pb.AnalyzeVideoRequest(config=settings))
            await call.read()
            watched = running.subscriptions.SubscribeUpdates(sub.SubscribeUpdatesRequest(meeting=key))
            await watched.read()
            began_ns = time.monotonic_ns()
            for index, (unit, at_s) in enumerate(units):
                await call.write(packet(index, unit, at_s))
            async with asyncio.timeout(60):
                await asyncio.gather(until_seen(call), until_seen(watched))
            ended_ns = time.monotonic_ns()
            call.cancel()
            watched.cancel()
    found = sorted([*call_trace.calls(events), *call_trace.read(site)])
    return [each for each in found if began_ns <= each.at_ns <= ended_ns]


async def until_seen(call: Any) -> None:
    while True:
        response = await call.read()
        if response.HasField("update") and response.update.HasField("packet_index"):
            return

"""The service as a process: it says when it serves, ends cleanly, leaves no orphan, and goes on where it was."""

import asyncio
import os
import pathlib
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from live_service import Service, balances, config, final_counters, packet, reason, service, updates_of
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, meeting_service_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from roompulse.v1.meeting_service_pb2_grpc import MeetingServiceStub
from service_process import children, command, gone, launched, served
from shared_data import image, needs_shared

Call = grpc.aio.StreamStreamCall[pb.AnalyzeVideoRequest, pb.AnalyzeVideoResponse]


class Running:
    def __init__(self, process: asyncio.subprocess.Process, address: str, channel: grpc.aio.Channel) -> None:
        self.process, self.address = process, address
        self.analysis, self.meetings = AnalysisServiceStub(channel), MeetingServiceStub(channel)


@asynccontextmanager
async def started(data: pathlib.Path) -> AsyncIterator[Running]:
    async with launched(data) as process:
        address = await served(process)
        async with grpc.aio.insecure_channel(address) as channel:
            yield Running(process, address, channel)


def face() -> bytes:
    return image("single_face.jpg").read_bytes()


async def begin(running: Running, meeting: str) -> Call:
    """Open a stream, and wait for its first update."""
    call = running.analysis.AnalyzeVideo()
    await call.write(pb.AnalyzeVideoRequest(config=config(meeting, "ada")))
    await call.write(packet(0, face()))
    while True:
        response = await call.read()
        assert isinstance(response, pb.AnalyzeVideoResponse)
        if response.WhichOneof("event") == "update":
            return call


async def read_into(responses: list[pb.AnalyzeVideoResponse], call: Call) -> None:
    while isinstance(response := await call.read(), pb.AnalyzeVideoResponse):
        responses.append(response)


@needs_shared
async def test_sigterm_ends_streams_cleanly_and_loses_nothing_recorded(tmp_path: pathlib.Path) -> None:
    async with started(tmp_path) as running:
        call = await begin(running, "terminated")
        workers = children(running.process.pid)
        assert len(workers) == 2  # one, and the spare
        running.process.send_signal(signal.SIGTERM)
        rest: list[pb.AnalyzeVideoResponse] = []
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await read_into(rest, call)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert reason(raised.value) == "DRAINING"
        assert [r.going_away.retry_after_ms for r in rest if r.HasField("going_away")] == [1000]
        counters = final_counters(rest)
        assert (counters.received, counters.analyzed, counters.pending) == (1, 1, 0)
        assert await running.process.wait() == 0
        await gone(workers)
    async with started(tmp_path) as running:
        key = common_pb2.MeetingKey(id="terminated")
        listed = await running.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key))
        assert [u.sequence for u in listed.updates] == [1]
        again = [
            r
            async for r in running.analysis.AnalyzeVideo(
                iter([pb.AnalyzeVideoRequest(config=config("terminated", "ada")), packet(0, face(), 0.5)])
            )
        ]
        assert again[0].opened.last_sequence == 1
        assert again[0].opened.epoch > 1
        assert updates_of(again)[0].update.sequence == 2  # the meeting goes on
        summary = (
            await running.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=key))
        ).summary
        assert summary.counters.received == 2
        assert balances(summary.counters)


@needs_shared
async def test_kill_leaves_no_orphan_and_the_record_opens(tmp_path: pathlib.Path) -> None:
    async with started(tmp_path) as running:
        await begin(running, "killed")
        workers = children(running.process.pid)
        running.process.kill()
        await running.process.wait()
        await gone(workers)
    async with started(tmp_path) as running:
        key = common_pb2.MeetingKey(id="killed")
        listed = await running.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key))
        assert [u.sequence for u in listed.updates] == [1]  # what a client saw survives


@needs_shared
async def test_interrupt_is_a_clean_end_too(tmp_path: pathlib.Path) -> None:
    async with started(tmp_path) as running:
        workers = children(running.process.pid)
        for pid in (running.process.pid, *workers):  # as a terminal does
            os.kill(pid, signal.SIGINT)
        assert await running.process.wait() == 0
        await gone(workers)


@needs_shared
async def test_a_second_service_on_the_same_record_or_port_is_refused(tmp_path: pathlib.Path) -> None:
    async with started(tmp_path / "one") as running:
        same = await asyncio.create_subprocess_exec(*command(tmp_path / "one"), stderr=subprocess.PIPE)
        _, said = await same.communicate()
        assert same.returncode == 1
        assert "Error:" in said.decode()
        assert str(tmp_path / "one") in said.decode()
        flags = command(tmp_path / "two")
        flags[flags.index("127.0.0.1:0")] = running.address
        port = await asyncio.create_subprocess_exec(*flags, stderr=subprocess.PIPE)
        _, said = await port.communicate()
        assert port.returncode == 1
        assert said.decode() == f"Error: cannot listen on {running.address}: Address already in use\n"
        health = await asyncio.create_subprocess_exec(
            flags[0], "health", "--server", running.address, stdout=subprocess.PIPE
        )
        said, _ = await health.communicate()
        assert (health.returncode, said.decode().strip()) == (0, "SERVING")


async def test_idle_meetings_end_by_themselves(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path, idle_timeout_s=0.2) as running:
        await running.stream(config("idle", "ada"), [packet(0, face())])
        meeting = await ended(running, "idle")
        assert meeting.end_reason == "idle"
        assert meeting.state == meeting_service_pb2.Meeting.STATE_ENDED


async def ended(running: Service, meeting: str) -> meeting_service_pb2.Meeting:
    """Wait for a meeting's end, as a subscriber learns of it."""
    key = common_pb2.MeetingKey(id=meeting)
    call = running.subscriptions.SubscribeUpdates(sub.SubscribeUpdatesRequest(meeting=key, from_offset=Duration()))
    kinds = [r.meeting_event.kind async for r in call if r.HasField("meeting_event")]
    assert kinds[-1] == update_pb2.MeetingEvent.KIND_MEETING_ENDED
    return (await running.meetings.GetMeeting(meeting_service_pb2.GetMeetingRequest(meeting=key))).meeting


async def test_an_open_streams_packets_are_in_the_record_too(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path, counters_s=0.1, heartbeat_s=0.1) as running:
        key = common_pb2.MeetingKey(id="counted")
        call = running.analysis.AnalyzeVideo()
        await call.write(pb.AnalyzeVideoRequest(config=config("counted", "ada")))
        await call.read()
        asked = sub.SubscribeUpdatesRequest(meeting=key, without_updates=True, without_rollups=True)
        events = running.subscriptions.SubscribeUpdates(asked)
        await call.write(packet(0, face()))
        await call.write(packet(1, b"junk"))
        async for response in events:
            counters = response.meeting_event.counters
            if response.meeting_event.kind == update_pb2.MeetingEvent.KIND_COUNTERS and counters.received == 2:
                break
        assert balances(counters)
        request = meeting_service_pb2.GetMeetingSummaryRequest(meeting=key)
        summary = (await running.meetings.GetMeetingSummary(request)).summary
        assert summary.counters.received == 2  # although the stream is still open
        await call.done_writing()
        while await call.read() is not grpc.aio.EOF:
            pass


async def test_metrics_count_what_came_of_a_stream(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path) as running:
        responses = await running.stream(config("metered", "ada"), [packet(0, face()), packet(1, b"junk")])
        value = running.app.parts.metrics.registry.get_sample_value
        assert value("roompulse_updates_total") == len(updates_of(responses)) == 1
        assert value("roompulse_packets_total", {"outcome": "analyzed"}) == 1
        assert value("roompulse_packets_total", {"outcome": "fault"}) == 1
        assert value("roompulse_packet_faults_total", {"reason": "unknown_format"}) == 1
        assert value("roompulse_streams") == 0
        assert value("roompulse_receive_to_scored_seconds_count") == 1
        assert value("roompulse_receive_to_published_seconds_count") == 1

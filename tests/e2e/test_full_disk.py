"""A disk that is full: health says so, work goes on once there is room, and the service ends in time all the same."""

import asyncio
import pathlib
import resource
import signal
import subprocess
import sys
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from live_service import config, everything, refusal
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, meeting_service_pb2
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from roompulse.v1.meeting_service_pb2_grpc import MeetingServiceStub
from service_process import Process, launched, served
from shared_data import needs_shared

pytestmark = [
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the size of a running process's files cannot be set"),
]

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
DRAIN_S = 3.0


def set_room(process: Process, size: int) -> None:
    """Let the process write its files up to a size only, as on a full disk."""
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))


@needs_shared
async def test_a_full_disk_is_said_survived_and_no_reason_to_go_on_for_ever(tmp_path: pathlib.Path) -> None:
    flags = ["--drain-s", f"{DRAIN_S}"]
    async with launched(tmp_path, flags=flags, stderr=subprocess.PIPE) as process:
        async with grpc.aio.insecure_channel(await served(process)) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            watch = health.Watch(health_pb2.HealthCheckRequest())
            assert (await watch.read()).status == SERVING
            unseen = config("full", "ada", update_rate_hz=5.0)
            unseen.ClearField("consent")
            unseen.ClearField("delivery")  # live: an update a second, which needs the disk
            unseen.ClearField("media_zero_ms")
            call = AnalysisServiceStub(channel).AnalyzeVideo()
            await call.write(pb.AnalyzeVideoRequest(config=unseen))
            await call.read()
            set_room(process, 1)
            assert (await watch.read()).status == NOT_SERVING
            key = common_pb2.MeetingKey(id="other")
            create = meeting_service_pb2.CreateMeetingRequest(meeting=key, purpose=common_pb2.PURPOSE_RESEARCH)
            meetings = MeetingServiceStub(channel)
            assert await refusal(meetings.CreateMeeting(create)) == "RECORD_UNAVAILABLE"
            set_room(process, resource.RLIM_INFINITY)
            assert (await watch.read()).status == SERVING
            assert await refusal(meetings.CreateMeeting(create)) == ""
            call.cancel()
            call = AnalysisServiceStub(channel).AnalyzeVideo()
            await call.write(pb.AnalyzeVideoRequest(config=unseen))
            await call.read()
            set_room(process, 1)
            assert (await watch.read()).status == NOT_SERVING
            process.send_signal(signal.SIGTERM)
            assert (await everything(call))[1] in ("RECORD_UNAVAILABLE", "DRAINING")
        _, said = await process.communicate()
    lines = said.decode().splitlines()
    assert process.returncode in (0, 1)
    assert len([line for line in lines if "cannot be written" in line]) <= 6, lines
    assert not [line for line in lines if "Traceback" in line]


async def test_a_record_that_cannot_be_opened_ends_the_start_with_one_sentence(tmp_path: pathlib.Path) -> None:
    (tmp_path / "record.sqlite3").write_bytes(b"not a database, not at all" * 100)
    server = pathlib.Path(sys.executable).parent / "roompulse-server"
    command = [str(server), "serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path), "--workers", "1"]
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 1
    (sentence,) = [line for line in said.decode().splitlines() if line]
    assert sentence.startswith(f"Error: the record in {tmp_path} cannot be opened")
    assert "roompulse-server restore" in sentence

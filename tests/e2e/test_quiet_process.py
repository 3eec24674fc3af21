"""What a service leaves behind it that analyses pictures, good and hostile ones: a record that is its owner's, its own
log, and nothing else."""

import os
import pathlib
import re
import signal
import stat
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import pytest
import pytest_asyncio
from hostile_pictures import chatty_jpeg, chatty_png
from live_service import GRANTED, config, packet
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from service_process import launched, served
from shared_data import image, needs_shared

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

OUR_LINE = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[\w+ *\] ")
LOOSE = 0o666


@dataclass(frozen=True)
class Left:
    """Folders that the service could write to, what it said, and what it answered."""

    data: pathlib.Path
    elsewhere: pathlib.Path
    log: list[str]
    modes: dict[str, int]  # of the record's files while it ran
    presences: list[str]
    stills: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def left(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Left]:
    data, elsewhere = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("elsewhere")
    data.chmod(0o755)
    (data / "lock").touch(mode=LOOSE)
    folders = {name: str(elsewhere / name.lower()) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    for folder in folders.values():
        os.mkdir(folder)
    environment = os.environ | folders
    async with launched(data, env=environment, cwd=folders["HOME"], umask=0, stderr=subprocess.PIPE) as process:
        async with grpc.aio.insecure_channel(await served(process)) as channel:
            analysis = AnalysisServiceStub(channel)
            pictures = [image("single_face.jpg").read_bytes(), chatty_png(), chatty_jpeg()]
            requests = [pb.AnalyzeVideoRequest(config=config("quiet", "ada", media_pb2.ENCODING_UNSPECIFIED))]
            requests += [packet(index, data) for index, data in enumerate(pictures)]
            updates = [r.update async for r in analysis.AnalyzeVideo(iter(requests)) if r.HasField("update")]
            still = pb.AnalyzeImageRequest(data=pictures[1], purpose=common_pb2.PURPOSE_RESEARCH, consent=GRANTED)
            stills = len((await analysis.AnalyzeImage(still)).faces)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in data.iterdir()}
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
        assert process.returncode == 0
    yield Left(data, elsewhere, said.decode().splitlines(), modes, [str(u.presence) for u in updates], stills)


@needs_shared
async def test_nothing_is_written_outside_the_data_folder(left: Left) -> None:
    """ONNX Runtime would keep a device id and a queue of telemetry in HOME."""
    assert left.presences[0] == "1"  # a picture was analysed
    assert [str(file) for file in left.elsewhere.rglob("*") if not file.is_dir()] == []
    assert {file.name for file in left.data.iterdir()} <= {"lock", "record.sqlite3"}


@needs_shared
async def test_the_record_is_its_owners_alone_whatever_the_folder_and_the_umask(left: Left) -> None:
    assert {"lock", "record.sqlite3", "record.sqlite3-wal", "record.sqlite3-shm"} <= left.modes.keys()
    assert set(left.modes.values()) == {0o600}


@needs_shared
async def test_what_libraries_print_of_hostile_pictures_is_no_line_of_the_log(left: Left) -> None:
    assert len(left.presences) == 3  # libpng and libjpeg warned, and decoded
    assert left.stills == 0
    assert left.log
    assert [line for line in left.log if not OUR_LINE.match(line)] == []

"""On Windows the client works, and the service says in one sentence where it runs. (The system's name is changed.)"""

import pathlib
import subprocess
import sys

from clips import write_clip
from fake_service import ThreadedService

# What Windows lacks, taken away after libraries were imported, and before anything of this project is.
WINDOWS = """
import asyncio, asyncio.unix_events, os, sys
import av, click, grpc.aio, numpy, rich.live
def lacking(*arguments):
    raise NotImplementedError
asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler = lacking
asyncio.unix_events._UnixSelectorEventLoop.remove_signal_handler = lacking
del os.fork, os.register_at_fork, os.sched_getaffinity, os.geteuid
sys.modules["fcntl"] = sys.modules["resource"] = sys.modules["pwd"] = sys.modules["uvloop"] = None
sys.platform = "win32"
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WINDOWS + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line_streams(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    clip = str(write_clip(tmp_path / "clip.mp4"))
    words = ["stream", clip, "-m", "standup", "-p", "ada", "--consent", "granted", "--speed", "max"]
    done = run("from roompulse.cli import main; main()", *words, "--server", threaded.target)
    assert done.returncode == 0, done.stderr
    assert len(threaded.service.packets) == 12
    assert "100 %" in done.stdout


def test_the_library_works_without_fork(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    script = """
import numpy as np, roompulse
with roompulse.blocking.connect(sys.argv[1]) as client:
    with client.analyze("standup", "ada", consent="granted") as stream:
        assert stream.send(np.zeros((32, 32, 3), np.uint8)) == 1
    print(client.meetings.get("standup").key.id)
"""
    done = run(script, threaded.target)
    assert (done.returncode, done.stdout) == (0, "standup\n"), done.stderr


def test_the_service_says_where_it_runs() -> None:
    done = run("from roompulse_server.cli import main; main()", "serve")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "roompulse-server needs Linux or macOS; on Windows run it in WSL or a container. The client runs everywhere."
    ]

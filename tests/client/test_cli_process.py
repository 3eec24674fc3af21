"""The command as a process: its help, and Ctrl-C."""

import json
import pathlib
import signal
import subprocess
import sys

from clips import write_clip
from fake_service import ThreadedService

COMMAND = (sys.executable, "-c", "from roompulse.cli import main; main()")


def test_help_names_every_command() -> None:
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    for name in ("stream", "image", "check", "watch", "meetings", "summary", "end"):
        assert f"  {name} " in shown


def test_an_interrupt_finishes_the_stream(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    arguments = ["stream", str(clip), "-m", "standup", "-p", "ada", "--loop", "--consent", "granted", "--json"]
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--server", threaded.target],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout is not None
    assert "opened" in json.loads(process.stdout.readline())
    assert "update" in json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["flow"]["final"] is True
    assert "every packet is accounted for" in err
    assert "Traceback" not in err

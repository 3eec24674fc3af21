"""`make demo` where something is not as it should be. `test_readme_commands.py` runs it as it should."""

import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from shared_data import MODELS, ROOT

ENVIRONMENT = {**os.environ, "ROOMPULSE_MODELS": str(MODELS), "PYTHONUNBUFFERED": "1"}


def demo(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "demo.run", *arguments]


@pytest.mark.parametrize(
    ("name", "said"),
    [("no[/].mp4", "There is no file"), ("folder", "is a folder, no video"), ("words.mp4", "is no video that can")],
)
def test_a_video_that_cannot_be_streamed_is_said_before_anybody_is_filmed(
    tmp_path: pathlib.Path, name: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "words.mp4").write_text("words")
    run = subprocess.run(demo("--video", str(tmp_path / name)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert said in run.stdout
    assert name in run.stdout
    assert "Filming" not in run.stdout


def test_a_demo_that_reaches_no_network_goes_on_with_the_cascade_and_scores_everybody(tmp_path: pathlib.Path) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "demo")  # no weights lie beside this copy
    own = {name: value for name, value in os.environ.items() if not name.startswith("ROOMPULSE_")}
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, and never answers
        run = subprocess.run(
            demo("--seconds", "8", "--folder", str(tmp_path / "made")), cwd=tmp_path, capture_output=True, text=True,
            env={
                **own,
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "ROOMPULSE_MODELS_FROM": f"http://127.0.0.1:{silent.getsockname()[1]}",
            },
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    for said in (
        "no answer within 8 s",
        "goes on with OpenCV's Haar cascade",
        "detector haar",
        "Streaming the meeting",
    ):
        assert said in run.stdout
    summary = json.loads((tmp_path / "made" / "summary.json").read_text(encoding="utf-8"))
    assert [0.2 <= one["engagement"]["mean"] <= 1 for one in summary["participants"]] == [True, True]


@pytest.mark.parametrize("flag", [("--speed", "0"), ("--speed", "fast"), ("--seconds", "nan"), ("--seconds", "-3")])
def test_a_length_or_a_speed_that_makes_no_sense_is_refused_in_a_sentence(flag: tuple[str, str]) -> None:
    run = subprocess.run(demo(*flag), cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert f"found '{flag[1]}'" in run.stderr
    assert "expected" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_interrupted_demo_leaves_no_service_behind(number: signal.Signals, tmp_path: pathlib.Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *demo("--seconds", "4", "--speed", "1", "--folder", str(tmp_path)),
        cwd=ROOT, env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    port = None
    async for line in process.stdout:
        if found := re.search(rb"serves on \S+:(\d+)", line):
            port = int(found[1])
            break
    assert port is not None, "the service never served"
    process.send_signal(number)
    rest, _ = await process.communicate()
    assert process.returncode == 130, rest.decode()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0

"""`make demo`, shortened, and README's ten lines, against the real service."""

import asyncio
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import pytest
from shared_data import MODELS, ROOT, needs_shared

from demo.material import film
from demo.script import CAST
from demo.service import Service, known_models

pytestmark = needs_shared
ENVIRONMENT = {**os.environ, "ROOMPULSE_MODELS": str(MODELS), "PYTHONUNBUFFERED": "1"}


def demo(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "demo.run", *arguments]


def test_the_demo_sees_and_scores_everybody(tmp_path: pathlib.Path) -> None:
    run = subprocess.run(
        demo("--seconds", "16", "--folder", str(tmp_path)),
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "synthetic" in run.stdout
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert [one["participantId"] for one in summary["participants"]] == ["eileen", "grace"]
    for one in summary["participants"]:
        assert 0.2 <= one["engagement"]["mean"] <= 1
        assert one["coverage"] > 0.5
    assert str(tmp_path / "summary.json") in run.stdout
    assert str(tmp_path / "report.html") in run.stdout
    assert "Grace" in (tmp_path / "report.html").read_text()


def test_a_video_that_is_not_there_is_said_at_once(tmp_path: pathlib.Path) -> None:
    run = subprocess.run(
        demo("--video", str(tmp_path / "no.mp4")), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "no.mp4" in run.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_interrupted_demo_leaves_no_service_behind(number: signal.Signals, tmp_path: pathlib.Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *demo("--seconds", "16", "--speed", "1", "--folder", str(tmp_path)),
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


async def test_the_ten_lines_of_the_readme_run(tmp_path: pathlib.Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    await asyncio.to_thread(film, CAST[0], tmp_path / "ada.mp4", lambda: None, 8.0)
    async with Service(tmp_path / "service", known_models(ROOT, ENVIRONMENT)) as service:
        assert "localhost:50051" in code
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code.replace("localhost:50051", service.address),
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    found = re.search(r"ada: (\d\.\d+), scored (\d+)%", said.decode())
    assert found, said.decode()
    assert 0.2 <= float(found[1]) <= 1

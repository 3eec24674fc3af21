"""The README's commands and Python code, from top to bottom, in a fresh folder, as a reader pastes them.

Two things differ from what the reader does: the port, because another service may have it, and the address of the
weights, which come from a local server (GitHub is out of reach). `docker build` and `docker run` stand in the README's
text, not in its blocks, and are left out. The short run uses this environment and an eight-second demo; `make verify`
installs everything anew, with the system's own Python.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from file_server import file_server
from readme_blocks import Block, blocks
from shared_data import MODELS, ROOT, needs_shared

ENV = ".venv"
ACTIVATE = f". {ENV}/bin/activate"
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", "runs", "build", "*.egg-info", "__pycache__", ".*_cache")
WEIGHTS = MODELS / "yunet_s_dynamic.onnx"
PORT = "50051"


@dataclass(slots=True)
class Reader:
    """Somebody with terminals in `folder`. `said`: each command and its answer, for the message of a failure."""

    folder: pathlib.Path
    environment: dict[str, str]
    port: str
    said: list[str] = field(default_factory=list)
    left_running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _activated: bool = False

    def paste(self, block: Block) -> None:
        if block.language == "python":
            (self.folder / "bot.py").write_text(block.code.replace(PORT, self.port), encoding="utf-8")
            return
        for command in block.commands:
            self._activated |= command == ACTIVATE
            if command.startswith(("roompulse-server serve", "roompulse watch")):
                self._leave_running(command)
            else:
                self._run(command)

    def _run(self, command: str) -> None:
        if command.startswith("roompulse end"):
            self._first_line("roompulse watch")  # it is there before the meeting's end
        run = subprocess.run(
            self._bash(command), input="y\n", capture_output=True, text=True, check=False,
            cwd=self.folder, env=self.environment,
        )  # fmt: skip
        self.said.append(f"$ {command}\n{run.stdout}{run.stderr}")
        assert run.returncode == 0, self.story()
        assert "Traceback" not in run.stdout + run.stderr, self.story()

    def _leave_running(self, command: str) -> None:
        name = " ".join(command.split()[:2])
        self.left_running[name] = subprocess.Popen(
            self._bash(command, "exec"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=self.folder, env=self.environment,
        )  # fmt: skip
        if name == "roompulse-server serve":
            line = self._first_line(name)
            assert f"serves on 127.0.0.1:{self.port}" in line, self.story()

    def _first_line(self, name: str) -> str:
        stdout = self.left_running[name].stdout
        assert stdout is not None
        line = stdout.readline()
        self.said.append(f"$ {name}\n{line}")
        return line

    def _bash(self, command: str, how: str = "") -> list[str]:
        activate = f"{ACTIVATE} && " if self._activated and command != ACTIVATE else ""
        return ["bash", "-c", f"{activate}{how} {command.replace(PORT, self.port)}"]

    def story(self) -> str:
        return "\n".join(self.said)

    def ended(self, name: str) -> None:
        """Wait until a command that was left running has ended by itself, well."""
        process = self.left_running.pop(name)
        rest, _ = process.communicate()
        self.said.append(rest)
        assert process.returncode == 0, self.story()
        assert "Traceback" not in rest, self.story()


@contextlib.contextmanager
def reader(folder: pathlib.Path, environment: dict[str, str]) -> Iterator[Reader]:
    """Yield somebody who sees no GitHub, has a home of their own, and whose terminals are closed in the end."""
    with socket.socket() as probe, file_server(WEIGHTS.read_bytes()) as mirror:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        home = folder.parent / "home"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROOMPULSE_", "VIRTUAL_ENV"))}
        own = {
            "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "PYTHONUNBUFFERED": "1",
            "ROOMPULSE_MODELS_FROM": f"{mirror.url}/mirror", "ROOMPULSE_SERVER": f"127.0.0.1:{port}",
        }  # fmt: skip
        probe.close()
        person = Reader(folder, kept | own | environment, port)
        try:
            yield person
        finally:
            for process in person.left_running.values():
                process.terminate()
                process.communicate()


def what_is_left(folder: pathlib.Path) -> None:
    """Assert that the commands made what the README says of them."""
    for name in ("report.html", "updates.csv", "marked.jpg", "ada.mp4", "team.jpg", "var/backup.db"):
        assert (folder / name).stat().st_size > 1000, name
    assert "ada" in (folder / "report.html").read_text(encoding="utf-8")
    demo = json.loads((folder / "var" / "demo" / "summary.json").read_text(encoding="utf-8"))
    assert [one["participantId"] for one in demo["participants"]] == ["eileen", "grace"]
    for one in demo["participants"]:
        assert 0.2 <= one["engagement"]["mean"] <= 1
        assert one["coverage"] > 0.2  # of eight seconds; the first ones have no score yet
    assert "Grace" in (folder / "var" / "demo" / "report.html").read_text(encoding="utf-8")


def read_from_top_to_bottom(person: Reader, chosen: list[Block]) -> None:
    for block in chosen:
        person.paste(block)
    story = person.story()
    assert re.search(r"yunet: .*yunet_s_dynamic.onnx \(verified\)", story), story
    assert re.search(r"serves on .*detector yunet", story), story
    scores = re.search(r"^ada: (0\.\d+), scored (\d+)% of the time$", story, re.MULTILINE)
    assert scores, story
    assert 0.2 <= float(scores[1]) <= 1
    person.ended("roompulse watch")
    what_is_left(person.folder)
    listed = subprocess.run(
        person._bash("roompulse meetings --json"), capture_output=True, text=True, check=True,
        cwd=person.folder, env=person.environment,
    )  # fmt: skip
    assert [json.loads(line) for line in listed.stdout.splitlines()] == []  # it was deleted


def copied(folder: pathlib.Path) -> pathlib.Path:
    return shutil.copytree(ROOT, folder / "roompulse", ignore=NOT_COPIED)


def equipped(project: pathlib.Path) -> None:
    """Give a project this environment, as if `make` had just created it."""
    env = project / ENV
    env.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (env / name).symlink_to(pathlib.Path(sys.prefix) / name)
    for stamp in (".made", ".demo"):
        (env / stamp).touch()


def installs(block: Block) -> bool:
    return "pip install" in block.code


@needs_shared
@pytest.mark.timeout(600)  # alone it takes one
@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="there is no virtual environment to lend: run `make test`")
def test_the_readme_works_from_top_to_bottom(tmp_path: pathlib.Path) -> None:
    project = copied(tmp_path)
    equipped(project)
    nowhere = "http://127.0.0.1:9"
    environment = {"SECONDS": "8", "https_proxy": nowhere, "no_proxy": "127.0.0.1,localhost"}
    with reader(project, environment) as person:
        read_from_top_to_bottom(person, [block for block in blocks("sh", "python") if not installs(block)])


@pytest.mark.verify
@pytest.mark.timeout(2400)
def test_the_readme_works_on_a_bare_machine_with_its_own_python(tmp_path: pathlib.Path) -> None:
    """Everything is installed anew, by the system's Python where there is one: Debian's is externally managed."""
    project = copied(tmp_path)
    cache = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    with reader(project, {"PATH": "/usr/local/bin:/usr/bin:/bin", "PIP_CACHE_DIR": cache}) as person:
        read_from_top_to_bottom(person, blocks("sh", "python"))

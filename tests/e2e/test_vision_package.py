"""The vision package in an environment of its own: `pip install '.[vision]'`, and nothing of the service."""

import json
import os
import pathlib
import subprocess

import pytest
from shared_data import MODELS, needs_shared, video
from source_tree import ROOT

UV = ROOT / ".venv" / "bin" / "uv"
SERVICE = ("alembic", "grpcio-health-checking", "grpcio-reflection", "grpcio-status", "jinja2", "prometheus-client",
           "pydantic", "pydantic-settings", "sqlalchemy", "structlog", "uvloop")  # fmt: skip
READ = """
import json, sys
from roompulse_vision import Analyzer
with Analyzer(models=sys.argv[2]) as analyzer:
    found = [[one.packet_index, one.offset_us, one.regions[0].presence.name] for one in analyzer.video(sys.argv[1])]
loaded = sorted({name.split(".")[0] for name in sys.modules} & {"grpc", "sqlalchemy", "pydantic", "asyncio"})
print(json.dumps([found, loaded]))
"""


@pytest.mark.verify
@pytest.mark.timeout(600)
@needs_shared
def test_it_is_installed_and_used_alone(tmp_path: pathlib.Path) -> None:
    uv = str(UV) if UV.exists() else "uv"
    environment = {**os.environ, "VIRTUAL_ENV": str(tmp_path / "venv")}
    run = {"check": True, "capture_output": True, "text": True, "env": environment}
    subprocess.run([uv, "venv", "-q", str(tmp_path / "venv")], **run)  # type: ignore[call-overload]
    subprocess.run([uv, "pip", "install", "-q", f"{ROOT}[vision]"], **run)  # type: ignore[call-overload]
    listed = subprocess.run([uv, "pip", "list", "--format", "json"], **run)  # type: ignore[call-overload]
    installed = {row["name"].lower() for row in json.loads(listed.stdout)}
    assert not installed & set(SERVICE)
    python = str(tmp_path / "venv" / "bin" / "python")
    words = [python, "-c", READ, str(video("single_face.mp4")), str(MODELS)]
    done = subprocess.run(words, cwd=tmp_path, **run)  # type: ignore[call-overload]
    found, loaded = json.loads(done.stdout)
    assert len(found) == 72
    assert {presence for _, _, presence in found} == {"PRESENT"}
    assert set(loaded) <= {"asyncio"}  # NumPy loads it; the package does not

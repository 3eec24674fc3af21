"""`roompulse-server` as a process: what it imports, what it says where something is missing, addresses and health."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from fake_service import ThreadedService
from roompulse.transport.unreachable import PROXY_VARIABLES
from roompulse_server.cli import EXTRA
from roompulse_server.commands import COMMANDS, group
from source_tree import ROOT

SERVER = (sys.executable, "-c", "from roompulse_server.cli import main; main()")
IMPORTED = """
import sys
sys.argv = {words!r}
from roompulse_server.cli import main
try:
    main()
except SystemExit:
    pass
print(*sys.modules, sep="\\n")
"""
ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise {error}

sys.meta_path.insert(0, Absent())
"""
PARTS = {
    f"roompulse_server.{part}" for part in ("app", "engine", "meetings", "storage", "vision", "settings", "report")
}


def ran(*words: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{before}\nfrom roompulse_server.cli import main\nmain()", *words]
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_proxy")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=kept | environment)


def imported(*words: str) -> set[str]:
    command = [sys.executable, "-c", IMPORTED.format(words=["roompulse-server", *words])]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines())


def test_health_imports_grpc_and_its_own_stubs_alone(unused_tcp_port: int) -> None:
    modules = imported("health", "--server", f"127.0.0.1:{unused_tcp_port}")
    assert {"grpc", "grpc_health.v1.health_pb2"} <= modules
    assert not modules & (PARTS | {"numpy", "av", "cv2", "onnxruntime", "pydantic", "sqlalchemy", "structlog", "rich"})
    assert not [name for name in modules if name.startswith("roompulse.v1")]


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_help_imports_no_more_than_it_shows(words: list[str]) -> None:
    assert not imported(*words) & (PARTS | {"grpc", "numpy", "pydantic", "structlog", "google.protobuf"})


def test_the_help_of_serve_needs_the_settings_alone() -> None:
    modules = imported("serve", "--help")
    assert "roompulse_server.settings" in modules
    assert not modules & (PARTS - {"roompulse_server.settings"} | {"grpc", "onnxruntime", "cv2"})


def test_the_list_of_commands_leads_to_commands() -> None:
    shown = CliRunner().invoke(group, ["--help"])
    for name, place in COMMANDS.items():
        assert f"  {name} " in shown.stdout
        assert place.summary in shown.stdout
        assert CliRunner().invoke(group, [name, "--help"]).exit_code == 0


def test_a_package_of_the_extra_that_is_missing_is_named_with_what_installs_it() -> None:
    absent = ABSENT.format(name="structlog", error="ModuleNotFoundError(\"No module named 'structlog'\", name=name)")
    result = ran("serve", before=absent)
    assert result.returncode == 2
    assert "'structlog' is not installed" in result.stderr
    assert "pip install 'roompulse[server]'" in result.stderr


@pytest.mark.parametrize(
    ("name", "error", "status", "said"),
    [
        ("roompulse_server.app", 'ModuleNotFoundError("No module named", name=name)', 70, "this is a bug in roompulse"),
        (
            "structlog",
            'ModuleNotFoundError("No module named", name="left_pad")',
            1,
            "the package left_pad cannot be used",
        ),
        (
            "structlog",
            'ImportError("libGL.so.1: cannot open", name="cv2")',
            1,
            "cv2 cannot be used: libGL.so.1: cannot",
        ),
    ],
)
def test_whatever_else_is_missing_is_no_reason_to_install_the_extra(
    name: str, error: str, status: int, said: str
) -> None:
    result = ran("serve", "--help" if name != "roompulse_server.app" else "--data=/dev/null/x",
                 before=ABSENT.format(name=name, error=error))  # fmt: skip
    assert result.returncode == status
    assert said in result.stderr
    assert "pip install" not in result.stderr


def test_the_extra_is_the_one_that_the_project_declares() -> None:
    """Modules and packages have different names; this holds the packages of both lists together."""
    packages = {"cv2": "opencv-python-headless", "grpc_health": "grpcio-health-checking"}
    packages |= {
        "grpc_reflection": "grpcio-reflection",
        "grpc_status": "grpcio-status",
        "pydantic": "pydantic-settings",
    }
    declared = (
        (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\nvision = [")[2].partition("\nconvert = [")[0]
    )
    for module in EXTRA:
        assert f'"{packages.get(module, module.replace("_", "-"))}' in declared, module


@pytest.mark.parametrize(
    ("server", "status", "said"),
    [
        ("http://localhost:50051", 2, "is a URL, and gRPC takes none; write localhost:50051"),
        ("localhost", 2, "is no HOST:PORT"),
        ("127.0.0.1:1", 1, "no roompulse server answers at 127.0.0.1:1 (Connection refused)"),
        ("nowhere.invalid:1", 1, "no roompulse server answers at nowhere.invalid:1 ("),
    ],
)
def test_health_says_what_is_wrong_with_an_address(server: str, status: int, said: str) -> None:
    result = ran("health", "--server", server, "--timeout", "20")
    assert result.returncode == status
    assert said in result.stderr
    assert "]" not in result.stderr.replace("[OPTIONS]", "")


def test_health_of_this_machine_goes_through_no_proxy(unused_tcp_port: int) -> None:
    nobody = dict.fromkeys(PROXY_VARIABLES, f"http://127.0.0.1:{unused_tcp_port}")
    with ThreadedService() as running:
        result = ran("health", "--server", running.target, **nobody)
    assert result.returncode == 1
    assert "answers no health checks; it is no roompulse service" in result.stderr  # the fake one answered


def test_zones_are_known_where_the_system_has_none() -> None:
    script = "from roompulse_server.meetings.validation import check_time_zone as check\ncheck('Europe/Berlin')\n"
    script += "import zoneinfo; print(zoneinfo.TZPATH, zoneinfo.ZoneInfo('Europe/Berlin'))"
    environment = {**os.environ, "PYTHONTZPATH": ""}
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert shown.stdout == "() Europe/Berlin\n"

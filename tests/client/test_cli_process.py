"""The command as a process: what it imports, its output, Ctrl-C, readers that go away, bugs."""

import json
import pathlib
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from clips import write_clip
from fake_service import ThreadedService, an_update
from roompulse.cli.group import COMMANDS, cli
from terminal_screen import ROOMPULSE

HEAVY = {"grpc", "google.protobuf", "av", "numpy"}
IMPORTED = """
import sys
sys.argv = {words!r}
from roompulse.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def ran(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment}
    return subprocess.run([*ROOMPULSE, *words], capture_output=True, text=True, timeout=60, env=kept, check=False)


def imported(words: list[str], **environment: str) -> tuple[str, set[str]]:
    """Run `roompulse` with these words; return what it prints, and which modules it imported."""
    command = [sys.executable, "-c", IMPORTED.format(words=["roompulse", *words])]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
    return shown.stdout, set(shown.stderr.splitlines())


def broken(code: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command after some code has spoiled something."""
    script = f"{code}\nfrom roompulse.cli import main\nmain()"
    command = [sys.executable, "-c", script, *words]
    kept = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=kept, check=False)


def test_help_names_every_command() -> None:
    shown = ran("--help")
    assert shown.returncode == 0
    for name, place in COMMANDS.items():
        assert f"  {name} " in shown.stdout
        assert place.summary in shown.stdout


def test_the_list_of_commands_leads_to_commands() -> None:
    for name in COMMANDS:
        shown = CliRunner().invoke(cli, [name, "--help"])
        assert shown.exit_code == 0
        assert f"{name} [OPTIONS]" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["summary", "--help"]], ids=" ".join)
def test_help_and_version_import_no_more_than_they_show(words: list[str]) -> None:
    assert not HEAVY & imported(words)[1]


def test_no_command_imports_more_for_its_help_than_it_shows() -> None:
    script = "import sys\nfrom roompulse.cli.group import COMMANDS, cli\n"
    script += "[cli.get_command(None, name) for name in COMMANDS if name != 'check']\n"  # it computes with NumPy
    script += "print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert not HEAVY & set(shown.stdout.split())


@pytest.mark.parametrize(("typed", "offered"), [("su", "summary"), ("watch --fr", "--from-start")])
def test_completion_imports_no_more_than_it_offers(typed: str, offered: str) -> None:
    words = {"COMP_WORDS": f"roompulse {typed}", "COMP_CWORD": str(len(typed.split()))}
    out, modules = imported([], _ROOMPULSE_COMPLETE="bash_complete", **words)
    assert out == f"plain,{offered}\n"
    assert not HEAVY & modules
    assert ("roompulse.cli.watch" in modules) == ("watch" in typed)
    assert "roompulse.cli.summary" not in modules


def test_an_interrupt_finishes_the_stream(threaded: ThreadedService, tmp_path: pathlib.Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    agreed = ["--purpose", "research", "--consent", "granted"]
    arguments = ["stream", str(clip), "-m", "standup", "-p", "ada", "--loop", *agreed, "--json"]
    process = subprocess.Popen(
        [*ROOMPULSE, *arguments, "--server", threaded.target],
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


@pytest.mark.parametrize("module", ["click", "roompulse.cli.group", "rich", "grpc", "av", "roompulse.client"])
def test_an_interrupt_while_importing_is_130_without_a_word(module: str) -> None:
    interrupting = f"""
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""
    result = broken(interrupting, "meetings", "--server", "127.0.0.1:1")
    assert (result.returncode, result.stdout) == (130, "")
    assert "Traceback" not in result.stderr
    assert "never awaited" not in result.stderr


@pytest.mark.parametrize("error", ["ValueError", "AttributeError"])
def test_a_bug_is_no_wrong_usage_and_says_how_to_report_it(error: str) -> None:
    spoiled = f"import roompulse.cli.running\ndef bug(*_): raise {error}('off \\x1b[31m by one')\n"
    spoiled += "roompulse.cli.running.asyncio.run = bug"
    short = broken(spoiled, "notice", "--purpose", "research")
    assert short.returncode == 70
    assert "Usage:" not in short.stderr
    assert f"this is a bug in roompulse ({error}: off \\x1b[31m by one)" in short.stderr
    assert "ROOMPULSE_DEBUG=1" in short.stderr
    assert "Traceback" not in short.stderr
    long = broken(spoiled, "notice", "--purpose", "research", ROOMPULSE_DEBUG="1")
    assert long.returncode == 70
    assert "Traceback" in long.stderr


def test_a_package_that_cannot_be_loaded_is_named_with_its_reason() -> None:
    spoiled = """
import sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc":
            raise ImportError("libstdc++.so.6: cannot open shared object file", name="grpc")

sys.meta_path.insert(0, Lacking())
"""
    result = broken(spoiled, "meetings")
    assert result.returncode == 1
    assert result.stderr == "Error: the package grpc cannot be used: libstdc++.so.6: cannot open shared object file\n"


@pytest.mark.parametrize("command", ["meetings", "watch standup"])
def test_grpc_says_nothing_before_our_sentence(command: str, unused_tcp_port: int) -> None:
    result = ran(*command.split(), "--server", f"127.0.0.1:{unused_tcp_port}")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: no roompulse server answers at 127.0.0.1:{unused_tcp_port}")


def test_erasing_needs_somebody_who_can_answer(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    closing = 'exec "$0" "$@" <&-'
    command = ["bash", "-c", closing, *ROOMPULSE, "delete", "standup", "--server", threaded.target]
    closed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    empty = subprocess.run(
        command[3:], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    for result in (closed, empty):
        assert result.returncode == 2
        assert "add --yes to erase unasked" in result.stderr
        assert "Traceback" not in result.stderr
    assert threaded.service.deleted == []


@pytest.mark.parametrize("command", ["meetings", "meetings --json", "export standup", "export standup --format jsonl"])
def test_a_reader_that_goes_away_costs_no_traceback(threaded: ThreadedService, command: str) -> None:
    threaded.service.add_meeting("standup")
    threaded.service.updates = [an_update("ada", 1)]
    words = [*ROOMPULSE, *command.split(), "--server", threaded.target]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


@pytest.mark.parametrize("command", ["meetings", "meetings --json", "export standup", "--help"])
def test_a_full_disk_is_one_sentence(threaded: ThreadedService, command: str) -> None:
    threaded.service.add_meeting("standup")
    server = [] if command == "--help" else ["--server", threaded.target]
    with pathlib.Path("/dev/full").open("wb") as full:
        words = [*ROOMPULSE, *command.split(), *server]
        result = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (1, "Error: No space left on device\n")


def test_closed_output_is_no_crash(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    for command, status in (("meetings", 0), ("meetings --json", 0), ("notice standup", 0), ("export standup", 2)):
        words = [*ROOMPULSE, *command.split(), "--server", threaded.target]
        run = ["bash", "-c", 'exec "$0" "$@" >&-', *words]
        result = subprocess.run(run, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        assert result.returncode == status, result.stderr
        assert "Traceback" not in result.stderr

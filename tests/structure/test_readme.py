"""What README.md, Dockerfile and Makefile name exists: commands, options, targets, files.

`tests/e2e/test_readme_commands.py` runs the README's commands.
"""

import json
import re
import shlex
import subprocess

import click
import pytest
from readme_blocks import README, blocks
from roompulse.cli import cli as client_command
from roompulse_server.commands import group as server_command
from roompulse_server.settings import Settings
from source_tree import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
GROUPS: dict[str, click.Command] = {"roompulse": client_command, "roompulse-server": server_command}


def dockerfile(instruction: str) -> list[str]:
    return re.findall(rf"^\s*{instruction}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def accept(words: list[str]) -> None:
    """Parse a command line of ours as it would be parsed, without running it."""
    command: click.Command = GROUPS[words[0].rsplit("/")[-1]]
    context = click.Context(command)
    rest = words[1:]
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, rest)  # raises where there is none
        assert isinstance(found, click.Command)
        command, context = found, click.Context(found, parent=context, info_name=name)
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = {word for word in rest if word.startswith("--")} - options
    assert not unknown, f"{' '.join(words)}: {unknown}"
    wanted = [p for p in command.params if isinstance(p, click.Option) and p.required and p.default is None]
    missing = [p.opts for p in wanted if not set(p.opts) & set(rest)]
    assert not missing, f"{' '.join(words)}: {missing}"


def test_every_command_line_is_one_that_exists() -> None:
    ours = [words for block in blocks("sh") for words in map(shlex.split, block.commands) if words[0] in GROUPS]
    assert len(ours) >= 8
    for words in ours:
        accept(words)


def test_every_target_is_one_that_make_has() -> None:
    named = set(re.findall(r"`?make ([a-z]+)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert named <= set(re.findall(r"^  make ([a-z]+)", helped, re.MULTILINE)), helped


def test_a_target_that_is_not_there_is_answered_with_those_that_are() -> None:
    run = subprocess.run(["make", "dmeo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "There is no target 'dmeo'. These are:" in run.stdout
    assert "make demo " in run.stdout


def test_every_link_leads_somewhere() -> None:
    links = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    headings = {re.sub(r"[^a-z -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", README, re.M)}
    lost = [t for t in links if not (t[1:] in headings if t.startswith("#") else (ROOT / t).exists())]
    assert links
    assert not lost


def test_the_client_code_is_ten_lines_at_most() -> None:
    (code,) = blocks("python")
    assert len([line for line in code.code.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("instruction", ["ENTRYPOINT", "CMD"])
def test_the_image_starts_the_service_itself(instruction: str) -> None:
    assert json.loads(dockerfile(instruction)[-1])  # the exec form: signals reach the service, not a shell


def test_the_image_names_commands_and_settings_that_exist() -> None:
    entry, command = (json.loads(dockerfile(name)[-1]) for name in ("ENTRYPOINT", "CMD"))
    health = json.loads(dockerfile("HEALTHCHECK")[0].partition("CMD")[2])
    pulls = re.findall(r"/opt/roompulse/bin/roompulse-server [^&\n]*", DOCKERFILE)
    for words in [entry + command, health, *map(shlex.split, pulls)]:
        accept(words)
    settings = re.findall(r"ROOMPULSE_([A-Z_]+)=", DOCKERFILE)
    assert settings
    assert {name.lower() for name in settings} <= set(Settings.model_fields)


def test_the_image_runs_as_nobody_special() -> None:
    assert dockerfile("USER") == ["10001:10001"]
    assert dockerfile("EXPOSE") == [Settings.model_fields["listen"].default.rpartition(":")[2]]

"""Install the lowest and the newest versions that pyproject.toml allows, on each Python here, and test what came.

python tools/versions.py                     # every Python found: on the PATH, and pyenv's
python tools/versions.py --python 3.12       # only this one

For each Python and each end: an environment under .venv/versions, the package as a wheel, and the tests that are
marked `versions`. Only wheels are installed, so the lowest version is the lowest that has one for that Python. A lowest
version that pyproject.toml names and that no Python installs is an error: nobody has ever tried it.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv" / "versions"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEWEST_MINOR = 30  # of Python 3; names up to this are looked for
ENDS = {"lowest": "lowest-direct", "newest": "highest"}
TOOLS = ("pytest", "pytest-asyncio", "pytest-timeout", "hypothesis")
MARK = "versions"
UV = (sys.executable, "-m", "uv", "--quiet", "--no-config", "--no-progress")


@dataclass(frozen=True, slots=True)
class Python:
    version: str  # for example 3.12
    path: str


@dataclass(frozen=True, slots=True)
class Outcome:
    python: Python
    end: str
    installed: dict[str, Version]
    passed: bool
    seconds: float


def pythons(wanted: Sequence[str]) -> list[Python]:
    """Return the first Python found of each minor version that the package's classifiers name."""
    found: dict[str, Python] = {}
    for path in candidates():
        version = version_of(path)
        if version in supported() and (not wanted or version in wanted):
            found.setdefault(version, Python(version, path))
    return [found[version] for version in sorted(found, key=Version)]


def candidates() -> Iterator[str]:
    for minor in range(NEWEST_MINOR):
        if path := shutil.which(f"python3.{minor}"):
            yield path
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(root.glob("versions/*/bin/python3")))
    yield sys.executable


def version_of(path: str) -> str:
    """Return the minor version, or nothing where the name leads to no Python (pyenv has names for all of them)."""
    script = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    told = subprocess.run([path, "-c", script], capture_output=True, text=True, check=False)
    return told.stdout.strip() if told.returncode == 0 else ""


def supported() -> list[str]:
    named = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in PROJECT["classifiers"])
    return [match[1] for match in named if match]


def direct() -> list[Requirement]:
    """Return what the package and its service ask for."""
    extras = PROJECT["optional-dependencies"]
    lines = (*PROJECT["dependencies"], *extras["vision"], *extras["server"])
    return [one for line in lines if (one := Requirement(line)).name != PROJECT["name"]]


def tools() -> list[str]:
    dev = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]]
    return [str(requirement) for requirement in dev if requirement.name in TOOLS]


def uv(*arguments: str) -> None:
    subprocess.run([*UV, *arguments], check=True, cwd=ROOT)


def wheel() -> pathlib.Path:
    folder = FOLDER / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    uv("build", "--wheel", "--out-dir", str(folder))
    return next(folder.glob("*.whl"))


def install(python: Python, end: str, package: pathlib.Path) -> pathlib.Path:
    """Make the environment; return its Python."""
    folder = FOLDER / f"{python.version}-{end}"
    inside, pins = folder / "bin" / "python", folder / "pins.txt"
    shutil.rmtree(folder, ignore_errors=True)
    uv("venv", "--python", python.path, str(folder))
    only = ("--python", str(inside), "--only-binary", ":all:")
    how = ("--resolution", ENDS[end], "--extra", "server", "--output-file", str(pins))
    uv("pip", "compile", "pyproject.toml", *how, *only)
    uv("pip", "install", "--requirements", str(pins), *only)
    uv("pip", "install", "--constraints", str(pins), *tools(), *only)
    uv("pip", "install", "--no-deps", str(package), *only)
    return inside


def installed(inside: pathlib.Path) -> dict[str, Version]:
    command = [*UV, "pip", "freeze", "--python", str(inside)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.lower(): Version(version) for name, version in pairs}


def test(inside: pathlib.Path) -> bool:
    """Run the named part of the suite; only files that name it, for others need what is not installed here."""
    files = [str(path) for path in sorted(ROOT.glob("tests/**/test_*.py")) if f"mark.{MARK}" in path.read_text("utf-8")]
    command = [str(inside), "-m", "pytest", "-q", "-m", MARK, "-p", "no:cacheprovider", *files]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def attempt(python: Python, end: str, package: pathlib.Path) -> Outcome:
    print(f"Python {python.version}, {end} versions", flush=True)
    began = time.monotonic()
    inside = install(python, end, package)
    found = installed(inside)
    shown = (f"{one.name} {found[one.name]}" for one in direct() if one.name in found)
    print("  " + ", ".join(shown), flush=True)
    return Outcome(python, end, found, test(inside), time.monotonic() - began)


def untried(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the lowest versions that pyproject.toml names and no environment has."""
    lowest = [outcome.installed for outcome in outcomes if outcome.end == "lowest"]
    told: list[str] = []
    for requirement in direct():
        tried = {found[requirement.name] for found in lowest if requirement.name in found}
        floors = [Version(one.version) for one in requirement.specifier if one.operator in (">=", "==")]
        if floors and floors[0] not in tried:
            told.append(f"{requirement}: the lowest installed is {min(tried, default=None)}")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description="Test the lowest and the newest versions, on each Python here.")
    parser.add_argument("--python", action="append", default=[], help="only this version, for example 3.12")
    wanted = parser.parse_args().python
    found = pythons(wanted)
    if not found:
        print(f"no Python of {', '.join(wanted or supported())} was found")
        return 1
    package = wheel()
    outcomes = [attempt(python, end, package) for python in found for end in ENDS]
    for outcome in outcomes:
        verdict = "ok" if outcome.passed else "FAILED"
        print(f"Python {outcome.python.version:5} {outcome.end:7} {outcome.seconds:5.0f} s  {verdict}")
    missing = set(supported()) - {python.version for python in found}
    if missing and not wanted:
        print(f"not found here: Python {', '.join(sorted(missing))}")
    never = untried(outcomes)
    print("".join(f"a lowest version that nothing installs: {line}\n" for line in never), end="")
    return 0 if all(outcome.passed for outcome in outcomes) and not never else 1


if __name__ == "__main__":
    sys.exit(main())

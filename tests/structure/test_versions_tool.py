"""What `make test-versions` tries: each Python that is claimed, and each lowest version that is named."""

import pathlib
import sys
from dataclasses import replace

from packaging.version import Version
from source_tree import ROOT

from tools import versions

HERE = versions.Python(f"{sys.version_info.major}.{sys.version_info.minor}", sys.executable)


def lowest() -> versions.Outcome:
    """Return what an environment of the very lowest versions would have."""
    floors = {
        one.name: Version(next(part.version for part in one.specifier if part.operator == ">="))
        for one in versions.direct()
    }
    return versions.Outcome(HERE, "lowest", floors, True, 0.0)


def test_a_lowest_version_that_nothing_installs_is_found() -> None:
    tried = lowest()
    assert versions.untried([tried]) == []
    newer = replace(tried, installed=tried.installed | {"click": Version("8.9")})
    (told,) = versions.untried([newer])
    assert told.startswith("click")
    assert told.endswith("the lowest installed is 8.9")
    assert versions.untried([newer, tried]) == []
    assert len(versions.untried([replace(tried, end="newest")])) == len(versions.direct())


def test_every_requirement_says_its_lowest_version() -> None:
    silent = [str(one) for one in versions.direct() if not any(part.operator == ">=" for part in one.specifier)]
    assert not silent


def test_this_python_is_found_and_supported() -> None:
    assert HERE.version in versions.supported()
    assert [python.version for python in versions.pythons([HERE.version])] == [HERE.version]


def test_a_name_that_leads_to_no_python_is_passed_over(tmp_path: pathlib.Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert versions.version_of(str(shim)) == ""


def test_continuous_integration_runs_it() -> None:
    assert "make test-versions" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")

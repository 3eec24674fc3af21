"""Every command's tables at 60, 80 and 120 columns, with long and Chinese names and twelve people: numbers stay whole.

A pipe shows every column as it is; it is what the narrower ones are held against.
"""

import re

import pytest
from click.testing import CliRunner
from crowd import PEOPLE, Crowd
from fake_service import ThreadedService
from rich.cells import cell_len
from roompulse.cli import cli

WIDTHS = (60, 80, 120)
COMMANDS = ("summary", "watch", "meetings", "audit", "participants", "image", "check", "stream")
NUMBER = re.compile(r"(?<![\w.:])[-−]?\d[\d.,:×]*\d|(?<![\w.:])\d(?![\w.:])")


def shown(threaded: ThreadedService, words: list[str], width: int | None) -> list[str]:
    environment = {"COLUMNS": "" if width is None else str(width)}
    result = CliRunner().invoke(cli, [*words, "--server", threaded.target], env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    return lines[heading(lines) :] if words[0] == "watch" else lines  # above it stand lines of a pipe


def heading(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if line.startswith("participant "))


def numbers(lines: list[str]) -> set[str]:
    text = re.sub(r"Not shown in \d+\s+columns|a bar: \d+ s", "", "\n".join(lines))  # what depends on the width
    return set(NUMBER.findall(text))


@pytest.mark.parametrize("command", COMMANDS)
def test_numbers_stay_whole_and_what_is_left_out_is_named(
    threaded: ThreadedService, crowd: Crowd, command: str
) -> None:
    crowd.fill(threaded)
    whole = shown(threaded, crowd.words(command), None)
    assert not any("Not shown" in line or "…" in line for line in whole)  # a pipe loses nothing
    for width in WIDTHS:
        lines = shown(threaded, crowd.words(command), width)
        assert max(map(cell_len, lines)) <= width
        assert numbers(lines) <= numbers(whole), numbers(lines) - numbers(whole)
        assert not any(re.search(r"\d…|\.…", line) for line in lines if "x…" not in line)
        lost = set(re.findall(r"[^ ,:.]+", " ".join(re.findall(r"columns: ([^.]*)\.", " ".join(lines)))))
        if numbers(whole) - numbers(lines):
            assert lost, numbers(whole) - numbers(lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_summary_keeps_what_matters_most_at_every_width(threaded: ThreadedService, crowd: Crowd, width: int) -> None:
    crowd.fill(threaded)
    lines = shown(threaded, crowd.words("summary"), width)
    text = " ".join(" ".join(lines).split())
    for part in ("engagement 0.65 ± 0.04", "coverage 87 %", "unclear (most: happiness 46 %)"):
        assert part in text
    assert sum("0.71 ± 0.05" in line for line in lines) == len(PEOPLE)
    assert sum("-0.12 ± 0.23" in line for line in lines) == len(PEOPLE)
    assert sum("-0.12 ± 0.03" in line for line in lines) == len(PEOPLE)
    rows = [line for line in lines if "0.71 ± 0.05" in line]
    assert [row[:3] for row in rows] == [name[:3] for name in PEOPLE]
    assert any(re.match(r"张伟张伟[张伟]*…", row) for row in rows)


def test_a_row_that_no_table_fits_is_a_list(threaded: ThreadedService, crowd: Crowd) -> None:
    crowd.fill(threaded)
    lines = shown(threaded, crowd.words("participants"), 30)
    assert max(map(cell_len, lines)) <= 30
    assert "streaming: no" in lines
    assert lines.count("consent: granted") == len(PEOPLE)

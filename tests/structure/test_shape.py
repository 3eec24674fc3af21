"""Files and functions stay small enough to be read at one go."""

import ast
import pathlib
import statistics
from collections.abc import Sequence

import pytest
from source_tree import HAND_WRITTEN, ROOT, Function, functions, python_files

MAX_FILE_LINES = 350
MAX_DOCUMENT_LINES = 400
MEDIAN_FILE_LINES = 100
MAX_FUNCTION_LINES = 50
P90_FUNCTION_LINES = 25
MEDIAN_FUNCTION_LINES = 8
DOCUMENTS = ("*.md", "Makefile", "Dockerfile", "pyproject.toml", ".ci/run", "protos/**/*.proto", "docs/**/*.md")


def line_count(path: pathlib.Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def length(function: Function) -> int:
    """Return the lines from `def` to the end, without the docstring: words are no complexity."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def percentile(values: Sequence[int], fraction: float) -> int:
    return sorted(values)[min(int(len(values) * fraction), len(values) - 1)]


def test_no_hand_written_file_is_too_long() -> None:
    limits = dict.fromkeys(python_files(*HAND_WRITTEN), MAX_FILE_LINES)
    limits |= {path: MAX_DOCUMENT_LINES for pattern in DOCUMENTS for path in ROOT.glob(pattern)}
    long = {str(path.relative_to(ROOT)): line_count(path) for path, most in limits.items() if line_count(path) > most}
    assert not long


def test_no_function_is_too_long() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": length(function)
        for path in python_files(*HAND_WRITTEN)
        for function in functions(path)
        if length(function) > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("folder", ["client", "vision", "server", "training", "demo"])
def test_most_files_and_functions_are_short(folder: str) -> None:
    files = [path for path in python_files(folder) if line_count(path) > 3]  # not the packages' one-line __init__.py
    lengths = [length(function) for path in files for function in functions(path)]
    assert statistics.median(map(line_count, files)) <= MEDIAN_FILE_LINES
    assert statistics.median(lengths) <= MEDIAN_FUNCTION_LINES
    assert percentile(lengths, 0.9) <= P90_FUNCTION_LINES


def test_a_module_has_a_name_of_its_own() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert not [
        str(path)
        for path in python_files("client", "vision", "server", "training", "demo", "tools")
        if path.name in vague
    ]

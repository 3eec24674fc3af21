"""The experiments stand apart from what `make bench` runs; each can be imported, and the README lists it."""

import ast
import subprocess
import sys

from source_tree import ROOT, imported, tree

FOLDER = ROOT / "benchmarks"
EXPERIMENTS = sorted(path for path in (FOLDER / "experiments").glob("*.py") if path.stem != "__init__")


def run_by_make_bench() -> set[str]:
    """Return the modules of benchmarks that the command imports, directly or not, or starts as a process."""
    found, left = set[str](), {"run"}
    while left:
        name = left.pop()
        found.add(name)
        left |= mentioned(name) - found
    return found


def mentioned(name: str) -> set[str]:
    """Return the modules of benchmarks that one of them imports, or names in a text such as a command."""
    path = FOLDER / f"{name}.py"
    texts = {
        node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    names = {word.removeprefix("benchmarks.") for word in imported(path) | texts if word.startswith("benchmarks.")}
    return {word for word in names if (FOLDER / f"{word}.py").exists() or word.startswith("experiments")}


def test_make_bench_runs_every_module_but_the_experiments() -> None:
    assert run_by_make_bench() == {path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"}


def test_the_readme_lists_each_experiment() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    commands = {path.stem for path in EXPERIMENTS if "__main__" in path.read_text(encoding="utf-8")}
    assert len(commands) > 10
    assert not {name for name in commands if f"`python -m benchmarks.experiments.{name}" not in readme}
    assert not {path.name for path in EXPERIMENTS if path.stem not in commands and f"`{path.name}`" not in readme}


def test_each_experiment_can_be_imported() -> None:
    modules = [f"benchmarks.experiments.{path.stem}" for path in EXPERIMENTS]
    code = f"import importlib\nfor name in {modules}: importlib.import_module(name)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr

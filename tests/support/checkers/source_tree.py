"""The project's own source files, as the structural tests see them: hand-written Python, parsed."""

import ast
import functools
import pathlib
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[3]
CLIENT = ROOT / "client" / "roompulse"
SERVER = ROOT / "server" / "roompulse_server"
VISION = ROOT / "vision" / "roompulse_vision"
HAND_WRITTEN = ("client", "vision", "server", "demo", "tools", "tests", "training", "benchmarks")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[pathlib.Path]:
    """Return the hand-written Python files below these folders of the project; a folder may not exist yet."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if "_pb2" not in path.name]


@functools.cache
def tree(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: pathlib.Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def imported(path: pathlib.Path, package: str = "") -> set[str]:
    """Return the dotted names of all modules that a file imports, wherever in it.

    `from a import b` yields both `a` and `a.b`: whether b is a module cannot be seen from here. Relative imports are
    resolved against `package`, the dotted name of the package that holds the file.
    """
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolved(node, package)
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def resolved(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])

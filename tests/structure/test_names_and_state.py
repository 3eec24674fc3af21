"""One word for one thing: no class name twice in a package; and no module holds state that changes."""

import ast
import collections
import pathlib
from collections.abc import Iterator

import pytest
from source_tree import ROOT, python_files, tree

PACKAGES = ("client/roompulse", "vision/roompulse_vision", "server/roompulse_server", "training/roompulse_training")
CHANGING = {"list", "dict", "set", "bytearray", "deque", "defaultdict", "Counter", "OrderedDict", "WeakValueDictionary"}
CHANGES = {
    *("add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove"),
    *("setdefault", "update"),
}


def class_names(folder: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = collections.defaultdict(list)
    for path in python_files(folder):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_class_name_means_two_things_in_a_package(package: str) -> None:
    names = class_names(package)
    assert names
    assert not {name: places for name, places in names.items() if len(places) > 1}


def holders(module: ast.Module) -> dict[str, int]:
    """Return the names at a module's top that hold something that can change, with their lines."""
    found = {}
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and can_change(value):
            found.update({target.id: node.lineno for target in targets if isinstance(target, ast.Name)})
    return found


def can_change(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    if not isinstance(value, ast.Call):
        return False
    called = value.func.value if isinstance(value.func, ast.Subscript) else value.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in CHANGING


def changed(module: ast.Module) -> Iterator[str]:
    """Yield the names that a module changes: by a method, an item, a deletion, or as a global."""
    for node in ast.walk(module):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            yield from _named(node.func.value)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            for target in targets:
                if isinstance(target, ast.Subscript):
                    yield from _named(target.value)


def _named(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Name):
        yield value.id
    elif isinstance(value, ast.Attribute):
        yield value.attr


def state(path: pathlib.Path) -> list[str]:
    """Return the names that hold something that is changed, or that can change and is not written as a constant."""
    module = tree(path)
    touched = set(changed(module))
    wrong = {name for name in holders(module) if name in touched or not name.strip("_").isupper()}
    wrong |= {name for node in ast.walk(module) if isinstance(node, ast.Global) for name in node.names}
    return sorted(wrong - {"__all__"})


def test_no_module_holds_state_that_changes() -> None:
    files = python_files(*PACKAGES, "demo")
    assert not {str(path.relative_to(ROOT)): names for path in files if (names := state(path))}


@pytest.mark.parametrize(
    "code",
    [
        "CACHE = {}\ndef f(x): CACHE[x] = 1",
        "SEEN = set()\ndef f(x): SEEN.add(x)",
        "cache = {}",
        "COUNT = 0\ndef f():\n    global COUNT\n    COUNT += 1",
        "from collections import deque\nQUEUE: object = deque()\ndef f(): QUEUE.popleft()",
    ],
)
def test_the_rule_notices_state(tmp_path: pathlib.Path, code: str) -> None:
    (tmp_path / "module.py").write_text(code)
    assert state(tmp_path / "module.py")


def test_the_rule_lets_tables_be(tmp_path: pathlib.Path) -> None:
    (tmp_path / "module.py").write_text("WORDS = {1: 'one'}\n__all__ = ['WORDS']\ndef f(found): found.append(WORDS[1])")
    assert not state(tmp_path / "module.py")

"""What the package offers is exactly what it says it offers."""

import ast
import inspect

import pytest
import roompulse
from roompulse import enums, results
from roompulse_server import types as server_types
from roompulse_vision import enumerations
from source_tree import CLIENT, tree


def test_all_names_what_is_public_and_nothing_else() -> None:
    assert len(set(roompulse.__all__)) == len(roompulse.__all__)
    assert all(getattr(roompulse, name) is not None for name in roompulse.__all__)
    assert set(roompulse.__all__) <= set(dir(roompulse))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        roompulse.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_what_a_type_checker_sees_is_what_is_imported_on_first_use() -> None:
    module = tree(CLIENT / "__init__.py")
    (block,) = (node for node in module.body if isinstance(node, ast.If) and "not" not in ast.unparse(node.test))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    submodules = {name: f"roompulse.{name}" for name, module in seen.items() if module == "roompulse"}
    assert vars(roompulse)["_PLACES"] == seen | submodules
    assert set(seen) == set(roompulse.__all__)


def test_everything_public_has_a_docstring() -> None:
    bare = [name for name in roompulse.__all__ if not inspect.getdoc(getattr(roompulse, name))]
    bare += [
        f"{kind.__name__}.{name}"
        for kind in (roompulse.Client, roompulse.AnalysisStream, roompulse.Subscription, roompulse.I420, roompulse.NV12)
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_") and not member.__doc__
    ]
    assert not bare


def test_results_are_frozen() -> None:
    kinds = [value for value in vars(results).values() if inspect.isclass(value)]
    assert len(kinds) > 25
    assert all(kind.__dataclass_params__.frozen for kind in kinds)  # type: ignore[attr-defined]


def test_enumerations_have_the_server_s_numbers() -> None:
    """The server's are held against the protos elsewhere."""
    ours = {
        name: kind
        for name, kind in vars(enums).items()
        if inspect.isclass(kind) and issubclass(kind, enums.WireEnum) and kind is not enums.WireEnum
    }
    known = vars(server_types) | vars(enumerations)
    theirs = {name: known[name] for name in ours if name in known}
    assert {"Purpose", "Presence", "NoScoreReason", "DropReason", "Encoding", "Delivery"} <= set(theirs)
    for name, kind in theirs.items():
        assert dict(ours[name].__members__) == dict(kind.__members__), name

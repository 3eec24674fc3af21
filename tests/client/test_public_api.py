"""What the package offers is exactly what it says it offers."""

import inspect
import types

import roompulse
from roompulse import enums, results
from roompulse_server import types as server_types


def test_all_names_what_is_public_and_nothing_else() -> None:
    parts = {"blocking", "enums", "errors", "remedies", "results"}
    public = {
        name
        for name, value in vars(roompulse).items()
        if not name.startswith("_") and (name in parts or not isinstance(value, types.ModuleType))
    }
    assert public == set(roompulse.__all__)
    assert len(set(roompulse.__all__)) == len(roompulse.__all__)


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
    theirs = {name: getattr(server_types, name) for name in ours if hasattr(server_types, name)}
    assert {"Purpose", "Presence", "NoScoreReason", "DropReason", "Encoding", "Delivery"} <= set(theirs)
    for name, kind in theirs.items():
        assert dict(ours[name].__members__) == dict(kind.__members__), name

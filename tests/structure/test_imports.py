"""Imports go one way, and a library stays at its edge (docs: CONTRIBUTING.md, "Layout")."""

import ast
import pathlib
import re
import sys

import pytest
from source_tree import CLIENT, ROOT, SERVER, VISION, imported, python_files, tree

# A part imports what stands to its right, never its neighbours in the braces.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("cli",),
    ("commands",),
    ("app",),
    ("collectors",),
    ("rpc",),
    ("subscriptions",),
    ("streams", "privacy"),
    ("meetings", "report"),
    ("engine", "insight", "bus", "storage"),
    ("access",),
    ("background",),
    ("series", "settings", "metrics", "logs"),
    ("types",),
    ("errors",),
)
RANK = {part: len(LAYERS) - number for number, layer in enumerate(LAYERS) for part in layer}

# The same for the package that sees.
VISION_LAYERS: tuple[tuple[str, ...], ...] = (
    ("analyzer",),
    ("face_batcher",),
    ("stream_analyzer", "packet_queue", "still_picture"),
    ("faces", "media"),
    ("bitstream",),
    ("derived", "observation", "stream_spec"),
    ("frame_sampler", "rate_governor", "types"),
    ("errors",),
    ("enumerations",),
)
VISION_RANK = {part: len(VISION_LAYERS) - number for number, layer in enumerate(VISION_LAYERS) for part in layer}
VISION_LIBRARIES = {"av", "cv2", "h5py", "numpy", "onnxruntime", "roompulse_vision"}
VALUES = {"types", "enumerations", "errors", "observation", "stream_spec"}  # what every part of the server may know
SEEING = {  # the parts of the server that may use what sees
    "derived": {"insight"},
    "faces": {"commands", "engine"},
    "face_batcher": {"engine"},
    "frame_sampler": {"streams"},
    "bitstream": {"engine", "meetings", "streams"},
    "media": {"engine", "meetings", "streams"},
    "packet_queue": {"engine"},
    "rate_governor": {"engine"},
    "still_picture": {"engine"},
    "stream_analyzer": {"engine"},
}

# The parts that may import a library; everybody else may not.
EDGES = {
    "cv2": set(),
    "av": set(),
    "onnxruntime": set(),
    "h5py": set(),
    "grpc": {"rpc"},
    "grpc_health": {"rpc"},
    "grpc_reflection": {"rpc"},
    "google": {"rpc"},
    "roompulse": {"rpc"},  # the stubs: their types never travel further in
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "redis": {"bus"},
    "psycopg": {"storage"},
    "pydantic_settings": {"settings"},
    "jinja2": {"report"},
    "pyarrow": {"report"},
}

# Modules of the client that are no edge: pure ones that both sides share, and the parts of command lines.
SHARED = (
    "roompulse.contract.safe_text",
    "roompulse.contract.expression_words",
    "roompulse.transport.address",
    "roompulse.transport.unreachable",
)
COMMAND_LINE, COMMAND_PARTS = "roompulse.cli", {"cli", "commands"}

LOOK_UP = re.compile(r"os\.(?:getenv\(|environ\[|environ\.get\()'?(\w+)")


def part_of(path: pathlib.Path) -> str:
    """Return the part of the server a file belongs to: its folder, or its own name at the top."""
    relative = path.relative_to(SERVER)
    return relative.parts[0].removesuffix(".py")


def server_files() -> list[pathlib.Path]:
    return [path for path in python_files("server") if path != SERVER / "__init__.py"]


def dotted_package(path: pathlib.Path) -> str:
    return ".".join(("roompulse_server", *path.relative_to(SERVER).parts[:-1]))


def parts_imported(path: pathlib.Path) -> set[str]:
    names = imported(path, dotted_package(path))
    return {name.split(".")[1] for name in names if name.startswith("roompulse_server.")}


def libraries_imported(path: pathlib.Path) -> set[str]:
    names = imported(path, dotted_package(path))
    shared = (*SHARED, COMMAND_LINE) if part_of(path) in COMMAND_PARTS else SHARED
    return {name.split(".")[0] for name in names if not below(name, shared)} - {"roompulse_server", "roompulse_vision"}


def below(name: str, modules: tuple[str, ...]) -> bool:
    """Say whether a name is one of these modules, or stands in one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def allowed(source: str, target: str) -> bool:
    return source == target or RANK[target] < RANK[source]


def test_every_part_has_its_place() -> None:
    strangers = {part_of(path) for path in server_files()} - set(RANK)
    assert not strangers, f"{strangers} stand in no layer; add them to LAYERS, and say in CONTRIBUTING.md where"


def test_the_server_imports_one_way() -> None:
    known = set(RANK)
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in server_files()
        for target in sorted(parts_imported(path) & known)
        if not allowed(part_of(path), target)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", sorted(EDGES))
def test_a_library_stays_at_its_edge(library: str) -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in server_files()
        if library in libraries_imported(path) and part_of(path) not in EDGES[library]
    ]
    assert not wrong, f"{library} belongs to {sorted(EDGES[library])}, but is imported by {wrong}"


def vision_files() -> list[pathlib.Path]:
    return [path for path in python_files("vision") if path != VISION / "__init__.py"]


def vision_part(path: pathlib.Path) -> str:
    return path.relative_to(VISION).parts[0].removesuffix(".py")


def seen_parts(path: pathlib.Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("roompulse_vision.")}


def test_what_sees_imports_one_way_and_nothing_that_serves() -> None:
    own = {vision_part(path) for path in vision_files()}
    assert own <= set(VISION_RANK), f"{own - set(VISION_RANK)} stand in no layer of the vision package"
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in vision_files()
        for target in sorted(seen_parts(path) & set(VISION_RANK))
        if target != vision_part(path) and VISION_RANK[target] >= VISION_RANK[vision_part(path)]
    ]
    assert not wrong, "\n".join(wrong)


def test_what_sees_needs_few_libraries() -> None:
    known = VISION_LIBRARIES | set(sys.stdlib_module_names) - {"asyncio"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("vision")
        for name in sorted({name.split(".")[0] for name in imported(path)} - known)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_server_sees_in_few_places() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {part}"
        for path in server_files()
        for part in sorted(seen_parts(path) - VALUES)
        if part_of(path) not in SEEING.get(part, set())
    ]
    assert not wrong, "\n".join(wrong)


def test_the_client_knows_nothing_of_the_server() -> None:
    banned = {"roompulse_server", "cv2", "onnxruntime", "sqlalchemy"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("client")
        for name in sorted({name.split(".")[0] for name in imported(path, "roompulse")} & banned)
    ]
    shared = ("roompulse_vision.bitstream", "roompulse_vision.enumerations")  # pure Python; needs no library
    wrong += [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("client")
        for name in sorted(imported(path, "roompulse"))
        if name.startswith("roompulse_vision.") and not below(name, shared)
    ]
    assert CLIENT.is_dir()
    assert not wrong, "\n".join(wrong)


def test_training_uses_what_sees_and_names_and_nothing_that_serves() -> None:
    """Training shares the tables, cards and models of vision; meetings, engine, record and gRPC are none of its own."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("training")
        for name in sorted(imported(path, "roompulse_training"))
        if name.startswith("roompulse_server.") and name.split(".")[1] not in {"types", "errors", "insight"}
    ]
    assert python_files("training")
    assert not wrong, "\n".join(wrong)


def test_only_the_settings_read_the_environment() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in server_files()
        if part_of(path) != "settings" and reads_environment(tree(path))
    ]
    assert not wrong, f"settings are passed by constructor; the environment is read by {wrong}"


def reads_environment(module: ast.Module) -> bool:
    """Say whether a variable is looked up; setting one for a library, or handing all to a child, is something else.

    Where the system keeps a user's cache is no setting of ours.
    """
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    keys = [node for node in ast.walk(module) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)]
    looked_up = {found[1] for node in [*calls, *keys] if (found := LOOK_UP.match(ast.unparse(node)))}
    return bool(looked_up - {"XDG_CACHE_HOME"})


def test_the_rule_itself_notices() -> None:
    assert not allowed("engine", "storage")
    assert not allowed("storage", "meetings")
    assert not allowed("errors", "types")
    assert allowed("engine", "types")
    assert allowed("rpc", "types")
    assert below("roompulse.contract.safe_text.safe_text", SHARED)
    assert not below("roompulse.safe_texts", SHARED)
    assert not below("roompulse", SHARED)
    assert reads_environment(ast.parse("import os\nx = os.environ['HOME']"))
    assert reads_environment(ast.parse("import os\nx = os.getenv('HOME', '')"))
    assert not reads_environment(ast.parse("import os\nos.environ.setdefault('A', '1')\ny = {**os.environ}"))

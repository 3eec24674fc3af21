"""Make the Python stubs from `protos/`, or prove with `--check` that the committed ones are what it would make.

python tools/protos.py            # writes client/roompulse/v1/*_pb2*
python tools/protos.py --check    # exit 1, naming each file that differs
"""

import argparse
import filecmp
import pathlib
import subprocess
import sys
import tempfile

import grpc_tools

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "client" / "roompulse" / "v1"
PATTERNS = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def generate(out: pathlib.Path) -> None:
    """Run protoc into `out`, which gets `roompulse/v1/…`: import path and proto path are the same."""
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    include = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    plugins = pathlib.Path(sys.executable).parent
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", f"-I{include}",
        f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
        f"--python_out={out}", f"--grpc_python_out={out}", f"--mypy_out=quiet:{out}", f"--mypy_grpc_out=quiet:{out}",
        *sources,
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=PROTOS)


def stubs(folder: pathlib.Path) -> set[str]:
    return {path.name for pattern in PATTERNS for path in folder.glob(pattern)}


def drift(made: pathlib.Path) -> list[str]:
    """Return the names of the stubs that differ between `made` and the committed ones."""
    names = stubs(made) | stubs(STUBS)
    same, _, _ = filecmp.cmpfiles(made, STUBS, names, shallow=False)
    return sorted(names - set(same))


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the gRPC stubs, or check them.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where the stubs are stale")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        generate(pathlib.Path(folder))
        made = pathlib.Path(folder) / "roompulse" / "v1"
        if check:
            stale = drift(made)
            print("\n".join(f"stale stub: {name} (run `make protos`)" for name in stale) or "stubs are up to date")
            return 1 if stale else 0
        for name in stubs(STUBS) - stubs(made):
            (STUBS / name).unlink()
        for name in stubs(made):
            (STUBS / name).write_bytes((made / name).read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`roompulse-server`: argv → settings → run."""

import sys

# The packages of the [server] extra, by the name that is imported.
EXTRA = frozenset(
    {
        "alembic", "cryptography", "cv2", "grpc_health", "grpc_reflection", "grpc_status", "jinja2", "onnxruntime",
        "prometheus_client", "pydantic", "pydantic_settings", "sqlalchemy", "structlog",
    }
)  # fmt: skip
MISSING = """roompulse-server needs the service's packages, and {name!r} is not installed.
Install them with:  pip install 'roompulse[server]'"""

NOT_HERE = "roompulse-server needs Linux or macOS; on Windows run it in WSL or a container. The client runs everywhere."


def main() -> None:
    """Run the command line; say where it runs, and what to install where the `[server]` extra is missing."""
    if sys.platform == "win32":
        sys.stderr.write(NOT_HERE + "\n")
        sys.exit(2)
    try:
        from roompulse.cli.process import (
            run_process,  # imported here, so that Ctrl-C is caught from the first import on
        )

        run_process("roompulse_server.commands", "group", missing=missing)
    except KeyboardInterrupt:
        sys.exit(130)


def missing(error: ModuleNotFoundError) -> str:
    """Return what to do about a module that is not there; empty where it is none of the extra's packages."""
    return MISSING.format(name=error.name) if error.name in EXTRA else ""

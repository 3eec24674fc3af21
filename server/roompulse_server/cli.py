"""`roompulse-server`: argv → settings → run."""

import sys

MISSING = """roompulse-server needs the service's packages, and {name!r} is not installed.
Install them with:  pip install 'roompulse[server]'"""

NOT_HERE = "roompulse-server needs Linux or macOS; on Windows run it in WSL or a container. The client runs everywhere."


def main() -> None:
    """Run the command line; say where it runs, and what to install where the `[server]` extra is missing."""
    if sys.platform == "win32":
        sys.stderr.write(NOT_HERE + "\n")
        sys.exit(2)
    try:
        from roompulse_server.commands import group
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "roompulse_server":
            raise
        sys.stderr.write(MISSING.format(name=error.name) + "\n")
        sys.exit(2)
    group()

"""`roompulse-server`: argv → settings → run."""

import sys

MISSING = """roompulse-server needs the service's packages, and {name!r} is not installed.
Install them with:  pip install 'roompulse[server]'"""


def main() -> None:
    """Run the command line; say what to install where the `[server]` extra is missing."""
    try:
        from roompulse_server.commands import group
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "roompulse_server":
            raise
        sys.stderr.write(MISSING.format(name=error.name) + "\n")
        sys.exit(2)
    group()

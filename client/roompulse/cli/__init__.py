"""The command line: each command is a small module, and all speak to a server.

Standard output carries the answer: tables for people, or with `--json` proto3 JSON, one object a line. Everything else
goes to standard error. Exit codes: 0 done, 1 it went wrong, 2 wrong usage, 70 a bug in roompulse, 130 Ctrl-C.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roompulse.cli.group import cli

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line."""
    try:
        from roompulse.cli.process import (
            run_process,  # imported here, so that Ctrl-C is caught from the first import on
        )

        run_process("roompulse.cli.group", "cli")
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the group of commands on its first use."""
        if name != "cli":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from roompulse.cli.group import cli

        return cli

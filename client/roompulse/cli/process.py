"""How a command line runs as a process: its output, Ctrl-C, a reader that has gone, and bugs.

Nothing here is a command's business: a command answers, or raises `click.ClickException`.
"""

import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

import click

from roompulse.cli.plain import show_everything
from roompulse.contract.safe_text import safe_text

Missing = Callable[[ModuleNotFoundError], str]
OURS = ("roompulse", "roompulse_server", "roompulse_training")
READER_GONE = 1
USAGE = 2
BUG = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
DEBUG = "ROOMPULSE_DEBUG"


def _nothing(err: ModuleNotFoundError) -> str:
    return ""


def run_process(module: str, attribute: str, missing: Missing = _nothing) -> None:
    """Import a click command, run it with the process's arguments, and end the process.

    Args:
        module: Where the command is defined.
        attribute: Its name there.
        missing: Says what to install where a module is not there; an empty answer means that it should be there.

    Raises:
        SystemExit: Always; with one of the exit codes that `roompulse.cli` lists.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC's own lines: its errors reach the user as our sentences
    show_everything()
    status = _status(module, attribute, missing)
    sys.exit(_flushed(status))


def _status(module: str, attribute: str, missing: Missing) -> int:
    try:
        command: click.Command = getattr(import_module(module), attribute)
        returned = command.main(standalone_mode=False)
    except click.ClickException as err:
        err.show(sys.stderr)  # given the stream, click does not take another one where the encoding is ASCII
        return err.exit_code
    except click.Abort as err:
        return _aborted(err)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return READER_GONE
    except OSError as err:  # a full disk, a folder that may not be read: no bug
        return _failed(err)
    except SystemExit as err:
        return err.code if isinstance(err.code, int) else int(err.code is not None)
    except ImportError as err:
        return _not_imported(err, missing)
    except Exception as err:
        _report(err)
        return BUG
    return returned if isinstance(returned, int) else 0


def _aborted(err: click.Abort) -> int:
    """Return the exit code of an abort: by Ctrl-C, which click turns into one, or by the answer "no"."""
    if isinstance(err.__cause__, KeyboardInterrupt):
        return INTERRUPTED
    click.echo("Aborted: nothing was changed.", sys.stderr)
    return 1


def _failed(err: OSError) -> int:
    """Say what the system refused."""
    _trace(err)
    place = f"{err.filename}: " if err.filename else ""
    click.echo(f"Error: {safe_text(f'{place}{err.strerror or err}')}", sys.stderr)
    return 1


def _not_imported(err: ImportError, missing: Missing) -> int:
    """Say what to install; or what is wrong with a package that is installed, such as a library that it lacks."""
    remedy = missing(err) if isinstance(err, ModuleNotFoundError) else ""
    if remedy:
        click.echo(remedy, sys.stderr)
        return USAGE
    if (err.name or "").partition(".")[0] in OURS:
        _report(err)
        return BUG
    _trace(err)
    click.echo(f"Error: the package {err.name or 'of an import'} cannot be used: {safe_text(str(err))}", sys.stderr)
    return 1


def _report(err: Exception) -> None:
    """Say that this is a bug, and how to report it; the traceback is for those who ask for it."""
    _trace(err)
    words = safe_text(f"{type(err).__name__}: {err}")
    click.echo(f"Error: this is a bug in roompulse ({words}).", sys.stderr)
    click.echo(f"Please report the command together with what it prints after {DEBUG}=1 was set.", sys.stderr)


def _trace(err: Exception) -> None:
    if os.environ.get(DEBUG):
        traceback.print_exception(err)


def _flushed(status: int) -> int:
    """Write out what is still buffered; where that is impossible, keep Python's own flush at exit quiet."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as err:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            status = status or (READER_GONE if isinstance(err, BrokenPipeError) else _failed(err))
    return status

"""A command on a terminal of a given width, and what stands on its screen: enough of VT100 for displays drawn anew."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from click.testing import Result
from rich.cells import cell_len

HEIGHT = 40
_CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
ROOMPULSE = (sys.executable, "-c", "from roompulse.cli import main; main()")


class Screen:
    """Lines of cells and a cursor; knows cursor up, erasing a line, line breaks; ignores colours."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[dict[int, str]] = [{}]
        self._row = self._column = 0
        self._rest = ""

    def feed(self, text: str) -> None:
        text, self._rest = self._rest + text, ""
        while text:
            if text[0] != "\x1b":
                self._put(text[0])
                text = text[1:]
            elif found := _CONTROL.match(text):
                self._control(*found.groups())
                text = text[found.end() :]
            else:
                self._rest = text  # the rest of the sequence is still to come
                return

    def lines(self) -> list[str]:
        return ["".join(line.get(column, " ") for column in range(max(line, default=-1) + 1)) for line in self._lines]

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._down()
        elif character >= " ":
            cells = cell_len(character)
            if self._column + cells > self._width:
                self._down()
                self._column = 0
            line = self._lines[self._row]
            line[self._column] = character
            if cells == 2:
                line[self._column + 1] = ""
            self._column += cells

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append({})

    def _control(self, number: str, command: str) -> None:
        if command == "A":
            self._row = max(0, self._row - int(number or 1))
        elif command == "K":
            self._lines[self._row] = {}


class Terminal:
    """A running command and its screen."""

    def __init__(self, process: int, descriptor: int, width: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self.screen = Screen(width)
        self.raw = ""

    def until(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """Read until the screen is as wanted; a command that ends before is an error."""
        while not seen(self.screen.lines()):
            assert self._read(), "\n".join(self.screen.lines())
        return self.screen.lines()

    def end(self) -> int:
        """Read to the end; return the exit status, or less 0 the signal that ended it."""
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def _read(self) -> bool:
        try:
            read = os.read(self._descriptor, 65_536).decode("utf-8", "replace")
        except OSError:  # Linux's way to say that the other end is closed
            return False
        self.raw += read
        self.screen.feed(read)
        return bool(read)


@contextlib.contextmanager
def on_terminal(
    width: int, words: Sequence[str], *, output: pathlib.Path | None = None, **environment: str
) -> Iterator[Terminal]:
    """Run `roompulse` on a terminal `width` columns wide; `output` takes standard output away from it."""
    process, descriptor = pty.fork()
    if process == 0:
        _become([*ROOMPULSE, *words], width, output, environment)
    try:
        yield Terminal(process, descriptor, width)
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(process, 9)
            os.waitpid(process, 0)
        os.close(descriptor)


def _become(words: list[str], width: int, output: pathlib.Path | None, environment: dict[str, str]) -> None:
    """Become the command; in the child."""
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, width, 0, 0))
    if output is not None:
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    os.execve(words[0], words, {**kept, "TERM": "xterm-256color", **environment})


def json_lines(result: Result) -> list[dict[str, Any]]:
    """Return what a command wrote, a JSON object a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]

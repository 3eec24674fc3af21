"""The process behind `watchdog.py`: watches the run PID by the "SECONDS WHAT" lines on stdin. It needs no package."""

import os
import pathlib
import select
import signal
import sys

STACKS_S = 2.0  # the run writes its stacks at the limit; they come before our words


def watch(run: int, notices: int) -> None:
    """Return when the run has ended; end it when it exceeds a limit that it was given."""
    told, limit_s, what = b"", 0.0, ""
    while True:
        ready, _, _ = select.select([notices], [], [], limit_s + STACKS_S if limit_s else None)
        if os.getppid() != run:
            return
        if not ready:
            end(run, f"{what} took more than {limit_s:g} s, and nothing else ended it: the run is ended")
            return
        piece = os.read(notices, 65536)
        if not piece:
            return
        *lines, told = (told + piece).split(b"\n")
        for line in lines:
            seconds, _, rest = line.decode(errors="replace").partition(" ")
            limit_s, what = float(seconds), rest


def end(run: int, why: str) -> None:
    """Say why, and kill the run with all processes that it started."""
    os.write(sys.stderr.fileno(), f"\nwatchdog: {why}\n".encode())
    kill([*descendants(run), run])


def kill(pids: list[int]) -> int:
    """Kill processes; return how many there still were."""
    killed = 0
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            killed += 1
        except ProcessLookupError:
            continue  # it has just ended
    return killed


def descendants(run: int) -> list[int]:
    """Return the processes below `run`, without ourselves."""
    parents = {pid: parent for pid, parent in map(_process, pathlib.Path("/proc").glob("[0-9]*/stat")) if pid}
    found: list[int] = []
    layer = {run}
    while layer:
        layer = {pid for pid, parent in parents.items() if parent in layer} - {os.getpid()}
        found.extend(layer)
    return found


def _process(stat: pathlib.Path) -> tuple[int, int]:
    try:
        return int(stat.parent.name), int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0  # it has just ended


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.stdin.fileno())

"""The service as a process of its own, for tests that end it in all sorts of ways."""

import asyncio
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from shared_data import MODELS

LINE = re.compile(r"roompulse serves on (\S+) \(model roompulse-fer, detector yunet, 1 workers")

Process = asyncio.subprocess.Process


def command(data: pathlib.Path, listen: str = "127.0.0.1:0") -> list[str]:
    server = pathlib.Path(sys.executable).parent / "roompulse-server"
    return [str(server), "serve", "--listen", listen, "--data", str(data), "--models", str(MODELS), "--workers", "1"]


@asynccontextmanager
async def launched(
    data: pathlib.Path, listen: str = "127.0.0.1:0", *, flags: Sequence[str] = (), **options: Any
) -> AsyncIterator[Process]:
    """Start the service for the length of the block; it may be ended earlier. `options` are those of a subprocess."""
    words = [*command(data, listen), *flags]
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, **options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def served(process: Process) -> str:
    """Wait until a service serves; return its address."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    match = LINE.match(line)
    assert match, line
    return match.group(1)


def children(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


async def gone(pids: list[int]) -> None:
    """Wait until the processes have ended, however long that takes (the test's limit bounds it)."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)

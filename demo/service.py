"""The real service as a child process, on a free port, with a data folder of its own."""

import asyncio
import os
import pathlib
import re
import sys
import time
from collections.abc import Mapping
from typing import Self

COMMAND = pathlib.Path(sys.executable).parent / "roompulse-server"
GREETING = re.compile(r"^.* serves on (?P<address>\S+:[1-9]\d*).*$", re.MULTILINE)
START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
PULL_WITHIN_S = 8.0
POLL_S = 0.05


class ServiceError(Exception):
    """The service did not start, or died; the message ends with what it said last."""


class Service:
    """Runs from `async with` to its end, however that comes.

    `address` is HOST:PORT, `greeting` the line with which the service said that it serves; `service.log` has them all.
    """

    def __init__(self, data: pathlib.Path, models: pathlib.Path | None, *flags: str) -> None:
        self._data = data
        self._models = models
        self._flags = flags
        self._log = data / "service.log"
        self._process: asyncio.subprocess.Process | None = None
        self.address = self.greeting = ""

    async def __aenter__(self) -> Self:
        self._data.mkdir(parents=True, exist_ok=True)
        arguments = ["serve", "--listen", "127.0.0.1:0", "--data", str(self._data / "record")]
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                COMMAND,
                *arguments,
                *(["--models", str(self._models)] if self._models else []),
                *self._flags,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is for us; we then end the service in order
            )
        try:
            self.greeting, self.address = await self._greeted(self._process)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def pid(self) -> int:
        """The service's process; 0 while it does not run."""
        return self._process.pid if self._process else 0

    async def aclose(self) -> None:
        """End the service: ask, wait, and then insist."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            pass  # it had its time
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _greeted(self, process: asyncio.subprocess.Process) -> tuple[str, str]:
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            if found := GREETING.search(self._said()):
                return found.group(), found["address"]
            if process.returncode is not None:
                raise ServiceError(f"the service ended at once (status {process.returncode}):\n{self._said()[-2000:]}")
            await asyncio.sleep(POLL_S)
        raise ServiceError(
            f"the service did not say within {START_WITHIN_S:g} s that it serves:\n{self._said()[-2000:]}"
        )

    def _said(self) -> str:
        return self._log.read_text(errors="replace")


def known_models(root: pathlib.Path, environment: Mapping[str, str]) -> pathlib.Path | None:
    """Return the folder of detector weights at hand, if there is one: the setting's, or that beside the project."""
    setting = environment.get("ROOMPULSE_MODELS")
    candidates = ([pathlib.Path(setting)] if setting else []) + [root.parent / "shared" / "models"]
    return next((folder for folder in candidates if folder.is_dir()), None)


async def pull_models() -> str:
    """Fetch the face detector's weights into the user's cache; return what went wrong, or nothing."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *("models", "pull"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PULL_WITHIN_S)
    except TimeoutError:
        return f"no answer within {PULL_WITHIN_S:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = said.decode(errors="replace").strip().splitlines() or ["no reason given"]
    return "" if process.returncode == 0 else lines[-1].removeprefix("Error: ")

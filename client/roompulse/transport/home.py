"""Where a client lives: one event loop of one process. Anywhere else its calls would hang, so they raise instead."""

import asyncio
import os

from roompulse.errors import WrongUse


class Home:
    """The process and the running event loop in which it was made."""

    def __init__(self) -> None:
        """Remember both.

        Raises:
            WrongUse: No event loop runs here.
        """
        self._pid = os.getpid()
        self._loop = _running()
        if self._loop is None:
            raise WrongUse("no event loop runs here; use `async with` in a coroutine, or roompulse.blocking")

    @property
    def forked(self) -> bool:
        """Whether this is another process, which cannot use what it has inherited."""
        return os.getpid() != self._pid

    def check(self) -> None:
        """Make sure that this is the place.

        Raises:
            WrongUse: It is another process, or another event loop.
        """
        if self.forked:
            raise WrongUse(
                "this client was opened before the process was forked, and works only where it was opened; "
                "open the first client after the fork"
            )
        if _running() is not self._loop:
            raise WrongUse(
                "this client was opened in another event loop, and works only there; "
                "open one in each loop, or run everything in one `asyncio.run`"
            )


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

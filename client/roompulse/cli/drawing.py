"""A display that is drawn anew four times a second, on a terminal; elsewhere nothing is drawn.

The drawing is a task of the event loop, so that what is shown never changes while it is read. Lines that are printed
meanwhile stand above the display.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable

from rich.console import Console, RenderableType
from rich.live import Live

from roompulse.cli.output import is_screen

EVERY_S = 0.25


class Display:
    """What is drawn; at the end it disappears, unless `keep` was called."""

    def __init__(self, picture: Callable[[], RenderableType], console: Console) -> None:
        """Keep what to draw and where; what is written to a screen meanwhile stands above, files get what is theirs."""
        self._live = Live(
            get_renderable=picture,
            console=console,
            auto_refresh=False,
            redirect_stdout=is_screen(sys.stdout),
            redirect_stderr=is_screen(sys.stderr),
            transient=True,
            vertical_overflow="ellipsis",
        )

    def keep(self) -> None:
        """Let the last picture stay on the screen."""
        self._live.transient = False

    @contextlib.asynccontextmanager
    async def drawn(self, *, on: bool) -> AsyncIterator[None]:
        """Draw for the length of the block, at once and then again and again; with `on` off draw nothing."""
        if not on:
            yield
            return
        with self._live:
            self._live.refresh()
            task = asyncio.create_task(self._refresh(), name="roompulse display")
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            self._live.refresh()

"""How a command runs: its loop, its interrupts, its errors as one sentence."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from roompulse.errors import RoompulseError

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; the client's errors become a sentence and exit code 1."""
    try:
        return asyncio.run(work)
    except RoompulseError as err:
        raise click.ClickException(str(err)) from err
    except ValueError as err:  # a value that the client itself refuses
        raise click.UsageError(str(err)) from err


def run_until_interrupted(work: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """Run work that ends cleanly when its event is set: by the first Ctrl-C or SIGTERM. A second one interrupts it."""

    async def guarded() -> T:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()

        def heard(number: int, frame: object) -> None:
            restore()
            loop.call_soon_threadsafe(stop.set)

        def restore() -> None:
            for number, before in handlers.items():
                signal.signal(number, before)

        # Not by the loop: on Windows it takes no handlers.
        handlers = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return await work(stop)
        finally:
            restore()

    return run(guarded())


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what `work` returns, or None when `stop` comes first: `work` is then cancelled."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        task.cancel()
        stopped.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)

"""How a command runs: its loop, its interrupts, its errors as one sentence."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import click

from roompulse.contract.safe_text import safe_text

P = ParamSpec("P")
T = TypeVar("T")


class Stop(asyncio.Event):
    """Set by the first Ctrl-C or SIGTERM; `number` is the signal's."""

    number = 0


def run(work: Callable[P, Coroutine[Any, Any, T]], *arguments: P.args, **named: P.kwargs) -> T:
    """Run a command's work; the client's errors become a sentence and exit code 1."""
    from roompulse.client import connect  # noqa: F401  # imported before the loop runs: that takes half a second
    from roompulse.errors import RoompulseError

    try:
        return asyncio.run(work(*arguments, **named))
    except RoompulseError as err:
        raise click.ClickException(safe_text(str(err))) from err
    except click.ClickException as err:
        raise type(err)(safe_text(err.message)) from err  # it may quote names of others


def run_until_interrupted(work: Callable[[Stop], Coroutine[Any, Any, T]]) -> T:
    """Run work that ends cleanly when its event is set: by the first Ctrl-C or SIGTERM. A second one interrupts it."""

    async def guarded() -> T:
        loop, stop = asyncio.get_running_loop(), Stop()

        def heard(number: int, frame: object) -> None:
            stop.number = number
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

    return run(guarded)


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

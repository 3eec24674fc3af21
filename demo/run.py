"""`make demo`: film a synthetic meeting, start the real service, stream it, show it live, end with the summary."""

import argparse
import asyncio
import os
import pathlib
import shutil
import signal
import sys
import time
from collections.abc import Sequence

import roompulse
from rich.console import Console
from rich.markup import escape
from roompulse.contract.safe_text import safe_text
from roompulse.sources import VideoSource

from demo.duration import seconds
from demo.meeting import MEETING, Player, hold
from demo.prepare import ROOT, prepare
from demo.screen import Screen
from demo.script import CAST, DURATION_S, Role
from demo.service import Service, ServiceError

FOLDER = ROOT / "var" / "demo"
FASTEST = 100.0
PLAIN_WIDTH = 120  # where there is no terminal to ask


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description="A synthetic two-person meeting, start to end.")
    parser.add_argument("--video", type=pathlib.Path, help="your own video instead of the first person")
    parser.add_argument("--speed", type=speed, default=None, help="times real time, or max (the default)")
    parser.add_argument("--seconds", type=seconds, default=DURATION_S, help="length of the synthetic material")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where videos, record and summary go")
    return parser.parse_args(argv)


def speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= FASTEST:
        raise argparse.ArgumentTypeError(f"expected 'max', or times real time up to {FASTEST:g}, found {text!r}")
    return value


def unreadable(video: pathlib.Path) -> str:
    """Return why a video cannot be streamed, or nothing; before anybody is filmed for it."""
    if not video.is_file():
        return f"{video} is a folder, no video." if video.is_dir() else f"There is no file {video}."
    try:
        with VideoSource(video):
            return ""
    except roompulse.RoompulseError as error:
        return f"{error}."


def pace(factor: float | None) -> str:
    return "as fast as it goes" if factor is None else f"at {factor:g} times its speed"


def cast(video: pathlib.Path | None) -> tuple[list[Player], list[Role]]:
    """Return who takes part, and the roles that have to be filmed for it."""
    if video is None:
        return [], list(CAST)
    return [Player("you", f"you ({video.name})", video)], list(CAST[1:])


async def demonstrate(options: argparse.Namespace, console: Console) -> int:
    folder: pathlib.Path = options.folder
    shutil.rmtree(folder / "record", ignore_errors=True)  # the last demo's
    own, roles = cast(options.video)
    people = " and ".join([player.display_name for player in own] + [role.display_name for role in roles])
    about = "Synthetic people are portraits, moved by warps."
    said = escape(safe_text(people))  # a video's name may hold anything
    console.print(f"[bold]roompulse demo[/]: a meeting of {said}. {about}")
    prepared = await prepare(roles, folder, options.seconds, console)
    players = own + prepared.players
    console.print("Starting the service …")
    async with Service(folder, prepared.models) as service:
        console.print(service.greeting, style="dim", highlight=False)
        console.print(f"Streaming the meeting, {pace(options.speed)} …")
        screen = Screen(console, [player.participant_id for player in players])
        began = time.monotonic()
        async with roompulse.connect(service.address) as client:
            with screen.live():
                summary = await hold(client, players, options.speed, screen.show)
            report = await client.meetings.report(MEETING)
        took_s = time.monotonic() - began
        console.print(f"\n{summary.duration_s:.0f} s of meeting took {took_s:.1f} s. The service now says of it:\n")
        status = await ask_for_summary(service.address, console)
    path = folder / "summary.json"
    path.write_text(roompulse.to_json(summary) + "\n", encoding="utf-8")
    page = folder / "report.html"
    page.write_bytes(report.content)
    console.print(f"\nThe summary as JSON: {path}")
    console.print(f"The report, a page to open in any browser: {page}")
    console.print(
        f"The record can be asked again: {bin_folder() / 'roompulse-server'} serve --data {folder / 'record'}"
    )
    return verdict(screen, console) or status


async def ask_for_summary(address: str, console: Console) -> int:
    """Run the command that anybody would run; it prints the summary itself. Return its exit status."""
    console.print(f"$ roompulse summary {MEETING}", style="dim")
    environment = {**os.environ, "ROOMPULSE_SERVER": address}
    command = await asyncio.create_subprocess_exec(bin_folder() / "roompulse", "summary", MEETING, env=environment)
    return await command.wait()


def bin_folder() -> pathlib.Path:
    return pathlib.Path(sys.executable).parent


def verdict(screen: Screen, console: Console) -> int:
    """Return 0 only where everybody got values and somebody a score; else say who did not, and return 1."""
    rows = screen.rows.values()
    if silent := [row.name for row in rows if not row.updates]:
        console.print(f"[red]It did not work:[/] no values for {', '.join(silent)}.")
    elif not any(row.scores for row in rows):
        console.print("[red]It did not work:[/] nobody got a score.")
    else:
        return 0
    return 1


async def interruptible(options: argparse.Namespace, console: Console) -> int:
    """End in order on SIGTERM as on Ctrl-C: the service is stopped before this returns."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await demonstrate(options, console)


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    if options.video is not None and (problem := unreadable(options.video)):
        console.print(safe_text(problem), markup=False)
        return 2
    try:
        return asyncio.run(interruptible(options, console))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Stopped.")
        return 130
    except (roompulse.RoompulseError, ServiceError, ExceptionGroup) as error:
        for cause in causes(error):
            console.print(f"[red]It did not work:[/] {escape(safe_text(str(cause)))}")
        return 1


def causes(error: Exception) -> list[Exception]:
    """Return what a task group wrapped, if it is ours to explain; anything else is a fault of the demo, and raised."""
    inner = [one for e in error.exceptions for one in causes(e)] if isinstance(error, ExceptionGroup) else [error]
    if not all(isinstance(one, roompulse.RoompulseError | ServiceError) for one in inner):
        raise error
    return inner


if __name__ == "__main__":
    sys.exit(main())

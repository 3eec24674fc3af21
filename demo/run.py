"""`make demo`: film a synthetic meeting, start the real service, stream it, show it live, end with the summary."""

import argparse
import asyncio
import os
import pathlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence

import roompulse
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from roompulse.safe_text import safe_text

from demo.material import film, frame_count
from demo.meeting import MEETING, Player, hold
from demo.screen import Screen
from demo.script import CAST, DURATION_S, Role
from demo.service import Service, ServiceError, known_models, pull_models

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "demo"
PLAIN_WIDTH = 120  # where there is no terminal to ask


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description="A synthetic two-person meeting, start to end.")
    parser.add_argument("--video", type=pathlib.Path, help="your own video instead of the first person")
    parser.add_argument("--speed", type=speed, default=None, help="times real time, or max (the default)")
    parser.add_argument("--seconds", type=float, default=DURATION_S, help="length of the synthetic material")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where videos, record and summary go")
    return parser.parse_args(argv)


def speed(text: str) -> float | None:
    if text == "max":
        return None
    value = float(text)
    if value <= 0:
        raise ValueError(f"a speed is above 0, not {text}")
    return value


def cast(video: pathlib.Path | None) -> tuple[list[Player], list[Role]]:
    """Return who takes part, and the roles that have to be filmed for it."""
    if video is None:
        return [], list(CAST)
    return [Player("you", f"you ({video.name})", video)], list(CAST[1:])


async def filmed(roles: Sequence[Role], folder: pathlib.Path, seconds: float, console: Console) -> list[Player]:
    """Film the roles side by side, each in a thread of its own."""
    stop = threading.Event()

    def record(role: Role, path: pathlib.Path) -> Player:
        task = progress.add_task(role.display_name, total=frame_count(seconds))

        def on_frame() -> None:
            progress.advance(task)
            if stop.is_set():
                raise InterruptedError("filming was stopped")

        film(role, path, on_frame, seconds)
        return Player(role.participant_id, role.display_name, path, role)

    with Progress(console=console, disable=not console.is_terminal) as progress:
        try:
            jobs = (asyncio.to_thread(record, role, folder / f"{role.participant_id}.mp4") for role in roles)
            return await asyncio.gather(*jobs)
        finally:
            stop.set()


async def models_at_hand(console: Console) -> pathlib.Path | None:
    """Return the folder with the face detector's weights, or try once, shortly, to fetch them into the user's cache."""
    folder = known_models(ROOT, os.environ)
    if folder is None and (problem := await pull_models()):
        console.print(
            f"YuNet's weights could not be fetched ({problem}): going on with OpenCV's Haar cascade, without head pose."
        )
    return folder


async def demonstrate(options: argparse.Namespace, console: Console) -> int:
    folder: pathlib.Path = options.folder
    shutil.rmtree(folder / "record", ignore_errors=True)  # the last demo's
    own, roles = cast(options.video)
    people = " and ".join([player.display_name for player in own] + [role.display_name for role in roles])
    said = escape(safe_text(people))  # a video's name may hold anything
    console.print(f"[bold]roompulse demo[/]: a meeting of {said}. Synthetic people are portraits, moved by warps.")
    console.print(f"Filming {len(roles)} synthetic, {options.seconds:g} s of video each …")
    players = own + await filmed(roles, folder, options.seconds, console)
    models = await models_at_hand(console)
    console.print("Starting the service …")
    async with Service(folder, models) as service:
        console.print(service.greeting, style="dim", highlight=False)
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
    if options.video is not None and not options.video.is_file():
        console.print(f"There is no file {options.video}.", markup=False)
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

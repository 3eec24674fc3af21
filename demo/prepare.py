"""What has to be there before the meeting: the films and the face detector's weights, made and fetched side by side."""

import asyncio
import os
import pathlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from demo.material import film, frame_count
from demo.meeting import Player
from demo.script import Role
from demo.service import PULL_WITHIN_S, known_models, pull_models

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Prepared:
    """The roles' videos, and the folder of the detector's weights; None: the user's cache, or nowhere."""

    players: list[Player]
    models: pathlib.Path | None


async def prepare(roles: Sequence[Role], folder: pathlib.Path, seconds: float, console: Console) -> Prepared:
    """Film the roles and fetch what is missing, at the same time: a blocked network costs no time of its own."""
    people = f"{len(roles)} synthetic {'person' if len(roles) == 1 else 'people'}"
    console.print(f"Filming {people}, {seconds:g} s of video each: less than a minute on two cores …")
    began_s = time.monotonic()
    players, models = await asyncio.gather(filmed(roles, folder, seconds, console), models_at_hand(console))
    console.print(f"Filmed in {time.monotonic() - began_s:.0f} s.")
    return Prepared(players, models)


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
    if folder is not None:
        return folder
    console.print(f"Fetching the face detector's weights, 0.2 MB, for {PULL_WITHIN_S:g} s at most …")
    if problem := await pull_models():
        console.print(f"They could not be fetched: {problem}", style="dim", markup=False)
        console.print("So the demo goes on with OpenCV's Haar cascade: it finds fewer faces, and no head pose.")
    return None

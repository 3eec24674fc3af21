"""`make sample`: a video and a picture of synthetic people, to try the README's commands on.

ada.mp4 shows one person who smiles, then looks away; team.jpg shows two. Both are made from the public-domain portraits
that matplotlib and scikit-image carry.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence

import cv2
import numpy as np
from rich.console import Console
from rich.progress import Progress

from demo.duration import seconds
from demo.material import film, frame_count
from demo.portrait import Picture, eileen_collins, grace_hopper
from demo.script import Act, Role

VIDEO, PICTURE = "ada.mp4", "team.jpg"
DURATION_S = 12.0
JPEG_QUALITY = 92
ADA = Role(
    "ada",
    "Ada (synthetic)",
    grace_hopper,
    acts=(Act(2.5, 6.0, "smile", 1.1), Act(7.5, 10.5, "turn_deg", 40)),
)


def team() -> Picture:
    """Return both portraits side by side."""
    return np.hstack([grace_hopper().picture, eileen_collins().picture])


def make(folder: pathlib.Path, duration_s: float, console: Console) -> None:
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(VIDEO, total=frame_count(duration_s))
        film(ADA, folder / VIDEO, lambda: progress.advance(task), duration_s)
    console.print(f"{folder / VIDEO}: {duration_s:g} s of a synthetic person", markup=False)
    (folder / PICTURE).write_bytes(cv2.imencode(".jpg", team(), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())
    console.print(f"{folder / PICTURE}: two synthetic people", markup=False)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make sample", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(), help="where the files go")
    parser.add_argument("--seconds", type=seconds, default=DURATION_S, help="length of the video")
    options = parser.parse_args(argv)
    try:
        make(options.folder, options.seconds, Console(soft_wrap=True))
    except OSError as error:
        sys.stderr.write(f"{options.folder}: the sample could not be written: {error.strerror or error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Files of ABAW's multi-task challenge: all three tasks for single pictures.

    image,valence,arousal,expression,aus
    video1/00001.jpg,0.1,-0.2,4,0,0,0,1,0,0,1,0,0,0,1,0

Each part has its own marker of an invalid label, and counts without the others.
"""

import pathlib
from dataclasses import dataclass

import numpy as np

from roompulse_training.affwild import AU, EXPR, VA, Doubles, check, numbers, read_lines
from roompulse_training.errors import DataError

HEADER = "image,valence,arousal,expression,aus"
PARTS = ((VA, slice(0, 2)), (EXPR, slice(2, 3)), (AU, slice(3, 15)))
WIDTH = 15


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A file's rows: `images` as they are named, `values` (N, 15): valence, arousal, expression, twelve action units.

    Row i is line i + 2.
    """

    path: pathlib.Path
    images: tuple[str, ...]
    values: Doubles

    @property
    def videos(self) -> list[str]:
        """Each row's video, the folder of its image."""
        return [image.rpartition("/")[0] for image in self.images]


def read_rows(path: pathlib.Path, *, predicted: bool = False) -> Rows:
    """Return a file's rows. Of the header only its first four words count: some name the units one by one.

    Raises:
        DataError: A header, a row or a value is not what these files have, or an image comes twice.
    """
    lines = read_lines(path)
    if not lines or lines[0].lower().split(",")[:4] != HEADER.split(",")[:4]:
        raise DataError(path, f"expected the header {HEADER!r}, found {lines[0] if lines else 'an empty file'!r}", 1)
    images: dict[str, int] = {}
    rows = []
    for number, line in enumerate(lines[1:], 2):
        image, *words = line.split(",")
        if image in images:
            raise DataError(path, f"{image} stands in line {images[image]} already", number)
        images[image] = number
        rows.append(numbers(path, number, words, WIDTH))
    values = np.array(rows, np.float64).reshape(len(rows), WIDTH)
    for task, columns in PARTS:
        check(path, values[:, columns], task, first_line=2, predicted=predicted)
    return Rows(path, tuple(images), values)


def write_rows(path: pathlib.Path, images: tuple[str, ...], values: Doubles) -> None:
    """Write a file of this format from (N, 15)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (",".join([image, *(f"{v:.10g}" for v in row)]) for image, row in zip(images, values, strict=True))
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")

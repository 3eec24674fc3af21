"""What is wrong with data."""

import pathlib


class DataError(Exception):
    """A file or folder is not what its format says; the text names it, the line, what was found and what is right."""

    def __init__(self, path: pathlib.Path | str, problem: str, line: int | None = None) -> None:
        super().__init__(f"{path}: {problem}" if line is None else f"{path}:{line}: {problem}")

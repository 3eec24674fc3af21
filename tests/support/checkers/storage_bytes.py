"""What is in a folder's files, byte by byte, the journal's included."""

import pathlib


def leaks(folder: pathlib.Path, *secrets: bytes) -> list[str]:
    """Return which files hold one of some secrets."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [f"{path.name}: {secret!r}" for path in files for secret in secrets if secret in path.read_bytes()]

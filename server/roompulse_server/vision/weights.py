"""Detector weights that are not ours to ship: where they are looked for, how they are verified and fetched.

Looked for in: the folder of the setting, then `roompulse/models` in the user's cache. Fetched from a pinned commit of
libfacedetection.train (Apache-2.0); the static file is, byte for byte, what OpenCV's zoo publishes (MIT).
"""

import hashlib
import os
import pathlib
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError

from roompulse_server.errors import ModelError
from roompulse_server.vision.card import verify_sha256

_COMMIT = "0047ac24afb1a50a0c6105001c89d1b5b805dbf1"
_SOURCE = f"https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/{_COMMIT}/onnx"
CONNECT_S = 4.0  # to connect, and between two pieces
TOTAL_S = 30.0
PIECE_BYTES = 16 * 1024

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


@dataclass(frozen=True, slots=True)
class Weights:
    """One pinned file. `names`: what it is called, ours first; `size_bytes` and `sha256` are verified before use."""

    id: str
    names: tuple[str, ...]
    sha256: str
    size_bytes: int
    url: str


YUNET_DYNAMIC = Weights(
    id="yunet",
    names=("yunet_s_dynamic.onnx",),
    sha256="daede24002cc8590f457998cc5e6c9e8b82f45f6bd969506a8913cd4ed10a2d3",
    size_bytes=237823,
    url=f"{_SOURCE}/yunet_s_dynamic.onnx",
)
YUNET_STATIC = Weights(
    id="yunet-640",
    names=("yunet_s_640_640.onnx", "face_detection_yunet_2023mar.onnx"),
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size_bytes=232589,
    url=f"{_SOURCE}/yunet_s_640_640.onnx",
)
YUNET = (YUNET_DYNAMIC, YUNET_STATIC)  # the dynamic file first: it does not pad small pictures to 640×640


def cache_folder() -> pathlib.Path:
    """Return the user's folder for fetched weights; it may not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "roompulse" / "models"


def folders(setting: pathlib.Path | None = None) -> list[pathlib.Path]:
    """Return where weights are looked for, first to last."""
    return [*([setting] if setting else []), cache_folder()]


def find(wanted: Sequence[Weights], where: Sequence[pathlib.Path]) -> pathlib.Path | None:
    """Return the first of the wanted files, verified; None where no folder has one.

    Raises:
        ModelError: A file of that name is another one, or cut short.
    """
    for folder in where:
        for weights in wanted:
            for file in (folder / name for name in weights.names):
                if file.is_file():
                    verify_sha256(file, weights.sha256)
                    return file
    return None


def pull(weights: Weights, folder: pathlib.Path, progress: Progress | None = None) -> pathlib.Path:
    """Fetch a file into `folder` (made where missing) and return its path; one that is there and right is kept.

    The file appears whole or not at all.

    Raises:
        ModelError: It cannot be had (offline, refused, slow), or it is another one than expected.
    """
    target = folder / weights.names[0]
    if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == weights.sha256:
        return target
    try:
        data = b"".join(_pieces(weights, progress))
        _verify(weights, data)
        _place(data, target)
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        message = f"{weights.names[0]} cannot be fetched from {weights.url}: {error}; put it into {folder} yourself"
        raise ModelError(message) from error
    return target


def _pieces(weights: Weights, progress: Progress | None) -> Iterator[bytes]:
    began_s, received = time.monotonic(), 0
    with urllib.request.urlopen(weights.url, timeout=CONNECT_S) as response:
        while piece := response.read(PIECE_BYTES):
            received += len(piece)
            if received > weights.size_bytes:
                break  # another file: its checksum will say so
            if time.monotonic() - began_s > TOTAL_S:
                raise TimeoutError(f"{received} of {weights.size_bytes} bytes after {TOTAL_S:.0f} s")
            if progress:
                progress(received, weights.size_bytes)
            yield piece


def _verify(weights: Weights, data: bytes) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != weights.sha256:
        raise ModelError(
            f"{weights.names[0]} from {weights.url}: expected {weights.size_bytes} bytes with SHA-256 "
            f"{weights.sha256}, found {len(data)} bytes with {found}; nothing was kept"
        )


def _place(data: bytes, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, delete=False) as file:
        file.write(data)
    temporary = pathlib.Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(target)

"""Fetching weights: whole, verified and placed at once, or not at all; what a cut left is gone on with.

<file>.<checksum>.part grows, piece by piece ──▶ checksum ──▶ renamed to <file>
      ▲ cut: kept, asked for from there (HTTP Range), now and by the next call     └─ another file: deleted
"""

import os
import pathlib
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO
from urllib.error import HTTPError, URLError

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.weights import Weights

STALL_S = 10.0  # to connect, and between two pieces
MIN_BYTES_PER_S = 4096  # on the whole: a server that drips is given up
GRACE_S = 10.0  # before that is looked at
ATTEMPTS = 4  # in a row that bring something; one that brings nothing is the last
PIECE_BYTES = 64 * 1024
MAX_BYTES = 512 * 1024 * 1024  # of a file whose card does not say its size

Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0: not known)


def pull(weights: Weights, folder: pathlib.Path, progress: Progress | None = None) -> pathlib.Path:
    """Fetch a file into `folder` (made where missing) and return its path; one that is there and right is kept.

    Raises:
        ModelError: It cannot be had (offline, refused, slow, no place to put it), or it is another one than expected.
    """
    target = folder / weights.names[0]
    if target.is_file() and _is_right(weights, target):
        return target
    part = folder / f"{target.name}.{weights.checksum.value[:12]}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _complete(weights, part, progress)
        _verify(weights, part)
        part.replace(target)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        message = f"{target.name} cannot be fetched from {weights.url}: {_why(error)}; put it into {folder} yourself"
        raise ModelError(message) from error
    return target


def _why(error: Exception) -> object:
    """Return the cause of a failed connection in the system's words, without the wrapping of urllib."""
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        return error.reason.strerror if isinstance(error.reason, OSError) and error.reason.strerror else error.reason
    return error


def _complete(weights: Weights, part: pathlib.Path, progress: Progress | None) -> None:
    if not part.exists():
        _fetch(weights, part, progress)
    elif not _is_right(weights, part):
        _fetch(weights, part, progress)
        if not _is_right(weights, part):  # what was there before may have been damaged: once more, afresh
            part.unlink()
            _fetch(weights, part, progress)


def _fetch(weights: Weights, part: pathlib.Path, progress: Progress | None) -> None:
    """Make `part` whole, as far as the server says what that is; its checksum is not looked at."""
    for attempt in range(ATTEMPTS):
        before = _size(part)
        try:
            return _attempt(weights, part, progress)
        except HTTPError:
            raise  # it answered
        except (OSError, HTTPException):
            if _size(part) <= before or attempt == ATTEMPTS - 1:
                raise
    return None


def _attempt(weights: Weights, part: pathlib.Path, progress: Progress | None) -> None:
    have = _size(part)
    if weights.size_bytes is not None and have >= weights.size_bytes:
        return  # whole, or too long: its checksum will say
    with _open(weights.url, have) as response:
        start = _start(response, have)
        total = weights.size_bytes or (start + response.length if response.length else 0)
        with part.open("ab" if start else "wb") as file:
            received = _receive(response, file, start, total, progress)
            os.fsync(file.fileno())
    if received < total:
        raise OSError(f"cut after {received} of {total} bytes")


def _open(url: str, have: int) -> HTTPResponse:
    """Ask for what is missing; for everything where the server knows no such range."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        response: HTTPResponse = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=STALL_S)
    except HTTPError as error:
        if error.code != 416:  # 416: nothing lies beyond what is here, so that cannot be the beginning of this file
            raise
        error.close()
        response = urllib.request.urlopen(url, timeout=STALL_S)
    return response


def _start(response: HTTPResponse, asked: int) -> int:
    """Return where in the file the response begins: a server may ignore the range, and send everything."""
    if response.status != 206:
        return 0
    told = str(response.headers.get("Content-Range", "")).removeprefix("bytes ").partition("-")[0]
    if told != str(asked):
        raise OSError(f"asked for the bytes from {asked}, got those from {told or 'somewhere'}")
    return asked


def _receive(response: HTTPResponse, file: BinaryIO, start: int, total: int, progress: Progress | None) -> int:
    """Write what comes; return how long the file is then. More than expected is not taken: another file."""
    began_s, received = time.monotonic(), start
    while piece := response.read1(PIECE_BYTES):
        received += len(piece)
        file.write(piece)
        passed_s = time.monotonic() - began_s
        if passed_s > GRACE_S and received - start < MIN_BYTES_PER_S * passed_s:
            raise TimeoutError(f"{received - start} bytes in {passed_s:.0f} s")
        if received > (total or MAX_BYTES):
            break
        if progress:
            progress(received, total)
    file.flush()
    return received


def _verify(weights: Weights, part: pathlib.Path) -> None:
    data = part.read_bytes()
    found = weights.checksum.of(data)
    if found != weights.checksum.value:
        part.unlink()
        size = f"{weights.size_bytes} bytes with " if weights.size_bytes else ""
        raise ModelError(
            f"{weights.names[0]} from {weights.url}: expected {size}{weights.checksum}, "
            f"found {len(data)} bytes with {found}; nothing was kept"
        )


def _is_right(weights: Weights, file: pathlib.Path) -> bool:
    return weights.checksum.of(file.read_bytes()) == weights.checksum.value


def _size(file: pathlib.Path) -> int:
    return file.stat().st_size if file.exists() else 0

"""An attention network's layers in the form that the service reads: an `.npz` of six arrays, and what it was made from.

    e/kernel (2·size, 1), e/bias (1)      hidden_FC/kernel (2·size, any), hidden_FC/bias      dense/kernel, dense/bias

The names are those that the layers have in EmotiEffLib's `.h5`. The zip format keeps a CRC-32 of each array.
"""

import io
import pathlib
import zipfile
from collections.abc import Mapping

import numpy as np

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.atomic_file import place_file
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.inference import Floats

LAYERS = ("e", "hidden_FC", "dense")
NAMES = tuple(f"{layer}/{part}" for layer in LAYERS for part in ("kernel", "bias"))
_SOURCE = "source"
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


def write_layers(file: pathlib.Path, layers: Mapping[str, Floats], source: Checksum) -> None:
    """Write the layers so that `file` is never half there; the same layers give the same bytes.

    Raises:
        OSError: It cannot be written.
    """
    content = io.BytesIO()
    arrays = {name: np.asarray(layers[name], np.float32) for name in NAMES}
    np.savez(content, allow_pickle=False, **{_SOURCE: np.array(str(source))}, **arrays)
    place_file(file, content.getvalue())


def read_layers(file: pathlib.Path, size: int, classes: int) -> dict[str, Floats]:
    """Return the layers, float32, of a network over embeddings of `size` numbers that tells `classes` apart.

    Raises:
        ModelError: The file is damaged or no such network; names it, what was expected and found.
    """
    layers = {name: array for name, array in _arrays(file).items() if name != _SOURCE}
    check_layers(file, layers, size, classes)
    return {name: layers[name].astype(np.float32) for name in NAMES}


def source_of(file: pathlib.Path) -> str:
    """Return the checksum, in words, of the file that this one was made from.

    Raises:
        ModelError: It is damaged, or does not say so.
    """
    arrays = _arrays(file)
    if _SOURCE not in arrays:
        raise ModelError(f"{file}: expected {_SOURCE!r}, what it was made from, found {', '.join(arrays) or 'nothing'}")
    return str(arrays[_SOURCE])


def check_layers(file: pathlib.Path, layers: Mapping[str, np.ndarray], size: int, classes: int) -> None:
    """Raise `ModelError` unless all six arrays are there, numbers, finite, and of shapes that fit each other."""
    if missing := [name for name in NAMES if name not in layers]:
        raise ModelError(f"{file}: expected an array {missing[0]!r}, found {', '.join(layers) or 'none'}")
    hidden = layers["hidden_FC/bias"].size
    shapes = [(2 * size, 1), (1,), (2 * size, hidden), (hidden,), (hidden, classes), (classes,)]
    for name, shape in zip(NAMES, shapes, strict=True):
        array = layers[name]
        if array.shape != shape or array.dtype.kind != "f":
            raise ModelError(
                f"{file}: expected {name!r} to be floating-point numbers of shape {shape} (embeddings of {size} "
                f"numbers, {hidden} hidden units, {classes} classes), found {array.dtype} of shape {array.shape}"
            )
        if not np.isfinite(array).all():
            found = np.count_nonzero(~np.isfinite(array))
            raise ModelError(f"{file}: expected finite numbers in {name!r}, found {found} of {array.size} that are not")


def _arrays(file: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as archive:
            return dict(archive)
    except (*_DAMAGED, TypeError, AttributeError) as error:
        raise ModelError(f"{file}: expected a readable .npz file, found: {error}") from error

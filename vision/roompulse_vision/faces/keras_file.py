"""From a published Keras `.h5` to the `.npz` that the service reads. Needs h5py, which the service itself does not.

Keras nests names in groups that differ between its versions and between `save` and `save_weights`:
e/kernel, e/e/kernel:0, model_weights/e/e/kernel:0 … So an array is known by a group with its layer's name somewhere
above it, and by its own name.
"""

import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.attention import AttentionNetwork
from roompulse_vision.faces.attention_file import NAMES, check_layers, write_layers
from roompulse_vision.faces.checksum import verify_file
from roompulse_vision.faces.engagement_card import READY, EngagementCard
from roompulse_vision.faces.inference import Floats

if TYPE_CHECKING:
    import h5py

_OPTIMIZER = "optimizer_weights"  # a saved model may bring what training left behind, under the layers' names


def converted(card: EngagementCard, file: pathlib.Path) -> pathlib.Path:
    """Write the `.npz` beside the `.h5`, verified on the way, and return its path.

    Raises:
        ModelError: The file is not the card's, holds no such network, or h5py is missing.
    """
    verify_file(file, card.checksum)
    layers = read_keras(file)
    check_layers(file, layers, card.size, len(card.classes))
    AttentionNetwork(card, layers)
    target = file.with_suffix(READY)
    try:
        write_layers(target, layers, card.checksum)
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error}") from error
    return target


def read_keras(file: pathlib.Path) -> dict[str, Floats]:
    """Return the six arrays of the network by our names, in the type that they are stored in.

    Raises:
        ModelError: It is no HDF5 file, or an array is missing or there twice; names what was found.
    """
    h5py = _h5py()
    try:
        with h5py.File(file, "r") as content:
            found = dict(_datasets(content))
            return {name: np.asarray(found[_place_of(name, list(found), file)][()]) for name in NAMES}
    except (OSError, RuntimeError, KeyError) as error:
        raise ModelError(f"{file}: expected a readable HDF5 file, found: {error}") from error


def _h5py() -> Any:
    try:
        import h5py
    except ModuleNotFoundError as error:
        if error.name != "h5py":
            raise
        raise ModelError("converting needs h5py, found none: pip install 'roompulse[convert]'") from error
    return h5py


def _datasets(group: "h5py.Group", above: str = "") -> Iterator[tuple[str, "h5py.Dataset"]]:
    for name, item in group.items():
        if hasattr(item, "items"):
            yield from _datasets(item, f"{above}{name}/")
        else:
            yield f"{above}{name}", item


def _place_of(name: str, found: list[str], file: pathlib.Path) -> str:
    layer, part = name.split("/")
    places = [place for place in found if _is_part(place.split("/"), layer, part)]
    if len(places) != 1:
        told = ", ".join(places or found) or "none"
        raise ModelError(f"{file}: expected one dataset {name!r}, in whatever groups, found {told}")
    return places[0]


def _is_part(steps: list[str], layer: str, part: str) -> bool:
    own = steps[-1].partition(":")[0]
    return steps[0] != _OPTIMIZER and layer in steps[:-1] and own == part

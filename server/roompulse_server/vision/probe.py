"""Holding a model to its card before the first face: names, shapes, and what it says of two made pictures.

A checksum says that the file is the one the card was written for. This says that the card was written for this file.
"""

import numpy as np

from roompulse_server.errors import ModelError
from roompulse_server.vision.card import Colour, ModelCard, ModelInput
from roompulse_server.vision.inference import Floats, Network
from roompulse_server.vision.sampling import Patch


def check_interface(card: ModelCard, network: Network, embedding: str | None) -> None:
    """Raise `ModelError` unless the network has the input and the outputs of the card, in its shapes."""
    for key, name, known in (
        ("input.name", card.input.name, network.inputs),
        ("output.scores", card.output.scores, network.outputs),
        ("output.embedding", embedding, network.outputs),
    ):
        if name is not None and name not in known:
            raise ModelError(f"{card.file}: expected {name!r} ({key} of its card), found {', '.join(known)}")
    _check_input(card, network.inputs)


def _check_input(card: ModelCard, inputs: dict[str, list[int | str | None]]) -> None:
    if len(inputs) > 1:
        raise ModelError(f"{card.file}: expected {card.input.name!r} as its only input, found {', '.join(inputs)}")
    spec, shape = card.input, inputs[card.input.name]
    expected = ("any", 1 if spec.colour is Colour.GREY else 3, spec.size, spec.size)
    if len(shape) != 4 or any(isinstance(side, int) and side != due for side, due in zip(shape, expected, strict=True)):
        raise ModelError(
            f"{card.file}: expected an input {spec.name!r} of shape (any batch, {expected[1]}, {spec.size}, "
            f"{spec.size}) (input of its card), found {_shown(shape)}"
        )


def probes(spec: ModelInput) -> list[Patch]:
    """Return two pictures in the form of crops: a ramp that uses every level, and its negative's transpose."""
    ramp = np.linspace(0, 255, spec.size * spec.size).reshape(spec.size, spec.size).astype(np.uint8)
    pictures = [ramp, 255 - ramp.T]
    return pictures if spec.colour is Colour.GREY else [np.stack([picture] * 3, 2) for picture in pictures]


def check_findings(card: ModelCard, scores: Floats, embeddings: Floats | None) -> None:
    """Raise `ModelError` unless what the network says of two pictures has the card's shape, and is finite."""
    columns = card.output.columns
    if scores.shape != (2, columns):
        raise ModelError(
            f"{card.file}: expected {columns} columns in {card.output.scores!r} (output.labels, valence and arousal "
            f"of its card), found shape {_shown(scores.shape)} for two pictures"
        )
    if embeddings is not None and (embeddings.ndim != 2 or len(embeddings) != 2):
        raise ModelError(
            f"{card.file}: expected an embedding (N, D), found shape {_shown(embeddings.shape)} for two pictures"
        )
    for name, values in (("scores", scores), ("embedding", embeddings)):
        if values is not None and not np.isfinite(values).all():
            found = np.count_nonzero(~np.isfinite(values))
            raise ModelError(
                f"{card.file}: expected finite numbers for two test pictures, found {found} of {values.size} in its "
                f"{name} that are not: its weights are damaged"
            )


def _shown(shape: "list[int | str | None] | tuple[int, ...]") -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"

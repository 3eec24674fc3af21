"""Holding a model to its card before the first face: names, shapes, and what it says of two made pictures.

A checksum says that the file is the one the card was written for. This says that the card was written for this file.
"""

from collections.abc import Mapping

import numpy as np

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.card import Colour, ModelCard, ModelInput
from roompulse_vision.faces.findings import Findings
from roompulse_vision.faces.inference import Floats, Network
from roompulse_vision.faces.sampling import Patch

KEYS = {  # what a run finds, and what the card calls it
    "scores": "output.scores",
    "embeddings": "output.embedding",
    "feelings": "output.valence_arousal",
    "units": "output.action_units.output",
}


def check_interface(card: ModelCard, network: Network, outputs: Mapping[str, str]) -> None:
    """Raise `ModelError` unless the network has the input and the outputs (by `KEYS`) of the card, in its shapes."""
    for key, name, known in (
        ("input.name", card.input.name, network.inputs),
        *((KEYS[found], name, network.outputs) for found, name in outputs.items()),
    ):
        if name not in known:
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


def check_findings(card: ModelCard, findings: Findings) -> None:
    """Raise `ModelError` unless what the network says of two pictures has the card's shapes, and is finite."""
    output, units = card.output, card.output.action_units
    widths = {"scores": output.columns, "feelings": 2, "units": len(units.units) if units else 0}
    meanings = {"scores": "output.labels, valence, arousal and action_units", "feelings": KEYS["feelings"]}
    meanings["units"] = "output.action_units.units"
    for key, due in widths.items():
        values: Floats | None = getattr(findings, key)
        if values is not None and values.shape != (2, due):
            name = {"scores": output.scores, "feelings": output.feelings, "units": units and units.output}[key]
            raise ModelError(
                f"{card.file}: expected {due} columns in {name!r} ({meanings[key]} of its card), found shape "
                f"{_shown(values.shape)} for two pictures"
            )
    embeddings = findings.embeddings
    if embeddings is not None and (embeddings.ndim != 2 or len(embeddings) != 2):
        raise ModelError(
            f"{card.file}: expected an embedding (N, D), found shape {_shown(embeddings.shape)} for two pictures"
        )
    _check_finite(card, findings)


def _check_finite(card: ModelCard, findings: Findings) -> None:
    for key in KEYS:
        values: Floats | None = getattr(findings, key)
        if values is not None and not np.isfinite(values).all():
            found = np.count_nonzero(~np.isfinite(values))
            raise ModelError(
                f"{card.file}: expected finite numbers for two test pictures, found {found} of {values.size} in its "
                f"{KEYS[key].removeprefix('output.')} that are not: its weights are damaged"
            )


def _shown(shape: "list[int | str | None] | tuple[int, ...]") -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"
